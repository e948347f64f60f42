-- Grants to read calendars at a provider, and what the daemon knows of each calendar it polls.

create table connection (
    id uuid not null primary key,
    staff uuid not null references staff (id),
    provider text collate "C" not null,
    account text collate "C" not null, -- the provider's lasting name for the account; of a feed, a digest of its address
    email text collate "C" not null, -- how the account is shown; of a feed, its host
    scopes text collate "C" not null, -- separated by spaces
    status text collate "C" not null,
    access_token bytea, -- sealed, as are the next two
    refresh_token bytea,
    address bytea, -- of a feed
    access_until timestamptz,
    grant_until timestamptz, -- when the provider said that the grant itself ends
    version bigint not null, -- of the tokens: whoever writes them must have seen the one before
    refreshing_by uuid,
    refreshing_until timestamptz,
    refreshed_at timestamptz,
    connected_at timestamptz not null,
    pause_until timestamptz, -- the provider asked for peace until then
    unique (staff, provider, account)
);

create table connect_link (
    digest text collate "C" not null primary key, -- of the one-time secret
    staff uuid not null references staff (id),
    provider text collate "C" not null,
    until timestamptz not null,
    used_at timestamptz
);

create table connect_attempt (
    digest text collate "C" not null primary key, -- of the state parameter
    staff uuid not null references staff (id),
    provider text collate "C" not null,
    verifier bytea not null, -- sealed
    browser text collate "C" not null, -- digest of the cookie that was set
    until timestamptz not null
);

alter table calendar add column connection uuid references connection (id);
alter table calendar add column paused boolean not null default false;
alter table calendar add column removed_at timestamptz;
create index calendar_connection on calendar (connection);

create table poll (
    calendar uuid not null primary key references calendar (id),
    due_at timestamptz not null,
    pace_seconds bigint not null, -- the interval in use, between the shortest and the longest
    wants_full boolean not null, -- the whole window is to be read, whatever the change detector says
    cursor text collate "C", -- what the provider handed out to ask for changes with (JSON)
    tried_at timestamptz,
    changed_at timestamptz, -- when it last said something new
    failures bigint not null,
    failing_since timestamptz,
    failure text collate "C",
    fence bigint not null, -- counts claims: a claim that is not the last may write nothing
    lease_by uuid,
    lease_until timestamptz
);
create index poll_due on poll (due_at);
insert into poll (calendar, due_at, pace_seconds, wants_full, failures, fence)
    select id, timestamptz '1970-01-01T00:00:00Z', 300, true, 0, 0 from calendar;

alter table staff add column fence bigint not null default 0;
alter table staff add column lease_by uuid;
alter table staff add column lease_until timestamptz;

create table job (
    name text collate "C" not null primary key,
    schedule text collate "C" not null, -- the cron expression the slot below was found with
    due_at timestamptz not null,
    ran_at timestamptz,
    failure text collate "C",
    fence bigint not null,
    lease_by uuid,
    lease_until timestamptz
);
create index job_due on job (due_at);
