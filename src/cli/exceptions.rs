//! `exceptions`: the questions that wait for a person.

use anyhow::Context;
use chrono::{NaiveDate, SecondsFormat};
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, entries};
use crate::{
    app::App,
    model::{
        exception::{Exception, ExceptionStatus, Standing},
        ids,
        words::counted,
    },
    review::{
        Answer, Winner, fields,
        likely::{self, Likely},
    },
    settling::activation,
};

pub(crate) async fn list(app: &App, status: ExceptionStatus, format: Format) -> anyhow::Result<Outcome> {
    let exceptions = app.store.read().await?.exceptions(status).await?;
    let emails = entries::emails(app).await?;
    let email = |exception: &Exception| emails.get(&exception.staff).cloned().unwrap_or_default();
    if format == Format::Json {
        let shown: Vec<_> = exceptions.iter().map(|exception| to_json(exception, &email(exception))).collect();
        answer(&serde_json::to_string_pretty(&shown)?);
        return Ok(Outcome::Done);
    }
    let rows = exceptions.iter().map(|exception| {
        let lead = exception.reasons.first();
        let more = exception.reasons.len().saturating_sub(1);
        let reason = lead.map_or_else(String::new, |reason| reason.reason.clone());
        [
            ids::short(exception.id.0),
            exception.date.format("%m-%d").to_string(),
            email(exception).split('@').next().unwrap_or_default().to_owned(),
            if more == 0 { reason } else { format!("{reason} +{more}") },
            lead.map_or_else(String::new, |reason| reason.message.clone()),
        ]
    });
    let count = counted(exceptions.len(), "exception", "exceptions");
    answer(&format!("{}\n{count}", book::table(["id", "date", "staff", "reason", "why"], rows)));
    Ok(Outcome::Done)
}

pub(crate) async fn show(app: &App, id: &str, format: Format) -> anyhow::Result<Outcome> {
    let exception = app.store.read().await?.exception(id).await?;
    told(app, &exception, format).await
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Resolve {
    /// The exception, by the end of its id.
    id: String,
    /// client, project, task, billable, tags, description, start or end, such as project=ACME-15.
    #[arg(value_name = "FIELD=VALUE", required_unless_present = "overlap", conflicts_with = "overlap")]
    fields: Vec<String>,
    /// Of an overlap: `this` entry keeps its time, the `other` one does, the common time is `split`, or all is shared out (`prorate`).
    #[arg(long)]
    overlap: Option<Winner>,
}

pub(crate) async fn resolve(app: &App, args: &Resolve, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let mut tx = app.store.read().await?;
    let exception = tx.exception(&args.id).await?;
    let answer = if let Some(winner) = args.overlap {
        Answer::Overlap(winner)
    } else {
        let entry = exception.entry.context("this exception is about no entry; dismiss it, or mend its cause")?;
        let entry = tx.entry_of(entry).await?;
        Answer::Change(fields::acts(&mut tx, &active.rules.catalog, &entry, &args.fields).await?)
    };
    drop(tx);
    say(app, &args.id, &answer, format).await
}

/// Says something to a question.
pub(crate) async fn say(app: &App, id: &str, answer: &Answer, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let who = book::operator(app).await?;
    let id = app.store.read().await?.exception(id).await?.id;
    let (exception, _) = app.desk(&active, &who).answer(id, None, answer).await?;
    told(app, &exception, format).await
}

/// Puts a question off, until the morning of a date.
pub(crate) async fn snooze(app: &App, id: &str, until: Option<NaiveDate>, format: Format) -> anyhow::Result<Outcome> {
    let exception = app.store.read().await?.exception(id).await?;
    let zones = app.store.read().await?.staff_member(exception.staff).await?.zones;
    say(app, id, &Answer::Snooze { until: until.map(|date| zones.start(date)) }, format).await
}

/// Names who is to answer a question.
pub(crate) async fn hand(app: &App, id: &str, to: Option<&str>, format: Format) -> anyhow::Result<Outcome> {
    let to = match to {
        Some(email) => Some(book::person(app, email).await?.id),
        None => None,
    };
    say(app, id, &Answer::Assign { to }, format).await
}

/// Takes back what answered it.
pub(crate) async fn undo(app: &App, id: &str, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let who = book::operator(app).await?;
    let exception = app.store.read().await?.exception(id).await?;
    let exception = app.desk(&active, &who).undo_answer(&exception, None).await?;
    told(app, &exception, format).await
}

async fn told(app: &App, exception: &Exception, format: Format) -> anyhow::Result<Outcome> {
    let email = entries::emails(app).await?.remove(&exception.staff).unwrap_or_default();
    let likely = likely(app, exception).await?;
    if format == Format::Json {
        let mut shown = to_json(exception, &email);
        shown["likely"] = json!(likely);
        answer(&serde_json::to_string_pretty(&shown)?);
        return Ok(Outcome::Done);
    }
    let mut lines = vec![format!("{} {} {email}: {}", ids::short(exception.id.0), exception.date, standing(app, exception))];
    lines.extend(exception.reasons.iter().map(|reason| {
        let holds = if reason.holding { "holds the entry" } else { "for information" };
        format!("  {} ({holds}): {}", reason.reason, reason.message)
    }));
    if let Some(id) = exception.entry {
        let entry = app.store.read().await?.entry(&id.to_string()).await?;
        lines.push(format!("  entry {}", entries::row(&entry, &email).join("  ")));
    }
    let what = |one: &Likely| one.project.as_deref().or(one.client.as_deref()).unwrap_or("not work").to_owned();
    lines.extend(likely.iter().map(|one| format!("  likely  {:<12} {}", what(one), one.why)));
    answer(&lines.join("\n"));
    Ok(Outcome::Done)
}

/// What most likely answers it, best first: what the queue's page offers.
async fn likely(app: &App, exception: &Exception) -> anyhow::Result<Vec<Likely>> {
    let Some(active) = activation::active(&app.store).await? else { return Ok(Vec::new()) };
    let mut tx = app.store.read().await?;
    Ok(likely::about(&mut tx, exception, |_| true, &active.rules.catalog).await?.likely)
}

fn standing(app: &App, exception: &Exception) -> Standing {
    exception.standing(app.config.clock.now())
}

/// The stable form of an exception.
fn to_json(exception: &Exception, email: &str) -> Value {
    let lead = exception.reasons.first();
    json!({
        "id": exception.id,
        "reason": lead.map(|reason| &reason.reason),
        "reasons": exception.reasons.iter().map(|reason| &reason.reason).collect::<Vec<_>>(),
        "status": exception.status,
        "holding": exception.is_holding(),
        "staff": email,
        "date": exception.date,
        "subject": { "kind": exception.subject.kind, "id": exception.subject.id },
        "entry": exception.entry,
        "evidence": exception.reasons.iter().map(|reason| json!({ "reason": reason.reason, "cause": reason.cause, "more": reason.evidence })).collect::<Vec<_>>(),
        "message": exception.reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join("; "),
        "opened_at": exception.opened_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}
