//! `entries`: drafts and what people make of them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, complain};
use crate::{
    app::App,
    model::{
        day::{clock_time, end_on, instant},
        decision::Written,
        entry::{Entry, EntryStatus, Origin},
        ids::{self, BatchId, StaffId},
        words::counted,
    },
    review::{Do, fields},
    store::entries::EntryFilter,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// First date, included.
    #[arg(long)]
    from: NaiveDate,
    /// Last date, included.
    #[arg(long)]
    to: NaiveDate,
    /// Only this person's.
    #[arg(long)]
    staff: Option<String>,
    /// Only in this status; void entries are shown only when asked for.
    #[arg(long)]
    status: Option<EntryStatus>,
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// The entry, by the end of its id.
    id: String,
    /// client, project, task, billable, tags or description (empty clears it); start and end; `not_work=yes`; `when=keep|follow|both`.
    #[arg(required = true, value_name = "FIELD=VALUE")]
    fields: Vec<String>,
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Whose time it is.
    #[arg(long)]
    staff: String,
    #[arg(long)]
    date: NaiveDate,
    /// Local time at which it began, such as 09:00.
    #[arg(long, value_parser = clock_time)]
    start: NaiveTime,
    /// Local time at which it ended; 24:00 is the end of the day.
    #[arg(long, value_parser = clock_time)]
    end: NaiveTime,
    #[arg(value_name = "FIELD=VALUE")]
    fields: Vec<String>,
}

pub(crate) async fn list(app: &App, args: &List, format: Format) -> anyhow::Result<Outcome> {
    let staff = match &args.staff {
        Some(email) => Some(book::person(app, email).await?.id),
        None => None,
    };
    let filter = EntryFilter { from: args.from, to: args.to, staff, status: args.status };
    let entries = app.store.read().await?.entries(&filter).await?;
    show(app, &entries, format).await
}

pub(crate) async fn set(app: &App, args: &Set, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let mut tx = app.store.read().await?;
    let entry = tx.entry(&args.id).await?;
    let acts = fields::acts(&mut tx, &active.rules.catalog, &entry, &args.fields).await?;
    drop(tx);
    let who = book::operator(app).await?;
    let entry = app.desk(&active, &who).act(entry.id, None, &Do::Change(acts)).await?;
    // Parts of one meeting have borders in common.
    let mut parts = app.store.read().await?.entries_of_meetings(&[entry.key.meeting]).await?;
    parts.retain(|part| part.id == entry.id || (part.key.segment == entry.key.segment && part.status != EntryStatus::Void));
    parts.sort_by_key(|part| part.body.start);
    show(app, &parts, format).await
}

pub(crate) async fn add(app: &App, args: &Add, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let staff = book::person(app, &args.staff).await?;
    let timezone = staff.zones.on(args.date);
    let (start, end) = (instant(timezone, args.date.and_time(args.start)), end_on(timezone, args.date, args.end));
    let skipped = if args.start < args.end { ", since the clock skips an hour there" } else { "" };
    anyhow::ensure!(start < end, "--start {} is not before --end {}{skipped}", args.start.format("%H:%M"), args.end.format("%H:%M"));
    let assignment = fields::assignment(&active.rules.catalog, &args.fields)?;
    let written = Written { start, end, timezone, date: args.date, assignment, origin: Origin::Manual, external_ref: None };
    let who = book::operator(app).await?;
    let entry = app.desk(&active, &who).write(staff.id, written).await?;
    show(app, &[entry], format).await
}

/// Divides an entry into parts.
pub(crate) async fn split(app: &App, id: &str, parts: &[String], format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let mut tx = app.store.read().await?;
    let entry = tx.entry(id).await?;
    let act = fields::divided(&mut tx, &active.rules.catalog, &entry, parts).await?;
    drop(tx);
    let who = book::operator(app).await?;
    app.desk(&active, &who).act(entry.id, None, &Do::Change(vec![act])).await?;
    let legs = app.store.read().await?.entries_of_meetings(&[entry.key.meeting]).await?;
    show(app, &legs, format).await
}

/// Joins an entry into another one.
pub(crate) async fn merge(app: &App, id: &str, into: &str, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let mut tx = app.store.read().await?;
    let (entry, target) = (tx.entry(id).await?, tx.entry(into).await?);
    drop(tx);
    let who = book::operator(app).await?;
    let target = app.desk(&active, &who).merge(entry.id, None, target.id, BatchId(ids::fresh())).await?;
    show(app, &[target], format).await
}

/// Takes back what was done last to an entry, and shows what stands of its meeting.
pub(crate) async fn undo(app: &App, id: &str, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let entry = app.store.read().await?.entry(id).await?;
    let who = book::operator(app).await?;
    app.desk(&active, &who).undo_last(entry.id, None).await?;
    let mut left = app.store.read().await?.entries_of_meetings(&[entry.key.meeting]).await?;
    left.retain(|one| one.key.segment == entry.key.segment && one.status != EntryStatus::Void);
    left.sort_by_key(|one| one.body.start);
    show(app, &left, format).await
}

/// Does the same to some entries, and says of each that was refused why.
pub(crate) async fn act(app: &App, ids: &[String], what: &Do, done: &str, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let who = book::operator(app).await?;
    let (mut known, mut shown, mut refused) = (Vec::new(), Vec::new(), 0);
    for typed in ids {
        match app.store.read().await?.entry(typed).await {
            Ok(entry) => known.push((entry.id, None)),
            Err(error) => {
                complain(&format!("error: {typed} was not {done}: {error}"));
                refused += 1;
            }
        }
    }
    let outcomes = app.desk(&active, &who).act_on_all(&known, what, BatchId(ids::fresh())).await?;
    for (id, outcome) in outcomes {
        match outcome {
            Ok(entry) => shown.push(entry),
            Err(refusal) => {
                complain(&format!("error: {} was not {done}: {refusal}", ids::short(id.0)));
                refused += 1;
            }
        }
    }
    if !shown.is_empty() || format == Format::Json {
        show(app, &shown, format).await?;
    }
    anyhow::ensure!(refused == 0, "{refused} of {} not {done}", counted(ids.len(), "entry", "entries"));
    Ok(Outcome::Done)
}

/// Who is who, for lists.
pub(super) async fn emails(app: &App) -> anyhow::Result<HashMap<StaffId, String>> {
    let people = app.store.read().await?.staff().await?;
    Ok(people.into_iter().map(|staff| (staff.id, staff.email().to_owned())).collect())
}

async fn show(app: &App, entries: &[Entry], format: Format) -> anyhow::Result<Outcome> {
    let emails = emails(app).await?;
    let email = |entry: &Entry| emails.get(&entry.staff).cloned().unwrap_or_default();
    if format == Format::Json {
        let shown: Vec<_> = entries.iter().map(|entry| to_json(entry, &email(entry))).collect();
        answer(&serde_json::to_string_pretty(&shown)?);
        return Ok(Outcome::Done);
    }
    let rows = entries.iter().map(|entry| row(entry, &email(entry)));
    let total: i64 = entries.iter().map(|entry| entry.body.seconds).sum();
    let table = book::table(["id", "date", "time", "h", "staff", "project", "bill", "status"], rows);
    answer(&format!("{table}\n{}, {}", counted(entries.len(), "entry", "entries"), hours(total)));
    Ok(Outcome::Done)
}

/// Hours and minutes.
pub(super) fn hours(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}

pub(super) fn row(entry: &Entry, email: &str) -> [String; 8] {
    let body = &entry.body;
    let local = |at: DateTime<Utc>| at.with_timezone(&body.timezone).format("%H:%M").to_string();
    let what = body.project.clone().or_else(|| body.client.clone()).unwrap_or_else(|| "-".to_owned());
    let billable = body.billable.map_or("?", |yes| if yes { "yes" } else { "no" });
    let status = if body.held { "held".to_owned() } else { entry.status.to_string() };
    [
        ids::short(entry.id.0),
        body.date.format("%m-%d").to_string(),
        format!("{}-{}", local(body.start), local(body.end)),
        hours(body.seconds),
        email.split('@').next().unwrap_or_default().to_owned(),
        what,
        billable.to_owned(),
        status,
    ]
}

/// The stable form of an entry.
pub(super) fn to_json(entry: &Entry, email: &str) -> Value {
    let utc = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let body = &entry.body;
    json!({
        "id": entry.id, "version": entry.version, "staff": email, "date": body.date, "start": utc(body.start), "end": utc(body.end),
        "timezone": body.timezone, "seconds": body.seconds, "rounded_seconds": body.rounded_seconds, "client": body.client,
        "project": body.project, "task": body.task, "billable": body.billable, "billable_status": body.billable_status(), "tags": body.tags,
        "description": body.description, "status": entry.status, "approval_status": entry.status.approval(), "held": body.held, "origin": body.origin,
        "provenance": entry.provenance, "event": body.event,
    })
}
