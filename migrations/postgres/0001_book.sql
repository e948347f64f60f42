-- The book. Ids are UUIDs; instants are timestamps with a zone; dates are ISO text; structures are JSON text, kept to the byte.
-- Text is compared by bytes, as SQLite does. The SQLite twin has the same tables and columns.

create table staff (
    id uuid not null primary key,
    name text collate "C" not null,
    working text collate "C" not null, -- seconds of each weekday, Monday first (JSON)
    first_day text collate "C" not null,
    last_day text collate "C",
    seq bigint not null default 0 -- counts writers of this person's days
);

create table staff_address (
    email text collate "C" not null primary key, -- lower case
    staff uuid not null references staff (id),
    position bigint not null
);
create index staff_address_staff on staff_address (staff, position);

create table staff_zone (
    staff uuid not null references staff (id),
    first_day text collate "C" not null,
    zone text collate "C" not null,
    primary key (staff, first_day)
);

create table calendar (
    id uuid not null primary key,
    staff uuid not null references staff (id),
    name text collate "C" not null,
    location text collate "C" not null,
    owner text collate "C" not null,
    whose text collate "C" not null,
    privacy text collate "C" not null,
    position bigint not null,
    digest text collate "C", -- of the answer last taken over
    last_success timestamptz,
    held text collate "C" -- removals that wait for a person (JSON)
);
create index calendar_staff on calendar (staff, position);

create table drop_folder (
    path text collate "C" not null primary key -- calendar files that are put here are read, each named after its person
);

create table event (
    id uuid not null primary key,
    staff uuid not null references staff (id),
    calendar uuid not null references calendar (id),
    meeting uuid not null,
    provider_id text collate "C" not null,
    ical_uid text collate "C" not null,
    recurring boolean not null,
    original_start text collate "C", -- an instant or a date
    starts_at timestamptz, -- timed events
    ends_at timestamptz,
    zone text collate "C",
    from_day text collate "C", -- all-day events
    until_day text collate "C",
    first_date text collate "C" not null, -- local dates it touches, both included
    last_date text collate "C" not null,
    status text collate "C" not null,
    show_as text collate "C" not null,
    visibility text collate "C" not null,
    response text collate "C" not null,
    revision bigint not null,
    first_seen timestamptz not null,
    placed_at timestamptz not null,
    removed_at timestamptz,
    unique (calendar, provider_id),
    check ((starts_at is null) = (from_day is not null))
);
create index event_dates on event (staff, first_date, last_date);
create index event_meeting on event (meeting);
create index event_uid on event (staff, ical_uid);

create table event_revision (
    event uuid not null references event (id),
    revision bigint not null,
    at timestamptz not null,
    starts_at timestamptz,
    ends_at timestamptz,
    zone text collate "C",
    from_day text collate "C",
    until_day text collate "C",
    status text collate "C" not null,
    show_as text collate "C" not null,
    visibility text collate "C" not null,
    response text collate "C" not null,
    removed_at timestamptz,
    text_digest text collate "C" not null, -- tells that the words changed, without keeping them
    primary key (event, revision)
);

create table event_text (
    event uuid not null primary key references event (id),
    title text collate "C" not null,
    description text collate "C" not null,
    location text collate "C" not null,
    organizer text collate "C",
    attendees text collate "C" not null, -- JSON
    categories text collate "C" not null, -- JSON
    colour text collate "C",
    event_type text collate "C",
    conference text collate "C"
);

create table day (
    staff uuid not null references staff (id),
    date text collate "C" not null,
    again boolean not null, -- re-derived, which waits behind what is fresh
    due_at timestamptz, -- when to derive it; null when it is settled
    primary key (staff, date)
);
create index day_due on day (due_at) where due_at is not null;

create table entry (
    id uuid not null primary key,
    version bigint not null,
    staff uuid not null references staff (id),
    meeting uuid not null,
    segment bigint not null,
    leg bigint not null,
    status text collate "C" not null,
    approved_at timestamptz,
    date text collate "C" not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    timezone text collate "C" not null,
    seconds bigint not null,
    rounded_seconds bigint not null,
    client text collate "C",
    project text collate "C",
    task text collate "C",
    billable boolean,
    tags text collate "C" not null, -- JSON
    description text collate "C",
    held boolean not null,
    origin text collate "C" not null,
    external_ref text collate "C",
    event uuid references event (id),
    provenance text collate "C" not null, -- JSON
    unique (staff, meeting, segment, leg),
    check (not held or status not in ('approved', 'exported'))
);
create index entry_date on entry (staff, date);
create index entry_meeting on entry (meeting);
create index entry_status on entry (status, date);
create unique index entry_external_ref on entry (origin, external_ref) where external_ref is not null;

create function entry_frozen() returns trigger language plpgsql as $$
begin
    raise exception 'frozen: an approved entry only moves to exported, or back to draft';
end
$$;
create trigger entry_frozen before update on entry
for each row when (old.status in ('approved', 'exported')
    and not (
        old.status = 'approved'
        and new.status in ('exported', 'draft')
        and new.id is not distinct from old.id
        and new.staff is not distinct from old.staff
        and new.meeting is not distinct from old.meeting
        and new.segment is not distinct from old.segment
        and new.leg is not distinct from old.leg
        and new.approved_at is not distinct from old.approved_at
        and new.date is not distinct from old.date
        and new.starts_at is not distinct from old.starts_at
        and new.ends_at is not distinct from old.ends_at
        and new.timezone is not distinct from old.timezone
        and new.seconds is not distinct from old.seconds
        and new.rounded_seconds is not distinct from old.rounded_seconds
        and new.client is not distinct from old.client
        and new.project is not distinct from old.project
        and new.task is not distinct from old.task
        and new.billable is not distinct from old.billable
        and new.tags is not distinct from old.tags
        and new.description is not distinct from old.description
        and new.held is not distinct from old.held
        and new.origin is not distinct from old.origin
        and new.external_ref is not distinct from old.external_ref
        and new.event is not distinct from old.event
        and new.provenance is not distinct from old.provenance
    ))
execute function entry_frozen();

create function entry_kept() returns trigger language plpgsql as $$
begin
    raise exception 'frozen: an approved entry is never deleted';
end
$$;
create trigger entry_kept before delete on entry
for each row when (old.status in ('approved', 'exported'))
execute function entry_kept();

create table exception (
    id uuid not null primary key,
    version bigint not null,
    staff uuid not null references staff (id),
    subject_kind text collate "C" not null,
    subject uuid not null,
    segment bigint not null,
    date text collate "C" not null,
    status text collate "C" not null,
    reasons text collate "C" not null, -- JSON, in leading order
    entry uuid references entry (id),
    opened_at timestamptz not null,
    unique (staff, subject_kind, subject, segment)
);
create index exception_date on exception (staff, date);
create index exception_status on exception (status, date);

create table decision (
    seq bigint generated always as identity primary key, -- the order in which people decided
    id uuid not null unique,
    staff uuid not null references staff (id),
    subject uuid not null,
    segment bigint not null,
    date text collate "C", -- the day it pins something to
    entry uuid references entry (id),
    kind text collate "C" not null,
    body text collate "C" not null, -- JSON
    why text collate "C",
    actor text collate "C" not null,
    at timestamptz not null,
    retracted_at timestamptz,
    retracted_by text collate "C"
);
create index decision_subject on decision (subject);
create index decision_date on decision (staff, date);
create index decision_entry on decision (entry);

create function decision_frozen() returns trigger language plpgsql as $$
begin
    raise exception 'frozen: a decision is only ever retracted, once';
end
$$;
create trigger decision_frozen before update on decision
for each row when (not (
    old.retracted_at is null
    and new.retracted_at is not null
    and new.seq is not distinct from old.seq
    and new.id is not distinct from old.id
    and new.staff is not distinct from old.staff
    and new.subject is not distinct from old.subject
    and new.segment is not distinct from old.segment
    and new.date is not distinct from old.date
    and new.entry is not distinct from old.entry
    and new.kind is not distinct from old.kind
    and new.body is not distinct from old.body
    and new.why is not distinct from old.why
    and new.actor is not distinct from old.actor
    and new.at is not distinct from old.at
))
execute function decision_frozen();

create function decision_kept() returns trigger language plpgsql as $$
begin
    raise exception 'frozen: a decision is never deleted';
end
$$;
create trigger decision_kept before delete on decision
for each row execute function decision_kept();

create table rule_set (
    digest text collate "C" not null primary key,
    files text collate "C" not null, -- JSON: path to text
    at timestamptz not null
);

create table active_rule_set (
    one bigint not null primary key check (one = 1),
    digest text collate "C" not null references rule_set (digest),
    at timestamptz not null
);

create table catalog_client (
    key text collate "C" not null primary key,
    body text collate "C" not null, -- JSON, without projects
    closed_on text collate "C" -- its last date, once it left the file
);

create table catalog_project (
    code text collate "C" not null primary key,
    client text collate "C" not null references catalog_client (key),
    body text collate "C" not null, -- JSON
    closed_on text collate "C"
);
create index catalog_project_client on catalog_project (client);
