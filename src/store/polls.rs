//! Which calendar is read when, by whom, and how it went. A claim is fenced: one that was taken over writes nothing any more.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    connection::{Cursor, Poll},
    ids::{CalendarId, DaemonId, StaffId},
};

const SELECT: &str =
    "select calendar, due_at, pace_seconds, wants_full, cursor, tried_at, changed_at, failures, failing_since, failure, fence from poll ";

/// Calendars that anyone wants read.
const READABLE: &str = "from poll p join calendar c on c.id = p.calendar join staff s on s.id = c.staff \
    left join connection n on n.id = c.connection \
    where not c.paused and c.removed_at is null and (n.id is null or n.status = 'active')";

/// A clock that ran ahead left times behind that lie in what is the future again. Daemons' clocks may differ by less than this.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// No account is left in peace for longer: providers are believed for a day.
const PEACE: TimeDelta = TimeDelta::days(2);

/// A last day before this has passed in every zone.
fn worked(now: DateTime<Utc>) -> Plain<NaiveDate> {
    Plain(now.date_naive() - Days::new(1))
}

#[derive(sqlx::FromRow)]
struct Row {
    calendar: Uuid,
    due_at: At,
    pace_seconds: i64,
    wants_full: bool,
    cursor: Option<Json<Cursor>>,
    tried_at: Option<At>,
    changed_at: Option<At>,
    failures: i64,
    failing_since: Option<At>,
    failure: Option<String>,
    fence: i64,
}

impl Tx {
    /// What is known of every calendar's readings.
    pub(crate) async fn polls(&mut self) -> Result<Vec<Poll>, Error> {
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(SELECT.to_owned())).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|row| row.split().0).collect())
    }

    /// Claims calendars that are due, longest overdue first, at most `limit`. Each comes with its fence.
    pub(crate) async fn claim_due(
        &mut self,
        by: DaemonId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<(Poll, i64)>, Error> {
        let (free, lease) = (self.lease_is_free("p.lease_until"), self.lease_end());
        let skip = self.dialect("", "for update of p skip locked");
        let sql = format!(
            "update poll set lease_by = $1, lease_until = {lease}, fence = fence + 1, tried_at = $3 where calendar in \
                (select p.calendar {READABLE} and (p.due_at <= $3 or p.tried_at > $6) \
                and (n.pause_until is null or n.pause_until <= $3 or n.pause_until > $7) and (s.last_day is null or s.last_day >= $5) and {free} order by p.due_at limit $2 {skip}) \
                returning calendar, due_at, pace_seconds, wants_full, cursor, tried_at, changed_at, failures, failing_since, failure, fence"
        );
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql))
            .bind(by.0)
            .bind(limit)
            .bind(At(now))
            .bind(At(until))
            .bind(worked(now))
            .bind(At(now + AHEAD))
            .bind(At(now + PEACE))
            .fetch_all(conn)
            .await)?;
        let mut claimed: Vec<_> = rows.into_iter().map(Row::split).collect();
        claimed.sort_by_key(|(poll, _)| poll.due_at);
        Ok(claimed)
    }

    /// Claims one calendar whether it is due or not; none if someone else is reading it.
    pub(crate) async fn claim_calendar(
        &mut self,
        calendar: CalendarId,
        by: DaemonId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<(Poll, i64)>, Error> {
        let (free, lease) = (self.lease_is_free("lease_until"), self.lease_end());
        let sql = format!(
            "update poll set lease_by = $2, lease_until = {lease}, fence = fence + 1, tried_at = $3 \
                where calendar = $1 and ({free} or lease_by = $2) \
                returning calendar, due_at, pace_seconds, wants_full, cursor, tried_at, changed_at, failures, failing_since, failure, fence"
        );
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql))
            .bind(calendar.0)
            .bind(by.0)
            .bind(At(now))
            .bind(At(until))
            .fetch_optional(conn)
            .await)?;
        Ok(row.map(Row::split))
    }

    /// Makes sure that a claim is still the last one, and prolongs it: the first thing a transaction of its holder does.
    ///
    /// # Errors
    /// [`Error::Outdated`] if someone else claimed it since.
    pub(crate) async fn hold_calendar(
        &mut self,
        calendar: CalendarId,
        fence: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), Error> {
        // The pass reckons with when it began, and its claim may have been prolonged since.
        let lease = self.dialect("max(coalesce(lease_until, $4), $4)", self.lease_end());
        let sql = format!("update poll set lease_until = {lease}, tried_at = $3 where calendar = $1 and fence = $2");
        let held = on!(self, |conn| sqlx::query(AssertSqlSafe(sql))
            .bind(calendar.0)
            .bind(fence)
            .bind(At(now))
            .bind(At(until))
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        super::all_written(held, 1, "claims on this calendar")
    }

    /// Notes how a reading went and gives the claim back.
    ///
    /// # Errors
    /// [`Error::Outdated`] if someone else claimed it since.
    pub(crate) async fn finish_poll(&mut self, poll: &Poll, fence: i64) -> Result<(), Error> {
        const SQL: &str = "update poll set due_at = $3, pace_seconds = $4, wants_full = $5, cursor = $6, changed_at = $7, failures = $8, \
            failing_since = $9, failure = $10, lease_by = null, lease_until = null where calendar = $1 and fence = $2";
        let written = on!(self, |conn| sqlx::query(SQL)
            .bind(poll.calendar.0)
            .bind(fence)
            .bind(At(poll.due_at))
            .bind(poll.pace_seconds)
            .bind(poll.wants_full)
            .bind(Json(poll.cursor.clone()))
            .bind(poll.changed_at.map(At))
            .bind(poll.failures)
            .bind(poll.failing_since.map(At))
            .bind(&poll.failure)
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        super::all_written(written, 1, "claims on this calendar")
    }

    /// Gives back all claims of one daemon, so that others need not wait for them to run out.
    pub(crate) async fn release_calendars(&mut self, by: DaemonId) -> Result<(), Error> {
        const SQL: &str = "update poll set lease_by = null, lease_until = null where lease_by = $1";
        on!(self, |conn| sqlx::query(SQL).bind(by.0).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Has one calendar, or all, read whole at a time.
    pub(crate) async fn want_full(&mut self, only: Option<CalendarId>, at: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update poll set wants_full = $3, due_at = case when due_at > $2 then $2 else due_at end \
            where $1 is null or calendar = $1";
        on!(self, |conn| sqlx::query(SQL).bind(only.map(|id| id.0)).bind(At(at)).bind(true).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Forgets everything about the readings of a calendar that is somewhere else now, and has it read there. Whoever is reading it at the
    /// moment reads the wrong place, and his claim holds no more.
    pub(crate) async fn begin_polls_anew(&mut self, calendar: CalendarId, at: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update poll set fence = fence + 1, lease_by = null, lease_until = null, cursor = null, wants_full = $3, \
            due_at = $2, pace_seconds = 0, failures = 0, failing_since = null, failure = null where calendar = $1";
        on!(self, |conn| sqlx::query(SQL).bind(calendar.0).bind(At(at)).bind(true).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Has all calendars of a person read anew: she is someone else to them now. Whoever is reading one at the moment reads it as that of
    /// the person she was, and his claim holds no more.
    pub(crate) async fn read_person_anew(&mut self, staff: StaffId, at: DateTime<Utc>) -> Result<(), Error> {
        const SAID: &str = "update calendar set digest = null where staff = $1";
        const POLLS: &str = "update poll set fence = fence + 1, lease_by = null, lease_until = null, cursor = null, wants_full = $3, \
            due_at = $2 where calendar in (select id from calendar where staff = $1 and removed_at is null)";
        on!(self, |conn| sqlx::query(POLLS).bind(staff.0).bind(At(at)).bind(true).execute(conn).await.map(drop))?;
        on!(self, |conn| sqlx::query(SAID).bind(staff.0).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// When the next calendar can be claimed: due, its account not left in peace any more, and nobody's claim on it standing.
    pub(crate) async fn next_poll(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
        let latest = self.dialect("max", "greatest");
        let claimed = self.dialect(
            "case when p.lease_until > $2 and p.lease_until <= $3 then p.lease_until else $2 end",
            "case when p.lease_until > clock_timestamp() then $2::timestamptz + (p.lease_until - clock_timestamp()) else $2::timestamptz end",
        );
        let (due, peace) =
            ("case when p.tried_at > $3 then $2 else p.due_at end", "case when n.pause_until <= $4 then n.pause_until else $2 end");
        let sql = format!("select min({latest}({due}, {claimed}, {peace})) {READABLE} and (s.last_day is null or s.last_day >= $1)");
        let at: Option<At> = on!(self, |conn| sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(worked(now))
            .bind(At(now))
            .bind(At(now + AHEAD))
            .bind(At(now + PEACE))
            .fetch_one(conn)
            .await)?;
        Ok(at.map(|at| at.0))
    }
}

impl Row {
    fn split(self) -> (Poll, i64) {
        let poll = Poll {
            calendar: CalendarId(self.calendar),
            due_at: self.due_at.0,
            pace_seconds: self.pace_seconds,
            wants_full: self.wants_full,
            cursor: self.cursor.map(|cursor| cursor.0).unwrap_or_default(),
            tried_at: self.tried_at.map(|at| at.0),
            changed_at: self.changed_at.map(|at| at.0),
            failures: self.failures,
            failing_since: self.failing_since.map(|at| at.0),
            failure: self.failure,
        };
        (poll, self.fence)
    }
}
