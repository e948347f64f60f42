-- Which rule files someone wanted to be in force, when, and what became of it.

create table rule_reload (
    number integer not null primary key,
    digest text not null, -- of the files and the policy; rule_set has those that became active
    at text not null,
    actor text not null,
    folder text not null, -- where the files were read
    outcome text not null check (outcome in ('active', 'refused')),
    days integer not null, -- that became due again
    told text -- why it was refused, as a person reads it
) strict;

-- What is active already became so at some time, by someone who was not written down.
insert into rule_reload (digest, at, actor, folder, outcome, days) select digest, at, '', '', 'active', 0 from active_rule_set;
