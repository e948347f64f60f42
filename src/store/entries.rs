//! Time entries.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::Value;
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    entry::{Body, Entry, EntryKey, EntryStatus, Origin, Provenance},
    ids::{EntryId, EventId, MeetingId, StaffId},
};

const ROWS: usize = 500;

pub(super) const SELECT: &str = "select id, version, staff, meeting, segment, leg, status, approved_at, submitted, date, starts_at, ends_at, timezone, \
    seconds, rounded_seconds, client, project, task, billable, tags, description, held, origin, external_ref, event, provenance \
    from entry where ";

/// Which entries a list shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryFilter {
    /// Both dates included.
    pub(crate) from: NaiveDate,
    pub(crate) to: NaiveDate,
    pub(crate) staff: Option<StaffId>,
    pub(crate) status: Option<EntryStatus>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    version: i64,
    staff: Uuid,
    meeting: Uuid,
    segment: i64,
    leg: i64,
    status: Plain<EntryStatus>,
    approved_at: Option<At>,
    submitted: Option<Json<Value>>,
    date: Plain<NaiveDate>,
    starts_at: At,
    ends_at: At,
    timezone: Plain<Tz>,
    seconds: i64,
    rounded_seconds: i64,
    client: Option<String>,
    project: Option<String>,
    task: Option<String>,
    billable: Option<bool>,
    tags: Json<Vec<String>>,
    description: Option<String>,
    held: bool,
    origin: Plain<Origin>,
    external_ref: Option<String>,
    event: Option<Uuid>,
    provenance: Json<Provenance>,
}

impl Tx {
    /// A person's entries from `first` to `last`, both included, in any status.
    pub(crate) async fn entries_on(&mut self, staff: StaffId, first: NaiveDate, last: NaiveDate) -> Result<Vec<Entry>, Error> {
        let sql = format!("{SELECT} staff = $1 and date between $2 and $3 order by id");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).bind(Plain(first)).bind(Plain(last)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// The entries of these meetings, in any status.
    pub(crate) async fn entries_of_meetings(&mut self, meetings: &[MeetingId]) -> Result<Vec<Entry>, Error> {
        let meetings: Vec<_> = meetings.iter().map(|meeting| meeting.0).collect();
        let rows: Vec<Row> = by_list!(self, meetings, |query| query.push("meeting"), "id");
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// Entries as a list shows them: by date, start and id.
    pub(crate) async fn entries(&mut self, filter: &EntryFilter) -> Result<Vec<Entry>, Error> {
        let rows: Vec<Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(SELECT);
            query.push("date between ").push_bind(Plain(filter.from)).push(" and ").push_bind(Plain(filter.to));
            if let Some(staff) = filter.staff {
                query.push(" and staff = ").push_bind(staff.0);
            }
            match filter.status {
                Some(status) => query.push(" and status = ").push_bind(Plain(status)),
                None => query.push(" and status <> 'void'"),
            };
            query.push(" order by date, starts_at, id").build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// A person's drafts up to a date, held ones too.
    pub(crate) async fn drafts_until(&mut self, staff: StaffId, until: NaiveDate) -> Result<Vec<Entry>, Error> {
        let sql = format!("{SELECT} staff = $1 and date <= $2 and status = 'draft' order by date, id");
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).bind(Plain(until)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// The entry whose id ends so. Ids begin with the time they were made, so it is their end that tells them apart.
    pub(crate) async fn entry(&mut self, ending: &str) -> Result<Entry, Error> {
        if let Ok(id) = ending.parse() {
            return self.entry_of(EntryId(id)).await;
        }
        let sql = self.dialect("lower(hex(id)) like $1 limit 2", "replace(id::text, '-', '') like $1 limit 2");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(format!("{SELECT} {sql}"))).bind(super::ending(ending)).fetch_all(conn).await)?;
        super::only_one(rows, "entry").map(Entry::from)
    }

    /// One entry.
    pub(crate) async fn entry_of(&mut self, id: EntryId) -> Result<Entry, Error> {
        let sql = format!("{SELECT} id = $1");
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id.0).fetch_optional(conn).await)?;
        row.map(Entry::from).ok_or(Error::NoneEnds("entry"))
    }

    /// The entries of these ids that there are.
    pub(crate) async fn entries_of(&mut self, ids: &[EntryId]) -> Result<Vec<Entry>, Error> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rows: Vec<Row> = by_list!(self, ids, |query| query.push("id"), "date, starts_at, id");
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// Writes entries whole, each as the next version of the one that stands.
    ///
    /// # Errors
    /// [`Error::Outdated`] if a version in between was written by someone else.
    pub(crate) async fn save_entries(&mut self, entries: &[Entry]) -> Result<(), Error> {
        const INSERT: &str = "insert into entry (id, version, staff, meeting, segment, leg, status, approved_at, submitted, date, \
            starts_at, ends_at, timezone, seconds, rounded_seconds, client, project, task, billable, tags, description, held, origin, \
            external_ref, event, provenance) ";
        const UPDATE: &str = " on conflict (id) do update set version = excluded.version, status = excluded.status, \
            approved_at = excluded.approved_at, submitted = excluded.submitted, date = excluded.date, starts_at = excluded.starts_at, ends_at = excluded.ends_at, \
            timezone = excluded.timezone, seconds = excluded.seconds, rounded_seconds = excluded.rounded_seconds, \
            client = excluded.client, project = excluded.project, task = excluded.task, billable = excluded.billable, \
            tags = excluded.tags, description = excluded.description, held = excluded.held, external_ref = excluded.external_ref, event = excluded.event, \
            provenance = excluded.provenance where entry.version = excluded.version - 1";
        for part in entries.chunks(ROWS) {
            let written = on!(self, |conn| QueryBuilder::new(INSERT)
                .push_values(part, |mut row, entry| {
                    let Entry { body, key, .. } = entry;
                    row.push_bind(entry.id.0).push_bind(entry.version).push_bind(entry.staff.0).push_bind(key.meeting.0);
                    row.push_bind(key.segment).push_bind(key.leg).push_bind(Plain(entry.status)).push_bind(entry.approved_at.map(At));
                    row.push_bind(entry.submitted.clone().map(Json));
                    row.push_bind(Plain(body.date)).push_bind(At(body.start)).push_bind(At(body.end)).push_bind(Plain(body.timezone));
                    row.push_bind(body.seconds).push_bind(body.rounded_seconds).push_bind(&body.client).push_bind(&body.project);
                    row.push_bind(&body.task).push_bind(body.billable).push_bind(Json(body.tags.clone())).push_bind(&body.description);
                    row.push_bind(body.held).push_bind(Plain(body.origin)).push_bind(&body.external_ref);
                    row.push_bind(body.event.map(|id| id.0)).push_bind(Json(entry.provenance.clone()));
                })
                .push(UPDATE)
                .build()
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
            super::all_written(written, part.len(), "entries")?;
        }
        let changes: Vec<_> = entries.iter().map(|entry| (entry.id.0, entry.staff, entry.version)).collect();
        self.note_changes("entry", &changes).await
    }
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let body = Body {
            date: row.date.0,
            start: row.starts_at.0,
            end: row.ends_at.0,
            timezone: row.timezone.0,
            seconds: row.seconds,
            rounded_seconds: row.rounded_seconds,
            client: row.client,
            project: row.project,
            task: row.task,
            billable: row.billable,
            tags: row.tags.0,
            description: row.description,
            held: row.held,
            origin: row.origin.0,
            external_ref: row.external_ref,
            event: row.event.map(EventId),
        };
        Self {
            id: EntryId(row.id),
            version: row.version,
            staff: StaffId(row.staff),
            key: EntryKey { meeting: MeetingId(row.meeting), segment: row.segment, leg: row.leg },
            status: row.status.0,
            approved_at: row.approved_at.map(|at| at.0),
            submitted: row.submitted.map(|submitted| submitted.0),
            body,
            provenance: row.provenance.0,
        }
    }
}
