-- How often each rule gave something to a person's day, as it was last derived.

create table rule_hit (
    staff blob not null references staff (id),
    date text not null,
    rule text not null,
    hits integer not null, -- meetings, or the day itself; 0 once it gives nothing there any more
    primary key (staff, date, rule)
) strict;
create index rule_hit_date on rule_hit (date, rule, hits);

-- The last year of what is settled is derived again, behind what is fresh: it writes no entry that stands already, and is counted.
update day set due_at = '1970-01-01T00:00:00.000000Z', again = 1
where due_at is null and date >= (select date(max(date), '-1 year') from day);
