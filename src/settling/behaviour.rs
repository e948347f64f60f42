//! What two rule sets say otherwise of the events in the book, by cause. Their texts do not matter.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;
use serde_json::Value;

use super::{activation::Active, derive::verdicts, rehearsal, totals};
use crate::{
    drafting::Drafted,
    model::{
        catalog::Field,
        entry::Draft,
        event::Event,
        exception::Reason,
        ids,
        policy::Policy,
        staff::Staff,
        verdict::{Share, Verdict},
    },
    rules::RuleSet,
    store::{Error, Store},
};

/// Examples that are kept of each difference.
const EXAMPLES: usize = 5;

/// Where two sets differ.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    /// Events that were judged.
    pub(crate) events: usize,
    /// Those of which they say something else.
    pub(crate) differing: usize,
    /// Days whose total they ask about otherwise.
    pub(crate) days: usize,
    /// What of the house policy they are under differs: what, from, to.
    pub(crate) policy: Vec<(&'static str, String, String)>,
    pub(crate) groups: Vec<(Cause, Differing)>,
}

/// One way to differ: a field or an outcome, its values, and the rules that gave them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cause {
    pub(crate) what: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) rules: (String, String),
}

impl Behaviour {
    pub(crate) fn is_same(&self) -> bool {
        self.groups.is_empty() && self.policy.is_empty()
    }
}

/// How many events, or days, differ in one way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Differing {
    pub(crate) events: usize,
    pub(crate) seconds: i64,
    pub(crate) examples: Vec<(NaiveDate, String)>,
}

/// Reads every event of a span under both: each by itself, without what people decided and what stands beside it.
/// Of a day with all that is on it, only what its total asks.
pub(crate) async fn compare(store: &Store, one: &Active, other: &Active, (from, to): (NaiveDate, NaiveDate)) -> Result<Behaviour, Error> {
    let mut found = Behaviour { policy: one.policy.differences(&other.policy), ..Behaviour::default() };
    let (one, other) = (&one.rules, &other.rules);
    let mut groups: BTreeMap<Cause, Differing> = BTreeMap::new();
    let is_same_catalog = one.catalog == other.catalog;
    for staff in store.read().await?.staff().await? {
        let events = store.read().await?.events_on(staff.id, from.max(staff.first_day), to).await?;
        let live: Vec<&Event> = events.iter().filter(|event| event.is_live()).collect();
        let (before, after) = (verdicts(&staff, live.iter().copied(), one), verdicts(&staff, live.iter().copied(), other));
        found.events += live.len();
        let mut touched = BTreeSet::new();
        for event in &live {
            let (Some(before), Some(after)) = (before.get(&event.id), after.get(&event.id)) else { continue };
            if is_same_catalog && before == after {
                continue;
            }
            let causes = differences(&said(&staff, event, before, one), &said(&staff, event, after, other));
            if !causes.is_empty() {
                found.differing += 1;
                touched.extend(staff.zones.dates(&event.fact.span));
            }
            for cause in causes {
                let seen = groups.entry(cause).or_default();
                seen.events += 1;
                seen.seconds += event.fact.span.seconds().unwrap_or(0);
                if seen.examples.len() < EXAMPLES {
                    seen.examples.push((staff.zones.first_date(&event.fact.span), ids::short(event.id.0)));
                }
            }
        }
        if one.day_limits != other.day_limits {
            touched.extend(live.iter().flat_map(|event| staff.zones.dates(&event.fact.span)));
        }
        let days = totals::differences(&staff, &live, &touched, (one, other));
        found.days += days.len();
        for (date, causes) in days {
            for cause in causes {
                let seen = groups.entry(cause).or_default();
                seen.events += 1;
                if seen.examples.len() < EXAMPLES {
                    seen.examples.push((date, ids::short(ids::of_day(staff.id, date))));
                }
            }
        }
    }
    found.groups = groups.into_iter().collect();
    // What touches most stands first.
    found.groups.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.events));
    Ok(found)
}

/// What comes of an event by itself, each with the rules that say so. Who says it is told, and is no difference.
struct Said {
    outcome: (String, String),
    fields: BTreeMap<Field, (String, String)>,
    split: (String, String),
    hours: (String, String),
    /// By reason: what is asked, which says the same in the same words only where it asks the same.
    asked: BTreeMap<String, (String, String)>,
}

fn said(staff: &Staff, event: &Event, verdict: &Arc<Verdict>, rules: &RuleSet) -> Said {
    let Drafted { entries, questions, .. } = rehearsal::draft(rules, staff, event.clone(), verdict, &Policy::default());
    let value = |field: &Field| {
        let of = |draft: &Draft| draft.body.value(*field).map(|value| (value, draft.provenance.0.get(field).map(|given| given.by.clone())));
        let (values, givers): (Vec<_>, Vec<_>) = entries.iter().filter_map(of).unzip();
        (joined(values), joined(givers.into_iter().flatten()))
    };
    let fields: BTreeMap<_, _> = Field::ALL.iter().map(|field| (*field, value(field))).collect();
    let asked = questions.iter().flat_map(|question| &question.open);
    Said {
        outcome: outcome(verdict, &entries, &fields),
        split: split(verdict),
        hours: hours(verdict, &entries),
        asked: asked.map(|reason| (reason.reason.clone(), asks(reason))).collect(),
        fields,
    }
}

/// Each once, in the order in which they come.
fn joined(all: impl IntoIterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen.join(", ")
}

/// Pure: every way in which the one differs from the other. Of an event that makes no time nothing else is said.
fn differences(before: &Said, after: &Said) -> Vec<Cause> {
    if before.outcome.0 != after.outcome.0 {
        return vec![cause("outcome", before.outcome.clone(), after.outcome.clone())];
    }
    let mut found = Vec::new();
    let mut compare = |what: &str, before: &(String, String), after: &(String, String)| {
        if before.0 != after.0 {
            found.push(cause(what, before.clone(), after.clone()));
        }
    };
    let is_divided = before.split.0 != after.split.0;
    for (field, value) in &before.fields {
        let is_told = |value: &(String, String)| !value.0.is_empty();
        // A project says whose it is, and a split what its parts are for.
        let follows = *field == Field::Client && [before, after].iter().all(|said| said.fields.get(&Field::Project).is_some_and(is_told));
        let is_of_parts = is_divided && !matches!(field, Field::Description | Field::Tags);
        if !follows && !is_of_parts {
            compare(field.as_str(), value, &after.fields[field]);
        }
    }
    compare("split", &before.split, &after.split);
    compare("hours", &before.hours, &after.hours);
    let nothing = (String::new(), String::new());
    let reasons: BTreeSet<&String> = before.asked.keys().chain(after.asked.keys()).collect();
    for reason in reasons {
        compare(reason, before.asked.get(reason).unwrap_or(&nothing), after.asked.get(reason).unwrap_or(&nothing));
    }
    found
}

pub(super) fn cause(what: &str, before: (String, String), after: (String, String)) -> Cause {
    let shown = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
    let of = |rule: String| if rule.is_empty() { "no rule".to_owned() } else { rule };
    Cause { what: what.to_owned(), from: shown(before.0), to: shown(after.0), rules: (of(before.1), of(after.1)) }
}

/// Whether anything is known of it, and which rule says so.
fn outcome(verdict: &Verdict, entries: &[Draft], fields: &BTreeMap<Field, (String, String)>) -> (String, String) {
    let named = [Field::Project, Field::Client].iter().map(|field| &fields[field]).find(|(value, _)| !value.is_empty());
    match (&verdict.skip, named) {
        (Some(skip), _) => ("skipped".to_owned(), skip.rule.clone()),
        (None, _) if entries.is_empty() => ("no time".to_owned(), String::new()),
        (None, Some((_, rules))) => ("known".to_owned(), rules.clone()),
        (None, None) => ("unmatched".to_owned(), String::new()),
    }
}

fn split(verdict: &Verdict) -> (String, String) {
    let Some(split) = &verdict.split else { return Default::default() };
    let of = |share: &Share| {
        let billable = share.billable.map(|yes| if yes { "billable".to_owned() } else { "not billable".to_owned() });
        let parts = [share.project.clone().or_else(|| share.client.clone()), share.task.clone(), billable];
        format!("{} % {}", share.percent, parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    };
    (split.shares.iter().map(of).collect::<Vec<_>>().join(", "), split.rule.clone())
}

/// What an all-day event is given.
fn hours(verdict: &Verdict, entries: &[Draft]) -> (String, String) {
    let Some(hours) = &verdict.hours else { return Default::default() };
    let seconds: i64 = entries.iter().map(|draft| draft.body.seconds).sum();
    (format!("{}:{:02} h", seconds / 3600, seconds / 60 % 60), hours.rule.clone())
}

/// What a reason asks, in words that stay when rules are renamed, and the rules that ask.
pub(super) fn asks(reason: &Reason) -> (String, String) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let several = |of: &Value| of.as_array().into_iter().flatten().filter_map(text).collect::<Vec<_>>();
    let told = match (reason.reason.as_str(), text(&reason.cause["field"])) {
        ("conflict", Some(field)) if matches!(field.as_str(), "client" | "project" | "billable") => {
            several(&reason.cause["values"]).join(" against ")
        }
        ("conflict", Some(field)) => format!("two of the {field}"),
        // On whichever date.
        ("closed-project", _) => format!("{} is not open", text(&reason.cause["project"]).unwrap_or_default()),
        _ => reason.message.clone(),
    };
    let rules = text(&reason.evidence["rule"]).into_iter().chain(several(&reason.evidence["rules"]));
    (told, joined(rules))
}
