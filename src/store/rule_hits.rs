//! How often each rule gave something, by person and day. What the day derives is counted with it, in the same transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;

use super::{
    Error, Tx,
    codec::{At, Plain},
};
use crate::model::ids::StaffId;

const ROWS: usize = 2_000;
const SELECT: &str = "select date, rule, hits from rule_hit where ";

/// Hits by date and rule.
pub(crate) type Hits = BTreeMap<(NaiveDate, String), i64>;

/// What one rule gave in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) hits: i64,
    /// The last date on which it gave something.
    pub(crate) last: NaiveDate,
}

impl Tx {
    /// What rules gave to a person on some dates.
    pub(crate) async fn rule_hits_of(&mut self, staff: StaffId, dates: &[NaiveDate]) -> Result<Hits, Error> {
        let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
        let rows: Vec<(Plain<NaiveDate>, String, i64)> =
            by_list!(self, dates, |query| query.push("staff = ").push_bind(staff.0).push(" and date"), "date, rule");
        Ok(rows.into_iter().map(|(date, rule, hits)| ((date.0, rule), hits)).collect())
    }

    /// Notes what differs.
    pub(crate) async fn save_rule_hits(&mut self, staff: StaffId, hits: &Hits) -> Result<(), Error> {
        const UPDATE: &str = " on conflict (staff, date, rule) do update set hits = excluded.hits";
        let hits: Vec<_> = hits.iter().collect();
        for part in hits.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("insert into rule_hit (staff, date, rule, hits) ")
                .push_values(part, |mut row, ((date, rule), hits)| {
                    row.push_bind(staff.0).push_bind(Plain(*date)).push_bind(rule.as_str()).push_bind(**hits);
                })
                .push(UPDATE)
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// What each rule gave to anyone from one date to another, both included; none for a rule that gave nothing.
    pub(crate) async fn rule_hits(&mut self, from: NaiveDate, to: NaiveDate) -> Result<BTreeMap<String, Hit>, Error> {
        const SQL: &str = "select rule, cast(sum(hits) as bigint), max(date) from rule_hit \
            where date between $1 and $2 and hits > 0 group by rule";
        let rows: Vec<(String, i64, Plain<NaiveDate>)> =
            on!(self, |conn| sqlx::query_as(SQL).bind(Plain(from)).bind(Plain(to)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|(rule, hits, last)| (rule, Hit { hits, last: last.0 })).collect())
    }

    /// How many pages wait to be derived, and so to be counted.
    pub(crate) async fn days_due(&mut self, now: DateTime<Utc>) -> Result<i64, Error> {
        const SQL: &str = "select count(*) from day where due_at <= $1";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).bind(At(now)).fetch_one(conn).await)?)
    }
}
