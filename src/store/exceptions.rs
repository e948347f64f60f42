//! Exceptions: one row per subject, with all its reasons.

use chrono::NaiveDate;
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    exception::{Exception, ExceptionStatus, Reason, Subject, SubjectKind},
    ids::{EntryId, ExceptionId, StaffId},
};

const ROWS: usize = 500;

pub(super) const SELECT: &str = "select id, version, staff, subject_kind, subject, segment, date, status, reasons, entry, opened_at, times, assignee, \
    snoozed_until, resolved_by, closed_at from exception where ";

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    version: i64,
    staff: Uuid,
    subject_kind: Plain<SubjectKind>,
    subject: Uuid,
    segment: i64,
    date: Plain<NaiveDate>,
    status: Plain<ExceptionStatus>,
    reasons: Json<Vec<Reason>>,
    entry: Option<Uuid>,
    opened_at: At,
    times: i64,
    assignee: Option<Uuid>,
    snoozed_until: Option<At>,
    resolved_by: Option<String>,
    closed_at: Option<At>,
}

impl Tx {
    /// A person's exceptions from `first` to `last`, both included, in any status.
    pub(crate) async fn exceptions_on(&mut self, staff: StaffId, first: NaiveDate, last: NaiveDate) -> Result<Vec<Exception>, Error> {
        let sql = format!("{SELECT} staff = $1 and date between $2 and $3 order by id");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).bind(Plain(first)).bind(Plain(last)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Exception::from).collect())
    }

    /// A person's exceptions about these subjects, in any status.
    pub(crate) async fn exceptions_about(&mut self, staff: StaffId, subjects: &[Uuid]) -> Result<Vec<Exception>, Error> {
        const KINDS: &str = " and subject_kind in ('meeting', 'day', 'event', 'calendar', 'connection') and subject";
        let rows: Vec<Row> = by_list!(self, subjects, |query| query.push("staff = ").push_bind(staff.0).push(KINDS), "id");
        Ok(rows.into_iter().map(Exception::from).collect())
    }

    /// A person's exceptions about calendars, and about events that cannot be read, in any status.
    pub(crate) async fn exceptions_about_sources(&mut self, staff: StaffId) -> Result<Vec<Exception>, Error> {
        let sql = format!("{SELECT} staff = $1 and subject_kind in ('event', 'calendar', 'connection') order by id");
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Exception::from).collect())
    }

    /// All exceptions in one status, oldest date first.
    pub(crate) async fn exceptions(&mut self, status: ExceptionStatus) -> Result<Vec<Exception>, Error> {
        let sql = format!("{SELECT} status = $1 order by date, id");
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(Plain(status)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Exception::from).collect())
    }

    /// The exception whose id ends so.
    pub(crate) async fn exception(&mut self, ending: &str) -> Result<Exception, Error> {
        if let Ok(id) = ending.parse::<Uuid>() {
            let sql = format!("{SELECT} id = $1");
            let row: Option<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(conn).await)?;
            return row.map(Exception::from).ok_or(Error::NoneEnds("exception"));
        }
        let sql = self.dialect("lower(hex(id)) like $1 limit 2", "replace(id::text, '-', '') like $1 limit 2");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(format!("{SELECT} {sql}"))).bind(super::ending(ending)).fetch_all(conn).await)?;
        super::only_one(rows, "exception").map(Exception::from)
    }

    /// Writes exceptions whole, each as the next version of the one that stands.
    ///
    /// # Errors
    /// [`Error::Outdated`] if a version in between was written by someone else.
    pub(crate) async fn save_exceptions(&mut self, exceptions: &[Exception]) -> Result<(), Error> {
        const INSERT: &str = "insert into exception (id, version, staff, subject_kind, subject, segment, date, status, reasons, \
            entry, opened_at, times, assignee, snoozed_until, resolved_by, closed_at, lead, cause) ";
        const UPDATE: &str = " on conflict (id) do update set version = excluded.version, date = excluded.date, \
            status = excluded.status, reasons = excluded.reasons, entry = excluded.entry, opened_at = excluded.opened_at, \
            times = excluded.times, assignee = excluded.assignee, snoozed_until = excluded.snoozed_until, \
            resolved_by = excluded.resolved_by, closed_at = excluded.closed_at, lead = excluded.lead, cause = excluded.cause \
            where exception.version = excluded.version - 1";
        for part in exceptions.chunks(ROWS) {
            let written = on!(self, |conn| QueryBuilder::new(INSERT)
                .push_values(part, |mut row, exception| {
                    let Exception { subject, .. } = exception;
                    row.push_bind(exception.id.0).push_bind(exception.version).push_bind(exception.staff.0);
                    row.push_bind(Plain(subject.kind)).push_bind(subject.id).push_bind(subject.segment);
                    row.push_bind(Plain(exception.date)).push_bind(Plain(exception.status)).push_bind(Json(exception.reasons.clone()));
                    row.push_bind(exception.entry.map(|id| id.0)).push_bind(At(exception.opened_at));
                    row.push_bind(exception.times).push_bind(exception.assignee.map(|id| id.0));
                    row.push_bind(exception.snoozed_until.map(At)).push_bind(&exception.resolved_by);
                    row.push_bind(exception.closed_at.map(At)).push_bind(exception.lead().to_owned()).push_bind(exception.common());
                })
                .push(UPDATE)
                .build()
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
            super::all_written(written, part.len(), "exceptions")?;
        }
        let changes: Vec<_> = exceptions.iter().map(|exception| (exception.id.0, exception.staff, exception.version)).collect();
        self.note_changes("exception", &changes).await
    }
}

impl From<Row> for Exception {
    fn from(row: Row) -> Self {
        Self {
            id: ExceptionId(row.id),
            version: row.version,
            staff: StaffId(row.staff),
            subject: Subject { kind: row.subject_kind.0, id: row.subject, segment: row.segment },
            date: row.date.0,
            status: row.status.0,
            reasons: row.reasons.0,
            entry: row.entry.map(EntryId),
            opened_at: row.opened_at.0,
            times: row.times,
            assignee: row.assignee.map(StaffId),
            snoozed_until: row.snoozed_until.map(|at| at.0),
            resolved_by: row.resolved_by,
            closed_at: row.closed_at.map(|at| at.0),
        }
    }
}
