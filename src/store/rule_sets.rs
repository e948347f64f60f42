//! Rule sets by digest, which of them is active, and how it came to be (SEMANTICS S6).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::reload::{Reload, ReloadOutcome};

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

    /// Makes sure that a set is the active one, or that none is, and keeps it so until this transaction ends: who makes another one active
    /// waits, and marks days due after what was derived here.
    ///
    /// # Errors
    /// [`Error::Outdated`] if another set is active.
    pub(crate) async fn hold_rule_set(&mut self, digest: &str) -> Result<(), Error> {
        // SQLite has one writer at a time.
        let sql = self.dialect("select digest from active_rule_set", "select digest from active_rule_set for share");
        let active: Option<String> = on!(self, |conn| sqlx::query_scalar(sql).fetch_optional(conn).await)?;
        if active.is_none_or(|active| active == digest) { Ok(()) } else { Err(Error::Outdated("rules")) }
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

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    digest: String,
    at: At,
    actor: String,
    folder: String,
    outcome: Plain<ReloadOutcome>,
    days: i64,
    told: Option<String>,
}

impl From<Row> for Reload {
    fn from(row: Row) -> Self {
        let Row { number, digest, at, actor, folder, outcome, days, told } = row;
        Self { number, digest, at: at.0, actor, folder, outcome: outcome.0, days, told }
    }
}

impl Tx {
    /// Writes down what became of a reload; its number is given here.
    pub(crate) async fn insert_reload(&mut self, reload: &Reload) -> Result<(), Error> {
        const SQL: &str = "insert into rule_reload (digest, at, actor, folder, outcome, days, told) values ($1, $2, $3, $4, $5, $6, $7)";
        on!(self, |conn| sqlx::query(SQL)
            .bind(&reload.digest)
            .bind(At(reload.at))
            .bind(&reload.actor)
            .bind(&reload.folder)
            .bind(Plain(reload.outcome))
            .bind(reload.days)
            .bind(&reload.told)
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Reloads, newest first.
    pub(crate) async fn reloads(&mut self, limit: i64) -> Result<Vec<Reload>, Error> {
        const SQL: &str = "select number, digest, at, actor, folder, outcome, days, told from rule_reload order by number desc limit $1";
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(SQL).bind(limit).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Reload::from).collect())
    }

    /// The last time that a set became active.
    pub(crate) async fn became_active(&mut self, digest: &str) -> Result<Option<Reload>, Error> {
        const SQL: &str = "select number, digest, at, actor, folder, outcome, days, told from rule_reload \
            where digest = $1 and outcome = 'active' order by number desc limit 1";
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(SQL).bind(digest).fetch_optional(conn).await)?;
        Ok(row.map(Reload::from))
    }

    /// One reload.
    pub(crate) async fn reload(&mut self, number: i64) -> Result<Option<Reload>, Error> {
        const SQL: &str = "select number, digest, at, actor, folder, outcome, days, told from rule_reload where number = $1";
        let row: Option<Row> = on!(self, |conn| sqlx::query_as(SQL).bind(number).fetch_optional(conn).await)?;
        Ok(row.map(Reload::from))
    }

    /// Whether these files, under the same policy, are what was last made active from a folder, or were active since: the folder did not
    /// change since then, or changed only to what was replaced elsewhere.
    pub(crate) async fn was_replaced(&mut self, digest: &str, folder: &str) -> Result<bool, Error> {
        const SQL: &str = "select count(*) from rule_reload where digest = $1 and outcome = 'active' and number >= \
            (select coalesce(max(number), 0) from rule_reload where folder = $2 and outcome = 'active')";
        let count: i64 = on!(self, |conn| sqlx::query_scalar(SQL).bind(digest).bind(folder).fetch_one(conn).await)?;
        Ok(count > 0)
    }

    /// The files of a set that was kept, by its number or by the beginning of its digest.
    pub(crate) async fn rule_set(&mut self, named: &str) -> Result<(String, Files), Error> {
        const SQL: &str = "select digest, files from rule_set where digest in (select digest from rule_reload where number = $1) \
            or digest like $2 order by digest limit 2";
        // What is short and all digits is a number.
        let number: Option<i64> = named.parse().ok().filter(|_| named.len() < 8);
        let is_beginning = number.is_none() && named.len() >= super::ENDING_MIN && named.chars().all(|char| char.is_ascii_hexdigit());
        let beginning = if is_beginning { format!("{}%", named.to_lowercase()) } else { String::new() };
        let rows: Vec<(String, Json<Files>)> = on!(self, |conn| sqlx::query_as(SQL).bind(number).bind(beginning).fetch_all(conn).await)?;
        super::only_one(rows, "rule set").map(|(digest, files)| (digest, files.0))
    }
}
