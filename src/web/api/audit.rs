//! `audit`: who did what, newest first. Holds no words of events.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    entry::Emails,
    lists::{self, LIMIT, utc},
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::{
    model::principal::Scope,
    store::audit::{AuditFilter, Audited},
};

/// Which acts are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListAudit {
    /// Whose book, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    staff: Option<String>,
    /// The id of what was acted on.
    #[schema(min_length = 1, max_length = 200)]
    subject: Option<String>,
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 200)]
    cursor: Option<String>,
}

/// What an act was done to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActSubject {
    kind: String,
    id: String,
}

/// One act.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Act)]
pub(super) struct Shown {
    #[schema(minimum = 0)]
    seq: i64,
    #[schema(format = "date-time")]
    at: String,
    /// Whose book; none for what is nobody's.
    staff: Option<String>,
    actor: String,
    act: String,
    subject: ActSubject,
    before: Option<Value>,
    after: Option<Value>,
    why: Option<String>,
    /// Binds it to the act before it in the same book.
    chain: String,
}

/// A page of acts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditPage {
    items: Vec<Shown>,
    next_cursor: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/audit", "list_audit", Scope::AuditRead, list)
            .says("What was done, newest first")
            .query::<ListAudit>()
            .gives::<AuditPage>(200)
            .refuses(&[Kind::Invalid]),
    ]
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let asked: ListAudit = call.query()?;
    let limit = asked.limit.unwrap_or(LIMIT);
    let mut tx = call.app.store.read().await?;
    let staff: Option<Uuid> = lists::filtered(&mut tx, asked.staff.as_deref()).await?.map(|id| id.0);
    let filter = AuditFilter { staff, subject: asked.subject, before: lists::place(asked.cursor.as_deref())?, limit: limit + 1 };
    let mut rows = tx.audited(&call.who, &filter).await?;
    let next_cursor = lists::page(&mut rows, limit, |row| row.seq);
    let emails = Emails::read(&mut tx).await?;
    Answer::of(&AuditPage { items: rows.into_iter().map(|row| Shown::new(row, &emails)).collect(), next_cursor })
}

impl Shown {
    fn new(Audited { seq, act, chain }: Audited, emails: &Emails) -> Self {
        Self {
            seq,
            at: utc(act.at),
            staff: act.staff.map(|id| emails.of(id)),
            actor: act.actor,
            act: act.act,
            subject: ActSubject { kind: act.subject_kind.to_owned(), id: act.subject },
            before: act.before,
            after: act.after,
            why: act.why,
            chain,
        }
    }
}
