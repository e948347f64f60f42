//! What two rule sets say otherwise of the events in the book, by cause. Their texts do not matter.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::derive::verdicts;
use crate::{
    model::{
        catalog::Field,
        event::Event,
        ids,
        verdict::{BillableDefault, Claim, Defaults, Share, Verdict},
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

/// How many events differ in one way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Differing {
    pub(crate) events: usize,
    pub(crate) seconds: i64,
    pub(crate) examples: Vec<(NaiveDate, String)>,
}

/// Judges every event of a span under both.
pub(crate) async fn compare(store: &Store, one: &RuleSet, other: &RuleSet, (from, to): (NaiveDate, NaiveDate)) -> Result<Behaviour, Error> {
    let mut found = Behaviour::default();
    let mut groups: BTreeMap<Cause, Differing> = BTreeMap::new();
    for staff in store.read().await?.staff().await? {
        let events = store.read().await?.events_on(staff.id, from.max(staff.first_day), to).await?;
        let live: Vec<&Event> = events.iter().filter(|event| event.is_live()).collect();
        let (before, after) = (verdicts(&staff, live.iter().copied(), one), verdicts(&staff, live.iter().copied(), other));
        found.events += live.len();
        for event in live {
            let (Some(before), Some(after)) = (before.get(&event.id), after.get(&event.id)) else { continue };
            let causes = differences(before, after);
            found.differing += usize::from(!causes.is_empty());
            for cause in causes {
                let seen = groups.entry(cause).or_default();
                seen.events += 1;
                seen.seconds += event.fact.span.seconds().unwrap_or(0);
                if seen.examples.len() < EXAMPLES {
                    seen.examples.push((staff.zones.first_date(&event.fact.span), ids::short(event.id.0)));
                }
            }
        }
    }
    found.groups = groups.into_iter().collect();
    // What touches most stands first.
    found.groups.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.events));
    Ok(found)
}

/// Pure: every way in which one verdict differs from the other. Of a skipped event nothing else is said.
fn differences(before: &Verdict, after: &Verdict) -> Vec<Cause> {
    let outcome = (outcome(before), outcome(after));
    if outcome.0.0 != outcome.1.0 {
        return vec![cause("outcome", outcome.0, outcome.1)];
    }
    if before.skip.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut compare = |what: &str, before: (String, String), after: (String, String)| {
        if before.0 != after.0 {
            found.push(cause(what, before, after));
        }
    };
    for field in Field::ALL {
        // A project says whose it is.
        let follows = *field == Field::Client && before.value(Field::Project).is_some() && after.value(Field::Project).is_some();
        if !follows {
            compare(field.as_str(), value(before, *field), value(after, *field));
        }
    }
    compare("split", split(before), split(after));
    compare("hours", hours(before), hours(after));
    compare("conflict", conflict(before), conflict(after));
    compare("defaults", defaults(before), defaults(after));
    if before.suspicions != after.suspicions {
        let (before, mut after) = (suspicions(before), suspicions(after));
        if before.0 == after.0 {
            after.0.push_str(", asked otherwise");
        }
        found.push(cause("suspicion", before, after));
    }
    found
}

fn cause(what: &str, before: (String, String), after: (String, String)) -> Cause {
    let shown = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
    let of = |rule: String| if rule.is_empty() { "no rule".to_owned() } else { rule };
    Cause { what: what.to_owned(), from: shown(before.0), to: shown(after.0), rules: (of(before.1), of(after.1)) }
}

/// Whether anything is known of it, and which rule says so.
fn outcome(verdict: &Verdict) -> (String, String) {
    let named = [Field::Project, Field::Client].into_iter().find_map(|field| verdict.fields.get(&field));
    match (&verdict.skip, &verdict.split, named) {
        (Some(skip), _, _) => ("skipped".to_owned(), skip.rule.clone()),
        (None, Some(split), _) => ("known".to_owned(), split.rule.clone()),
        (None, None, Some(claim)) => ("known".to_owned(), claim.rule.to_string()),
        (None, None, None) => ("unmatched".to_owned(), String::new()),
    }
}

fn value(verdict: &Verdict, field: Field) -> (String, String) {
    let joined = |claims: Vec<&Claim>| {
        let of = |text: fn(&Claim) -> &str| claims.iter().map(|claim| text(claim)).collect::<Vec<_>>().join(", ");
        (of(|claim| &claim.value), of(|claim| &claim.rule))
    };
    match field {
        Field::Tags => joined(verdict.tags.iter().collect()),
        field => joined(verdict.fields.get(&field).into_iter().collect()),
    }
}

fn split(verdict: &Verdict) -> (String, String) {
    let Some(split) = &verdict.split else { return Default::default() };
    let of = |share: &Share| {
        let parts = [share.project.as_ref().or(share.client.as_ref()), share.task.as_ref()];
        let words: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
        format!("{} % {}", share.percent, words.join(" "))
    };
    (split.shares.iter().map(of).collect::<Vec<_>>().join(", "), split.rule.clone())
}

fn hours(verdict: &Verdict) -> (String, String) {
    verdict.hours.as_ref().map(|hours| (format!("{} h", hours.seconds / 3600), hours.rule.clone())).unwrap_or_default()
}

fn conflict(verdict: &Verdict) -> (String, String) {
    let told = verdict.conflicts().map(|lost| format!("{} against {}", lost.won.value, lost.lost.value));
    let rules = verdict.conflicts().map(|lost| lost.lost.rule.clone());
    (told.collect::<Vec<_>>().join(", "), rules.collect::<Vec<_>>().join(", "))
}

fn defaults(verdict: &Verdict) -> (String, String) {
    let Defaults { task, billable, description } = &*verdict.defaults;
    let billable = billable.map(|default| match default {
        BillableDefault::Fixed(yes) => yes.to_string(),
        BillableDefault::Project => "as the project".to_owned(),
    });
    let named = [("task", task), ("billable", &billable), ("description", description)];
    let told = named.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
    (told.collect::<Vec<_>>().join(", "), "defaults".to_owned())
}

fn suspicions(verdict: &Verdict) -> (String, String) {
    let reasons = verdict.suspicions.iter().map(|one| one.reason.clone());
    (reasons.collect::<Vec<_>>().join(", "), verdict.suspicions.iter().map(|one| one.rule.clone()).collect::<Vec<_>>().join(", "))
}
