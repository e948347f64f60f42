//! `calendar add account`, `calendar set|pause|resume|remove`: calendars that are read from elsewhere, and how that goes.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Outcome, answer, book, connections};
use crate::{
    app::{
        App,
        sources::{Reading, begin},
    },
    grants::connect as grants,
    model::{
        connection::{ConnectionStatus, Poll, Provider},
        ids,
        staff::{Calendar, Privacy, Source, Whose},
    },
};

/// A further calendar of a connected account.
#[derive(Debug, clap::Args)]
pub(crate) struct AddAccount {
    /// The connection, by the end of its id.
    connection: String,
    /// The calendar, by its name or the provider's id; `connections show` lists them.
    calendar: String,
    /// Whose events count: `mine` or `all`.
    #[arg(long, default_value = "mine")]
    whose: Whose,
    /// How much is kept: `full`, `busy-block` or `ignore`.
    #[arg(long, default_value = "full")]
    privacy: Privacy,
}

/// What of a calendar changes.
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// The calendar, by the end of its id.
    id: String,
    /// What to call it.
    #[arg(long)]
    name: Option<String>,
    /// Address of the person the calendar belongs to.
    #[arg(long)]
    owner: Option<String>,
    /// Whose events count: `mine` or `all`.
    #[arg(long)]
    whose: Option<Whose>,
    /// How much is kept: `full`, `busy-block` or `ignore`.
    #[arg(long)]
    privacy: Option<Privacy>,
}

/// Has a further calendar of a connected account read.
pub(crate) async fn add_account(app: &App, args: &AddAccount) -> anyhow::Result<Outcome> {
    let connection = app.store.read().await?.connection_ending(&args.connection).await?;
    let registered = app.config.apps.of(connection.provider).context("its provider is not configured in kalends.yaml")?;
    let offered = grants::offered(&app.vault, &app.api, registered, &connection).await?;
    let is_meant = |one: &&crate::calendar::Offered| one.id == args.calendar || one.name.eq_ignore_ascii_case(&args.calendar);
    let found: Vec<_> = offered.iter().filter(is_meant).collect();
    let names = || offered.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    let [one] = found.as_slice() else { anyhow::bail!("{} offers no single calendar of that name; it has: {}", connection.email, names()) };
    let mut tx = app.store.write().await?;
    let staff = tx.staff_member(connection.staff).await?;
    let mut calendar = grants::of_offered(&staff, connection.id, one);
    (calendar.privacy, calendar.whose) = (args.privacy, args.whose);
    let name = calendar.name.clone();
    let calendar = begin(&mut tx, calendar, app.config.clock.now()).await?.with_context(|| format!("{name} is read already"))?;
    tx.commit().await?;
    answer(&format!("reading {} of {} from now on; next: kalends sync", calendar.name, connection.email));
    Ok(Outcome::Done)
}

/// Changes what is kept of a calendar and whose events count. What is kept no longer goes at once (S8).
pub(crate) async fn set(app: &App, args: &Set) -> anyhow::Result<Outcome> {
    let before = app.store.read().await?.source_ending(&args.id).await?;
    let calendar = Calendar {
        name: args.name.clone().unwrap_or_else(|| before.calendar.name.clone()),
        owner: args.owner.as_ref().map_or_else(|| before.calendar.owner.clone(), |owner| owner.to_lowercase()),
        whose: args.whose.unwrap_or(before.calendar.whose),
        privacy: args.privacy.unwrap_or(before.calendar.privacy),
        ..before.calendar.clone()
    };
    let lowered = app.set_calendar(&book::actor(), &before, calendar.clone()).await?;
    let gone = if lowered { "; the words of its events are gone" } else { "" };
    let Calendar { name, owner, privacy, whose, .. } = calendar;
    answer(&format!("{name} of {owner}: privacy {privacy}, whose {whose}{gone}; next: kalends sync"));
    Ok(Outcome::Done)
}

/// Stops, or takes up again, the reading of a calendar. Touches no entry.
pub(crate) async fn reading(app: &App, typed: &str, to: Reading) -> anyhow::Result<Outcome> {
    let before = app.store.read().await?.source_ending(typed).await?;
    let (_, connection) = app.store.read().await?.source(before.calendar.id).await?;
    let is_forgotten = connection.is_some_and(|one| one.provider == Provider::Feed && one.status == ConnectionStatus::Removed);
    anyhow::ensure!(
        !(is_forgotten && to == Reading::Resume),
        "its address was forgotten; add it again with: kalends calendar add ics --url-file FILE"
    );
    app.set_reading(&book::actor(), &before, to).await?;
    let told = match to {
        Reading::Pause => "is not read until: kalends calendar resume",
        Reading::Resume => "is read again",
        Reading::Remove => "is read no more; what it said stands, and no entry was touched",
    };
    answer(&format!("{} {told}", before.calendar.name));
    Ok(Outcome::Done)
}

/// How the reading of a calendar goes, in plain words.
pub(super) fn health(source: &Source, poll: Option<&Poll>, now: DateTime<Utc>) -> Vec<String> {
    let Calendar { id, name, privacy, whose, .. } = &source.calendar;
    let read = connections::at(source.last_success);
    let mut lines = vec![format!("  {} {name} (privacy {privacy}, whose {whose}): last read {read}", ids::short(id.0))];
    let Some(poll) = poll else { return lines };
    if source.paused {
        lines.push("    paused".to_owned());
    } else if let (Some(since), Some(failure)) = (poll.failing_since, &poll.failure) {
        lines.push(format!("    failing since {}, {} tries: {failure}", connections::at(Some(since)), poll.failures));
    }
    lines.push(format!("    next read in {}", connections::length((poll.due_at - now).max(TimeDelta::zero()))));
    lines
}
