//! Make it a rule: the smallest rule that would have decided what a person just decided, with what else it would change. Written beside
//! the other rule files, in a file of its own, so that taking the file away takes the rule back.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Serialize;
use serde_json::json;

use super::{
    clues::has_guests,
    outcome::{Decided, Details, Outcome, Purpose},
};
use crate::{
    drafting::values,
    model::{
        catalog::Catalog, decision::Assignment, event::Event, exception::ExceptionStatus, ids::MeetingId, principal::Principal,
        staff::Staff, verdict::Verdict,
    },
    settling::{Verdicts, activation::Active, rule_tests::run_tests, verdicts},
    store::{Error, Tx},
    yaml::{
        block::{flow, quoted},
        layout::even,
    },
};

/// How far back it is tried.
const DAYS: u64 = 120;
const EXAMPLES: usize = 5;

/// A rule that could be written.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Proposal {
    pub(crate) id: String,
    /// Its file, below the folder of the rules.
    pub(crate) file: String,
    pub(crate) yaml: String,
    /// The rule and its test, as items of their lists.
    #[serde(skip)]
    pub(crate) parts: (String, String),
    /// Other open questions that it would answer.
    pub(crate) clears: usize,
    /// Other events of the last months that would read differently.
    pub(crate) changes: usize,
    /// Of those that were decided otherwise, a few: date, and from what to what.
    pub(crate) examples: Vec<String>,
}

/// What one person's last months say now.
struct Past {
    person: Staff,
    /// Whether whoever asks may be shown examples of it.
    is_seen: bool,
    events: Vec<Event>,
    verdicts: Verdicts,
    /// Meetings with an open question.
    asked: BTreeSet<MeetingId>,
    /// Meetings that stand as the rule would have them, by decision or by rule.
    stands: BTreeSet<MeetingId>,
}

impl Past {
    async fn read(tx: &mut Tx, person: Staff, active: &Active, outcome: &Outcome, seen: bool, now: DateTime<Utc>) -> Result<Self, Error> {
        let (from, to) = (tried_from(now), now.date_naive());
        let events = tx.events_on(person.id, from, to).await?;
        let verdicts = verdicts(&person, events.iter(), &active.rules);
        let asked = tx.exceptions_on(person.id, from, to).await?;
        let asked = asked.into_iter().filter(|one| one.status == ExceptionStatus::Open).map(|one| MeetingId(one.subject.id)).collect();
        let stands = tx.entries_on(person.id, from, to).await?.into_iter().filter(|entry| outcome.is(entry));
        let stands = stands.map(|entry| entry.key.meeting).collect();
        Ok(Self { person, is_seen: seen, events, verdicts, asked, stands })
    }

    /// Adds what a rule would change here. Says whether it decides the event that it was made for.
    fn tried(&self, candidate: &Active, event: &Event, proposal: &mut Proposal) -> bool {
        let after = verdicts(&self.person, self.events.iter(), &candidate.rules);
        let mut decides = false;
        for one in &self.events {
            let (old, new) = (self.verdicts.get(&one.id), after.get(&one.id));
            let answers = self.asked.contains(&one.meeting) && new.is_some_and(|verdict| verdict.conflicts().next().is_none());
            match () {
                () if old == new => {}
                () if one.id == event.id => decides = true,
                () if answers => proposal.clears += 1,
                () if self.stands.contains(&one.meeting) => {}
                () => {
                    proposal.changes += 1;
                    if self.is_seen && proposal.examples.len() < EXAMPLES {
                        let date = self.person.zones.first_date(&one.fact.span);
                        let shown = |verdict| shown(verdict, &candidate.rules.catalog);
                        proposal.examples.push(format!("{date}: {} to {}", shown(old), shown(new)));
                    }
                }
            }
        }
        decides
    }
}

/// The smallest rule that says what was decided of an event, if one can be found. It is tried on everyone's time, since it would hold for
/// everyone.
pub(crate) async fn rule(
    tx: &mut Tx,
    who: &Principal,
    active: &Active,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<Option<Proposal>, Error> {
    let decisions = tx.decisions_about(&[event.meeting.0]).await?;
    let everyone = tx.staff().await?;
    let owner = everyone.iter().find(|person| person.id == event.staff);
    let verdict = owner.and_then(|owner| verdicts(owner, std::iter::once(event), &active.rules).remove(&event.id)).unwrap_or_default();
    let decided = Decided::of(&decisions.iter().collect::<Vec<_>>(), &verdict, &active.rules.catalog);
    let Some([outcome, _]) = decided.map(|decided| decided.outcomes()) else { return Ok(None) };
    let with_guests = owner.is_some_and(|owner| has_guests(event, owner, active));
    let mut past = Vec::new();
    for person in everyone {
        let seen = who.sees_everyone() || who.reads_words_of(person.id);
        past.push(Past::read(tx, person, active, &outcome, seen, now).await?);
    }
    let tried = conditions(event, &outcome, with_guests).into_iter().filter_map(|(words, when)| {
        let made = Made { event, outcome: &outcome, words: &words, when: &when, over: &[] };
        let Candidate { active: candidate, mut proposal } = Candidate::new(active, &made, now.date_naive())?;
        let is_decided = past.iter().map(|past| past.tried(&candidate, event, &mut proposal)).filter(|decides| *decides).count() > 0;
        is_decided.then_some(proposal)
    });
    Ok(tried.min_by_key(|proposal| (proposal.changes, std::cmp::Reverse(proposal.clears))))
}

/// What rules make of an event, in a few words.
fn shown(verdict: Option<&Arc<Verdict>>, catalog: &Catalog) -> String {
    let Some(verdict) = verdict else { return "nothing".to_owned() };
    if verdict.skip.is_some() {
        return "not work".to_owned();
    }
    let (values, _) = values(catalog, Some(verdict), &Assignment::default());
    let Some(known) = values.project.or(values.client) else { return "nothing".to_owned() };
    let unpaid = (values.billable == Some(false)).then(|| "not billable".to_owned());
    [Some(known), values.task, unpaid].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a rule is made of: the decision it stands for, the conditions that are to tell it, and the rules it goes over.
pub(super) struct Made<'a> {
    pub(super) event: &'a Event,
    pub(super) outcome: &'a Outcome,
    /// From which it has its name.
    pub(super) words: &'a str,
    pub(super) when: &'a serde_json::Value,
    pub(super) over: &'a [String],
}

/// A rule set with the rule in it.
pub(super) struct Candidate {
    pub(super) active: Active,
    pub(super) proposal: Proposal,
}

impl Candidate {
    /// Where a title names a project by its code, that says more than whatever else tells the event: the rule leaves it alone, unless it was
    /// made of such a one. What is no work by its words is none only among ourselves.
    pub(super) fn new(active: &Active, made: &Made<'_>, today: NaiveDate) -> Option<Self> {
        let mut when = made.when.clone();
        if made.outcome.purpose == Purpose::NotWork && when.get("series").is_none() {
            when["guests"] = json!({ "max": 0 });
        }
        let plain = when.clone();
        when["not"] = json!({ "project_code": {} });
        let careful = active.rules.reads_codes().then(|| Self::with(active, &Made { when: &when, ..*made }, today)).flatten();
        careful.or_else(|| Self::with(active, &Made { when: &plain, ..*made }, today))
    }

    fn with(active: &Active, made: &Made<'_>, today: NaiveDate) -> Option<Self> {
        let id = name(made);
        let file = format!("made-{id}.yaml");
        let (rule, test) = written(active, &id, made);
        let yaml = even(format!("# Made from a decision in the queue.\nrules:\n{rule}tests:\n{test}"));
        let mut files = active.files.clone();
        if files.insert(format!("rules/{file}"), yaml.clone()).is_some() {
            return None;
        }
        let failing = |set: &Active| run_tests(&set.rules).into_iter().filter(|test| !test.differences.is_empty()).count();
        let before = failing(active);
        let active = Active::proposed(files, &active.policy, today).ok()?;
        // A rule that fails its own test, or that of another, is no proposal.
        if failing(&active) > before {
            return None;
        }
        Some(Self { active, proposal: Proposal { id, file, yaml, parts: (rule, test), clears: 0, changes: 0, examples: Vec::new() } })
    }
}

/// What could tell this event, from the words that most likely mean others of its kind to the series that means only itself.
/// Where people of other firms are, only the series is no work.
fn conditions(event: &Event, outcome: &Outcome, with_guests: bool) -> Vec<(String, serde_json::Value)> {
    let title = event.fact.text.title.trim();
    let words: Vec<&str> = title.split_whitespace().filter(|word| !word.chars().any(|char| char.is_ascii_digit())).collect();
    let phrase = words.join(" ");
    let trimmed = phrase.trim_matches(|char: char| !char.is_alphanumeric());
    let mut found = Vec::new();
    if trimmed.chars().count() > 2 && title.contains(trimmed) {
        found.push((trimmed.to_owned(), json!({ "title": { "words": [trimmed] } })));
    }
    if title.chars().count() > 2 && title != trimmed {
        found.push((title.to_owned(), json!({ "title": { "words": [title] } })));
    }
    if event.fact.recurring {
        found.push((format!("series {trimmed}"), json!({ "series": [event.fact.ical_uid] })));
    }
    if with_guests && outcome.purpose == Purpose::NotWork {
        found.retain(|(_, when)| when.get("series").is_some());
    }
    found
}

/// The rule and its test.
fn written(active: &Active, id: &str, made: &Made<'_>) -> (String, String) {
    let Made { event, outcome, when, over, .. } = made;
    let text = &event.fact.text;
    let people: Vec<&str> = text.attendees.iter().filter(|one| !one.resource).map(|one| one.email.as_str()).collect();
    let (effect, expect) = match &outcome.purpose {
        Purpose::NotWork => ("skip: not work".to_owned(), format!("outcome: skipped, by: {id}")),
        Purpose::Project(code) => sets(id, "project", code, &outcome.details),
        Purpose::Client(key) => sets(id, "client", key, &outcome.details),
    };
    let section = active.rules.section_for_overrides();
    let mut more = String::new();
    if when.get("series").is_some() {
        more = format!(", recurring: true, series: {}", quoted(&event.fact.ical_uid));
    }
    if let Some(organizer) = text.organizer.as_deref().filter(|_| when.get("organizer").is_some()) {
        more = format!(", organizer: {}", quoted(organizer));
    }
    let over = if over.is_empty() { String::new() } else { format!("    over: {}\n", flow(&json!(over))) };
    (
        format!("  - id: {id}\n    section: {section}\n{over}    when: {}\n    {effect}\n", flow(when)),
        format!(
            "  - name: {}\n    event: {{title: {}, attendees: {}{more}}}\n    expect: {{{expect}}}\n",
            quoted(id),
            quoted(&text.title),
            flow(&json!(people))
        ),
    )
}

/// What a rule sets, and what its test expects from it.
fn sets(id: &str, field: &str, value: &str, Details { task, billable }: &Details) -> (String, String) {
    let value = Some((field, quoted(value)));
    let task = task.as_ref().map(|task| ("task", quoted(task)));
    let said: Vec<_> = [value, task, billable.map(|yes| ("billable", yes.to_string()))].into_iter().flatten().collect();
    let pairs = |of: &dyn Fn(&(&str, String)) -> String| said.iter().map(of).collect::<Vec<_>>().join(", ");
    let values = pairs(&|(field, value)| format!("{field}: {value}"));
    let givers = pairs(&|(field, _)| format!("{field}: {id}"));
    (format!("set: {{{values}}}"), format!("{values}, by: {{{givers}}}"))
}

/// Words as an id: kebab-case, and with what tells two alike ones apart.
fn name(Made { words, when, .. }: &Made<'_>) -> String {
    let plain: String = words.to_lowercase().chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    let parts: Vec<_> = plain.split('-').filter(|part| !part.is_empty()).take(6).collect();
    let digest = crate::model::ids::digest(&format!("{words} {when}"));
    format!("{}{}{}", parts.join("-"), if parts.is_empty() { "rule-" } else { "-" }, &digest[..4])
}

/// The date from which a proposal was tried.
pub(crate) fn tried_from(now: DateTime<Utc>) -> NaiveDate {
    now.date_naive() - Days::new(DAYS)
}
