//! `entries`, listed: which are wanted, in pages by key.

use axum::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use utoipa::{ToSchema, openapi::schema::Schema};

use super::{
    entry::{Emails, EntryPage, Shown, some_statuses},
    lists::{self, LIMIT, words},
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::{
    model::{entry::EntryStatus, principal::Scope},
    store::queue::{EntriesWanted, Match},
};

/// Which entries are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListEntries {
    /// The first work day.
    from: Option<NaiveDate>,
    /// The last one.
    to: Option<NaiveDate>,
    /// How `start` and `end` are compared: `day` with the work day on which an entry is booked, `start` or `end` with when it starts or
    /// ends, `intersection` with any part of it.
    #[schema(schema_with = match_words)]
    r#match: Option<String>,
    /// With `match`: the first instant.
    start: Option<DateTime<Utc>>,
    /// With `match`: the instant before which it ends.
    end: Option<DateTime<Utc>>,
    /// A person, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    staff: Option<String>,
    /// Any of these; all but `void` if none is given.
    #[serde(default)]
    #[schema(schema_with = some_statuses)]
    status: Vec<EntryStatus>,
    #[schema(min_length = 1, max_length = 200)]
    client: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    external_ref: Option<String>,
    /// Whether an open exception holds it back.
    held: Option<bool>,
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 500)]
    cursor: Option<String>,
}

fn match_words() -> Schema {
    words(["day", "start", "end", "intersection"])
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/entries", "list_entries", Scope::EntriesRead, list)
            .says("Entries, by work day, start and id")
            .query::<ListEntries>()
            .gives::<EntryPage>(200)
            .refuses(&[Kind::Invalid]),
    ]
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let asked: ListEntries = call.query()?;
    let limit = asked.limit.unwrap_or(LIMIT);
    let mut wanted = EntriesWanted {
        from: asked.from,
        to: asked.to,
        statuses: asked.status.clone(),
        client: asked.client.clone(),
        project: asked.project.clone(),
        external_ref: asked.external_ref.clone(),
        held: asked.held,
        after: lists::place(asked.cursor.as_deref())?,
        limit: limit + 1,
        ..EntriesWanted::default()
    };
    narrow(&asked, &mut wanted)?;
    let mut tx = call.app.store.read().await?;
    wanted.staff = lists::filtered(&mut tx, asked.staff.as_deref()).await?;
    let mut rows = tx.entries_wanted(&call.who, &wanted).await?;
    let next_cursor = lists::page(&mut rows, limit, |row| (row.body.date, row.body.start, row.id));
    let emails = Emails::read(&mut tx).await?;
    let items = rows.iter().map(|row| Shown::new(row, &call.who, &emails)).collect();
    Answer::of(&EntryPage { items, next_cursor })
}

/// What `match`, `start` and `end` mean together.
fn narrow(asked: &ListEntries, wanted: &mut EntriesWanted) -> Result<(), Problem> {
    let (Some(start), Some(end)) = (asked.start, asked.end) else {
        return match (asked.start, asked.end, &asked.r#match) {
            (None, None, None) => Ok(()),
            (None, _, _) => Err(Problem::invalid("/start", "`match`, `start` and `end` go together")),
            _ => Err(Problem::invalid("/end", "`match`, `start` and `end` go together")),
        };
    };
    if start >= end {
        return Err(Problem::invalid("/end", "it is not after `start`"));
    }
    let how = match asked.r#match.as_deref() {
        Some("start") => Match::Start,
        Some("end") => Match::End,
        Some("intersection") => Match::Intersection,
        _ => {
            let last = end - chrono::TimeDelta::microseconds(1);
            wanted.from = wanted.from.max(Some(start.date_naive()));
            wanted.to = Some(wanted.to.map_or(last.date_naive(), |to| to.min(last.date_naive())));
            return Ok(());
        }
    };
    wanted.span = Some((how, start, end));
    Ok(())
}
