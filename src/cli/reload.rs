//! `rules reload`, `status`, `history` and `diff`: which rules are in force, since when and by whom, and what others would say.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, complain, drawn, entries, paint};
use crate::{
    app::{App, rule_files, rules::Folder},
    model::{
        day::LAST_DATE,
        reload::{Reload, ReloadOutcome},
        words::counted,
    },
    settling::{
        activation::{self, Active},
        backtest,
        behaviour::{self, Behaviour},
        reload::{Ask, Refusal, Reloaded},
        settle_due,
    },
    store::{self, rule_sets::Files},
    yaml::diagnostic::Paint,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the rule files; the configured one if none is given.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Even if most time would go to the queue.
    #[arg(long)]
    force: bool,
}

pub(crate) async fn reload(app: &App, args: &Args, format: Format) -> anyhow::Result<Outcome> {
    let folder = args.rules.as_deref().unwrap_or(&app.config.rules);
    let ask = if args.force { Ask::Forced } else { Ask::Asked };
    let (set, days) = match app.reload(folder, &book::actor(), ask).await? {
        Reloaded::Same(set) | Reloaded::Replaced(set) => (set, None),
        Reloaded::Active(set, days) => (set, Some(days)),
        Reloaded::Refused(refusal) => return refused(&refusal, format),
    };
    let settled = settle_due(&app.store, set.basis(app.config.clock.now()), app.vault.daemon).await?;
    let digest = &set.digest[..12];
    match (format, days) {
        (Format::Json, _) => answer(&serde_json::to_string_pretty(&json!({
            "outcome": if days.is_some() { "active" } else { "same" }, "rule_set": set.digest, "days": days.unwrap_or(0),
            "entries": settled.entries, "exceptions": settled.exceptions,
        }))?),
        (Format::Table, None) => answer(&format!("rule set {digest} was active already")),
        (Format::Table, Some(days)) => answer(&format!(
            "rule set {digest} is active; {} derived again: {} and {} changed",
            counted(days, "day", "days"),
            counted(settled.entries, "entry", "entries"),
            counted(settled.exceptions, "exception", "exceptions")
        )),
    }
    Ok(Outcome::Done)
}

fn refused(refusal: &Refusal, format: Format) -> anyhow::Result<Outcome> {
    drawn(&refusal.told(paint()));
    complain(&format!("{}; the rules that were active before still are", refusal.summary()));
    if format == Format::Json {
        answer(&serde_json::to_string_pretty(
            &json!({ "outcome": "refused", "why": refusal.summary(), "told": refusal.told(Paint::Plain) }),
        )?);
    }
    Ok(Outcome::Findings)
}

/// Says what is in force, whether the folder holds something else, and why that was refused.
pub(crate) async fn status(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let mut tx = app.store.read().await?;
    let (digest, files) = tx.active_rule_set().await?.unzip();
    let files: Vec<String> = files.into_iter().flat_map(Files::into_keys).filter(|name| name.starts_with("rules/")).collect();
    let reloads = tx.reloads(HISTORY).await?;
    drop(tx);
    let active = reloads.iter().find(|one| one.outcome == ReloadOutcome::Active && Some(&one.digest) == digest.as_ref());
    let refused = reloads.first().filter(|one| one.outcome == ReloadOutcome::Refused);
    let folder = Folder::look(app, digest.as_deref());
    let path = app.config.rules.display();
    if format == Format::Json {
        let told = match &folder {
            Folder::Refused(refusal) => Some(refusal.told(Paint::Plain)),
            other => Some(other.told()),
        };
        answer(&serde_json::to_string_pretty(&json!({
            "active": active.map(to_json), "files": files, "folder": { "path": path.to_string(), "state": folder.word(), "told": told },
            "refused": refused.map(to_json),
        }))?);
    } else {
        let mut lines = vec![match active {
            Some(one) => {
                format!("active    {} since {}{}: {}", &one.digest[..12], at(one.at), by(one), counted(files.len(), "file", "files"))
            }
            None => "active    none yet; the first reload makes what the folder holds active".to_owned(),
        }];
        lines.push(format!("folder    {path} {}", folder.told()));
        if let Folder::Refused(refusal) = &folder {
            lines.push(refusal.told(Paint::Plain));
        }
        if let Some(one) = refused {
            lines.push(format!("refused   {} at {}{}", &one.digest[..12], at(one.at), by(one)));
            // The folder's own words were just told.
            if !matches!(folder, Folder::Refused(_)) {
                lines.extend(one.told.clone());
            }
        }
        answer(&lines.join("\n"));
    }
    Ok(if matches!(folder, Folder::Same) { Outcome::Done } else { Outcome::Findings })
}

/// Reloads that are shown at most.
const HISTORY: i64 = 200;

/// Every reload, newest first.
pub(crate) async fn history(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let reloads = app.store.read().await?.reloads(HISTORY).await?;
    if format == Format::Json {
        answer(&serde_json::to_string_pretty(&reloads.iter().map(to_json).collect::<Vec<_>>())?);
        return Ok(Outcome::Done);
    }
    let rows = reloads.iter().map(|one| {
        let days = if one.outcome == ReloadOutcome::Active { one.days.to_string() } else { String::new() };
        [one.number.to_string(), at(one.at), one.actor.clone(), one.digest[..12].to_owned(), one.outcome.to_string(), days]
    });
    answer(&book::table(["no", "at", "who", "rule set", "", "days"], rows));
    Ok(Outcome::Done)
}

fn at(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn by(reload: &Reload) -> String {
    if reload.actor.is_empty() { String::new() } else { format!(", by {} from {}", reload.actor, reload.folder) }
}

fn to_json(one: &Reload) -> Value {
    json!({ "number": one.number, "rule_set": one.digest, "at": one.at, "actor": one.actor, "folder": one.folder, "outcome": one.outcome,
        "days": one.days, "told": one.told })
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// A number of the history, the beginning of a rule set's name, as the history or `rules check` shows it, `active`, or a folder.
    one: String,
    /// The other one.
    other: String,
    /// First date of the events that are judged; all if none is given.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last date.
    #[arg(long)]
    to: Option<NaiveDate>,
}

/// So much of a name at least.
const NAME_MIN: usize = 4;
/// Examples of each difference.
const EXAMPLES: usize = 3;

/// Says on which events of the book two rule sets say something else, and which rules are why.
pub(crate) async fn diff(app: &App, args: &Diff, format: Format) -> anyhow::Result<Outcome> {
    anyhow::ensure!(args.from <= args.to || args.to.is_none(), "--from is after --to");
    let Some(one) = named(app, &args.one).await? else { return Ok(Outcome::Findings) };
    let Some(other) = named(app, &args.other).await? else { return Ok(Outcome::Findings) };
    let span = (args.from.unwrap_or(NaiveDate::MIN), args.to.unwrap_or(LAST_DATE));
    let found = behaviour::compare(&app.store, &one, &other, span).await?;
    match format {
        Format::Json => answer(&serde_json::to_string_pretty(&behaviour_json(&found))?),
        Format::Table => answer(&behaviour_text(&found)),
    }
    Ok(if found.is_same() { Outcome::Done } else { Outcome::Findings })
}

async fn named(app: &App, typed: &str) -> anyhow::Result<Option<Active>> {
    let folder = Path::new(typed);
    if typed == "active" {
        return book::active(app).await.map(Some);
    }
    if folder.is_dir() {
        return Box::pin(proposed(app, rule_files(folder)?)).await;
    }
    match activation::kept(&app.store, typed).await {
        // As `rules check` calls what the folder holds.
        Err(store::Error::NoneEnds(_)) => match rule_files(&app.config.rules) {
            Ok(files) if typed.len() >= NAME_MIN && activation::digest(&files, &app.config.policy).starts_with(&typed.to_lowercase()) => {
                Box::pin(proposed(app, files)).await
            }
            _ => anyhow::bail!(
                "`{typed}` is no set that was active, nor what {} holds now: type a number or the beginning of a name that `kalends rules \
                 history` shows, `active`, or a folder; files that were refused are not kept",
                app.config.rules.display()
            ),
        },
        kept => Ok(Some(kept?)),
    }
}

/// Files as the set they would be, if they are one: what leaves them is closed and not forgotten.
async fn proposed(app: &App, files: Files) -> anyhow::Result<Option<Active>> {
    let today = app.config.clock.now().date_naive();
    match Active::proposed(files, &app.config.policy, today) {
        Ok(mut set) => {
            backtest::with_closed(&app.store, &book::active(app).await?, &mut set, today).await?;
            Ok(Some(set))
        }
        Err(findings) => {
            drawn(&Refusal::Findings(findings).told(paint()));
            Ok(None)
        }
    }
}

fn behaviour_text(found: &Behaviour) -> String {
    let days = if found.days == 0 { String::new() } else { format!(", and {} by their totals", counted(found.days, "day", "days")) };
    let head = format!("{} of {} read differently{days}", found.differing, counted(found.events, "event", "events"));
    let policy = found.policy.iter().map(|(what, from, to)| format!("\nkalends.yaml says another {what}: {from} -> {to}"));
    let head = head + &policy.collect::<String>();
    let rows = found.groups.iter().map(|(cause, seen)| {
        let rules = if cause.rules.0 == cause.rules.1 { cause.rules.0.clone() } else { format!("{} -> {}", cause.rules.0, cause.rules.1) };
        let examples: Vec<_> = seen.examples.iter().take(EXAMPLES).map(|(date, id)| format!("{} {id}", date.format("%m-%d"))).collect();
        [
            cause.what.clone(),
            cause.from.clone(),
            cause.to.clone(),
            rules,
            seen.events.to_string(),
            entries::hours(seen.seconds),
            examples.join(", "),
        ]
    });
    if found.groups.is_empty() {
        return head;
    }
    format!("{head}\n\n{}", book::table(["what", "from", "to", "rule", "events", "h", "such as"], rows))
}

fn behaviour_json(found: &Behaviour) -> Value {
    let groups = found.groups.iter().map(|(cause, seen)| {
        json!({ "what": cause.what, "from": cause.from, "to": cause.to, "rule_before": cause.rules.0, "rule_after": cause.rules.1, "events": seen.events,
            "seconds": seen.seconds, "examples": seen.examples.iter().map(|(date, id)| json!({ "date": date, "event": id })).collect::<Vec<_>>() })
    });
    let policy = found.policy.iter().map(|(what, from, to)| json!({ "what": what, "from": from, "to": to }));
    json!({ "events": found.events, "differing": found.differing, "days": found.days, "policy": policy.collect::<Vec<_>>(), "differences": groups.collect::<Vec<_>>() })
}
