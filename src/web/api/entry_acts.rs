//! What is done to entries besides changing their values: on their way out, divided, joined, and many at once.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Schema};
use uuid::Uuid;

use super::{
    entries::{seen, shown},
    entry::{Emails, EntryList, Shown},
    lists::words,
    operation::{Answer, Call, Operation},
    problem::{Kind, Misfit, Problem, Told},
    values::{self, says_what},
};
use crate::{
    model::{
        decision::{Act, Leg},
        ids::{self, BatchId, EntryId},
        principal::Scope,
    },
    review::{self, Do},
};

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

says_what! {
    /// One part of a divided entry.
    Part {
        /// Parts of the sum of all shares.
        #[schema(minimum = 1, maximum = 1000)]
        share: u32,
    }
}

/// How an entry is divided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its fields are read one by one, so that all that is wrong is told")]
pub(super) struct Split {
    #[schema(min_items = 2, max_items = 20)]
    parts: Vec<Part>,
}

/// Which entry takes this one in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    into: Uuid,
}

/// An entry and the version that was seen of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    id: Uuid,
    #[schema(minimum = 1)]
    version: i64,
}

/// The same for many entries.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    #[schema(schema_with = bulk_words)]
    act: String,
    /// For `reject` and `reopen`.
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    reason: Option<String>,
    #[schema(min_items = 1, max_items = 5000)]
    items: Vec<Seen>,
}

fn bulk_words() -> Schema {
    words(["submit", "withdraw", "approve", "reject", "reopen", "not-work"])
}

/// What became of one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    id: Uuid,
    /// 200 if it was done.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// None too where this token may not read entries.
    entry: Option<Shown>,
    problem: Option<Told>,
}

/// What became of each, in the order in which they were sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    items: Vec<Row>,
}

pub(super) fn operations() -> Vec<Operation> {
    let act = |path, name, says, what: fn() -> Do| {
        Operation::new(Method::POST, path, name, Scope::EntriesWrite, move |call| done(call, what())).says(says)
    };
    let because = |path, name, says, what: fn(String) -> Do| {
        let handler = move |call: Call| async move {
            let Because { reason } = call.body()?;
            done(call, what(reason)).await
        };
        Operation::new(Method::POST, path, name, Scope::EntriesWrite, handler).says(says).takes::<Because>()
    };
    let all = [
        act("/entries/{id}/submit", "submit_entry", "Hands an entry in", || Do::Submit),
        act("/entries/{id}/withdraw", "withdraw_entry", "Takes an entry back before it is approved", || Do::Withdraw),
        act("/entries/{id}/approve", "approve_entry", "Approves an entry; approval freezes it", || Do::Approve),
        because("/entries/{id}/reject", "reject_entry", "Sends a submitted entry back", |reason| Do::Reject { reason }),
        because("/entries/{id}/reopen", "reopen_entry", "Takes an approval back", |reason| Do::Reopen { reason }),
        Operation::new(Method::POST, "/entries/{id}/merge", "merge_entry", Scope::EntriesWrite, merge)
            .says("Joins an entry into another one of the same person, which then covers both")
            .takes::<Merge>(),
    ];
    let undo = Operation::new(Method::POST, "/entries/{id}/undo", "undo_entry", Scope::EntriesWrite, undo)
        .says("Takes back what was done last to an entry, also that it was no work");
    let refuses = [Kind::Invalid, Kind::Conflict, Kind::Gone];
    let mut all: Vec<_> = all.into_iter().map(|one| one.versioned().gives::<Shown>(200).refuses(&refuses)).collect();
    all.push(
        Operation::new(Method::POST, "/entries/{id}/split", "split_entry", Scope::EntriesWrite, split)
            .says("Divides an entry into parts, laid end to end")
            .versioned()
            .takes::<Split>()
            .gives::<EntryList>(200)
            .refuses(&refuses),
    );
    all.push(undo.versioned().gives::<Shown>(200).refuses(&[Kind::Conflict]));
    all.push(
        Operation::new(Method::POST, "/entries/bulk", "act_on_entries", Scope::EntriesWrite, bulk)
            .says("Does the same to many entries; each is done or refused by itself")
            .takes::<Bulk>()
            .gives::<Rows>(200),
    );
    all
}

async fn done(call: Call, what: Do) -> Result<Answer, Problem> {
    let entry = seen(&call, EntryId(call.id()?)).await?;
    let active = call.active().await?;
    let entry = call.desk(&active).act(entry.id, call.seen, &what).await?;
    shown(&call, &entry).await
}

async fn undo(call: Call) -> Result<Answer, Problem> {
    let entry = seen(&call, EntryId(call.id()?)).await?;
    let active = call.active().await?;
    let entry = call.desk(&active).undo_last(entry.id, call.seen).await?;
    shown(&call, &entry).await
}

async fn split(call: Call) -> Result<Answer, Problem> {
    let entry = seen(&call, EntryId(call.id()?)).await?;
    let active = call.active().await?;
    let (mut legs, mut found) = (Vec::new(), Vec::new());
    for (place, part) in call.body["parts"].as_array().into_iter().flatten().enumerate() {
        let assignment = values::assignment((&active.rules.catalog, Some(&entry.body)), part, &format!("/parts/{place}"), &mut found);
        let share = part["share"].as_u64().and_then(|share| share.try_into().ok()).unwrap_or(1);
        legs.push(Leg { share, assignment, number: None });
    }
    values::all_fit(found)?;
    let seen = review::seen(&mut call.app.store.read().await?, &entry).await?;
    call.desk(&active).act(entry.id, call.seen, &Do::Change(vec![Act::Split { legs, seen }])).await?;
    let mut tx = call.app.store.read().await?;
    let mut parts = tx.entries_of_meetings(&[entry.key.meeting]).await?;
    parts.retain(|part| part.key.segment == entry.key.segment && part.status != crate::model::entry::EntryStatus::Void);
    parts.sort_by_key(|part| part.key.leg);
    let emails = Emails::read(&mut tx).await?;
    Answer::of(&EntryList { items: parts.iter().map(|part| Shown::new(part, &call.who, &emails)).collect() })
}

async fn merge(call: Call) -> Result<Answer, Problem> {
    let Merge { into } = call.body()?;
    let entry = seen(&call, EntryId(call.id()?)).await?;
    let target = call.app.store.read().await?.entry_seen(&call.who, EntryId(into)).await?;
    let fits = |target: &crate::model::entry::Entry| target.staff == entry.staff && target.key.meeting != entry.key.meeting;
    let Some(target) = target.filter(fits) else {
        return Err(Problem::invalid("/into", "it is no other entry of this person"));
    };
    let active = call.active().await?;
    let target = call.desk(&active).merge(entry.id, call.seen, target.id, BatchId(ids::fresh())).await?;
    shown(&call, &target).await
}

async fn bulk(call: Call) -> Result<Answer, Problem> {
    let asked: Bulk = call.body()?;
    let reason = || asked.reason.clone().ok_or_else(|| Problem::invalid("/reason", "say why"));
    let what = match asked.act.as_str() {
        "submit" => Do::Submit,
        "withdraw" => Do::Withdraw,
        "approve" => Do::Approve,
        "reject" => Do::Reject { reason: reason()? },
        "reopen" => Do::Reopen { reason: reason()? },
        _ => Do::Change(vec![Act::NotWork]),
    };
    let mut known = std::collections::BTreeSet::new();
    let twice = |(place, one): (usize, &Seen)| (!known.insert(one.id)).then(|| Misfit::new(format!("/items/{place}/id"), "it comes twice"));
    values::all_fit(asked.items.iter().enumerate().filter_map(twice).collect())?;
    let wanted: Vec<_> = asked.items.iter().map(|one| (EntryId(one.id), Some(one.version))).collect();
    let active = call.active().await?;
    let outcomes = call.desk(&active).act_on_all(&wanted, &what, BatchId(ids::fresh())).await?;
    let emails = Emails::read(&mut call.app.store.read().await?).await?;
    let reads = call.who.may(Scope::EntriesRead);
    let row = |(id, outcome): (EntryId, Result<_, review::Refusal>)| match outcome {
        Ok(entry) => Row { id: id.0, status: 200, entry: reads.then(|| Shown::new(&entry, &call.who, &emails)), problem: None },
        Err(refusal) => {
            let problem = Problem::from(refusal);
            let problem = if reads { problem } else { problem.unread() };
            Row { id: id.0, status: problem.status().as_u16(), entry: None, problem: Some(problem.told()) }
        }
    };
    Answer::of(&Rows { items: outcomes.into_iter().map(row).collect() })
}
