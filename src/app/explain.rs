//! What became of an event and why: which rule gave each field and on what words, what lost, and what nearly matched.

mod shown;

use std::sync::Arc;

use super::found::{Found, find};

use crate::{
    model::{
        catalog::Field,
        entry::{Body, Entry, EntryStatus, Given, Provenance},
        event::{Event, Fact, Span},
        exception::{Exception, ExceptionStatus, Reason},
        ids,
        verdict::{Lost, Verdict},
    },
    rules::{RuleSet, explain::Asked, rewritten::rewritten, written::WrittenEvent},
    settling::{activation::Active, rehearsal::rehearse, rule_tests, scene, subjects, verdicts},
    store::Tx,
    yaml,
};

/// How many near misses are worth reading.
const MISSES: usize = 3;
/// Between the names of several rules.
const SEVERAL: &str = ", ";

/// All there is to say about one event.
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
    entry: Option<(Body, Provenance)>,
    reasons: Vec<Reason>,
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
    let reasons = rehearsed.drafted.questions.into_iter().flat_map(|question| question.open).collect();
    let entry = rehearsed.drafted.entries.into_iter().next().map(|draft| (draft.body, draft.provenance));
    let heading = heading(&rehearsed.fact, rehearsed.zone, &event.calendar);
    let (fact, verdict, asked) = (Some(rehearsed.fact), rehearsed.verdict, rehearsed.asked);
    Ok(Explained { rules, digest: digest.to_owned(), heading, fact, result, entry, reasons, verdict, asked })
}

/// Of an entry, an event or an exception in the book, by the end of its id.
pub(crate) async fn of_book<'a>(tx: &mut Tx, active: &'a Active, id: &str) -> anyhow::Result<Explained<'a>> {
    match find(tx, id).await? {
        Found::Event(event) => of_event(tx, active, *event).await,
        Found::Written(entry) => of_written(tx, active, *entry).await,
        Found::Question(exception) => Ok(of_question(active, *exception)),
    }
}

async fn of_event<'a>(tx: &mut Tx, active: &'a Active, event: Event) -> anyhow::Result<Explained<'a>> {
    let staff = tx.staff_member(event.staff).await?;
    let (first, zone) = (staff.zones.first_date(&event.fact.span), staff.zones.on(staff.zones.first_date(&event.fact.span)));
    let there = tx.events_on(staff.id, first, first).await?;
    let verdict = verdicts(&staff, there.iter(), &active.rules).remove(&event.id).unwrap_or_default();
    let others: Vec<_> = there.iter().filter(|other| other.meeting != event.meeting).map(|other| scene(&staff, other, &[])).collect();
    let asked = active.rules.ask(&scene(&staff, &event, &others), &verdict);
    let entries = tx.entries_of_meetings(&[event.meeting]).await?;
    let open = tx.exceptions_about(staff.id, &subjects(&event)).await?;
    let entry = entries.iter().find(|entry| entry.status != EntryStatus::Void);
    let result = match entry {
        Some(entry) => standing(entry),
        None if verdict.skip.is_some() => "skipped: it makes no entry".to_owned(),
        None if !event.is_live() => "no entry: the event was deleted or called off".to_owned(),
        None if matches!(event.fact.span, Span::AllDay { .. }) => {
            "no entry: an all-day event has no hours unless a rule gives it some".to_owned()
        }
        None => "no entry: it is not over yet, is no work, or lies outside the recorded time".to_owned(),
    };
    Ok(Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: heading(&event.fact, zone, &event.calendar_name),
        result,
        entry: entry.map(|entry| (entry.body.clone(), entry.provenance.clone())),
        reasons: reasons(open),
        verdict,
        asked,
        fact: Some(event.fact),
    })
}

/// Of an entry that no calendar has: rules had no say in it, and checks had.
async fn of_written<'a>(tx: &mut Tx, active: &'a Active, entry: Entry) -> anyhow::Result<Explained<'a>> {
    let open = tx.exceptions_about(entry.staff, &[entry.key.meeting.0]).await?;
    let title = entry.body.description.as_deref().unwrap_or("(no description)");
    Ok(Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: format!("{title}\n{}, {}\nno calendar has it: a person wrote it", entry.body.date, length(entry.body.seconds)),
        result: standing(&entry),
        entry: Some((entry.body, entry.provenance)),
        reasons: reasons(open),
        verdict: Arc::default(),
        asked: Vec::new(),
        fact: None,
    })
}

/// Of a question about a day, a calendar or a connection.
fn of_question(active: &Active, exception: Exception) -> Explained<'_> {
    Explained {
        rules: &active.rules,
        digest: active.digest.clone(),
        heading: format!("a question about a {}\n{}", exception.subject.kind, exception.date),
        result: format!("{} exception {}, about no single event", exception.status, ids::short(exception.id.0)),
        entry: None,
        reasons: exception.reasons,
        verdict: Arc::default(),
        asked: Vec::new(),
        fact: None,
    }
}

/// The event behind an id of any kind, and whether some entry of it is matched to work; none if it is about no single event.
pub(crate) async fn about(tx: &mut Tx, id: &str) -> anyhow::Result<Option<(Event, bool)>> {
    let Found::Event(event) = find(tx, id).await? else { return Ok(None) };
    let entries = tx.entries_of_meetings(&[event.meeting]).await?;
    Ok(Some((*event, entries.iter().any(|entry| entry.body.is_matched()))))
}

fn standing(entry: &Entry) -> String {
    let held = if entry.body.held { ", held by an open exception" } else { "" };
    format!("{} {}{held}", entry.status, ids::short(entry.id.0))
}

fn reasons(about: Vec<Exception>) -> Vec<Reason> {
    about.into_iter().filter(|one| one.status == ExceptionStatus::Open).flat_map(|one| one.reasons).collect()
}

/// A test of rule files made of an event, entry or exception of the book: what these rules make of it now.
pub(crate) async fn test_of(tx: &mut Tx, rules: &RuleSet, id: &str) -> anyhow::Result<String> {
    let Found::Event(event) = find(tx, id).await? else { anyhow::bail!("no calendar has this: a test needs an event") };
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

impl Explained<'_> {
    /// Each field with its value and who gave it: as it stands, or as the rules alone have it.
    fn fields(&self) -> Vec<(Field, String, Option<Given>)> {
        let of_rules = |field: Field| self.verdict.fields.get(&field).map(|claim| (field, claim.value.clone(), Some(Given::of(claim))));
        let Some((body, provenance)) = &self.entry else { return Field::ALL.iter().filter_map(|field| of_rules(*field)).collect() };
        let tags = Some(body.tags.join(", ")).filter(|tags| !tags.is_empty());
        let billable = body.billable.map(|yes| yes.to_string());
        let values = [&body.client, &body.project, &body.task, &billable, &body.description, &tags];
        let fields = [Field::Client, Field::Project, Field::Task, Field::Billable, Field::Description, Field::Tags];
        let row = |(field, value): (Field, &Option<String>)| Some((field, value.clone()?, provenance.0.get(&field).cloned()));
        fields.into_iter().zip(values).filter_map(row).collect()
    }

    /// Losers that a reader cares for: not a project that only followed its client.
    fn lost(&self, field: Field) -> impl Iterator<Item = &Lost> {
        self.verdict.lost.iter().filter(move |lost| lost.field == field)
    }

    /// Rules of which all but one condition held, those of which most did first.
    fn misses(&self) -> impl Iterator<Item = &Asked> {
        let mut near: Vec<_> = self.asked.iter().filter(|one| one.failed.len() == 1 && one.held > 0).collect();
        near.sort_by_key(|one| std::cmp::Reverse(one.held));
        near.into_iter().take(MISSES)
    }

    /// Rules up to the one that ended it, and those after it.
    fn turns(&self) -> (&[Asked], &[Asked]) {
        let ender = self.verdict.ended_by.as_deref();
        let last = self.asked.iter().position(|one| Some(one.rule.as_str()) == ender);
        self.asked.split_at(last.map_or(self.asked.len(), |at| at + 1))
    }

    /// Rules that held and gave nothing, since others had said the same.
    fn idle(&self) -> impl Iterator<Item = &str> {
        matched(self.turns().0).filter(|rule| !self.verdict.names(rule))
    }
}

fn matched(rules: &[Asked]) -> impl Iterator<Item = &str> {
    rules.iter().filter(|one| one.failed.is_empty()).map(|one| one.rule.as_str())
}

fn heading(fact: &Fact, zone: chrono_tz::Tz, calendar: &str) -> String {
    let when = match fact.span {
        Span::Timed { start, end, .. } => {
            let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
            format!("{}-{} {zone}", start.format("%a %Y-%m-%d %H:%M"), end.format("%H:%M"))
        }
        Span::AllDay { first, until } => format!("{} until {until}, all day", first.format("%a %Y-%m-%d")),
    };
    let title = if fact.text.title.is_empty() { "(no title)" } else { &fact.text.title };
    let people: Vec<_> = fact.text.attendees.iter().filter(|person| !person.resource).map(|person| person.email.as_str()).collect();
    let with = if people.is_empty() { "nobody else".to_owned() } else { people.join(", ") };
    format!("{title}\n{when}\n{}; {with}", if calendar.is_empty() { "no calendar named" } else { calendar })
}

fn length(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}
