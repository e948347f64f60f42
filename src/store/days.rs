//! The durable queue between capture and settling: which page of whose book is due, and when.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Plain},
};
use crate::model::ids::StaffId;

const ROWS: usize = 2_000;

/// Why a page is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// A calendar, a person or the clock changed something.
    Fresh,
    /// Rules, catalog or policy changed: it waits behind what is fresh (S20).
    Again,
}

impl Tx {
    /// Says when each of these pages is to be derived. An earlier time that stands already wins, and so does what is fresh.
    pub(crate) async fn mark_due(&mut self, staff: StaffId, dates: &[NaiveDate], why: Due, at: DateTime<Utc>) -> Result<(), Error> {
        const UPDATE: &str = " on conflict (staff, date) do update set \
            due_at = case when day.due_at is null or day.due_at > excluded.due_at then excluded.due_at else day.due_at end, \
            again = case when day.due_at is null or day.again > excluded.again then excluded.again else day.again end \
            where day.due_at is null or day.due_at > excluded.due_at or day.again > excluded.again";
        for part in dates.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("insert into day (staff, date, again, due_at) ")
                .push_values(part, |mut row, date| {
                    row.push_bind(staff.0).push_bind(Plain(*date)).push_bind(why == Due::Again).push_bind(At(at));
                })
                .push(UPDATE)
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// Notes that a page is settled, until time alone changes it.
    pub(crate) async fn settle_days(&mut self, staff: StaffId, days: &[(NaiveDate, Option<DateTime<Utc>>)]) -> Result<(), Error> {
        const UPDATE: &str = " on conflict (staff, date) do update set due_at = excluded.due_at, again = excluded.again";
        for part in days.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("insert into day (staff, date, again, due_at) ")
                .push_values(part, |mut row, (date, next)| {
                    row.push_bind(staff.0).push_bind(Plain(*date)).push_bind(false).push_bind(next.map(At));
                })
                .push(UPDATE)
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// How many of a person's events begin on each date from `first` to `last`, both included.
    pub(crate) async fn events_per_day(
        &mut self,
        staff: StaffId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<BTreeMap<NaiveDate, i64>, Error> {
        const SQL: &str = "select first_date, count(*) from event where staff = $1 and first_date between $2 and $3 group by first_date";
        let rows: Vec<(Plain<NaiveDate>, i64)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(staff.0).bind(Plain(first)).bind(Plain(last)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|(date, count)| (date.0, count)).collect())
    }

    /// A person's pages from a date on.
    pub(crate) async fn days_with_work(&mut self, staff: StaffId, from: NaiveDate) -> Result<Vec<NaiveDate>, Error> {
        const SQL: &str = "select date from day where staff = $1 and date >= $2 order by date";
        let dates: Vec<Plain<NaiveDate>> = on!(self, |conn| sqlx::query_scalar(SQL).bind(staff.0).bind(Plain(from)).fetch_all(conn).await)?;
        Ok(dates.into_iter().map(|date| date.0).collect())
    }

    /// People with pages that are due.
    pub(crate) async fn staff_with_due(&mut self, why: Due, now: DateTime<Utc>) -> Result<Vec<StaffId>, Error> {
        const SQL: &str = "select distinct staff from day where due_at <= $1 and again = $2 order by staff";
        let ids: Vec<Uuid> = on!(self, |conn| sqlx::query_scalar(SQL).bind(At(now)).bind(why == Due::Again).fetch_all(conn).await)?;
        Ok(ids.into_iter().map(StaffId).collect())
    }

    /// A person's due pages, at most `limit` of them: fresh ones oldest first, others newest first (S20).
    pub(crate) async fn due_days(&mut self, staff: StaffId, why: Due, now: DateTime<Utc>, limit: i64) -> Result<Vec<NaiveDate>, Error> {
        const FRESH: &str = "select date from day where staff = $1 and due_at <= $2 and not again order by date limit $3";
        const AGAIN: &str = "select date from day where staff = $1 and due_at <= $2 and again order by date desc limit $3";
        let sql = if why == Due::Fresh { FRESH } else { AGAIN };
        let dates: Vec<Plain<NaiveDate>> =
            on!(self, |conn| sqlx::query_scalar(sql).bind(staff.0).bind(At(now)).bind(limit).fetch_all(conn).await)?;
        Ok(dates.into_iter().map(|date| date.0).collect())
    }
}
