//! Which events touch some dates, however far apart these are.

use chrono::NaiveDate;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Error, Tx, codec::Plain};
use crate::model::ids::{EventId, StaffId};

/// Dates of one statement: both databases bound the number of bound values.
const DATES: usize = 250;

impl Tx {
    /// A person's events that touch one of these dates; not those that are gone.
    pub(crate) async fn events_touching(&mut self, staff: StaffId, dates: &[NaiveDate]) -> Result<Vec<EventId>, Error> {
        const SQL: &str = "select id from event where staff = ";
        let mut ids: Vec<Uuid> = Vec::new();
        for part in dates.chunks(DATES) {
            let found: Vec<Uuid> = on!(self, |conn| {
                let mut query = QueryBuilder::new(SQL);
                query.push_bind(staff.0).push(" and (");
                for (index, date) in part.iter().enumerate() {
                    query.push(if index == 0 { "" } else { " or " });
                    query.push("first_date <= ").push_bind(Plain(*date)).push(" and last_date >= ").push_bind(Plain(*date));
                }
                query.push(") order by id").build_query_scalar().persistent(false).fetch_all(conn).await
            })?;
            ids.extend(found);
        }
        Ok(ids.into_iter().map(EventId).collect())
    }
}
