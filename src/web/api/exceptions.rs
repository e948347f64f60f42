//! `exceptions`: the questions that wait for a person, and what she may say to them.

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{ToSchema, openapi::schema::Schema};
use uuid::Uuid;

use super::{
    entries,
    entry::Emails,
    lists::{self, LIMIT, utc, words},
    operation::{Answer, Call, Operation},
    problem::{Kind, Misfit, Problem},
};
use crate::{
    model::{
        decision::Act,
        exception::{Exception, ExceptionStatus, Standing, SubjectKind},
        ids::{ExceptionId, StaffId},
        principal::Scope,
    },
    review::{self, Winner, likely},
    store::queue::QuestionsWanted,
};

/// Which questions are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListExceptions {
    /// The first reason, such as `unmatched`.
    #[schema(min_length = 1, max_length = 100)]
    reason: Option<String>,
    /// `open` if none is given.
    #[schema(schema_with = status_words)]
    status: Option<ExceptionStatus>,
    /// A person, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    staff: Option<String>,
    /// What alike questions have in common.
    #[schema(min_length = 1, max_length = 500)]
    cause: Option<String>,
    /// Those that sleep, too.
    snoozed: Option<bool>,
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 2000)]
    cursor: Option<String>,
}

fn status_words() -> Schema {
    words(ExceptionStatus::ALL.iter().map(|one| one.as_str()))
}

fn standing_words() -> Schema {
    words(Standing::ALL.iter().map(|one| one.as_str()))
}

fn kind_words() -> Schema {
    words(SubjectKind::ALL.iter().map(|one| one.as_str()))
}

fn winner_words() -> Schema {
    words(Winner::ALL.iter().map(|one| one.as_str()))
}

fn when_words() -> Schema {
    words(["keep", "follow", "both"])
}

/// One reason why it needs a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "`reason` is the word on the wire")]
pub(super) struct Reason {
    reason: String,
    message: String,
    /// Whether it holds the entry back.
    holding: bool,
    /// The values that were read when it was asked.
    cause: Value,
    evidence: Value,
}

/// What a question is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    #[schema(schema_with = kind_words)]
    kind: &'static str,
    id: Uuid,
}

/// An answer that may be right.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Likely)]
pub(super) struct LikelyShown {
    client: Option<String>,
    project: Option<String>,
    billable: Option<bool>,
    why: String,
}

/// A question for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Exception)]
pub(super) struct Shown {
    id: Uuid,
    /// Counts its changes; the `ETag` is this number in quotation marks.
    #[schema(minimum = 1)]
    version: i64,
    staff: String,
    #[schema(format = "date")]
    date: String,
    #[schema(schema_with = status_words)]
    status: &'static str,
    /// The same, as people see it.
    #[schema(schema_with = standing_words)]
    standing: &'static str,
    /// The first reason.
    reason: String,
    reasons: Vec<Reason>,
    /// Whether it holds an entry back now.
    holding: bool,
    /// What alike questions have in common.
    cause: String,
    subject: Subject,
    entry: Option<Uuid>,
    assignee: Option<String>,
    #[schema(format = "date-time")]
    snoozed_until: Option<String>,
    #[schema(format = "date-time")]
    opened_at: String,
    #[schema(format = "date-time")]
    closed_at: Option<String>,
    resolved_by: Option<String>,
    /// How often it was opened.
    #[schema(minimum = 1)]
    times: i64,
    /// Likely answers, best first; only where one question is asked for.
    likely: Option<Vec<LikelyShown>>,
}

/// A page of questions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionPage {
    items: Vec<Shown>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// What the time was for, or when it was: absent stays, null clears. Of an overlap who keeps its time; of an edit whose event moved
/// what becomes of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "its fields are read one by one, so that all that is wrong is told")]
pub(super) struct Resolution {
    #[schema(nullable = false)]
    start: Option<DateTime<Utc>>,
    #[schema(nullable = false)]
    end: Option<DateTime<Utc>>,
    #[schema(min_length = 1, max_length = 200)]
    client: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    project: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    task: Option<String>,
    #[schema(nullable = false)]
    billable: Option<bool>,
    #[schema(max_items = 50, nullable = false)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    #[schema(schema_with = when_words)]
    when: Option<String>,
    #[schema(schema_with = winner_words)]
    overlap: Option<String>,
}

/// Why it is no problem.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismissal {
    #[schema(min_length = 1, max_length = 1000)]
    reason: Option<String>,
}

/// Until when it sleeps; null wakes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Snooze {
    #[schema(required = true)]
    until: Option<DateTime<Utc>>,
}

/// Who is to answer it, by address or id; null for nobody in particular.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment {
    #[schema(min_length = 1, max_length = 200, required = true)]
    to: Option<String>,
}

pub(super) fn operations() -> Vec<Operation> {
    let read = Scope::ExceptionsRead;
    let mut all = vec![
        Operation::new(Method::GET, "/exceptions", "list_exceptions", read, list)
            .says("Questions, alike ones beside each other")
            .query::<ListExceptions>()
            .gives::<ExceptionPage>(200)
            .refuses(&[Kind::Invalid]),
        Operation::new(Method::GET, "/exceptions/{id}", "read_exception", read, one)
            .says("One question with likely answers")
            .gives::<Shown>(200),
    ];
    let write = Scope::ExceptionsWrite;
    let not_work = |call: Call| async move { said(&call, &review::Answer::NotWork).await };
    let acts = [
        Operation::new(Method::POST, "/exceptions/{id}/resolve", "resolve_exception", write, resolve)
            .says("Says what it was, or when")
            .takes::<Resolution>(),
        Operation::new(Method::POST, "/exceptions/{id}/dismiss", "dismiss_exception", write, dismiss)
            .says("Seen, not a problem")
            .may_take::<Dismissal>(),
        Operation::new(Method::POST, "/exceptions/{id}/not-work", "say_not_work", write, not_work)
            .says("It was no work: the meeting has no entries"),
        Operation::new(Method::POST, "/exceptions/{id}/snooze", "snooze_exception", write, snooze)
            .says("Puts it off, or wakes it")
            .takes::<Snooze>(),
        Operation::new(Method::POST, "/exceptions/{id}/assign", "assign_exception", write, assign)
            .says("Names who is to answer it")
            .takes::<Assignment>(),
        Operation::new(Method::POST, "/exceptions/{id}/undo", "undo_exception", write, undo).says("Takes back what was answered last"),
    ];
    let refuses = [Kind::Invalid, Kind::Conflict, Kind::Gone];
    all.extend(acts.into_iter().map(|one| one.versioned().gives::<Shown>(200).refuses(&refuses)));
    all
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let asked: ListExceptions = call.query()?;
    let (limit, now) = (asked.limit.unwrap_or(LIMIT), call.app.config.clock.now());
    let mut tx = call.app.store.read().await?;
    let wanted = QuestionsWanted {
        status: asked.status,
        lead: asked.reason,
        cause: asked.cause,
        staff: lists::filtered(&mut tx, asked.staff.as_deref()).await?,
        snoozed: asked.snoozed.unwrap_or_default(),
        after: lists::place(asked.cursor.as_deref())?,
        limit: limit + 1,
        ..QuestionsWanted::default()
    };
    let mut rows = tx.questions_wanted(&call.who, &wanted, now).await?;
    let next_cursor = lists::page(&mut rows, limit, |row| (row.lead().to_owned(), row.common(), row.date, row.id));
    let emails = Emails::read(&mut tx).await?;
    Answer::of(&ExceptionPage { items: rows.iter().map(|row| Shown::new(row, &emails, now)).collect(), next_cursor })
}

async fn seen(call: &Call) -> Result<Exception, Problem> {
    let id = ExceptionId(call.id()?);
    call.app.store.read().await?.question_seen(&call.who, id).await?.ok_or_else(Problem::not_found)
}

async fn shown(call: &Call, exception: &Exception, likely: Option<Vec<LikelyShown>>) -> Result<Answer, Problem> {
    let emails = Emails::read(&mut call.app.store.read().await?).await?;
    let shown = Shown { likely, ..Shown::new(exception, &emails, call.app.config.clock.now()) };
    Ok(Answer::of(&shown)?.version(exception.version))
}

async fn one(call: Call) -> Result<Answer, Problem> {
    let exception = seen(&call).await?;
    let likely = if call.who.reads_words_of(exception.staff) { likely_answers(&call, &exception).await? } else { Vec::new() };
    shown(&call, &exception, Some(likely)).await
}

async fn likely_answers(call: &Call, exception: &Exception) -> Result<Vec<LikelyShown>, Problem> {
    let active = call.active().await?;
    let mut tx = call.app.store.read().await?;
    let entry = match exception.entry {
        Some(id) => Some(tx.entry_of(id).await?),
        None => None,
    };
    let event = match entry.and_then(|entry| entry.body.event) {
        Some(id) => Some(tx.event(id).await?),
        None => None,
    };
    let found = likely::answers(&mut tx, exception, event.as_ref(), &active.rules.catalog).await?;
    let shown = |one: likely::Likely| LikelyShown { client: one.client, project: one.project, billable: one.billable, why: one.why };
    Ok(found.into_iter().map(shown).collect())
}

async fn said(call: &Call, answer: &review::Answer) -> Result<Answer, Problem> {
    let exception = seen(call).await?;
    let active = call.active().await?;
    let (exception, _) = call.desk(&active).answer(exception.id, call.seen, answer).await?;
    shown(call, &exception, None).await
}

async fn resolve(call: Call) -> Result<Answer, Problem> {
    let exception = seen(&call).await?;
    if let Some(winner) = call.body["overlap"].as_str() {
        let alone = call.body.as_object().is_some_and(|fields| fields.len() == 1);
        let Some(winner) = winner.parse().ok().filter(|_| alone) else {
            return Err(Problem::invalid("/overlap", "it stands alone"));
        };
        return said(&call, &review::Answer::Overlap(winner)).await;
    }
    let Some(id) = exception.entry else {
        return Err(Problem::new(Kind::Conflict, "It is about no entry: dismiss it, or mend its cause."));
    };
    let entry = call.app.store.read().await?.entry_of(id).await?;
    let mut acts = entries::acts(&call, &entry).await?;
    match call.body["when"].as_str() {
        Some("follow") => acts.push(Act::Follow),
        Some(word) => {
            let seen = review::seen(&mut call.app.store.read().await?, &entry).await?;
            acts.push(if word == "keep" { Act::Keep { seen } } else { Act::Both { seen } });
        }
        None => {}
    }
    if acts.is_empty() {
        return Err(Problem::misfits(Kind::Invalid, vec![Misfit::new("", "it says nothing that does not stand already")]));
    }
    said(&call, &review::Answer::Change(acts)).await
}

async fn dismiss(call: Call) -> Result<Answer, Problem> {
    let Dismissal { reason } = call.body()?;
    said(&call, &review::Answer::Dismiss { why: reason }).await
}

async fn snooze(call: Call) -> Result<Answer, Problem> {
    let Snooze { until } = call.body()?;
    said(&call, &review::Answer::Snooze { until }).await
}

async fn assign(call: Call) -> Result<Answer, Problem> {
    let Assignment { to } = call.body()?;
    let to = match to {
        Some(named) => Some(assignee(&call, &named).await?),
        None => None,
    };
    said(&call, &review::Answer::Assign { to }).await
}

async fn assignee(call: &Call, named: &str) -> Result<StaffId, Problem> {
    let person = lists::person(&mut call.app.store.read().await?, named).await?;
    person.map(|one| one.id).ok_or_else(|| Problem::invalid("/to", "there is nobody of this name"))
}

async fn undo(call: Call) -> Result<Answer, Problem> {
    let exception = seen(&call).await?;
    let active = call.active().await?;
    let desk = call.desk(&active);
    // Whether she may comes before whether she is late.
    let batch = desk.last_batch(&exception).await?;
    if let Some(seen) = call.seen.filter(|seen| *seen != exception.version) {
        let told = format!("It is version {} now, not {seen} as you saw it; look at it again.", exception.version);
        return Err(Problem::new(Kind::Stale, told));
    }
    desk.undo(batch).await?;
    shown(&call, &seen(&call).await?, None).await
}

impl Shown {
    fn new(exception: &Exception, emails: &Emails, now: DateTime<Utc>) -> Self {
        let reason = |one: &crate::model::exception::Reason| Reason {
            reason: one.reason.clone(),
            message: one.message.clone(),
            holding: one.holding,
            cause: one.cause.clone(),
            evidence: one.evidence.clone(),
        };
        Self {
            id: exception.id.0,
            version: exception.version,
            staff: emails.of(exception.staff),
            date: exception.date.to_string(),
            status: exception.status.as_str(),
            standing: exception.standing(now).as_str(),
            reason: exception.lead().to_owned(),
            reasons: exception.reasons.iter().map(reason).collect(),
            holding: exception.is_holding(),
            cause: exception.common(),
            subject: Subject { kind: exception.subject.kind.as_str(), id: exception.subject.id },
            entry: exception.entry.map(|id| id.0),
            assignee: exception.assignee.map(|id| emails.of(id)),
            snoozed_until: exception.snoozed_until.map(utc),
            opened_at: utc(exception.opened_at),
            closed_at: exception.closed_at.map(utc),
            resolved_by: exception.resolved_by.clone(),
            times: exception.times,
            likely: None,
        }
    }
}
