//! Under which local dates a person's events stand, which her zones decide (SEMANTICS S15).

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Plain},
    event_rows::When,
};
use crate::model::{
    event::Span,
    ids::{EventId, StaffId},
};

const ROWS: usize = 500;

/// An event with the dates that it stands under, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) id: EventId,
    pub(crate) span: Span,
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    #[sqlx(flatten)]
    when: When,
    first_date: Plain<NaiveDate>,
    last_date: Plain<NaiveDate>,
}

impl Tx {
    /// A person's events that stand under a date or later ones, tombstones included.
    pub(crate) async fn placed_from(&mut self, staff: StaffId, from: NaiveDate) -> Result<Vec<Placed>, Error> {
        const SQL: &str = "select id, starts_at, ends_at, zone, from_day, until_day, first_date, last_date from event \
            where staff = $1 and last_date >= $2 order by id";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL).bind(staff.0).bind(Plain(from)).fetch_all(conn).await)?;
        let placed = |row: Row| Ok(Placed { id: EventId(row.id), span: row.when.span()?, first: row.first_date.0, last: row.last_date.0 });
        rows.into_iter().map(placed).collect()
    }

    /// Puts events under other dates. What begins on another one is new there: it may come to a day that was approved before (S10).
    pub(crate) async fn place(&mut self, events: &[Placed], now: DateTime<Utc>) -> Result<(), Error> {
        for part in events.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new("update event set placed_at = case when first_date <> moved.column2 then ")
                .push_bind(At(now))
                .push(" else placed_at end, first_date = moved.column2, last_date = moved.column3 from (")
                .push_values(part, |mut row, event| {
                    row.push_bind(event.id.0).push_bind(Plain(event.first)).push_bind(Plain(event.last));
                })
                .push(") as moved where event.id = moved.column1")
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}
