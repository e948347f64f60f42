//! Jobs that run at times of their own: a row each, so that several daemons run each slot once, and a restart misses none.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AssertSqlSafe;

use super::{Error, Tx, codec::At};
use crate::model::ids::DaemonId;

/// Clocks of daemons on one book may differ by less than this.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// A job's row: its name, the expression its slot was found with, that slot, when it last ran, and why that failed.
pub(crate) type JobRow = (String, String, DateTime<Utc>, Option<DateTime<Utc>>, Option<String>);

impl Tx {
    /// Every job that has a row.
    pub(crate) async fn jobs(&mut self) -> Result<Vec<JobRow>, Error> {
        const SQL: &str = "select name, schedule, due_at, ran_at, failure from job order by name";
        type Row = (String, String, At, Option<At>, Option<String>);
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|(name, schedule, due, ran, failure)| (name, schedule, due.0, ran.map(|at| at.0), failure)).collect())
    }

    /// Gives a job its next slot, if it has none for this expression yet, or only one that was found by a clock that ran ahead.
    pub(crate) async fn schedule_job(&mut self, name: &str, schedule: &str, due: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "insert into job (name, schedule, due_at, fence) values ($1, $2, $3, 0) on conflict (name) do update set \
            schedule = excluded.schedule, due_at = excluded.due_at, ran_at = null where job.schedule <> excluded.schedule \
            or job.ran_at > $4 or (job.ran_at is null and job.due_at > excluded.due_at)";
        let ahead = At(now + AHEAD);
        on!(self, |conn| sqlx::query(SQL).bind(name).bind(schedule).bind(At(due)).bind(ahead).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Claims a job whose slot has come: the slot, and the fence to finish it with.
    pub(crate) async fn claim_job(
        &mut self,
        name: &str,
        by: DaemonId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<(DateTime<Utc>, i64)>, Error> {
        let (free, lease) = (self.lease_is_free("lease_until"), self.lease_end());
        let sql = format!(
            "update job set lease_by = $2, lease_until = {lease}, fence = fence + 1 where name = $1 and due_at <= $3 \
                and {free} returning due_at, fence"
        );
        let row: Option<(At, i64)> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql))
            .bind(name)
            .bind(by.0)
            .bind(At(now))
            .bind(At(until))
            .fetch_optional(conn)
            .await)?;
        Ok(row.map(|(due, fence)| (due.0, fence)))
    }

    /// Notes how a job went and when it is due again.
    ///
    /// # Errors
    /// [`Error::Outdated`] if someone else claimed it since.
    pub(crate) async fn finish_job(
        &mut self,
        name: &str,
        fence: i64,
        next: DateTime<Utc>,
        failure: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "update job set due_at = $3, failure = $4, ran_at = $5, lease_by = null, lease_until = null \
            where name = $1 and fence = $2";
        let written = on!(self, |conn| sqlx::query(SQL)
            .bind(name)
            .bind(fence)
            .bind(At(next))
            .bind(failure)
            .bind(At(now))
            .execute(conn)
            .await
            .map(|done| done.rows_affected()))?;
        super::all_written(written, 1, "claims on this job")
    }
}
