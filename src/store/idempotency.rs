//! Answers that are kept for a while, so that a request that is sent again is not done again.

use chrono::{DateTime, Utc};

use super::{Error, Tx, codec::At};

/// What was answered before.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Digest of what was asked.
    pub(crate) request: String,
    /// 0 while it is being worked on.
    pub(crate) status: i64,
    pub(crate) body: String,
    pub(crate) version: Option<i64>,
}

impl Tx {
    /// Takes a key, unless a request took it since `expired`; then says what that was answered.
    pub(crate) async fn begin_idempotent(
        &mut self,
        key: &str,
        request: &str,
        now: DateTime<Utc>,
        expired: DateTime<Utc>,
    ) -> Result<Option<Kept>, Error> {
        const OLD: &str = "delete from idempotency where at < $1";
        const SQL: &str =
            "insert into idempotency (key, request, status, body, at) values ($1, $2, 0, '', $3) on conflict (key) do nothing";
        const KNOWN: &str = "select request, status, body, etag from idempotency where key = $1";
        on!(self, |conn| sqlx::query(OLD).bind(At(expired)).execute(conn).await.map(drop))?;
        let taken =
            on!(self, |conn| sqlx::query(SQL).bind(key).bind(request).bind(At(now)).execute(conn).await.map(|done| done.rows_affected()))?;
        if taken == 1 {
            return Ok(None);
        }
        let row: (String, i64, String, Option<String>) = on!(self, |conn| sqlx::query_as(KNOWN).bind(key).fetch_one(conn).await)?;
        let (request, status, body, etag) = row;
        Ok(Some(Kept { request, status, body, version: etag.and_then(|etag| etag.parse().ok()) }))
    }

    /// Keeps what was answered.
    pub(crate) async fn finish_idempotent(&mut self, key: &str, status: u16, body: &str, version: Option<i64>) -> Result<(), Error> {
        const SQL: &str = "update idempotency set status = $2, body = $3, etag = $4 where key = $1";
        let etag = version.map(|version| version.to_string());
        on!(self, |conn| sqlx::query(SQL).bind(key).bind(i64::from(status)).bind(body).bind(&etag).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Gives a key back.
    pub(crate) async fn forget_idempotent(&mut self, key: &str) -> Result<(), Error> {
        const SQL: &str = "delete from idempotency where key = $1";
        on!(self, |conn| sqlx::query(SQL).bind(key).execute(conn).await.map(drop))?;
        Ok(())
    }
}
