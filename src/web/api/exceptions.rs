//! `exceptions`: the questions that wait for a person, and what she may say to them.

use axum::http::Method;

use super::{
    entries,
    entry::Emails,
    exception::{Assignment, Dismissal, ExceptionPage, LikelyShown, ListExceptions, Resolution, Shown, Snooze},
    lists::{self, LIMIT},
    operation::{Answer, Call, Operation},
    problem::{Kind, Misfit, Problem},
};
use crate::{
    model::{
        decision::Act,
        event::Event,
        exception::Exception,
        ids::{ExceptionId, StaffId},
        principal::Scope,
    },
    review::{self, likely},
    store::queue::QuestionsWanted,
};

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
        Operation::new(Method::POST, "/exceptions/{id}/undo", "undo_exception", write, undo)
            .says("Takes back what answered it, and nothing else"),
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
        after: lists::place(asked.cursor.as_deref())?.map(ExceptionId),
        limit: limit + 1,
        ..QuestionsWanted::default()
    };
    let mut rows = tx.questions_wanted(&call.who, &wanted, now).await?;
    let next_cursor = lists::page(&mut rows, limit, |row| row.id);
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
    let is_matched = exception.lead() != "unmatched";
    let reads = |event: &Event| review::words::reads(&call.who, call.app.config.titles, event, is_matched);
    let found = likely::about(&mut tx, exception, reads, &active.rules.catalog).await?.likely;
    let shown = |one: likely::Likely| LikelyShown {
        client: one.client,
        project: one.project,
        billable: one.billable,
        not_work: one.not_work,
        why: one.why,
    };
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
    let asked = call.desk(&active).undo_answer(&exception, call.seen).await?;
    shown(&call, &asked, None).await
}
