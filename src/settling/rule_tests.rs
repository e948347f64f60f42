//! The tests that stand in rule files: run, made of an event, and what they reach. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::{Mapping, Value};

use super::rehearsal::{Rehearsed, rehearse};
use crate::{
    model::catalog::Field,
    rules::{
        RuleSet, Spot,
        coverage::Reach,
        expectations::{is_same, shown, texts},
        lint::Tested,
        syntax::{Expect, Test},
        written::WrittenEvent,
    },
    yaml::block::block,
};

/// How one test went: no differences, or each field that came out otherwise.
#[derive(Debug)]
pub(crate) struct TestResult {
    pub(crate) spot: Spot,
    pub(crate) name: String,
    pub(crate) differences: Vec<Difference>,
}

impl TestResult {
    /// What came out otherwise, for whoever wrote the test.
    pub(crate) fn told(&self) -> String {
        let line = |one: &Difference| format!("\n     {:<12} expected {}, got {}", one.field, one.expected, one.got);
        format!("FAIL {} ({}){}", self.name, self.spot, self.differences.iter().map(line).collect::<String>())
    }
}

/// One field that came out otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// Runs every test of the rule files.
pub(crate) fn run_tests(rules: &RuleSet) -> Vec<TestResult> {
    let run = |(spot, test): (&Spot, &Test)| {
        let differences = match rehearse(rules, &test.event, &test.same_day) {
            Ok(rehearsed) => differences(&test.expect, &rehearsed),
            Err(problem) => vec![Difference { field: "event".to_owned(), expected: "an event".to_owned(), got: problem }],
        };
        TestResult { spot: spot.clone(), name: test.name.clone(), differences }
    };
    rules.tests().map(run).collect()
}

/// How many tests a rule had a part in, and its alternatives that no test fits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Covered {
    pub(crate) rule: String,
    pub(crate) tests: usize,
    /// Whether a test expects something that came from it.
    pub(crate) is_expected: bool,
    pub(crate) alternatives: usize,
    pub(crate) missed: Vec<String>,
}

/// Every rule in the order in which it is asked, then those of `suspicious`, with what the tests reach of each.
#[derive(Debug)]
pub(crate) struct Coverage(pub(crate) Vec<Covered>);

impl Coverage {
    pub(crate) fn tested(&self) -> Tested {
        let those = |is: fn(&Covered) -> bool| self.0.iter().filter(|one| is(one)).map(|one| one.rule.clone()).collect();
        Tested { reached: those(|one| one.tests > 0), expected: those(|one| one.is_expected) }
    }
}

/// Runs every test, and notes which rules and alternatives have a part in it.
pub(crate) fn coverage(rules: &RuleSet) -> Coverage {
    let (mut tests, mut held): (BTreeMap<String, usize>, BTreeSet<(String, String)>) = Default::default();
    let mut expected = BTreeSet::new();
    let rehearsed = rules.tests().filter_map(|(_, test)| Some((test, rehearse(rules, &test.event, &test.same_day).ok()?)));
    for (test, rehearsed) in rehearsed {
        expected.extend(givers(&test.expect, &rehearsed));
        let raised = rehearsed.drafted.questions.iter().flat_map(|question| &question.open);
        let suspicious: BTreeSet<String> = raised.filter_map(|reason| reason.evidence["rule"].as_str().map(str::to_owned)).collect();
        // What a rule of `suspicious` would ask may be asked already, or of no entry: raising it is what counts.
        let is_of_entries = |rule: &str| rules.suspicious().any(|one| one.rule == rule);
        let asked = rehearsed.reach.iter().filter(|reach| !is_of_entries(&reach.rule)).map(|reach| reach.rule.clone());
        asked.chain(suspicious).collect::<BTreeSet<_>>().into_iter().for_each(|rule| *tests.entry(rule).or_default() += 1);
        let branches =
            rehearsed.reach.into_iter().flat_map(|reach| reach.branches.into_iter().map(move |branch| (reach.rule.clone(), branch)));
        held.extend(branches);
    }
    let covered = |reach: Reach| Covered {
        tests: tests.get(&reach.rule).copied().unwrap_or_default(),
        is_expected: expected.contains(&reach.rule),
        alternatives: reach.branches.len(),
        missed: reach.branches.into_iter().filter(|branch| !held.contains(&(reach.rule.clone(), branch.clone()))).collect(),
        rule: reach.rule,
    };
    Coverage(rules.alternatives().into_iter().chain(rules.suspicious()).map(covered).collect())
}

/// The rules from which came what a test expects.
fn givers(expect: &Expect, rehearsed: &Rehearsed) -> BTreeSet<String> {
    let of_field = |key: &String| key.parse().ok().and_then(|field| rehearsed.giver(field));
    let skipped = || rehearsed.verdict.skip.as_ref().map(|skip| skip.rule.clone());
    let of_key = |key: &String| match key.as_str() {
        "outcome" => skipped(),
        _ => of_field(key),
    };
    expect.keys().filter_map(of_key).flat_map(|rules| rules.split(", ").map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn differences(expect: &Expect, rehearsed: &Rehearsed) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |field: &str, expected: String, got: Option<String>| {
        let got = got.unwrap_or_else(|| "nothing".to_owned());
        if !is_same(field.trim_end_matches(" by"), &expected, &got) {
            found.push(Difference { field: field.to_owned(), expected, got });
        }
    };
    for (key, expected) in expect {
        match (key.as_str(), expected) {
            ("outcome", word) => compare(key, shown(word), Some(rehearsed.outcome().to_owned())),
            ("reason", wanted) => {
                let got = rehearsed.reasons();
                let there = texts(wanted).all(|reason| got.iter().any(|one| one == reason));
                let got = if there {
                    shown(wanted)
                } else if got.is_empty() {
                    "nothing".to_owned()
                } else {
                    got.join(", ")
                };
                compare(key, shown(wanted), Some(got));
            }
            ("by", Value::Mapping(by)) => {
                for (field, rule) in by {
                    let name = shown(field);
                    let got = name.parse().ok().and_then(|field| rehearsed.giver(field));
                    compare(&format!("{name} by"), shown(rule), got);
                }
            }
            ("by", rule) => compare(key, shown(rule), rehearsed.verdict.skip.as_ref().map(|skip| skip.rule.clone())),
            (field, value) => compare(key, shown(value), field.parse().ok().and_then(|field| rehearsed.value(field))),
        }
    }
    found
}

/// A test that passes: what the rules make of an event now, field by field, and which rule gave each.
pub(crate) fn test_of(rules: &RuleSet, name: &str, event: &Value, same_day: &[Value]) -> Result<String, String> {
    let read = |value: &Value| serde_yaml::from_value::<WrittenEvent>(value.clone()).map_err(|error| error.to_string());
    let others = same_day.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let rehearsed = rehearse(rules, &read(event)?, &others)?;
    // A name is read in a line of a table.
    let name =
        name.split(|char: char| char.is_whitespace() || char.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let mut test = Mapping::from_iter([("name".into(), name.into()), ("event".into(), event.clone())]);
    if !same_day.is_empty() {
        test.insert("same_day".into(), Value::Sequence(same_day.to_vec()));
    }
    test.insert("expect".into(), Value::Mapping(rehearsed.expectation()));
    Ok(block(&Value::Sequence(vec![Value::Mapping(test)]), 2))
}

impl Rehearsed {
    /// Everything that a test may expect of it.
    fn expectation(&self) -> Mapping {
        let mut expect = Mapping::from_iter([("outcome".into(), self.outcome().into())]);
        let reasons: Vec<Value> = self.reasons().into_iter().map(Value::from).collect();
        if !reasons.is_empty() {
            expect.insert("reason".into(), Value::Sequence(reasons));
        }
        if let Some(skip) = &self.verdict.skip {
            expect.insert("by".into(), skip.rule.as_str().into());
            return expect;
        }
        let mut by = Mapping::new();
        for field in Field::ALL {
            let Some(value) = self.value(*field) else { continue };
            // A flag is no text.
            expect.insert(field.as_str().into(), value.parse().map_or_else(|_| value.as_str().into(), Value::Bool));
            by.extend(self.giver(*field).map(|rules| (Value::from(field.as_str()), each(&rules))));
        }
        if !by.is_empty() {
            expect.insert("by".into(), Value::Mapping(by));
        }
        expect
    }
}

/// Tags may come from several rules.
fn each(rules: &str) -> Value {
    if rules.contains(", ") { Value::Sequence(rules.split(", ").map(Value::from).collect()) } else { rules.into() }
}
