-- What pages look for as the book grows: entries of a meeting's events, questions of one person, what was cleared since someone looked.
create index entry_event on entry (event) where event is not null;
create index exception_person on exception (staff, status, lead, cause, date, id);
drop index exception_closed;
create index exception_closed on exception (status, closed_at);
