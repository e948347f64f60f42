-- Who may do what, how people and programs sign in, what a person did, and what changed since.

alter table staff add column reviews_everyone boolean not null default false;

create table staff_role (
    staff uuid not null references staff (id),
    role text collate "C" not null,
    primary key (staff, role)
);

create table review_scope (
    reviewer uuid not null references staff (id),
    staff uuid not null references staff (id), -- whose time she reviews
    primary key (reviewer, staff)
);

create table password (
    staff uuid not null primary key references staff (id),
    hash text collate "C" not null -- argon2id, as a PHC string
);

create table identity (
    issuer text collate "C" not null,
    subject text collate "C" not null,
    staff uuid not null references staff (id),
    primary key (issuer, subject)
);

create table sign_in_link (
    digest text collate "C" not null primary key, -- of the one-time secret
    staff uuid not null references staff (id),
    until timestamptz not null,
    used_at timestamptz
);

create table sign_in_attempt (
    digest text collate "C" not null primary key, -- of the state parameter
    provider text collate "C" not null,
    verifier bytea not null, -- sealed
    browser text collate "C" not null, -- digest of the cookie that was set
    target text collate "C" not null, -- the page that was asked for
    until timestamptz not null
);

create table session (
    digest text collate "C" not null primary key, -- of the cookie
    staff uuid not null references staff (id),
    csrf text collate "C" not null,
    began_at timestamptz not null,
    seen_at timestamptz not null
);
create index session_staff on session (staff);

create table api_token (
    id uuid not null primary key,
    digest text collate "C" not null unique, -- of the secret
    name text collate "C" not null,
    staff uuid not null references staff (id), -- on whose behalf
    scopes text collate "C" not null, -- separated by spaces
    created_at timestamptz not null,
    until timestamptz,
    used_at timestamptz,
    revoked_at timestamptz
);
create index api_token_staff on api_token (staff);

create table throttle (
    bucket text collate "C" not null primary key, -- whom and what is counted
    count bigint not null,
    since timestamptz not null
);

create table idempotency (
    key text collate "C" not null primary key, -- with whoever sent it
    request text collate "C" not null, -- digest of what was asked
    status bigint not null,
    body text collate "C" not null,
    etag text collate "C",
    at timestamptz not null
);
create index idempotency_at on idempotency (at);

create table audit (
    seq bigint generated always as identity primary key,
    staff uuid references staff (id), -- whose book; none for what is nobody's
    at timestamptz not null,
    actor text collate "C" not null,
    act text collate "C" not null,
    subject_kind text collate "C" not null,
    subject text collate "C" not null,
    before text collate "C", -- JSON, without event text
    after text collate "C",
    why text collate "C",
    chain text collate "C" not null -- digest of this row and of the one before in the same book
);
create index audit_staff on audit (staff, seq);
create index audit_subject on audit (subject, seq);

create function audit_frozen() returns trigger language plpgsql as $$
begin
    raise exception 'frozen: the audit is only ever added to';
end
$$;
create trigger audit_frozen before update or delete on audit
for each row execute function audit_frozen();

create table period_lock (
    id uuid not null primary key,
    staff uuid references staff (id), -- none for everyone
    through text collate "C" not null,
    at timestamptz not null,
    actor text collate "C" not null,
    why text collate "C"
);
create index period_lock_staff on period_lock (staff, through);

create table change (
    seq bigint generated always as identity primary key,
    kind text collate "C" not null,
    subject uuid not null,
    staff uuid not null,
    version bigint not null,
    at timestamptz not null default clock_timestamp(),
    xid xid8 not null default pg_current_xact_id() -- numbers are given out before they are seen: the order is by transaction
);
create index change_order on change (xid, seq);

create table looked (
    staff uuid not null references staff (id), -- who looked
    page text collate "C" not null,
    at timestamptz not null,
    primary key (staff, page)
);

create table seen_week (
    reviewer uuid not null references staff (id),
    staff uuid not null references staff (id), -- whose week
    monday text collate "C" not null,
    seconds bigint not null, -- what it came to when it was last seen
    digest text collate "C" not null, -- of the entries and versions seen
    at timestamptz not null,
    primary key (reviewer, staff, monday)
);

alter table exception add column assignee uuid references staff (id);
alter table exception add column snoozed_until timestamptz;
alter table exception add column resolved_by text collate "C"; -- who answered it, where a person did
alter table exception add column closed_at timestamptz;
alter table exception add column times bigint not null default 1; -- how often it was opened
alter table exception add column lead text collate "C" not null default ''; -- its first reason
alter table exception add column cause text collate "C" not null default ''; -- what alike questions have in common
update exception set lead = coalesce(reasons::json -> 0 ->> 'reason', '');
create index exception_queue on exception (status, lead, cause, date, id);
create index exception_closed on exception (closed_at) where closed_at is not null;
create index exception_entry on exception (entry);

-- How many questions wait, by person and first reason: the queue shows it without counting.
create table queue_count (
    staff uuid not null references staff (id),
    lead text collate "C" not null,
    open bigint not null,
    primary key (staff, lead)
);
insert into queue_count (staff, lead, open) select staff, lead, count(*) from exception where status = 'open' group by staff, lead;

create function queue_count_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.status = 'open' then
        update queue_count set open = open - 1 where staff = old.staff and lead = old.lead;
    end if;
    if new.status = 'open' then
        insert into queue_count as q (staff, lead, open) values (new.staff, new.lead, 1)
            on conflict (staff, lead) do update set open = q.open + 1;
    end if;
    return null;
end
$$;
create trigger queue_count_added after insert on exception
for each row when (new.status = 'open')
execute function queue_count_kept();
create trigger queue_count_changed after update on exception
for each row when ((old.status = 'open') <> (new.status = 'open') or (old.status = 'open' and old.lead <> new.lead))
execute function queue_count_kept();

alter table decision add column batch uuid; -- what was done at one stroke, and is undone so
create index decision_batch on decision (batch) where batch is not null;

drop trigger decision_frozen on decision;
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
    and new.batch is not distinct from old.batch
))
execute function decision_frozen();

-- What was submitted, without words: an entry that goes back to draft because it changed since says so until it is submitted again.
alter table entry add column submitted text collate "C";
create index entry_day on entry (date, starts_at, id);
create index event_ical on event (ical_uid);
