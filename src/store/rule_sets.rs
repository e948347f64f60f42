//! Rule sets by digest, and which of them is active (SEMANTICS S6).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Error, Tx,
    codec::{At, Json},
};

/// File name to text.
pub(crate) type Files = BTreeMap<String, String>;

impl Tx {
    /// Keeps the files of a rule set under their digest.
    pub(crate) async fn save_rule_set(&mut self, digest: &str, files: &Files, at: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "insert into rule_set (digest, files, at) values ($1, $2, $3) on conflict (digest) do nothing";
        let files = Json(files.clone());
        on!(self, |conn| sqlx::query(SQL).bind(digest).bind(files).bind(At(at)).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// The active rule set: digest and files.
    pub(crate) async fn active_rule_set(&mut self) -> Result<Option<(String, Files)>, Error> {
        const SQL: &str = "select r.digest, r.files from active_rule_set a join rule_set r on r.digest = a.digest";
        let row: Option<(String, Json<Files>)> = on!(self, |conn| sqlx::query_as(SQL).fetch_optional(conn).await)?;
        Ok(row.map(|(digest, files)| (digest, files.0)))
    }

    /// The digest of the active rule set.
    pub(crate) async fn active_digest(&mut self) -> Result<Option<String>, Error> {
        const SQL: &str = "select digest from active_rule_set";
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).fetch_optional(conn).await)?)
    }

    /// Makes `next` the active set if `before` still is.
    ///
    /// # Errors
    /// [`Error::Outdated`] if another set became active meanwhile.
    pub(crate) async fn activate_rule_set(&mut self, before: Option<&str>, next: &str, at: DateTime<Utc>) -> Result<(), Error> {
        const FIRST: &str = "insert into active_rule_set (one, digest, at) values (1, $1, $2) on conflict (one) do nothing";
        const NEXT: &str = "update active_rule_set set digest = $1, at = $2 where digest = $3";
        let changed = match before {
            None => on!(self, |conn| sqlx::query(FIRST).bind(next).bind(At(at)).execute(conn).await.map(|done| done.rows_affected())),
            Some(before) => on!(self, |conn| sqlx::query(NEXT)
                .bind(next)
                .bind(At(at))
                .bind(before)
                .execute(conn)
                .await
                .map(|done| done.rows_affected())),
        }?;
        if changed == 1 { Ok(()) } else { Err(Error::Outdated("rules")) }
    }
}
