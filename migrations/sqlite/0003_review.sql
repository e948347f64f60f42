-- Who may do what, how people and programs sign in, what a person did, and what changed since.

alter table staff add column reviews_everyone integer not null default 0;

create table staff_role (
    staff blob not null references staff (id),
    role text not null,
    primary key (staff, role)
) strict;

create table review_scope (
    reviewer blob not null references staff (id),
    staff blob not null references staff (id), -- whose time she reviews
    primary key (reviewer, staff)
) strict;

create table password (
    staff blob not null primary key references staff (id),
    hash text not null -- argon2id, as a PHC string
) strict;

create table identity (
    issuer text not null,
    subject text not null,
    staff blob not null references staff (id),
    primary key (issuer, subject)
) strict;

create table sign_in_link (
    digest text not null primary key, -- of the one-time secret
    staff blob not null references staff (id),
    until text not null,
    used_at text
) strict;

create table sign_in_attempt (
    digest text not null primary key, -- of the state parameter
    provider text not null,
    verifier blob not null, -- sealed
    browser text not null, -- digest of the cookie that was set
    target text not null, -- the page that was asked for
    until text not null
) strict;

create table session (
    digest text not null primary key, -- of the cookie
    staff blob not null references staff (id),
    csrf text not null,
    began_at text not null,
    seen_at text not null
) strict;
create index session_staff on session (staff);

create table api_token (
    id blob not null primary key,
    digest text not null unique, -- of the secret
    name text not null,
    staff blob not null references staff (id), -- on whose behalf
    scopes text not null, -- separated by spaces
    created_at text not null,
    until text,
    used_at text,
    revoked_at text
) strict;
create index api_token_staff on api_token (staff);

create table throttle (
    bucket text not null primary key, -- whom and what is counted
    count integer not null,
    since text not null
) strict;

create table idempotency (
    key text not null primary key, -- with whoever sent it
    request text not null, -- digest of what was asked
    status integer not null,
    body text not null,
    etag text,
    at text not null
) strict;
create index idempotency_at on idempotency (at);

create table audit (
    seq integer not null primary key autoincrement,
    staff blob references staff (id), -- whose book; none for what is nobody's
    at text not null,
    actor text not null,
    act text not null,
    subject_kind text not null,
    subject text not null,
    before text, -- JSON, without event text
    after text,
    why text,
    chain text not null -- digest of this row and of the one before in the same book
) strict;
create index audit_staff on audit (staff, seq);
create index audit_subject on audit (subject, seq);

create trigger audit_frozen before update on audit
begin
    select raise(abort, 'frozen: the audit is only ever added to');
end;

create trigger audit_kept before delete on audit
begin
    select raise(abort, 'frozen: the audit is only ever added to');
end;

create table period_lock (
    id blob not null primary key,
    staff blob references staff (id), -- none for everyone
    through text not null,
    at text not null,
    actor text not null,
    why text
) strict;
create index period_lock_staff on period_lock (staff, through);

create table change (
    seq integer not null primary key autoincrement,
    kind text not null,
    subject blob not null,
    staff blob not null,
    version integer not null,
    at text not null default (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    xid integer not null default 0 -- of use in the PostgreSQL twin only: here one writes at a time
) strict;
create index change_order on change (xid, seq);

create table looked (
    staff blob not null references staff (id), -- who looked
    page text not null,
    at text not null,
    primary key (staff, page)
) strict;

create table seen_week (
    reviewer blob not null references staff (id),
    staff blob not null references staff (id), -- whose week
    monday text not null,
    seconds integer not null, -- what it came to when it was last seen
    digest text not null, -- of the entries and versions seen
    at text not null,
    primary key (reviewer, staff, monday)
) strict;

alter table exception add column assignee blob references staff (id);
alter table exception add column snoozed_until text;
alter table exception add column resolved_by text; -- who answered it, where a person did
alter table exception add column closed_at text;
alter table exception add column times integer not null default 1; -- how often it was opened
alter table exception add column lead text not null default ''; -- its first reason
alter table exception add column cause text not null default ''; -- what alike questions have in common
update exception set lead = coalesce(json_extract(reasons, '$[0].reason'), '');
create index exception_queue on exception (status, lead, cause, date, id);
create index exception_closed on exception (closed_at) where closed_at is not null;
create index exception_entry on exception (entry);

-- How many questions wait, by person and first reason: the queue shows it without counting.
create table queue_count (
    staff blob not null references staff (id),
    lead text not null,
    open integer not null,
    primary key (staff, lead)
) strict;
insert into queue_count (staff, lead, open) select staff, lead, count(*) from exception where status = 'open' group by staff, lead;

create trigger queue_count_added after insert on exception
when new.status = 'open'
begin
    insert into queue_count (staff, lead, open) values (new.staff, new.lead, 1)
        on conflict (staff, lead) do update set open = open + 1;
end;

create trigger queue_count_changed after update on exception
when (old.status = 'open') <> (new.status = 'open') or (old.status = 'open' and old.lead <> new.lead)
begin
    insert into queue_count (staff, lead, open) select new.staff, new.lead, 1 where new.status = 'open'
        on conflict (staff, lead) do update set open = open + 1;
    update queue_count set open = open - 1 where old.status = 'open' and staff = old.staff and lead = old.lead;
end;

alter table decision add column batch blob; -- what was done at one stroke, and is undone so
create index decision_batch on decision (batch) where batch is not null;

drop trigger decision_frozen;
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
    and new.batch is old.batch
)
begin
    select raise(abort, 'frozen: a decision is only ever retracted, once');
end;

-- What was submitted, without words: an entry that goes back to draft because it changed since says so until it is submitted again.
alter table entry add column submitted text;
create index entry_day on entry (date, starts_at, id);
create index event_ical on event (ical_uid);
