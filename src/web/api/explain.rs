//! `rules/explain`: why an event became what it is, or what would become of one.

use axum::http::Method;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{ToSchema, openapi::schema::Schema};
use uuid::Uuid;

use super::{
    lists::words,
    operation::{Answer, Call, Operation},
    problem::{Kind, Problem},
};
use crate::{
    app::explain,
    model::{
        event::{EventStatus, Response, ShowAs, Visibility},
        ids::{EntryId, EventId, ExceptionId, StaffId},
        principal::Scope,
    },
    review,
};

/// What is to be explained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Of an entry, an exception or an event.
    id: Uuid,
}

fn response_words() -> Schema {
    words(Response::ALL.iter().map(|one| one.as_str()))
}

fn show_as_words() -> Schema {
    words(ShowAs::ALL.iter().map(|one| one.as_str()))
}

fn visibility_words() -> Schema {
    words(Visibility::ALL.iter().map(|one| one.as_str()))
}

fn status_words() -> Schema {
    words(EventStatus::ALL.iter().map(|one| one.as_str()))
}

/// An event as a calendar could state it. Only the title is usually worth writing; times are local to `timezone`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is read again by the rules' own reader of written events")]
pub(super) struct WrittenEvent {
    #[schema(max_length = 1000, nullable = false)]
    title: Option<String>,
    #[schema(max_length = 20000, nullable = false)]
    description: Option<String>,
    #[schema(max_length = 1000, nullable = false)]
    location: Option<String>,
    #[schema(max_items = 100, nullable = false)]
    categories: Option<Vec<String>>,
    /// Addresses.
    #[schema(max_items = 500, nullable = false)]
    attendees: Option<Vec<String>>,
    /// Whose calendar it is, if not that of the first of ours among the attendees.
    #[schema(max_length = 320)]
    owner: Option<String>,
    #[schema(max_length = 320)]
    organizer: Option<String>,
    #[schema(max_length = 320, nullable = false)]
    calendar: Option<String>,
    /// `2026-03-09T10:00`, an instant with its offset, or a date for an all-day event.
    #[schema(max_length = 40)]
    start: Option<String>,
    #[schema(max_length = 40)]
    end: Option<String>,
    #[schema(max_length = 40)]
    duration: Option<String>,
    #[schema(max_length = 60)]
    timezone: Option<String>,
    #[schema(nullable = false)]
    recurring: Option<bool>,
    #[schema(max_length = 1000)]
    series: Option<String>,
    all_day: Option<bool>,
    #[schema(schema_with = response_words)]
    my_response: Option<String>,
    #[schema(schema_with = show_as_words)]
    show_as: Option<String>,
    #[schema(schema_with = visibility_words)]
    visibility: Option<String>,
    #[schema(schema_with = status_words)]
    status: Option<String>,
}

/// What became of it and why: the outcome, each field with its rule, what lost, what nearly matched.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it is only described here; `app::explain` makes it")]
pub(super) struct Explanation {
    #[schema(schema_with = outcome_words)]
    outcome: String,
    /// In a sentence.
    result: String,
    /// Its title, times and people; none of what a person wrote, and of questions about days and calendars.
    #[schema(value_type = Option<Object>)]
    event: Option<Value>,
    /// Those it is about: of an entry that one, of an exception those it asks about, of an event all that stand.
    entries: Vec<Value>,
    /// Of the first of them; what the rules say where none stands.
    #[schema(value_type = Object)]
    fields: Value,
    losers: Vec<Value>,
    reasons: Vec<Value>,
    /// What people did about them.
    decisions: Vec<Value>,
    /// How many rules were asked, up to the one that ended it.
    asked: usize,
    /// Rules that held.
    matched: Vec<String>,
    /// Rules of which all but one condition held.
    nearest: Vec<Value>,
    /// Name of the rules in force.
    rule_set: String,
}

fn outcome_words() -> Schema {
    words(["entry", "exception", "skipped", "none"])
}

pub(super) fn operations() -> Vec<Operation> {
    let scope = Scope::ExceptionsRead;
    vec![
        Operation::new(Method::GET, "/rules/explain", "explain", scope, of_book)
            .says("Why an entry or question is what it is; only for who may read its words")
            .query::<Which>()
            .gives::<Explanation>(200)
            .refuses(&[Kind::NotFound, Kind::Invalid]),
        Operation::new(Method::POST, "/rules/explain", "explain_event", scope, typed)
            .says("What the rules in force would make of an event")
            .takes::<WrittenEvent>()
            .gives::<Explanation>(200),
    ]
}

async fn of_book(call: Call) -> Result<Answer, Problem> {
    let Which { id } = call.query()?;
    let staff = whose(&call, id).await?.ok_or_else(Problem::not_found)?;
    if !call.who.reads_words_of(staff) {
        return Err(Problem::new(Kind::Forbidden, "An explanation quotes the words of an event, which are not for you to read."));
    }
    let active = call.active().await?;
    let mut tx = call.app.store.read().await?;
    let odd = |error: anyhow::Error| Problem::invalid("/id", error.to_string());
    let about = explain::about(&mut tx, &id.to_string()).await.map_err(odd)?;
    if about.is_some_and(|(event, is_matched)| !review::words::reads(&call.who, call.app.config.titles, &event, is_matched)) {
        return Err(Problem::new(Kind::Forbidden, "This event looks private, and the firm keeps such words to their owner."));
    }
    let explained = explain::of_book(&mut tx, &active, &id.to_string(), call.app.config.clock.now()).await;
    Answer::of(&explained.map_err(odd)?.json())
}

/// Whose record of any kind has this id.
async fn whose(call: &Call, id: Uuid) -> Result<Option<StaffId>, Problem> {
    let mut tx = call.app.store.read().await?;
    if let Some(entry) = tx.entry_seen(&call.who, EntryId(id)).await? {
        return Ok(Some(entry.staff));
    }
    if let Some(exception) = tx.question_seen(&call.who, ExceptionId(id)).await? {
        return Ok(Some(exception.staff));
    }
    Ok(tx.event_seen(&call.who, EventId(id)).await?)
}

async fn typed(call: Call) -> Result<Answer, Problem> {
    let active = call.active().await?;
    let explained = explain::typed((&active.rules, &active.digest), "the event", &call.body.to_string());
    Answer::of(&explained.map_err(|error| Problem::invalid("", format!("{error:#}")))?.json())
}
