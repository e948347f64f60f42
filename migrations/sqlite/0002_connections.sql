-- Grants to read calendars at a provider, and what the daemon knows of each calendar it polls.

create table connection (
    id blob not null primary key,
    staff blob not null references staff (id),
    provider text not null,
    account text not null, -- the provider's lasting name for the account; of a feed, a digest of its address
    email text not null, -- how the account is shown; of a feed, its host
    scopes text not null, -- separated by spaces
    status text not null,
    access_token blob, -- sealed, as are the next two
    refresh_token blob,
    address blob, -- of a feed
    access_until text,
    grant_until text, -- when the provider said that the grant itself ends
    version integer not null, -- of the tokens: whoever writes them must have seen the one before
    refreshing_by blob,
    refreshing_until text,
    refreshed_at text,
    connected_at text not null,
    pause_until text, -- the provider asked for peace until then
    unique (staff, provider, account)
) strict;

create table connect_link (
    digest text not null primary key, -- of the one-time secret
    staff blob not null references staff (id),
    provider text not null,
    until text not null,
    used_at text
) strict;

create table connect_attempt (
    digest text not null primary key, -- of the state parameter
    staff blob not null references staff (id),
    provider text not null,
    verifier blob not null, -- sealed
    browser text not null, -- digest of the cookie that was set
    until text not null
) strict;

alter table calendar add column connection blob references connection (id);
alter table calendar add column paused integer not null default 0;
alter table calendar add column removed_at text;
create index calendar_connection on calendar (connection);

create table poll (
    calendar blob not null primary key references calendar (id),
    due_at text not null,
    pace_seconds integer not null, -- the interval in use, between the shortest and the longest
    wants_full integer not null, -- the whole window is to be read, whatever the change detector says
    cursor text, -- what the provider handed out to ask for changes with (JSON)
    tried_at text,
    changed_at text, -- when it last said something new
    failures integer not null,
    failing_since text,
    failure text,
    fence integer not null, -- counts claims: a claim that is not the last may write nothing
    lease_by blob,
    lease_until text
) strict;
create index poll_due on poll (due_at);
insert into poll (calendar, due_at, pace_seconds, wants_full, failures, fence)
    select id, '1970-01-01T00:00:00.000000Z', 300, 1, 0, 0 from calendar;

alter table staff add column fence integer not null default 0;
alter table staff add column lease_by blob;
alter table staff add column lease_until text;

create table job (
    name text not null primary key,
    schedule text not null, -- the cron expression the slot below was found with
    due_at text not null,
    ran_at text,
    failure text,
    fence integer not null,
    lease_by blob,
    lease_until text
) strict;
create index job_due on job (due_at);
