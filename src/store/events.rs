//! Events, their revisions and their words.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
    event_rows::{self, EventRow, LiveRow, When, text_digest},
};
use crate::model::{
    event::{Event, Fact, Span, Text},
    ids::{CalendarId, EventId, MeetingId, StaffId},
};

/// Rows of one statement: both databases bound the number of bound values.
const ROWS: usize = 500;

const SELECT: &str = "select e.id, e.staff, e.calendar, c.position as calendar_order, c.name as calendar_name, e.meeting, \
    e.provider_id, e.ical_uid, e.recurring, e.original_start, e.starts_at, e.ends_at, e.zone, e.from_day, e.until_day, e.status, \
    e.show_as, e.visibility, e.response, e.revision, e.first_seen, e.placed_at, e.removed_at, \
    t.title, t.description, t.location, t.organizer, t.attendees, t.categories, t.colour, t.event_type, t.conference \
    from event e join calendar c on c.id = e.calendar left join event_text t on t.event = e.id where ";

/// An event to write, and the local dates it touches, both included.
pub(crate) struct Dated<'a> {
    pub(crate) event: &'a Event,
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

/// An event that stands, without words: enough to tell whether it is absent from an answer.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) id: EventId,
    pub(crate) provider_id: String,
    pub(crate) ical_uid: String,
    pub(crate) recurring: bool,
    pub(crate) span: Span,
}

impl From<&Event> for Live {
    fn from(event: &Event) -> Self {
        let Fact { provider_id, ical_uid, recurring, span, .. } = &event.fact;
        Self { id: event.id, provider_id: provider_id.clone(), ical_uid: ical_uid.clone(), recurring: *recurring, span: *span }
    }
}

impl Tx {
    /// Whether anything was ever seen on a calendar.
    pub(crate) async fn has_events(&mut self, calendar: CalendarId) -> Result<bool, Error> {
        const SQL: &str = "select count(*) from (select 1 from event where calendar = $1 limit 1) as one";
        let count: i64 = on!(self, |conn| sqlx::query_scalar(SQL).bind(calendar.0).fetch_one(conn).await)?;
        Ok(count > 0)
    }

    /// How many events of a calendar start on dates from `first` to `last`, both included; not those that are gone.
    pub(crate) async fn count_events(&mut self, calendar: CalendarId, first: NaiveDate, last: NaiveDate) -> Result<i64, Error> {
        const SQL: &str = "select count(*) from event where calendar = $1 and removed_at is null and first_date between $2 and $3";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).bind(calendar.0).bind(Plain(first)).bind(Plain(last)).fetch_one(conn).await)?)
    }

    /// What stands on a calendar and is not gone, without words.
    pub(crate) async fn live_events(&mut self, calendar: CalendarId) -> Result<Vec<Live>, Error> {
        const SQL: &str = "select id, provider_id, ical_uid, recurring, starts_at, ends_at, zone, from_day, until_day from event \
            where calendar = $1 and removed_at is null order by id";
        let rows: Vec<LiveRow> = on!(self, |conn| sqlx::query_as(SQL).bind(calendar.0).fetch_all(conn).await)?;
        rows.into_iter().map(LiveRow::live).collect()
    }

    /// A calendar's events with these keys, tombstones included.
    pub(crate) async fn events_by_keys(&mut self, calendar: CalendarId, keys: &[String]) -> Result<Vec<Event>, Error> {
        let rows: Vec<EventRow> =
            by_list!(self, keys, |query| query.push("e.calendar = ").push_bind(calendar.0).push(" and e.provider_id"), "e.id");
        event_rows::events(rows)
    }

    /// These events.
    pub(crate) async fn events_by_ids(&mut self, ids: &[EventId]) -> Result<Vec<Event>, Error> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rows: Vec<EventRow> = by_list!(self, ids, |query| query.push("e.id"), "e.id");
        event_rows::events(rows)
    }

    /// A person's events that touch dates from `first` to `last`, both included; not those that are gone.
    pub(crate) async fn events_on(&mut self, staff: StaffId, first: NaiveDate, last: NaiveDate) -> Result<Vec<Event>, Error> {
        let sql = format!("{SELECT} e.staff = $1 and e.first_date <= $3 and e.last_date >= $2 order by e.id");
        let rows: Vec<EventRow> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).bind(Plain(first)).bind(Plain(last)).fetch_all(conn).await)?;
        event_rows::events(rows)
    }

    /// A person's events that touch one of these dates, however far apart; not those that are gone.
    pub(crate) async fn events_touching(&mut self, staff: StaffId, dates: &[NaiveDate]) -> Result<Vec<Event>, Error> {
        let mut rows: Vec<EventRow> = Vec::new();
        for part in dates.chunks(ROWS) {
            let found: Vec<EventRow> = on!(self, |conn| {
                let mut query = QueryBuilder::new(SELECT);
                query.push("e.staff = ").push_bind(staff.0).push(" and (false");
                for date in part {
                    query.push(" or e.first_date <= ").push_bind(Plain(*date)).push(" and e.last_date >= ").push_bind(Plain(*date));
                }
                query.push(") order by e.id").build_query_as().persistent(false).fetch_all(conn).await
            })?;
            rows.extend(found);
        }
        event_rows::events(rows)
    }

    /// All copies of these meetings, tombstones included.
    pub(crate) async fn events_of_meetings(&mut self, meetings: &[MeetingId]) -> Result<Vec<Event>, Error> {
        let meetings: Vec<_> = meetings.iter().map(|meeting| meeting.0).collect();
        let rows: Vec<EventRow> = by_list!(self, meetings, |query| query.push("e.meeting"), "e.id");
        event_rows::events(rows)
    }

    /// A person's events with one of these UIDs on other calendars, tombstones included.
    pub(crate) async fn events_of_uids(&mut self, staff: StaffId, uids: &[String]) -> Result<Vec<Event>, Error> {
        let rows: Vec<EventRow> = by_list!(self, uids, |query| query.push("e.staff = ").push_bind(staff.0).push(" and e.ical_uid"), "e.id");
        event_rows::events(rows)
    }

    /// One event.
    pub(crate) async fn event(&mut self, id: EventId) -> Result<Event, Error> {
        let sql = format!("{SELECT} e.id = $1");
        let row: Option<EventRow> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn).await)?;
        event_rows::events(row.into_iter().collect())?.pop().ok_or(Error::Missing("event"))
    }

    /// The event whose id ends so.
    pub(crate) async fn event_ending(&mut self, ending: &str) -> Result<Event, Error> {
        let sql = self.dialect("lower(hex(e.id)) like $1 limit 2", "replace(e.id::text, '-', '') like $1 limit 2");
        let rows: Vec<EventRow> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(format!("{SELECT} {sql}"))).bind(super::ending(ending)).fetch_all(conn).await)?;
        super::only_one(event_rows::events(rows)?, "event")
    }

    /// Writes events with a revision each. Words that are not kept any more go (S8).
    pub(crate) async fn save_events(&mut self, events: &[Dated<'_>], now: DateTime<Utc>) -> Result<(), Error> {
        for part in events.chunks(ROWS) {
            self.save_event_rows(part).await?;
            self.save_revisions(part, now).await?;
            let (kept, dropped): (Vec<_>, Vec<_>) =
                part.iter().map(|dated| dated.event).partition(|event| *event.fact.text != Text::default());
            self.drop_texts(&dropped).await?;
            self.save_texts(&kept).await?;
        }
        Ok(())
    }

    async fn save_event_rows(&mut self, events: &[Dated<'_>]) -> Result<(), Error> {
        const INSERT: &str = "insert into event (id, staff, calendar, meeting, provider_id, ical_uid, recurring, original_start, \
            starts_at, ends_at, zone, from_day, until_day, first_date, last_date, status, show_as, visibility, response, revision, \
            first_seen, placed_at, removed_at) ";
        const UPDATE: &str = " on conflict (id) do update set calendar = excluded.calendar, ical_uid = excluded.ical_uid, \
            provider_id = excluded.provider_id, recurring = excluded.recurring, \
            original_start = excluded.original_start, starts_at = excluded.starts_at, ends_at = excluded.ends_at, \
            zone = excluded.zone, from_day = excluded.from_day, until_day = excluded.until_day, first_date = excluded.first_date, \
            last_date = excluded.last_date, status = excluded.status, show_as = excluded.show_as, \
            visibility = excluded.visibility, response = excluded.response, revision = excluded.revision, \
            placed_at = excluded.placed_at, removed_at = excluded.removed_at";
        on!(self, |conn| QueryBuilder::new(INSERT)
            .push_values(events, |mut row, Dated { event, first, last }| {
                let Event { fact, .. } = event;
                let when = When::from(&fact.span);
                row.push_bind(event.id.0).push_bind(event.staff.0).push_bind(event.calendar.0).push_bind(event.meeting.0);
                row.push_bind(&fact.provider_id).push_bind(&fact.ical_uid).push_bind(fact.recurring);
                row.push_bind(fact.original_start.map(Plain)).push_bind(when.starts_at).push_bind(when.ends_at);
                row.push_bind(when.zone).push_bind(when.from_day).push_bind(when.until_day);
                row.push_bind(Plain(*first)).push_bind(Plain(*last)).push_bind(Plain(fact.status)).push_bind(Plain(fact.show_as));
                row.push_bind(Plain(fact.visibility)).push_bind(Plain(event.response)).push_bind(event.revision);
                row.push_bind(At(event.first_seen)).push_bind(At(event.placed_at)).push_bind(event.removed_at.map(At));
            })
            .push(UPDATE)
            .build()
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    async fn save_revisions(&mut self, events: &[Dated<'_>], now: DateTime<Utc>) -> Result<(), Error> {
        const INSERT: &str = "insert into event_revision (event, revision, at, starts_at, ends_at, zone, from_day, until_day, status, \
            show_as, visibility, response, removed_at, text_digest) ";
        let mut digests = BTreeMap::new();
        for Dated { event, .. } in events {
            digests.insert(event.id, text_digest(&event.fact.text)?);
        }
        on!(self, |conn| QueryBuilder::new(INSERT)
            .push_values(events, |mut row, Dated { event, .. }| {
                let Event { fact, .. } = event;
                let when = When::from(&fact.span);
                row.push_bind(event.id.0).push_bind(event.revision).push_bind(At(now)).push_bind(when.starts_at);
                row.push_bind(when.ends_at).push_bind(when.zone).push_bind(when.from_day).push_bind(when.until_day);
                row.push_bind(Plain(fact.status)).push_bind(Plain(fact.show_as)).push_bind(Plain(fact.visibility));
                row.push_bind(Plain(event.response)).push_bind(event.removed_at.map(At)).push_bind(digests.get(&event.id));
            })
            .build()
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    async fn save_texts(&mut self, events: &[&Event]) -> Result<(), Error> {
        const INSERT: &str = "insert into event_text (event, title, description, location, organizer, attendees, categories, \
            colour, event_type, conference) ";
        const UPDATE: &str = " on conflict (event) do update set title = excluded.title, description = excluded.description, \
            location = excluded.location, organizer = excluded.organizer, attendees = excluded.attendees, \
            categories = excluded.categories, colour = excluded.colour, event_type = excluded.event_type, \
            conference = excluded.conference";
        if events.is_empty() {
            return Ok(());
        }
        on!(self, |conn| QueryBuilder::new(INSERT)
            .push_values(events, |mut row, event| {
                let text = &event.fact.text;
                row.push_bind(event.id.0).push_bind(&text.title).push_bind(&text.description).push_bind(&text.location);
                row.push_bind(&text.organizer).push_bind(Json(text.attendees.clone())).push_bind(Json(text.categories.clone()));
                row.push_bind(&text.colour).push_bind(&text.event_type).push_bind(&text.conference);
            })
            .push(UPDATE)
            .build()
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Forgets the words of all events of a calendar (S8). Says on which dates they were.
    pub(crate) async fn forget_words(&mut self, calendar: CalendarId) -> Result<Vec<NaiveDate>, Error> {
        const DATES: &str = "select distinct e.first_date from event e join event_text t on t.event = e.id where e.calendar = $1";
        const SQL: &str = "delete from event_text where event in (select id from event where calendar = $1)";
        let dates: Vec<Plain<NaiveDate>> = on!(self, |conn| sqlx::query_scalar(DATES).bind(calendar.0).fetch_all(conn).await)?;
        on!(self, |conn| sqlx::query(SQL).bind(calendar.0).execute(conn).await.map(drop))?;
        Ok(dates.into_iter().map(|date| date.0).collect())
    }

    /// Forgets the words of all events that ended before a date (S8). Says how many.
    pub(crate) async fn forget_words_before(&mut self, date: NaiveDate) -> Result<u64, Error> {
        const SQL: &str = "delete from event_text where event in (select id from event where last_date < $1)";
        Ok(on!(self, |conn| sqlx::query(SQL).bind(Plain(date)).execute(conn).await.map(|done| done.rows_affected()))?)
    }

    async fn drop_texts(&mut self, events: &[&Event]) -> Result<(), Error> {
        if events.is_empty() {
            return Ok(());
        }
        on!(self, |conn| {
            let mut query = QueryBuilder::new("delete from event_text where event in (");
            let mut list = query.separated(", ");
            for event in events {
                list.push_bind(event.id.0);
            }
            query.push(")").build().execute(conn).await.map(drop)
        })?;
        Ok(())
    }
}
