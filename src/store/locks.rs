//! Closed periods: through which date nothing is drafted or changed, for one person or for all (S10). A lock only ever moves forward.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Error, Tx,
    codec::{At, Plain},
};
use crate::model::ids::{self, StaffId};

impl Tx {
    /// The date through which a person's book is closed; everyone's, if nobody is named.
    pub(crate) async fn locked_through(&mut self, staff: impl Into<Option<StaffId>>) -> Result<Option<NaiveDate>, Error> {
        const SQL: &str = "select max(through) from period_lock where staff = $1 or staff is null";
        let staff = staff.into().map(|id| id.0);
        let through: Option<Plain<NaiveDate>> = on!(self, |conn| sqlx::query_scalar(SQL).bind(staff).fetch_one(conn).await)?;
        Ok(through.map(|date| date.0))
    }

    /// Closes a person's book, or everyone's, through a date.
    pub(crate) async fn lock_period(
        &mut self,
        staff: Option<StaffId>,
        through: NaiveDate,
        (actor, why): (&str, Option<&str>),
        at: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "insert into period_lock (id, staff, through, at, actor, why) values ($1, $2, $3, $4, $5, $6)";
        on!(self, |conn| sqlx::query(SQL)
            .bind(ids::fresh())
            .bind(staff.map(|id| id.0))
            .bind(Plain(through))
            .bind(At(at))
            .bind(actor)
            .bind(why)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Every lock: whose, through when, since when, by whom and why; newest first.
    #[expect(clippy::type_complexity, reason = "a row as it is shown")]
    pub(crate) async fn period_locks(&mut self) -> Result<Vec<(Option<StaffId>, NaiveDate, DateTime<Utc>, String, Option<String>)>, Error> {
        const SQL: &str = "select staff, through, at, actor, why from period_lock order by at desc, through desc limit 200";
        let rows: Vec<(Option<uuid::Uuid>, Plain<NaiveDate>, At, String, Option<String>)> =
            on!(self, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(|(staff, through, at, actor, why)| (staff.map(StaffId), through.0, at.0, actor, why)).collect())
    }
}
