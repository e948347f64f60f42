//! What people do to entries from their week: submit, change, divide, join, take out, write by hand.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use chrono::NaiveDate;

use super::{
    Failure,
    entry_fields::typed,
    form::{go, ticked, value},
    week::{address, monday_of},
};
use crate::{
    app::App,
    model::{
        day::{clock_time, end_on, instant},
        decision::{Act, Written},
        entry::Origin,
        ids::{self, BatchId, EntryId, StaffId},
    },
    review::{Do, fields},
    web::guard::Signed,
};

type Pairs = Vec<(String, String)>;

pub(super) async fn submit(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let active = app.current().await?;
    let ids = ticked(&pairs)?;
    let outcomes = app.desk(&active, &signed.who).act_on_all(&ids, &Do::Submit, BatchId(ids::fresh())).await?;
    let said = if outcomes.iter().all(|(_, outcome)| outcome.is_ok()) { "submitted" } else { "some" };
    Ok(go(value(&pairs, "back").unwrap_or("/week"), said, None, None))
}

pub(super) async fn act(
    State(app): State<Arc<App>>,
    Path(id): Path<EntryId>,
    signed: Signed,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Failure> {
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let entry = tx.entry_seen(&signed.who, id).await?.ok_or(Failure::NotFound)?;
    let catalog = &active.rules.catalog;
    let why = || value(&pairs, "why").unwrap_or_default().to_owned();
    let version = value(&pairs, "version").and_then(|version| version.parse().ok());
    let (batch, back) = (BatchId(ids::fresh()), value(&pairs, "back").unwrap_or("/week"));
    let (what, said) = match value(&pairs, "act") {
        Some("change") => {
            let typed = typed(&pairs, &["project", "task", "billable", "start", "end", "description"]);
            (Do::Change(fields::acts(&mut tx, catalog, &entry, &typed).await?), "saved")
        }
        Some("split") => {
            let share: u32 =
                value(&pairs, "share").and_then(|share| share.parse().ok()).filter(|share| (1..100).contains(share)).unwrap_or(50);
            let part =
                |share: u32, name: &str| value(&pairs, name).map_or_else(|| share.to_string(), |code| format!("{share}:project={code}"));
            let parts = [part(share, "first"), part(100 - share, "second")];
            (Do::Change(vec![fields::divided(&mut tx, catalog, &entry, &parts).await?]), "saved")
        }
        Some("merge") => {
            let into =
                value(&pairs, "into").and_then(|id| id.parse().ok()).ok_or_else(|| Failure::Odd("Say into which one.".to_owned()))?;
            let target = tx.entry_seen(&signed.who, into).await?.filter(|target| target.staff == entry.staff).ok_or(Failure::NotFound)?;
            drop(tx);
            app.desk(&active, &signed.who).merge(id, version, target.id, batch).await?;
            return Ok(go(back, "saved", Some(&batch.to_string()), None));
        }
        Some("undo") => {
            drop(tx);
            app.desk(&active, &signed.who).undo_last(id, version).await?;
            return Ok(go(back, "undone", None, None));
        }
        Some("not-work") => (Do::Change(vec![Act::NotWork]), "not-work"),
        Some("submit") => (Do::Submit, "submitted"),
        Some("withdraw") => (Do::Withdraw, "withdrawn"),
        Some("approve") => (Do::Approve, "approved"),
        Some("reject") => (Do::Reject { reason: why() }, "rejected"),
        Some("reopen") => (Do::Reopen { reason: why() }, "reopened"),
        _ => return Err(Failure::NotFound),
    };
    drop(tx);
    app.desk(&active, &signed.who).act_as(id, version, &what, batch).await?;
    let undo = matches!(what, Do::Change(_)).then(|| batch.to_string());
    Ok(go(back, said, undo.as_deref(), None))
}

pub(super) async fn write(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let odd = |words: &str| Failure::Odd(words.to_owned());
    let active = app.current().await?;
    let staff: StaffId = value(&pairs, "person").and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    let staff = app.store.read().await?.staff_member(staff).await?;
    let date: NaiveDate = value(&pairs, "date").and_then(|date| date.parse().ok()).ok_or_else(|| odd("Say on which day."))?;
    let zone = staff.zones.on(date);
    let time = |name| value(&pairs, name).and_then(|time| clock_time(time).ok());
    let start = time("start").map(|local| instant(zone, date.and_time(local)));
    let (Some(start), Some(end)) = (start, time("end").map(|local| end_on(zone, date, local))) else {
        return Err(odd("Say from when until when, such as 09:30."));
    };
    if start >= end {
        return Err(odd("The start is not before the end."));
    }
    let names = ["project", "description"];
    let typed: Vec<_> = names.into_iter().filter_map(|name| value(&pairs, name).map(|value| format!("{name}={value}"))).collect();
    let assignment = fields::assignment(&active.rules.catalog, &typed)?;
    let written = Written { start, end, timezone: zone, date, assignment, origin: Origin::Manual, external_ref: None };
    app.desk(&active, &signed.who).write(staff.id, written).await?;
    Ok(go(&address(monday_of(date), staff.id, None), "saved", None, None))
}
