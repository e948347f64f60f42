-- The book. Ids are UUIDs as blobs; instants are UTC text of fixed width, so that they sort as they follow each other;
-- dates are ISO text; structures are JSON text; flags are 0 or 1. The PostgreSQL twin has the same tables and columns.

create table staff (
    id blob not null primary key,
    name text not null,
    working text not null, -- seconds of each weekday, Monday first (JSON)
    first_day text not null,
    last_day text,
    seq integer not null default 0 -- counts writers of this person's days
) strict;

create table staff_address (
    email text not null primary key, -- lower case
    staff blob not null references staff (id),
    position integer not null
) strict;
create index staff_address_staff on staff_address (staff, position);

create table staff_zone (
    staff blob not null references staff (id),
    first_day text not null,
    zone text not null,
    primary key (staff, first_day)
) strict;

create table calendar (
    id blob not null primary key,
    staff blob not null references staff (id),
    name text not null,
    location text not null,
    owner text not null,
    whose text not null,
    privacy text not null,
    position integer not null,
    digest text, -- of the answer last taken over
    last_success text,
    held text -- removals that wait for a person (JSON)
) strict;
create index calendar_staff on calendar (staff, position);

create table drop_folder (
    path text not null primary key -- calendar files that are put here are read, each named after its person
) strict;

create table event (
    id blob not null primary key,
    staff blob not null references staff (id),
    calendar blob not null references calendar (id),
    meeting blob not null,
    provider_id text not null,
    ical_uid text not null,
    recurring integer not null,
    original_start text, -- an instant or a date
    starts_at text, -- timed events
    ends_at text,
    zone text,
    from_day text, -- all-day events
    until_day text,
    first_date text not null, -- local dates it touches, both included
    last_date text not null,
    status text not null,
    show_as text not null,
    visibility text not null,
    response text not null,
    revision integer not null,
    first_seen text not null,
    placed_at text not null,
    removed_at text,
    unique (calendar, provider_id),
    check ((starts_at is null) = (from_day is not null))
) strict;
create index event_dates on event (staff, first_date, last_date);
create index event_meeting on event (meeting);
create index event_uid on event (staff, ical_uid);

create table event_revision (
    event blob not null references event (id),
    revision integer not null,
    at text not null,
    starts_at text,
    ends_at text,
    zone text,
    from_day text,
    until_day text,
    status text not null,
    show_as text not null,
    visibility text not null,
    response text not null,
    removed_at text,
    text_digest text not null, -- tells that the words changed, without keeping them
    primary key (event, revision)
) strict;

create table event_text (
    event blob not null primary key references event (id),
    title text not null,
    description text not null,
    location text not null,
    organizer text,
    attendees text not null, -- JSON
    categories text not null, -- JSON
    colour text,
    event_type text,
    conference text
) strict;

create table day (
    staff blob not null references staff (id),
    date text not null,
    again integer not null, -- re-derived, which waits behind what is fresh
    due_at text, -- when to derive it; null when it is settled
    primary key (staff, date)
) strict;
create index day_due on day (due_at) where due_at is not null;

create table entry (
    id blob not null primary key,
    version integer not null,
    staff blob not null references staff (id),
    meeting blob not null,
    segment integer not null,
    leg integer not null,
    status text not null,
    approved_at text,
    date text not null,
    starts_at text not null,
    ends_at text not null,
    timezone text not null,
    seconds integer not null,
    rounded_seconds integer not null,
    client text,
    project text,
    task text,
    billable integer,
    tags text not null, -- JSON
    description text,
    held integer not null,
    origin text not null,
    external_ref text,
    event blob references event (id),
    provenance text not null, -- JSON
    unique (staff, meeting, segment, leg),
    check (not held or status not in ('approved', 'exported'))
) strict;
create index entry_date on entry (staff, date);
create index entry_meeting on entry (meeting);
create index entry_status on entry (status, date);
create unique index entry_external_ref on entry (origin, external_ref) where external_ref is not null;

create trigger entry_frozen before update on entry
when old.status in ('approved', 'exported')
    and not (
        old.status = 'approved'
        and new.status in ('exported', 'draft')
        and new.id is old.id
        and new.staff is old.staff
        and new.meeting is old.meeting
        and new.segment is old.segment
        and new.leg is old.leg
        and new.approved_at is old.approved_at
        and new.date is old.date
        and new.starts_at is old.starts_at
        and new.ends_at is old.ends_at
        and new.timezone is old.timezone
        and new.seconds is old.seconds
        and new.rounded_seconds is old.rounded_seconds
        and new.client is old.client
        and new.project is old.project
        and new.task is old.task
        and new.billable is old.billable
        and new.tags is old.tags
        and new.description is old.description
        and new.held is old.held
        and new.origin is old.origin
        and new.external_ref is old.external_ref
        and new.event is old.event
        and new.provenance is old.provenance
    )
begin
    select raise(abort, 'frozen: an approved entry only moves to exported, or back to draft');
end;

create trigger entry_kept before delete on entry
when old.status in ('approved', 'exported')
begin
    select raise(abort, 'frozen: an approved entry is never deleted');
end;

create table exception (
    id blob not null primary key,
    version integer not null,
    staff blob not null references staff (id),
    subject_kind text not null,
    subject blob not null,
    segment integer not null,
    date text not null,
    status text not null,
    reasons text not null, -- JSON, in leading order
    entry blob references entry (id),
    opened_at text not null,
    unique (staff, subject_kind, subject, segment)
) strict;
create index exception_date on exception (staff, date);
create index exception_status on exception (status, date);

create table decision (
    seq integer not null primary key autoincrement, -- the order in which people decided
    id blob not null unique,
    staff blob not null references staff (id),
    subject blob not null,
    segment integer not null,
    date text, -- the day it pins something to
    entry blob references entry (id),
    kind text not null,
    body text not null, -- JSON
    why text,
    actor text not null,
    at text not null,
    retracted_at text,
    retracted_by text
) strict;
create index decision_subject on decision (subject);
create index decision_date on decision (staff, date);
create index decision_entry on decision (entry);

create trigger decision_frozen before update on decision
when not (
    old.retracted_at is null
    and new.retracted_at is not null
    and new.seq is old.seq
    and new.id is old.id
    and new.staff is old.staff
    and new.subject is old.subject
    and new.segment is old.segment
    and new.date is old.date
    and new.entry is old.entry
    and new.kind is old.kind
    and new.body is old.body
    and new.why is old.why
    and new.actor is old.actor
    and new.at is old.at
)
begin
    select raise(abort, 'frozen: a decision is only ever retracted, once');
end;

create trigger decision_kept before delete on decision
begin
    select raise(abort, 'frozen: a decision is never deleted');
end;

create table rule_set (
    digest text not null primary key,
    files text not null, -- JSON: path to text
    at text not null
) strict;

create table active_rule_set (
    one integer not null primary key check (one = 1),
    digest text not null references rule_set (digest),
    at text not null
) strict;

create table catalog_client (
    key text not null primary key,
    body text not null, -- JSON, without projects
    closed_on text -- its last date, once it left the file
) strict;

create table catalog_project (
    code text not null primary key,
    client text not null references catalog_client (key),
    body text not null, -- JSON
    closed_on text
) strict;
create index catalog_project_client on catalog_project (client);
