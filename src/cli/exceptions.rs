//! `exceptions`: the questions that wait for a person.

use anyhow::Context;
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, entries, fields};
use crate::{
    app::App,
    model::{
        decision::Act,
        exception::{Exception, ExceptionStatus},
        ids,
    },
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
    let count = book::count(exceptions.len(), "exception", "exceptions");
    answer(&format!("{}\n{count}", book::table(["id", "date", "staff", "reason", "why"], rows)));
    Ok(Outcome::Done)
}

pub(crate) async fn show(app: &App, id: &str, format: Format) -> anyhow::Result<Outcome> {
    let exception = app.store.read().await?.exception(id).await?;
    told(app, &exception, format).await
}

pub(crate) async fn dismiss(app: &App, id: &str, not_work: bool, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let exception = entries::desk(app, &active, &book::actor()).dismiss(id, not_work).await?;
    told(app, &exception, format).await
}

pub(crate) async fn assign(app: &App, id: &str, typed: &[String], format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let exception = app.store.read().await?.exception(id).await?;
    let entry = exception.entry.context("this exception is about no entry; dismiss it, or mend its cause")?;
    let entry = app.store.read().await?.entry(&entry.to_string()).await?;
    let acts: Vec<Act> = fields::acts(app, &active, &entry, typed).await?;
    let exception = entries::desk(app, &active, &book::actor()).assign(id, acts).await?;
    told(app, &exception, format).await
}

async fn told(app: &App, exception: &Exception, format: Format) -> anyhow::Result<Outcome> {
    let email = entries::emails(app).await?.remove(&exception.staff).unwrap_or_default();
    if format == Format::Json {
        answer(&serde_json::to_string_pretty(&to_json(exception, &email))?);
        return Ok(Outcome::Done);
    }
    let mut lines = vec![format!("{} {} {email}: {}", ids::short(exception.id.0), exception.date, exception.status)];
    lines.extend(exception.reasons.iter().map(|reason| {
        let holds = if reason.holding { "holds the entry" } else { "for information" };
        format!("  {} ({holds}): {}", reason.reason, reason.message)
    }));
    if let Some(id) = exception.entry {
        let entry = app.store.read().await?.entry(&id.to_string()).await?;
        lines.push(format!("  entry {}", entries::row(&entry, &email).join("  ")));
    }
    answer(&lines.join("\n"));
    Ok(Outcome::Done)
}

/// The stable form of an exception.
fn to_json(exception: &Exception, email: &str) -> Value {
    let lead = exception.reasons.first();
    json!({
        "id": exception.id,
        "reason": lead.map(|reason| &reason.reason),
        "reasons": exception.reasons.iter().map(|reason| &reason.reason).collect::<Vec<_>>(),
        "status": exception.status,
        "holding": exception.status == ExceptionStatus::Open && exception.reasons.iter().any(|reason| reason.holding),
        "staff": email,
        "date": exception.date,
        "subject": { "kind": exception.subject.kind, "id": exception.subject.id },
        "entry": exception.entry,
        "evidence": exception.reasons.iter().map(|reason| json!({ "reason": reason.reason, "cause": reason.cause, "more": reason.evidence })).collect::<Vec<_>>(),
        "message": exception.reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join("; "),
        "opened_at": exception.opened_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}
