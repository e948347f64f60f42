//! `rules explain`: what the rules make of one event, which rule gave each field, and which nearly did.

use std::io::Read;

use anyhow::Context;
use serde_json::{Value, json};

use super::{Format, Outcome, answer, book, typed_event::TypedEvent};
use crate::{
    app::App,
    calendar::whose,
    model::{
        event::{Event, Fact, Response},
        ids::EventId,
        verdict::{Evidence, Place, Verdict},
    },
    rules::{Scene, explain::Asked},
    settling::activation::Active,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An entry or an event of the book, by the end of its id.
    #[arg(required_unless_present = "event", conflicts_with = "event")]
    id: Option<String>,
    /// An event as JSON, in a file or on stdin (-): title, description, attendees, organizer, calendar, start, end …
    #[arg(long)]
    event: Option<String>,
}

/// How many near misses are worth reading.
const MISSES: usize = 3;

pub(crate) async fn run(app: &App, args: &Args, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let (fact, verdict, asked) = match (&args.id, &args.event) {
        (Some(id), _) => of_book(app, &active, id).await?,
        (None, Some(file)) => typed(app, &active, file)?,
        (None, None) => anyhow::bail!("name an entry, an event, or --event FILE"),
    };
    match format {
        Format::Json => answer(&serde_json::to_string_pretty(&to_json(&active, &fact, &verdict, &asked))?),
        Format::Table => answer(&told(&active, &fact, &verdict, &asked)),
    }
    Ok(Outcome::Done)
}

async fn of_book(app: &App, active: &Active, id: &str) -> anyhow::Result<(Fact, Verdict, Vec<Asked>)> {
    let mut tx = app.store.read().await?;
    let event: Event = match tx.entry(id).await {
        Ok(entry) => tx.event(entry.body.event.context("no calendar has this entry: a person wrote it")?).await?,
        Err(_) => tx.event(EventId(id.parse().context("the book has no such entry or event")?)).await?,
    };
    let staff = tx.staff_member(event.staff).await?;
    let zone = staff.zones.on(staff.zones.first_date(&event.fact.span));
    let (fact, calendar) = (&event.fact, event.calendar_name.as_str());
    let scene = Scene { fact, response: event.response, calendar, addresses: &staff.addresses, zone };
    let (verdict, asked) = (active.rules.judge(&scene), active.rules.ask(&scene));
    Ok((event.fact.clone(), verdict, asked))
}

fn typed(app: &App, active: &Active, file: &str) -> anyhow::Result<(Fact, Verdict, Vec<Asked>)> {
    let mut text = String::new();
    if file == "-" {
        std::io::stdin().read_to_string(&mut text).context("cannot read stdin")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    }
    let event: TypedEvent = serde_json::from_str(&text).with_context(|| format!("{file} is not an event"))?;
    let fact = event.fact(app.config.clock.now())?;
    let response = event.my_response.unwrap_or_else(|| match whose::response(&fact, &[], true) {
        Response::NotInvited => Response::Unknown,
        other => other,
    });
    let zone = event.timezone.unwrap_or(chrono_tz::UTC);
    let scene = Scene { fact: &fact, response, calendar: &event.calendar, addresses: &[], zone };
    let (verdict, asked) = (active.rules.judge(&scene), active.rules.ask(&scene));
    Ok((fact, verdict, asked))
}

/// Where a rule stands, as `file:line`, looked up in the files of the active set.
fn place(active: &Active, rule: &str) -> String {
    let Ok(named) = regex::Regex::new(&format!(r#"\bid:\s*["']?{}["']?\s*($|[,}}#])"#, regex::escape(rule))) else {
        return rule.to_owned();
    };
    let lines = active.files.iter().flat_map(|(name, text)| text.lines().zip(1..).map(move |(line, number)| (name, line, number)));
    lines
        .into_iter()
        .find(|(_, line, _)| named.is_match(line))
        .map_or_else(|| "-".to_owned(), |(name, _, number)| format!("{name}:{number}"))
}

/// The words a rule matched on.
fn matched(fact: &Fact, evidence: &[Evidence]) -> Vec<String> {
    let text = &fact.text;
    let found = |one: &Evidence| {
        let whole = match one.place {
            Place::Title => text.title.as_str(),
            Place::Description => text.description.as_str(),
            Place::Location => text.location.as_str(),
            Place::Attendee => text.attendees.get(one.index)?.email.as_str(),
            Place::Organizer => text.organizer.as_deref()?,
            Place::Category => text.categories.get(one.index)?.as_str(),
            Place::Calendar => return None,
        };
        Some(format!("{} `{}`", one.place, whole.get(one.span.0..one.span.1)?))
    };
    evidence.iter().filter_map(found).collect()
}

/// Rules of which all but one condition held.
fn misses(asked: &[Asked]) -> impl Iterator<Item = &Asked> {
    asked.iter().filter(|one| one.failed.len() == 1 && one.conditions > 1).take(MISSES)
}

fn told(active: &Active, fact: &Fact, verdict: &Verdict, asked: &[Asked]) -> String {
    let mut lines = Vec::new();
    if let Some(skip) = &verdict.skip {
        lines.push(format!("skipped: {} ({}, {})", skip.why, skip.rule, place(active, &skip.rule)));
    } else if !verdict.is_matched() {
        lines.push("unmatched: no rule names a client or project".to_owned());
    }
    for (field, claim) in &verdict.fields {
        let why = matched(fact, &claim.evidence).join(", ");
        let why = if why.is_empty() { why } else { format!(" on {why}") };
        lines.push(format!("{field} = {} by {} ({}){why}", claim.value, claim.rule, place(active, &claim.rule)));
    }
    for conflict in &verdict.conflicts {
        let lost = &conflict.lost;
        lines.push(format!("conflict: {} also says {} {} ({})", lost.rule, conflict.field, lost.value, place(active, &lost.rule)));
    }
    for code in &verdict.unknown_codes {
        let near = code.near.as_ref().map_or_else(String::new, |near| format!("; did you mean {near}?"));
        lines.push(format!("unknown code: {}{near}", code.code));
    }
    for suspicion in verdict.suspicions.iter().filter(|one| one.when == crate::model::residual::Residual::Always) {
        lines.push(format!("asks: {} ({}, {})", suspicion.text, suspicion.reason, place(active, &suspicion.rule)));
    }
    let gave =
        |rule: &str| verdict.fields.values().any(|claim| claim.rule == rule) || verdict.skip.as_ref().is_some_and(|skip| skip.rule == rule);
    for one in asked.iter().filter(|one| one.failed.is_empty() && !gave(&one.rule)) {
        lines.push(format!("matched too, and came too late to set anything: {} ({})", one.rule, place(active, &one.rule)));
    }
    lines.extend(misses(asked).map(|one| format!("nearly: {} ({}) lacked {}", one.rule, place(active, &one.rule), one.failed.join(", "))));
    lines.join("\n")
}

fn to_json(active: &Active, fact: &Fact, verdict: &Verdict, asked: &[Asked]) -> Value {
    let fields = verdict.fields.iter().map(|(field, claim)| {
        let shown = json!({ "value": claim.value, "rule": claim.rule, "at": place(active, &claim.rule), "matched": matched(fact, &claim.evidence) });
        (field.to_string(), shown)
    });
    let conflicts = verdict.conflicts.iter().map(|one| json!({ "field": one.field, "won": one.won.rule, "lost": one.lost.rule, "value": one.lost.value, "at": place(active, &one.lost.rule) }));
    json!({
        "result": if verdict.skip.is_some() { "skipped" } else if verdict.is_matched() { "matched" } else { "unmatched" },
        "skip": verdict.skip.as_ref().map(|skip| json!({ "rule": skip.rule, "why": skip.why, "at": place(active, &skip.rule) })),
        "fields": fields.collect::<serde_json::Map<_, _>>(),
        "conflicts": conflicts.collect::<Vec<_>>(),
        "unknown_codes": verdict.unknown_codes,
        "matched": asked.iter().filter(|one| one.failed.is_empty()).map(|one| &one.rule).collect::<Vec<_>>(),
        "nearest": misses(asked).map(|one| json!({ "rule": one.rule, "at": place(active, &one.rule), "lacked": one.failed })).collect::<Vec<_>>(),
    })
}
