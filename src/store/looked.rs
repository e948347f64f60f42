//! What someone last saw of a page or a week, so that what differs since can be told.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Error, Tx,
    codec::{At, Plain},
};
use crate::model::ids::StaffId;

impl Tx {
    /// When someone last looked at a page.
    pub(crate) async fn looked_at(&mut self, staff: StaffId, page: &str) -> Result<Option<DateTime<Utc>>, Error> {
        const SQL: &str = "select at from looked where staff = $1 and page = $2";
        let at: Option<At> = on!(self, |conn| sqlx::query_scalar(SQL).bind(staff.0).bind(page).fetch_optional(conn).await)?;
        Ok(at.map(|at| at.0))
    }

    /// Someone looked at a page now.
    pub(crate) async fn look(&mut self, staff: StaffId, page: &str, now: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str =
            "insert into looked (staff, page, at) values ($1, $2, $3) on conflict (staff, page) do update set at = excluded.at";
        on!(self, |conn| sqlx::query(SQL).bind(staff.0).bind(page).bind(At(now)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// What a person's week came to when a reviewer last saw it, and what it consisted of.
    pub(crate) async fn week_seen(&mut self, reviewer: StaffId, staff: StaffId, monday: NaiveDate) -> Result<Option<(i64, String)>, Error> {
        const SQL: &str = "select seconds, digest from seen_week where reviewer = $1 and staff = $2 and monday = $3";
        Ok(on!(self, |conn| sqlx::query_as(SQL).bind(reviewer.0).bind(staff.0).bind(Plain(monday)).fetch_optional(conn).await)?)
    }

    /// Notes what a reviewer saw of a week.
    pub(crate) async fn see_week(
        &mut self,
        (reviewer, staff, monday): (StaffId, StaffId, NaiveDate),
        seconds: i64,
        digest: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        const SQL: &str = "insert into seen_week (reviewer, staff, monday, seconds, digest, at) values ($1, $2, $3, $4, $5, $6) \
            on conflict (reviewer, staff, monday) do update set seconds = excluded.seconds, digest = excluded.digest, at = excluded.at";
        on!(self, |conn| sqlx::query(SQL)
            .bind(reviewer.0)
            .bind(staff.0)
            .bind(Plain(monday))
            .bind(seconds)
            .bind(digest)
            .bind(At(now))
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}
