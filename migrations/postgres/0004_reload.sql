-- Which rule files someone wanted to be in force, when, and what became of it.

create table rule_reload (
    number bigint generated always as identity primary key,
    digest text collate "C" not null, -- of the files and the policy; rule_set has those that became active
    at timestamptz not null,
    actor text collate "C" not null,
    folder text collate "C" not null, -- where the files were read
    outcome text collate "C" not null check (outcome in ('active', 'refused')),
    days bigint not null, -- that became due again
    told text collate "C" -- why it was refused, as a person reads it
);

-- What is active already became so at some time, by someone who was not written down.
insert into rule_reload (digest, at, actor, folder, outcome, days) select digest, at, '', '', 'active', 0 from active_rule_set;
