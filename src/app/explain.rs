//! What became of an event and why: which rule gave each field and on what words, what lost, and what nearly matched.

mod decided;
mod fields;
mod json;
mod nearness;
mod outcome;
mod shown;
mod standing;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::{
    decided::Done,
    outcome::Ground,
    standing::{Standing, Stood, Why},
};
use super::found::{Found, find};

use crate::{
    model::{
        entry::Entry,
        event::{Event, Fact, Span},
        staff::Staff,
        verdict::Verdict,
    },
    rules::{RuleSet, explain::Asked, rewritten::rewritten, written::WrittenEvent},
    settling::{activation::Active, rehearsal::rehearse, rule_tests, scene, verdicts},
    store::Tx,
    yaml,
};

/// How many people of a meeting are named.
const PEOPLE: usize = 6;
/// Between the names of several rules.
const SEVERAL: &str = ", ";

/// All there is to say about one event, or one entry or question of it.
pub(crate) struct Explained<'a> {
    rules: &'a RuleSet,
    /// What that set is called.
    digest: String,
    /// What it is about, in a line or two.
    heading: String,
    /// The event; none of what a person wrote, and of questions about days and sources.
    fact: Option<Fact>,
    /// What stands now.
    result: String,
    /// Whether it is about a question, which has all its reasons itself.
    is_question: bool,
    /// The entries it is about.
    entries: Vec<Stood>,
    whys: Vec<Why>,
    done: Vec<Done>,
    verdict: Arc<Verdict>,
    asked: Vec<Asked>,
}

/// Of an event that someone typed as JSON; `name` is what it is called in complaints, `digest` what the set is.
pub(crate) fn typed<'a>((rules, digest): (&'a RuleSet, &str), name: &str, text: &str) -> anyhow::Result<Explained<'a>> {
    let event: WrittenEvent = yaml::read_json(text, "event").map_err(|told| anyhow::anyhow!("{name} is not an event: {told}"))?;
    let rehearsed = rehearse(rules, &event, &[]).map_err(|problem| anyhow::anyhow!("{name}: {problem}"))?;
    let result = match (rehearsed.outcome(), rehearsed.reasons()) {
        ("exception", reasons) => format!("a held entry and an exception: {}", reasons.join(", ")),
        ("skipped", _) => "skipped: it makes no entry".to_owned(),
        ("none", _) => "no entry: an all-day event has no hours unless a rule gives it some".to_owned(),
        _ => "an entry, no exception".to_owned(),
    };
    let reasons = rehearsed.drafted.questions.into_iter().flat_map(|question| question.open);
    let whys = reasons.map(|reason| Why { reason, asked: None, other: None }).collect();
    let parts = rehearsed.drafted.entries.len();
    let entries = rehearsed.drafted.entries.into_iter().enumerate().map(|(place, draft)| Stood {
        known: None,
        part: (parts > 1).then_some((place + 1, parts)),
        body: draft.body,
        provenance: draft.provenance,
    });
    let heading = heading(&rehearsed.fact, rehearsed.zone, &event.calendar);
    let entries = entries.collect();
    let (fact, done, verdict, asked) = (Some(rehearsed.fact), Vec::new(), rehearsed.verdict, rehearsed.asked);
    Ok(Explained { rules, digest: digest.to_owned(), heading, fact, result, is_question: false, entries, whys, done, verdict, asked })
}

/// Of an entry, an event or an exception in the book, by the end of its id: of an entry exactly that one, of an exception what it asks.
pub(crate) async fn of_book<'a>(tx: &mut Tx, active: &'a Active, id: &str, now: DateTime<Utc>) -> anyhow::Result<Explained<'a>> {
    let found = find(tx, id).await?;
    let event = found.event(tx).await?;
    let staff = tx.staff_member(found.staff()).await?;
    let (verdict, asked) = match &event {
        Some(event) => judged(tx, active, &staff, event).await?,
        None => Default::default(),
    };
    let standing = Standing::load(tx, active, &staff, (&found, event.as_ref()), now).await?;
    let locked = active.policy.locked_through.max(tx.locked_through(staff.id).await?);
    let ground = Ground { staff: &staff, event: event.as_ref(), verdict: &verdict, standing: &standing, locked, now };
    let zone = |event: &Event| staff.zones.on(staff.zones.first_date(&event.fact.span));
    let told_in = event.as_ref().map_or_else(|| staff.zones.on(staff.zones.date_of(now)), zone);
    Ok(Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: match (&event, &found) {
            (Some(event), _) => heading(&event.fact, zone(event), &format!("{}, calendar {}", staff.email(), event.calendar_name)),
            (None, Found::Question(exception)) => {
                format!("a question about a {}\n{}, {}", exception.subject.kind, exception.date, staff.email())
            }
            (None, _) => standing.entries.first().map_or_else(String::new, written_heading),
        },
        result: ground.result(&found),
        is_question: matches!(found, Found::Question(_)),
        entries: standing.stood(),
        done: standing.done(told_in),
        whys: standing.whys,
        fact: event.map(|event| event.fact),
        verdict,
        asked,
    })
}

/// What the rules make of an event now, beside the others of its date.
async fn judged(tx: &mut Tx, active: &Active, staff: &Staff, event: &Event) -> anyhow::Result<(Arc<Verdict>, Vec<Asked>)> {
    let first = staff.zones.first_date(&event.fact.span);
    let mut there = tx.events_on(staff.id, first, first).await?;
    there.retain(|other| other.id != event.id);
    there.push(event.clone());
    let verdict = verdicts(staff, there.iter(), &active.rules).remove(&event.id).unwrap_or_default();
    let others = there.iter().filter(|other| other.meeting != event.meeting && other.is_live());
    let others: Vec<_> = others.map(|other| scene(staff, other, &[])).collect();
    let asked = active.rules.ask(&scene(staff, event, &others), &verdict);
    Ok((verdict, asked))
}

/// Of an entry that no calendar has.
fn written_heading(entry: &Entry) -> String {
    let title = entry.body.description.as_deref().unwrap_or("(no description)");
    format!("{title}\n{}, {}\nno calendar has it: a person wrote it", entry.body.date, length(entry.body.seconds))
}

/// The event behind an id of any kind, and whether some entry of it is matched to work; none if it is about no single event.
pub(crate) async fn about(tx: &mut Tx, id: &str) -> anyhow::Result<Option<(Event, bool)>> {
    let Some(event) = find(tx, id).await?.event(tx).await? else { return Ok(None) };
    let entries = tx.entries_of_meetings(&[event.meeting]).await?;
    let is_matched = entries.iter().any(|entry| entry.body.is_matched());
    Ok(Some((event, is_matched)))
}

/// A test of rule files made of an event, entry or exception of the book: what these rules make of it now.
pub(crate) async fn test_of(tx: &mut Tx, rules: &RuleSet, id: &str) -> anyhow::Result<String> {
    let Some(event) = find(tx, id).await?.event(tx).await? else { anyhow::bail!("no calendar has this: a test needs an event") };
    let staff = tx.staff_member(event.staff).await?;
    let first = staff.zones.first_date(&event.fact.span);
    let there = if rules.looks_around() { tx.events_on(staff.id, first, first).await? } else { Vec::new() };
    let others = there.iter().filter(|other| other.meeting != event.meeting && other.is_live());
    let others: Vec<_> = others.map(|other| rewritten(rules, &scene(&staff, other, &[]))).collect();
    let title = if event.fact.visibility.is_private() { "a private event" } else { event.fact.text.title.trim() };
    // Two people may have been at the same meeting.
    let name = format!("{} on {first}, {}", if title.is_empty() { "an event without a title" } else { title }, staff.email());
    rule_tests::test_of(rules, &name, &rewritten(rules, &scene(&staff, &event, &[])), &others).map_err(anyhow::Error::msg)
}

/// The same of an event that someone typed as JSON.
pub(crate) fn test_of_typed(rules: &RuleSet, text: &str) -> anyhow::Result<String> {
    let event: serde_yaml::Value = serde_json::from_str(text)?;
    let title = event.get("title").and_then(serde_yaml::Value::as_str).map(str::trim).filter(|title| !title.is_empty());
    rule_tests::test_of(rules, title.unwrap_or("an event without a title"), &event, &[]).map_err(anyhow::Error::msg)
}

/// What an event is, whose, and with whom.
fn heading(fact: &Fact, zone: chrono_tz::Tz, on: &str) -> String {
    let when = match fact.span {
        Span::Timed { start, end, .. } => {
            let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
            let until = if end.date_naive() == start.date_naive() { end.format("%H:%M") } else { end.format("%a %Y-%m-%d %H:%M") };
            format!("{}-{until} {zone}", start.format("%a %Y-%m-%d %H:%M"))
        }
        Span::AllDay { first, until } => {
            let last = until.pred_opt().filter(|last| first < *last);
            let to = last.map_or_else(String::new, |last| format!(" to {}", last.format("%a %Y-%m-%d")));
            format!("{}{to}, all day", first.format("%a %Y-%m-%d"))
        }
    };
    let title = if fact.text.title.is_empty() { "(no title)" } else { &fact.text.title };
    let people: Vec<_> = fact.text.attendees.iter().filter(|person| !person.resource).map(|person| person.email.as_str()).collect();
    let with = match people.len() {
        0 => "nobody else".to_owned(),
        few if few <= PEOPLE => people.join(", "),
        many => format!("{} and {} more", people[..PEOPLE - 1].join(", "), many + 1 - PEOPLE),
    };
    format!("{title}\n{when}\n{}; {with}", if on.is_empty() { "no calendar named" } else { on })
}

fn length(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}
