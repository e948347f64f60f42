//! The audit: rows are only ever added, each chained to the one before it in the same book (S22).

use std::collections::HashMap;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json},
    sight::within,
};
use crate::model::{
    audit::Act,
    ids::{self, StaffId},
    principal::Principal,
};

const ROWS: usize = 500;

/// Which rows of the audit are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditFilter {
    pub(crate) staff: Option<Uuid>,
    pub(crate) subject: Option<String>,
    /// Rows before this place.
    pub(crate) before: Option<i64>,
    pub(crate) limit: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    staff: Option<Uuid>,
    at: At,
    actor: String,
    act: String,
    subject_kind: String,
    subject: String,
    before: Option<Json<serde_json::Value>>,
    after: Option<Json<serde_json::Value>>,
    why: Option<String>,
    chain: String,
}

const COLUMNS: &str = "select seq, staff, at, actor, act, subject_kind, subject, before, after, why, chain from audit where ";

/// A row as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Audited {
    pub(crate) seq: i64,
    pub(crate) act: Act,
    pub(crate) chain: String,
}

impl Tx {
    /// Adds what was done. Whoever writes into a person's book holds her row; what is nobody's is written one at a time.
    pub(crate) async fn audit(&mut self, acts: &[Act]) -> Result<(), Error> {
        const SQL: &str = "insert into audit (staff, at, actor, act, subject_kind, subject, before, after, why, chain) ";
        if let (Self::Postgres(tx), true) = (&mut *self, acts.iter().any(|act| act.staff.is_none())) {
            sqlx::query("select pg_advisory_xact_lock(7213)").execute(&mut **tx).await?;
        }
        let mut ends: HashMap<Option<StaffId>, String> = HashMap::new();
        let mut rows = Vec::new();
        for act in acts {
            let before = match ends.remove(&act.staff) {
                None => self.audit_end(act.staff).await?,
                Some(chain) => chain,
            };
            let chain = chained(&before, act);
            ends.insert(act.staff, chain.clone());
            rows.push((act, chain));
        }
        for part in rows.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new(SQL)
                .push_values(part, |mut row, (act, chain)| {
                    row.push_bind(act.staff.map(|id| id.0)).push_bind(At(act.at)).push_bind(&act.actor).push_bind(&act.act);
                    row.push_bind(act.subject_kind).push_bind(&act.subject).push_bind(act.before.clone().map(Json));
                    row.push_bind(act.after.clone().map(Json)).push_bind(&act.why).push_bind(chain);
                })
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// What the next row of a book is chained to.
    async fn audit_end(&mut self, staff: Option<StaffId>) -> Result<String, Error> {
        const LAST: &str = "select chain from audit where staff = $1 order by seq desc limit 1";
        const LAST_OF_NONE: &str = "select chain from audit where staff is null order by seq desc limit 1";
        let found: Option<String> = on!(self, |conn| match staff {
            Some(id) => sqlx::query_scalar(LAST).bind(id.0).fetch_optional(conn).await,
            None => sqlx::query_scalar(LAST_OF_NONE).fetch_optional(conn).await,
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Rows of the audit that someone may see, newest first.
    pub(crate) async fn audited(&mut self, who: &Principal, filter: &AuditFilter) -> Result<Vec<Audited>, Error> {
        let rows: Vec<Row> = on!(self, |conn| {
            let mut query = QueryBuilder::new(COLUMNS);
            query.push("seq < ").push_bind(filter.before.unwrap_or(i64::MAX));
            if let Some(staff) = filter.staff {
                query.push(" and staff = ").push_bind(staff);
            }
            if let Some(subject) = &filter.subject {
                query.push(" and subject = ").push_bind(subject);
            }
            within!(query, who, "staff");
            query.push(" order by seq desc limit ").push_bind(filter.limit).build_query_as().fetch_all(conn).await
        })?;
        Ok(rows.into_iter().map(Audited::from).collect())
    }

    /// Every book of the audit from its start, for whoever wants to know whether a row was changed or taken away.
    pub(crate) async fn audit_breaks(&mut self) -> Result<Vec<i64>, Error> {
        let rows: Vec<Row> =
            on!(self, |conn| QueryBuilder::new(COLUMNS).push("true order by staff, seq").build_query_as().fetch_all(conn).await)?;
        let (mut breaks, mut of, mut last) = (Vec::new(), None, String::new());
        for row in rows.into_iter().map(Audited::from) {
            if of != Some(row.act.staff) {
                (of, last) = (Some(row.act.staff), String::new());
            }
            if chained(&last, &row.act) != row.chain {
                breaks.push(row.seq);
            }
            last = row.chain;
        }
        Ok(breaks)
    }
}

/// What binds a row to the one before it.
fn chained(before: &str, act: &Act) -> String {
    let Act { staff, at, actor, act, subject_kind, subject, before: was, after, why } = act;
    let row = serde_json::json!([before, staff, at, actor, act, subject_kind, subject, was, after, why]);
    ids::digest(&row.to_string())
}

impl From<Row> for Audited {
    fn from(row: Row) -> Self {
        let kinds = ["entry", "exception", "period", "staff", "token", "session", "rule", "calendar", "connection", "client", "project"];
        let subject_kind = kinds.into_iter().find(|kind| *kind == row.subject_kind).unwrap_or("record");
        let act = Act {
            staff: row.staff.map(StaffId),
            at: row.at.0,
            actor: row.actor,
            act: row.act,
            subject_kind,
            subject: row.subject,
            before: row.before.map(|json| json.0),
            after: row.after.map(|json| json.0),
            why: row.why,
        };
        Self { seq: row.seq, act, chain: row.chain }
    }
}
