//! `calendar add|list|accept-removals` and `sync`: where events come from, and taking them over.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::json;

use super::{Format, Outcome, answer, book, complain, connections};
use crate::{
    app::{App, Synced, feeds::Wanted},
    model::{
        decision::{Act, Decision},
        ids::{self, CalendarId, DecisionId},
        staff::{Calendar, Held, Privacy, Staff, Whose},
        words::counted,
    },
    settling::{activation, reload::Reloaded},
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct AddIcs {
    /// Address of the person whose time it feeds.
    #[arg(long)]
    staff: String,
    /// The calendar file.
    #[arg(long, required_unless_present = "url_file")]
    file: Option<PathBuf>,
    /// A file, or - for stdin, that holds the address of a feed: whoever knows such an address can read the calendar, so it is a secret.
    #[arg(long, conflicts_with = "file")]
    url_file: Option<PathBuf>,
    /// What to call it; the file's name if none is given.
    #[arg(long)]
    name: Option<String>,
    /// Address of the person the calendar belongs to; hers if none is given.
    #[arg(long)]
    owner: Option<String>,
    /// Whose events count: `mine` or `all`.
    #[arg(long, default_value = "mine")]
    whose: Whose,
    /// How much is kept: `full`, `busy-block` or `ignore`.
    #[arg(long, default_value = "full")]
    privacy: Privacy,
}

pub(crate) async fn add_ics(app: &App, args: &AddIcs) -> anyhow::Result<Outcome> {
    let staff = book::person(app, &args.staff).await?;
    let calendar = match (&args.file, &args.url_file) {
        (Some(file), _) => of_file(app, args, &staff, file).await?,
        (None, Some(file)) => of_feed(app, args, &staff, file).await?,
        (None, None) => anyhow::bail!("name a calendar with --file or --url-file"),
    };
    answer(&format!("added calendar {} ({}); next: kalends sync", ids::short(calendar.id.0), calendar.name));
    Ok(Outcome::Done)
}

async fn of_file(app: &App, args: &AddIcs, staff: &Staff, file: &Path) -> anyhow::Result<Calendar> {
    let path = file.canonicalize().with_context(|| format!("cannot read {}", file.display()))?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let calendar = Calendar {
        id: CalendarId(ids::fresh()),
        staff: staff.id,
        name: args.name.clone().unwrap_or(stem),
        location: path.display().to_string(),
        connection: None,
        owner: args.owner.clone().unwrap_or_else(|| staff.email().to_owned()).to_lowercase(),
        whose: args.whose,
        privacy: args.privacy,
        position: 0,
    };
    let mut tx = app.store.write().await?;
    tx.insert_calendar(&calendar).await?;
    tx.commit().await?;
    Ok(calendar)
}

async fn of_feed(app: &App, args: &AddIcs, staff: &Staff, file: &Path) -> anyhow::Result<Calendar> {
    let typed = if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let address = &typed.with_context(|| format!("cannot read {}", file.display()))?.into();
    let (name, owner) = (args.name.clone(), args.owner.clone());
    let wanted = Wanted { staff, address, name, owner, whose: args.whose, privacy: args.privacy };
    Ok(app.add_feed(&book::actor(), wanted).await?)
}

/// Remembers a folder of calendar files; `sync` looks into it.
pub(crate) async fn add_folder(app: &App, folder: &Path) -> anyhow::Result<Outcome> {
    let path = folder.canonicalize().with_context(|| format!("cannot read {}", folder.display()))?;
    anyhow::ensure!(path.is_dir(), "{} is not a folder; a single file is added with: kalends calendar add ics", folder.display());
    let mut tx = app.store.write().await?;
    tx.insert_folder(&path.display().to_string()).await?;
    tx.commit().await?;
    answer(&format!("added {}; every .ics file in it that is named after a person is read: kalends sync", path.display()));
    Ok(Outcome::Done)
}

pub(crate) async fn list(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let health = app.health().await?;
    if format == Format::Json {
        let shown = health.sources.iter().map(|source| {
            let Calendar { id, name, location, owner, whose, privacy, .. } = &source.calendar;
            json!({ "id": id, "staff": health.email(source.calendar.staff), "name": name, "location": location, "owner": owner, "whose": whose,
                "privacy": privacy, "connection": source.calendar.connection, "last_success": source.last_success, "held": source.held,
                "paused": source.paused, "removed_at": source.removed_at, "next_poll": health.poll(source).map(|poll| poll.due_at),
                "failing_since": health.poll(source).and_then(|poll| poll.failing_since), "failure": health.poll(source).and_then(|poll| poll.failure.clone()) })
        });
        answer(&serde_json::to_string_pretty(&shown.collect::<Vec<_>>())?);
        return Ok(Outcome::Done);
    }
    let rows = health.sources.iter().map(|source| {
        let read = source.last_success.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string());
        let held = source.held.as_ref().map(|held| format!("{} removals held", held.meetings));
        let failing =
            health.poll(source).and_then(|poll| poll.failing_since).map(|since| format!("failing since {}", connections::at(Some(since))));
        let stopped = source.removed_at.map(|_| "removed".to_owned()).or(source.paused.then(|| "paused".to_owned()));
        let held = stopped.or(failing).or(held).unwrap_or_default();
        [ids::short(source.calendar.id.0), health.email(source.calendar.staff), source.calendar.name.clone(), read, held]
    });
    answer(&book::table(["id", "staff", "name", "last read", ""], rows));
    Ok(Outcome::Done)
}

/// A person says that a mass deletion is meant; the next reading believes it, and that is now.
pub(crate) async fn accept_removals(app: &App, typed: &str) -> anyhow::Result<Outcome> {
    let source = app.store.read().await?.source_ending(typed).await?;
    let Some(held) = source.held else { anyhow::bail!("{} has no removals that wait", source.calendar.name) };
    let calendar = source.calendar;
    let mut tx = app.store.write().await?;
    tx.lock_staff(calendar.staff).await?;
    let decision = Decision {
        id: DecisionId(ids::fresh()),
        staff: calendar.staff,
        subject: calendar.id.0,
        segment: 0,
        entry: None,
        act: Act::AcceptRemovals { digest: held.digest.clone() },
        why: None,
        batch: None,
        actor: book::actor(),
        at: app.config.clock.now(),
    };
    tx.insert_decisions(&[(decision, None)]).await?;
    tx.save_held(calendar.id, &Held { accepted: true, ..held }).await?;
    tx.commit().await?;
    sync(app, Some(&calendar.id.to_string()), Format::Table).await
}

/// Reads calendars, derives what is due and says what changed.
pub(crate) async fn sync(app: &App, only: Option<&str>, format: Format) -> anyhow::Result<Outcome> {
    let reloaded = book::reload(app).await?;
    // Broken rule files change nothing: the set in the book goes on.
    let stays = match &reloaded {
        Ok(Reloaded::Same(_) | Reloaded::Active(..) | Reloaded::Replaced(_)) => None,
        _ => activation::active(&app.store).await?,
    };
    let active = match (&reloaded, &stays) {
        (Ok(Reloaded::Same(active) | Reloaded::Active(active, _) | Reloaded::Replaced(active)), _) | (_, Some(active)) => active,
        (Ok(Reloaded::Refused(refusal)), None) => {
            complain(&format!("{}; no rules are active yet, and no calendar was read", refusal.summary()));
            return Ok(Outcome::Findings);
        }
        (Err(_), None) => return reloaded.map(|_| Outcome::Done).context("no rules are active yet, and no calendar was read"),
    };
    let synced = app.sync(active, only).await?;
    if let Ok(Reloaded::Active(_, days)) = &reloaded {
        complain(&format!("a new rule set is active: {} derived again", counted(*days, "day is", "days are")));
    }
    match format {
        Format::Json => answer(&serde_json::to_string_pretty(&summary(&synced))?),
        Format::Table => answer(&told(&synced)),
    }
    let refused = synced
        .calendars
        .iter()
        .filter_map(|(_, captured)| captured.refused.as_ref())
        .inspect(|why| complain(&format!("error: {why}")))
        .count();
    synced.busy.iter().for_each(|source| {
        let name = &source.calendar.name;
        complain(&format!("{name} was left out: another kalends reads it at the moment, or died at it less than two minutes ago"));
    });
    synced.strangers.iter().for_each(|stranger| complain(&format!("error: {}: {}", stranger.file, stranger.why)));
    let strangers = synced.strangers.len();
    let reloaded = reloaded.context("the rule files were not loaded; the rules that were active before still are")?;
    anyhow::ensure!(refused == 0, "{} not be read; nothing was concluded", counted(refused, "calendar could", "calendars could"));
    anyhow::ensure!(strangers == 0, "{} nobody's", counted(strangers, "file of a drop folder is", "files of drop folders are"));
    if let Reloaded::Refused(refusal) = reloaded {
        complain(&format!("{}; the rules that were active before still are", refusal.summary()));
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Done)
}

fn summary(synced: &Synced) -> serde_json::Value {
    let calendars = synced.calendars.iter().map(|(source, captured)| {
        json!({ "id": source.calendar.id, "name": source.calendar.name, "saved": captured.saved, "removed": captured.removed,
            "broken": captured.broken, "held_removals": captured.held, "error": captured.refused.as_ref().map(ToString::to_string) })
    });
    let settled = synced.settled;
    json!({ "calendars": calendars.collect::<Vec<_>>(), "days": settled.days, "entries": settled.entries, "exceptions": settled.exceptions })
}

fn told(synced: &Synced) -> String {
    let rows = synced.calendars.iter().map(|(source, captured)| {
        let held = captured.held.map_or_else(String::new, |held| format!("{held} removals held"));
        let note = captured.refused.as_ref().map_or(held, |_| "not readable".to_owned());
        [source.calendar.name.clone(), captured.saved.to_string(), captured.removed.to_string(), captured.broken.to_string(), note]
    });
    let settled = synced.settled;
    let table = book::table(["calendar", "changed", "removed", "broken", ""], rows);
    let (days, entries) = (counted(settled.days, "day", "days"), counted(settled.entries, "entry", "entries"));
    format!("{table}\n{days} derived: {entries} and {} changed", counted(settled.exceptions, "exception", "exceptions"))
}
