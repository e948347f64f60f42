//! Tests that stand beside the rules: an event as people write one, and what ought to come of it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    RuleSet, Scene,
    conditions::seconds,
    syntax::{Test, TestEvent},
};
use crate::model::{
    catalog::Field,
    event::{Attendee, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    residual::Decided,
    verdict::{BillableDefault, Verdict},
};

/// How one test went: no differences, or each field that came out otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestResult {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) differences: Vec<String>,
}

/// Monday morning, for tests whose event says no time.
const SOME_MONDAY: &str = "2026-03-09T10:00:00Z";

impl RuleSet {
    /// Runs every test of the rule files.
    pub(crate) fn run_tests(&self) -> Vec<TestResult> {
        let run =
            |(file, test): &(String, Test)| TestResult { file: file.clone(), name: test.name.clone(), differences: self.differences(test) };
        self.tests.iter().map(run).collect()
    }

    fn differences(&self, test: &Test) -> Vec<String> {
        let fact = fact(&test.event);
        let addresses: Vec<String> = test.event.attendees.first().cloned().into_iter().collect();
        let response = test.event.my_response.unwrap_or(Response::Accepted);
        let scene = Scene { fact: &fact, response, calendar: &test.event.calendar, addresses: &addresses, zone: chrono_tz::UTC };
        let verdict = self.judge(&scene);
        let outcome = Outcome::of(self, &verdict, &fact);
        let mut differences = Vec::new();
        for (key, expected) in &test.expect {
            match (key.as_str(), expected) {
                ("by", serde_yaml::Value::Mapping(by)) => {
                    differences.extend(by.iter().filter_map(|(field, rule)| outcome.by(&verdict, field, rule)));
                }
                ("by", rule) => differences.extend(differs("by", rule, verdict.skip.as_ref().map(|skip| skip.rule.clone()))),
                ("reason", reason) => differences.extend(
                    (!outcome.reasons.iter().any(|one| Some(one.as_str()) == reason.as_str()))
                        .then(|| format!("reason: expected {}, got {}", show(reason), outcome.reasons.join(", "))),
                ),
                (key, expected) => differences.extend(differs(key, expected, outcome.value(key))),
            }
        }
        differences
    }
}

/// What a test may ask about.
struct Outcome {
    word: &'static str,
    reasons: Vec<String>,
    values: Vec<(Field, String)>,
}

impl Outcome {
    /// The checks of drafting that need no other event, on the values the rules alone give.
    fn of(set: &RuleSet, verdict: &Verdict, fact: &Fact) -> Self {
        let mut values: Vec<(Field, String)> = verdict.fields.iter().map(|(field, claim)| (*field, claim.value.clone())).collect();
        let has = |values: &[(Field, String)], field| values.iter().any(|(one, _)| *one == field);
        if verdict.is_matched() {
            let project = verdict.value(Field::Project).and_then(|code| set.catalog.project(code)).map(|(_, project)| project.billable);
            let billable = if let Some(BillableDefault::Fixed(yes)) = verdict.defaults.billable { Some(yes) } else { project };
            values.extend(billable.filter(|_| !has(&values, Field::Billable)).map(|yes| (Field::Billable, yes.to_string())));
            values.extend(verdict.defaults.task.clone().filter(|_| !has(&values, Field::Task)).map(|task| (Field::Task, task)));
        }
        let value = |field| values.iter().find(|(one, _)| *one == field).map(|(_, value)| value.as_str());
        let mut reasons = Vec::new();
        let mut raise = |holds: bool, reason: &str| reasons.extend(holds.then(|| reason.to_owned()));
        raise(!verdict.conflicts.is_empty(), "conflict");
        raise(!verdict.unknown_codes.is_empty(), "unknown-code");
        let unmatched = !verdict.is_matched() && !fact.visibility.is_private();
        raise(unmatched, "unmatched");
        raise(!unmatched && set.catalog.required_for(value(Field::Project)).iter().any(|field| value(*field).is_none()), "missing-field");
        let decided = Decided {
            client: value(Field::Client),
            project: value(Field::Project),
            task: value(Field::Task),
            billable: value(Field::Billable).map(|word| word == "true"),
            seconds: fact.span.seconds().unwrap_or(0),
            confidence: verdict.confidence,
        };
        verdict.suspicions.iter().filter(|one| one.when.holds(&decided)).for_each(|one| raise(true, &one.reason));
        let word = if verdict.skip.is_some() {
            "skipped"
        } else if reasons.is_empty() {
            "entry"
        } else {
            "exception"
        };
        Self { word, reasons, values }
    }

    fn value(&self, key: &str) -> Option<String> {
        match key {
            "outcome" => Some(self.word.to_owned()),
            field => self.values.iter().find(|(one, _)| one.as_str() == field).map(|(_, value)| value.clone()),
        }
    }

    fn by(&self, verdict: &Verdict, field: &serde_yaml::Value, rule: &serde_yaml::Value) -> Option<String> {
        let name = show(field);
        let claim = name.parse().ok().and_then(|field: Field| verdict.fields.get(&field));
        let got = claim.map(|claim| claim.rule.clone()).or_else(|| self.value(&name).map(|_| "defaults".to_owned()));
        differs(&format!("{name} by"), rule, got)
    }
}

fn differs(key: &str, expected: &serde_yaml::Value, got: Option<String>) -> Option<String> {
    let expected = show(expected);
    let got = got.unwrap_or_else(|| "nothing".to_owned());
    (expected != got).then(|| format!("{key}: expected {expected}, got {got}"))
}

fn show(value: &serde_yaml::Value) -> String {
    serde_yaml::to_string(value).map(|text| text.trim().trim_matches('\'').to_owned()).unwrap_or_default()
}

fn fact(event: &TestEvent) -> Fact {
    let parsed = event.start.as_ref().and_then(|text| format!("{}:00Z", text.get(..16)?).parse().ok());
    let start: DateTime<Utc> = parsed.or_else(|| SOME_MONDAY.parse().ok()).unwrap_or_default();
    let length = event.duration.as_deref().and_then(seconds).unwrap_or(3600);
    let attendee = |email: &String| Attendee { email: email.to_lowercase(), name: None, resource: false, response: Response::Accepted };
    Fact {
        provider_id: "test".into(),
        ical_uid: "test".into(),
        recurring: event.recurring,
        original_start: None,
        span: Span::Timed { start, end: start + TimeDelta::seconds(length), zone: chrono_tz::UTC },
        status: event.status.unwrap_or(EventStatus::Confirmed),
        show_as: event.show_as.unwrap_or(ShowAs::Busy),
        visibility: event.visibility.unwrap_or(Visibility::Public),
        text: Text {
            title: event.title.clone(),
            description: event.description.clone(),
            location: event.location.clone(),
            organizer: event.organizer.as_ref().map(|email| email.to_lowercase()),
            attendees: event.attendees.iter().map(attendee).collect(),
            categories: event.categories.clone(),
        },
    }
}
