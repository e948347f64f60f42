//! `rules backtest`: what other rule files would change, before they do.

use std::{collections::HashMap, path::PathBuf};

use anyhow::ensure;
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, complain, entries, rules};
use crate::{
    app::{App, rule_files},
    model::{
        entry::Entry,
        ids::{self, StaffId},
        words::counted,
    },
    settling::{
        activation::Active,
        backtest::{self, Backtest, Changed, Move, Sum, Sums, Weeks},
    },
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// First date, included.
    #[arg(long)]
    from: NaiveDate,
    /// Last date, included.
    #[arg(long)]
    to: NaiveDate,
    /// The folder of the rule files to try; the configured one if none is given.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Exit with code 3 if more than this part of the entries would change, such as 2%.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    max_changed: Option<f64>,
}

/// Examples of each move.
const EXAMPLES: usize = 3;

pub(crate) async fn run(app: &App, args: &Args, format: Format) -> anyhow::Result<Outcome> {
    ensure!(args.from <= args.to, "--from {} is after --to {}", args.from, args.to);
    let active = book::active(app).await?;
    let folder = args.rules.clone().unwrap_or_else(|| app.config.rules.clone());
    let now = app.config.clock.now();
    let files = rule_files(&folder)?;
    if rules::load(&folder, &files, now.date_naive()).is_none() {
        return Ok(Outcome::Findings);
    }
    let read = Active::proposed(files, &app.config.policy, now.date_naive());
    let mut candidate = read.map_err(|found| anyhow::anyhow!("the rule files have {} findings; see: kalends rules check", found.len()))?;
    backtest::with_closed(&app.store, &active, &mut candidate, now.date_naive()).await?;
    // It shows on terminals alone.
    let bar = indicatif::ProgressBar::new(0).with_message("months of people");
    let told = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    };
    let found = backtest::backtest(&app.store, (&active, &candidate), (args.from, args.to), now, told).await?;
    bar.finish_and_clear();
    let emails = entries::emails(app).await?;
    match format {
        Format::Json => answer(&serde_json::to_string_pretty(&to_json(&found, &emails))?),
        Format::Table => answer(&text(&found, &emails)),
    }
    let over = args.max_changed.is_some_and(|limit| found.share() > limit);
    if let (true, Some(limit)) = (over, args.max_changed) {
        complain(&format!("{:.1} % of the entries would change, which is more than {limit} %", found.share()));
    }
    Ok(if over { Outcome::Findings } else { Outcome::Done })
}

fn percent(typed: &str) -> Result<f64, &'static str> {
    let number: Option<f64> = typed.trim().trim_end_matches('%').trim().parse().ok();
    number.filter(|number| (0.0..=100.0).contains(number)).ok_or("a part is written as 2%, from 0 to 100")
}

/// Addresses by person.
type Emails = HashMap<StaffId, String>;

fn text(found: &Backtest, emails: &Emails) -> String {
    let mut lines = vec![format!(
        "{} of {} would change ({:.1} %); billable time {}",
        found.changed.len(),
        counted(found.entries, "entry", "entries"),
        found.share(),
        signed_hours(found.billable())
    )];
    lines.extend(found.policy.iter().map(|(what, from, to)| format!("kalends.yaml changes {what}: {from} -> {to}")));
    let sums = found.sums();
    let sum = |words: &str, sum: Sum| format!("{words:<18}{:>6}  {:>8} h", sum.entries, entries::hours(sum.seconds));
    lines.push(format!(
        "\n{}\n{}\n{}\n{}\n{:<18}{:>6}\n{:<18}{:>6}",
        sum("newly matched", sums.matched),
        sum("newly unmatched", sums.unmatched),
        sum("into the queue", sums.queued),
        sum("out of the queue", sums.released),
        "new exceptions",
        sums.opened,
        "cleared exceptions",
        sums.cleared
    ));
    let moves = found.moves();
    if !moves.is_empty() {
        let rows = moves.iter().map(|((from, to, cause), changed)| {
            let example = |one: &&Changed| format!("{} {}", one.after.body.date.format("%m-%d"), ids::short(one.after.id.0));
            let examples: Vec<_> = changed.iter().take(EXAMPLES).map(example).collect();
            [from.clone(), to.clone(), cause.clone(), changed.len().to_string(), entries::hours(seconds(changed)), examples.join(", ")]
        });
        lines.push(format!("\n{}", book::table(["from", "to", "because of", "entries", "h", "such as"], rows)));
    }
    let questions = found.questions();
    if !questions.is_empty() {
        let rows = questions.iter().map(|(reason, (new, gone))| [reason.clone(), new.to_string(), gone.to_string()]);
        lines.push(format!("\n{}", book::table(["question", "new", "gone"], rows)));
    }
    let (submitted, approved) = found.weeks();
    for (weeks, words) in
        [(submitted, "that was submitted goes back to draft"), (approved, "that is approved stays, and raises changed-after-approval")]
    {
        lines.extend(
            weeks.iter().map(|(staff, monday)| {
                format!("\n{}, week of {monday}:\n  something {words}", emails.get(staff).map_or("", String::as_str))
            }),
        );
    }
    lines.extend(found.locked.iter().map(|(through, people)| {
        format!("\nlocked through {through} for {}: nothing changes there", counted(*people, "person", "people"))
    }));
    lines.push("\nNothing was written.".to_owned());
    lines.join("\n")
}

fn seconds(changed: &[&Changed]) -> i64 {
    changed.iter().map(|one| one.after.body.seconds).sum()
}

fn signed_hours(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "+" };
    format!("{sign}{} h", entries::hours(seconds.abs()))
}

fn to_json(found: &Backtest, emails: &Emails) -> Value {
    let email = |staff: StaffId| emails.get(&staff).map_or("", String::as_str);
    let entry = |entry: &Entry| entries::to_json(entry, email(entry.staff));
    let move_of = |((from, to, cause), changed): (Move, Vec<&Changed>)| {
        let examples: Vec<_> = changed.iter().take(EXAMPLES).map(|one| one.after.id).collect();
        json!({ "from": from, "to": to, "cause": cause, "entries": changed.len(), "seconds": seconds(&changed), "examples": examples })
    };
    let sum = |sum: Sum| json!({ "entries": sum.entries, "seconds": sum.seconds });
    let Sums { matched, unmatched, queued, released, opened, cleared } = found.sums();
    let moves = found.moves().into_iter().map(move_of);
    let questions = found.questions().into_iter().map(|(reason, (new, gone))| json!({ "reason": reason, "new": new, "gone": gone }));
    let changed =
        found.changed.iter().map(|one| json!({ "before": one.before.as_ref().map(entry), "after": entry(&one.after), "cause": one.cause }));
    let asked = found.asked.iter().map(|one| {
        json!({ "id": one.after.id, "staff": email(one.after.staff), "before": one.before.as_ref().map(|before| before.status), "after": one.after.status, "date": one.after.date,
            "reasons": one.after.reasons.iter().map(|reason| &reason.reason).collect::<Vec<_>>() })
    });
    let week = |(staff, monday): (StaffId, NaiveDate)| json!({ "staff": email(staff), "week": monday });
    let weeks = |of: Weeks| of.into_iter().map(week).collect::<Vec<_>>();
    let (submitted, approved) = found.weeks();
    let policy = found.policy.iter().map(|(what, from, to)| json!({ "what": what, "from": from, "to": to }));
    let locked = found.locked.iter().map(|(through, people)| json!({ "through": through, "people": people }));
    json!({
        "policy": policy.collect::<Vec<_>>(), "entries": found.entries, "changed": found.changed.len(), "percent": found.share(), "billable_seconds": found.billable(),
        "newly_matched": sum(matched), "newly_unmatched": sum(unmatched), "into_queue": sum(queued), "out_of_queue": sum(released),
        "new_exceptions": opened, "cleared_exceptions": cleared,
        "moves": moves.collect::<Vec<_>>(), "questions": questions.collect::<Vec<_>>(), "submitted_weeks": weeks(submitted), "approved_weeks": weeks(approved), "locked": locked.collect::<Vec<_>>(),
        "rows": changed.collect::<Vec<_>>(), "exceptions": asked.collect::<Vec<_>>(),
    })
}
