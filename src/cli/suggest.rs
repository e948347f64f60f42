//! `rules suggest`: rules that would have decided what people decided, ready to be put into a file.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, complain, drawn, entries, paint};
use crate::{
    app::{App, rule_files},
    model::{ids, words::counted},
    review::learn::{Decision, Suggestion, suggestions},
    settling::{backtest::Sum, reload::proven},
    yaml::layout::even,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// First date of what is learnt from; half a year ago if none is given.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Last date; today if none is given.
    #[arg(long)]
    to: Option<NaiveDate>,
    /// Only these rules, by their ids.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// A new file, in the folder of the rule files unless it names another, into which they are written.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// How far back it is learnt from.
const DAYS: u64 = 183;
/// Examples of each change.
const EXAMPLES: usize = 3;

pub(crate) async fn run(app: &App, args: &Args, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let now = app.config.clock.now();
    let to = args.to.unwrap_or_else(|| now.date_naive());
    let from = args.from.unwrap_or_else(|| to - Days::new(DAYS));
    ensure!(from <= to, "--from {from} is after --to {to}");
    let mut found = suggestions(&app.store, &active, (from, to), now).await?;
    for id in &args.only {
        ensure!(found.iter().any(|one| one.proposal.id == *id), "{id} is not among the suggestions; see: kalends rules suggest");
    }
    found.retain(|one| args.only.is_empty() || args.only.contains(&one.proposal.id));
    let yaml = file(&found);
    match format {
        Format::Json => {
            let shown: Vec<_> = found.iter().map(to_json).collect();
            let yaml = (!found.is_empty()).then_some(&yaml);
            answer(&serde_json::to_string_pretty(&json!({ "suggestions": shown, "yaml": yaml }))?);
        }
        Format::Table if found.is_empty() => answer("nothing was decided again and again that no rule says"),
        Format::Table => answer(&format!("{}\n\n{yaml}", found.iter().map(told).collect::<Vec<_>>().join("\n\n"))),
    }
    match &args.write {
        Some(path) if !found.is_empty() => write(app, path, &yaml),
        _ => Ok(Outcome::Done),
    }
}

/// All of them as one rule file.
fn file(found: &[Suggestion]) -> String {
    let part = |of: fn(&Suggestion) -> &str| found.iter().map(of).collect::<String>();
    let (rules, tests) = (part(|one| &one.proposal.parts.0), part(|one| &one.proposal.parts.1));
    even(format!("# Learnt from what people decided; see: kalends rules suggest\nrules:\n{rules}tests:\n{tests}"))
}

/// Writes a file that loads beside the others, or none. A daemon sees it only whole.
fn write(app: &App, path: &Path, yaml: &str) -> anyhow::Result<Outcome> {
    let named = path.parent().is_some_and(|parent| !parent.as_os_str().is_empty());
    let path = if named { path.to_path_buf() } else { app.config.rules.join(path) };
    let name = path.file_name().and_then(|name| name.to_str()).filter(|name| !name.starts_with('.')).context("--write names no file")?;
    ensure!(
        path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"),
        "{name} is no .yaml file, so it would not be read"
    );
    ensure!(!path.exists(), "{} is there already; nothing was written", path.display());
    let mut files = rule_files(&app.config.rules)?;
    files.insert(format!("rules/{name}"), yaml.to_owned());
    if let Err(refusal) = proven(files, &app.config.policy, app.config.clock.now().date_naive()) {
        drawn(&refusal.told(paint()));
        complain(&format!("beside the files of {} there would be {}; nothing was written", app.config.rules.display(), refusal.summary()));
        return Ok(Outcome::Findings);
    }
    let beside = path.with_file_name(format!(".{name}.new"));
    let written = std::fs::write(&beside, yaml).and_then(|()| std::fs::rename(&beside, &path));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    let folder = |path: &Path| std::fs::canonicalize(path).ok();
    let is_beside = path.parent().and_then(folder).is_some_and(|parent| Some(parent) == folder(&app.config.rules));
    let next = if is_beside {
        "a daemon that watches this folder makes it active by itself, else: kalends rules reload".to_owned()
    } else {
        format!("it is not among the rule files: nothing comes of it until it stands in {}", app.config.rules.display())
    };
    complain(&format!("wrote {}; {next}", path.display()));
    Ok(Outcome::Done)
}

fn told(one: &Suggestion) -> String {
    let Suggestion { proposal, support, but_task, against, backtest } = one;
    let sums = backtest.sums();
    let but_task = if *but_task > 0 { format!("; people chose another task in {but_task}") } else { String::new() };
    let sum = |sum: Sum| format!("{} ({} h)", counted(sum.entries, "entry", "entries"), entries::hours(sum.seconds));
    let mut lines = vec![
        proposal.id.clone(),
        format!(
            "  would have decided {}, {} of them otherwise{but_task}",
            counted(support.len() + against.len(), "answer", "answers"),
            against.len()
        ),
        format!("  for it: {}", named(support)),
        format!("  clears {}, raises {}", counted(sums.cleared, "open exception", "open exceptions"), sums.opened),
        format!("  out of the queue {}, into it {}; {} would change", sum(sums.released), sum(sums.queued), sum(changed(one))),
    ];
    if !against.is_empty() {
        lines.insert(3, format!("  against it: {}", named(against)));
    }
    for ((from, to, _), rows) in backtest.moves() {
        let examples: Vec<_> = rows.iter().take(EXAMPLES).map(|row| row.after.body.date.format("%m-%d").to_string()).collect();
        lines.push(format!("  {from} -> {to}: {}, such as {}", counted(rows.len(), "entry", "entries"), examples.join(", ")));
    }
    lines.join("\n")
}

/// A few of them, as `rules explain` takes them.
fn named(decisions: &[Decision]) -> String {
    let named: Vec<_> = decisions.iter().rev().take(EXAMPLES).map(|(date, event)| format!("{date} {}", ids::short(event.0))).collect();
    let more = decisions.len().saturating_sub(EXAMPLES);
    format!("{}{}", named.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
}

/// Everything that would read differently.
fn changed(one: &Suggestion) -> Sum {
    let seconds = one.backtest.changed.iter().map(|row| row.after.body.seconds).sum();
    Sum { entries: one.backtest.changed.len(), seconds }
}

fn to_json(one: &Suggestion) -> Value {
    let sums = one.backtest.sums();
    let sum = |sum: Sum| json!({ "entries": sum.entries, "seconds": sum.seconds });
    let moves = one
        .backtest
        .moves()
        .into_iter()
        .map(|((from, to, cause), rows)| json!({ "from": from, "to": to, "cause": cause, "entries": rows.len() }));
    json!({ "id": one.proposal.id, "support": one.support.len(), "other_task": one.but_task, "against": one.against.len(),
        "decided_so": one.support.iter().map(|(_, event)| event).collect::<Vec<_>>(), "decided_otherwise": one.against.iter().map(|(_, event)| event).collect::<Vec<_>>(),
        "cleared_exceptions": sums.cleared, "new_exceptions": sums.opened,
        "out_of_queue": sum(sums.released), "into_queue": sum(sums.queued), "changed": sum(changed(one)), "moves": moves.collect::<Vec<_>>(),
        "rule": one.proposal.parts.0, "test": one.proposal.parts.1 })
}
