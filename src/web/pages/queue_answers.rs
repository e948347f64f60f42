//! What is answered on the queue page: one question, all alike, or a selection, at one stroke that one undo takes back.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use chrono::Days;

use super::{
    Failure,
    entry_fields::typed,
    form::{go, ticked, value},
};
use crate::{
    app::App,
    model::{
        exception::Exception,
        ids::{self, BatchId, ExceptionId},
    },
    review::{Answer, fields},
    settling::activation::Active,
    store::queue::QuestionsWanted,
    web::guard::{Signed, now},
};

/// Alike questions that are answered at one stroke.
const ALIKE: i64 = 500;

type Pairs = Vec<(String, String)>;

/// The answer that a form gives.
async fn given(app: &App, active: &Active, exception: &Exception, pairs: &Pairs) -> Result<Answer, Failure> {
    if let Some(winner) = value(pairs, "overlap") {
        return Ok(Answer::Overlap(winner.parse().map_err(|_| Failure::Odd("This is no way out of an overlap.".to_owned()))?));
    }
    match value(pairs, "act") {
        Some("dismiss") => return Ok(Answer::Dismiss { why: value(pairs, "why").map(str::to_owned) }),
        Some("not-work") => return Ok(Answer::NotWork),
        Some("snooze") => {
            let days = value(pairs, "days").and_then(|days| days.parse().ok()).filter(|days| (1..=366).contains(days)).unwrap_or(1);
            let zones = app.store.read().await?.staff_member(exception.staff).await?.zones;
            let today = zones.date_of(app.config.clock.now());
            return Ok(Answer::Snooze { until: Some(zones.start(today + Days::new(days))) });
        }
        Some("assign") => {
            let to = value(pairs, "to").map(|id| id.parse().map_err(|_| Failure::NotFound)).transpose()?;
            return Ok(Answer::Assign { to });
        }
        _ => {}
    }
    let typed: Vec<String> = match value(pairs, "likely") {
        Some(likely) => vec![likely.to_owned()],
        None => typed(pairs, &["client", "project", "task", "billable", "description", "start", "end", "when"]),
    };
    if typed.is_empty() {
        return Err(Failure::Odd("Say what it was: nothing was filled in or changed.".to_owned()));
    }
    let Some(id) = exception.entry else { return Err(Failure::Odd("This question is about no entry.".to_owned())) };
    let mut tx = app.store.read().await?;
    let entry = tx.entry_of(id).await?;
    Ok(Answer::Change(fields::acts(&mut tx, &active.rules.catalog, &entry, &typed).await?))
}

/// What the next page says was done.
fn told(answer: &Answer) -> &'static str {
    match answer {
        Answer::Dismiss { .. } => "dismissed",
        Answer::NotWork => "not-work",
        Answer::Snooze { .. } => "snoozed",
        Answer::Assign { .. } => "assigned",
        _ => "answered",
    }
}

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Path(id): Path<ExceptionId>,
    signed: Signed,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Failure> {
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let exception = tx.question_seen(&signed.who, id).await?.ok_or(Failure::NotFound)?;
    let alike = if value(&pairs, "all").is_some() {
        let wanted = QuestionsWanted {
            lead: Some(exception.lead().to_owned()),
            cause: Some(exception.common()),
            limit: ALIKE,
            ..QuestionsWanted::default()
        };
        let mut alike = tx.questions_wanted(&signed.who, &wanted, app.config.clock.now()).await?;
        // What a question has in common with others is in the book as it was when it was last asked.
        alike.retain(|other| other.common() == exception.common());
        alike
    } else {
        Vec::new()
    };
    drop(tx);
    let first = given(&app, &active, &exception, &pairs).await?;
    let (desk, batch) = (app.desk(&active, &signed.who), BatchId(ids::fresh()));
    let seen = value(&pairs, "version").and_then(|version| version.parse().ok());
    let (_, undo) = desk.answer_as(id, seen, &first, batch).await?;
    let mut left = 0;
    for other in alike.iter().filter(|other| other.id != id) {
        // What one answer cleared along the way needs none of its own.
        let done = match given(&app, &active, other, &pairs).await {
            Ok(next) => desk.answer_as(other.id, Some(other.version), &next, batch).await.is_ok(),
            Err(_) => false,
        };
        left += usize::from(!done);
    }
    let done = if left > 0 { "some" } else { told(&first) };
    let is_ruled = matches!(first, Answer::Change(_) | Answer::NotWork) && signed.who.reviews(exception.staff);
    let ruled = is_ruled.then(|| id.to_string());
    let back = value(&pairs, "next").unwrap_or("/queue");
    Ok(go(back, done, undo.map(|batch| batch.to_string()).as_deref(), ruled.as_deref()))
}

pub(super) async fn bulk(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let active = app.current().await?;
    let (desk, batch) = (app.desk(&active, &signed.who), BatchId(ids::fresh()));
    if !["dismiss", "not-work", "snooze", "change"].contains(&value(&pairs, "act").unwrap_or_default()) {
        return Err(Failure::NotFound);
    }
    let (mut done, mut left, mut said) = (0, 0, "some");
    for (id, version) in ticked::<ExceptionId>(&pairs)? {
        // Whoever may not see it learns no more than that some were left.
        let Some(exception) = app.store.read().await?.question_seen(&signed.who, id).await? else {
            left += 1;
            continue;
        };
        let Ok(what) = given(&app, &active, &exception, &pairs).await else {
            left += 1;
            continue;
        };
        said = told(&what);
        match desk.answer_as(id, version, &what, batch).await {
            Ok(_) => done += 1,
            Err(_) => left += 1,
        }
    }
    if done + left == 0 {
        return Err(Failure::Odd("Nothing was ticked.".to_owned()));
    }
    let batch = batch.to_string();
    Ok(go(value(&pairs, "back").unwrap_or("/queue"), if left > 0 { "some" } else { said }, (done > 0).then_some(batch.as_str()), None))
}

pub(super) async fn undo(
    State(app): State<Arc<App>>,
    Path(batch): Path<BatchId>,
    signed: Signed,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Failure> {
    let active = app.current().await?;
    app.desk(&active, &signed.who).undo(batch).await?;
    Ok(go(value(&pairs, "back").unwrap_or("/queue"), "undone", None, None))
}

pub(super) async fn seen(State(app): State<Arc<App>>, signed: Signed) -> Result<Response, Failure> {
    if let Some(staff) = signed.who.staff {
        let mut tx = app.store.write().await?;
        tx.look(staff, "queue", now()).await?;
        tx.commit().await?;
    }
    Ok(go("/queue", "saved", None, None))
}
