//! Decisions: added, and at most retracted once. Triggers refuse everything else.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use super::{
    Error, Tx,
    codec::{At, Json, Plain},
};
use crate::model::{
    decision::{Act, ActKind, Decision},
    ids::{BatchId, DecisionId, EntryId, StaffId},
};

const ROWS: usize = 500;

const SELECT: &str = "select id, staff, subject, segment, entry, body, why, batch, actor, at from decision where ";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    staff: Uuid,
    subject: Uuid,
    segment: i64,
    entry: Option<Uuid>,
    body: Json<Act>,
    why: Option<String>,
    batch: Option<Uuid>,
    actor: String,
    at: At,
}

impl Tx {
    /// Records what a person did, each with the day it pins something to, in the order in which it was done.
    pub(crate) async fn insert_decisions(&mut self, decisions: &[(Decision, Option<NaiveDate>)]) -> Result<(), Error> {
        const SQL: &str = "insert into decision (id, staff, subject, segment, date, entry, kind, body, why, batch, actor, at) ";
        for part in decisions.chunks(ROWS) {
            on!(self, |conn| QueryBuilder::new(SQL)
                .push_values(part, |mut row, (decision, date)| {
                    row.push_bind(decision.id.0).push_bind(decision.staff.0).push_bind(decision.subject).push_bind(decision.segment);
                    row.push_bind(date.map(Plain)).push_bind(decision.entry.map(|id| id.0)).push_bind(Plain(ActKind::of(&decision.act)));
                    row.push_bind(Json(decision.act.clone())).push_bind(&decision.why).push_bind(decision.batch.map(|id| id.0));
                    row.push_bind(&decision.actor).push_bind(At(decision.at));
                })
                .build()
                .execute(conn)
                .await
                .map(drop))?;
        }
        Ok(())
    }

    /// Decisions in force about these subjects, in the order they were made.
    pub(crate) async fn decisions_about(&mut self, subjects: &[Uuid]) -> Result<Vec<Decision>, Error> {
        let rows: Vec<Row> = by_list!(self, subjects, |query| query.push("retracted_at is null and subject"), "seq");
        Ok(rows.into_iter().map(Decision::from).collect())
    }

    /// Decisions in force that pin something of this person to dates from `first` to `last`, both included.
    pub(crate) async fn decisions_on(&mut self, staff: StaffId, first: NaiveDate, last: NaiveDate) -> Result<Vec<Decision>, Error> {
        let sql = format!("{SELECT} staff = $1 and date between $2 and $3 and retracted_at is null order by seq");
        let rows: Vec<Row> =
            on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(staff.0).bind(Plain(first)).bind(Plain(last)).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Decision::from).collect())
    }

    /// Decisions in force that were made at one stroke, in the order they were made.
    pub(crate) async fn decisions_of_batch(&mut self, batch: BatchId) -> Result<Vec<Decision>, Error> {
        let sql = format!("{SELECT} batch = $1 and retracted_at is null order by seq");
        let rows: Vec<Row> = on!(self, |conn| sqlx::query_as(AssertSqlSafe(sql)).bind(batch.0).fetch_all(conn).await)?;
        Ok(rows.into_iter().map(Decision::from).collect())
    }

    /// Takes a decision back. It stays in the book.
    ///
    /// # Errors
    /// [`Error::Missing`] if none of that id is in force.
    pub(crate) async fn retract_decision(&mut self, id: DecisionId, by: &str, at: DateTime<Utc>) -> Result<(), Error> {
        const SQL: &str = "update decision set retracted_at = $2, retracted_by = $3 where id = $1 and retracted_at is null";
        let done =
            on!(self, |conn| sqlx::query(SQL).bind(id.0).bind(At(at)).bind(by).execute(conn).await.map(|done| done.rows_affected()))?;
        if done == 1 { Ok(()) } else { Err(Error::Missing("decision in force")) }
    }
}

impl From<Row> for Decision {
    fn from(row: Row) -> Self {
        Self {
            id: DecisionId(row.id),
            staff: StaffId(row.staff),
            subject: row.subject,
            segment: row.segment,
            entry: row.entry.map(EntryId),
            act: row.body.0,
            why: row.why,
            batch: row.batch.map(BatchId),
            actor: row.actor,
            at: row.at.0,
        }
    }
}
