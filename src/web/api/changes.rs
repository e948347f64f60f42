//! `changes`: a feed of what changed, in the order in which it came to stand, for whoever keeps a copy.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Schema};
use uuid::Uuid;

use super::{
    entry::Emails,
    lists::{self, LIMIT, utc, words},
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::{
    model::principal::Scope,
    store::changes::{self, Place},
};

/// From where the feed is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListChanges {
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the last answer; the feed begins at its start without one.
    #[schema(min_length = 1, max_length = 200)]
    cursor: Option<String>,
}

fn kind_words() -> Schema {
    words(["entry", "exception"])
}

/// A record that changed: read it to see how it stands now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[schema(schema_with = kind_words)]
    kind: String,
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
    staff: String,
    #[schema(format = "date-time")]
    at: String,
}

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePage {
    items: Vec<Change>,
    /// Where to go on; the same again while nothing changes.
    next_cursor: String,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/changes", "list_changes", Scope::EntriesRead, list)
            .says("What changed since, oldest first; nothing is passed over, and something may come twice")
            .query::<ListChanges>()
            .gives::<ChangePage>(200)
            .refuses(&[Kind::Invalid]),
    ]
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let asked: ListChanges = call.query()?;
    let after: Place = lists::place(asked.cursor.as_deref())?.unwrap_or_default();
    let mut tx = call.app.store.read().await?;
    let rows = tx.changes_after(&call.who, after, asked.limit.unwrap_or(LIMIT)).await?;
    let last = rows.last().map_or(after, |row| row.place);
    let emails = Emails::read(&mut tx).await?;
    let shown = |row: changes::Change| Change {
        id: row.subject,
        version: row.version,
        staff: emails.of(row.staff),
        at: utc(row.at),
        kind: row.kind,
    };
    Answer::of(&ChangePage { items: rows.into_iter().map(shown).collect(), next_cursor: lists::cursor(&last).unwrap_or_default() })
}
