//! Tests in rule files: what they may expect. Running them is `settling`'s, since their outcome is that of a real day.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{
    RuleSet, Spot,
    findings::{Findings, Place, meant},
    syntax::Test,
};
use crate::{
    model::{catalog::Field, exception::STRUCTURAL},
    yaml::{code::Code, diagnostic::Source, gate::Positions},
};

/// Keys of `expect` besides the fields of an entry.
const KEYS: &[&str] = &["outcome", "reason", "by"];
const OUTCOMES: &[&str] = &["entry", "exception", "skipped", "none"];

/// What may stand under `expect`, as a schema; its values are those of the fields.
pub(super) struct Expected;

impl JsonSchema for Expected {
    fn schema_name() -> Cow<'static, str> {
        "expect".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let fields = Field::ALL.iter().map(|field| (field.as_str(), json!({})));
        let by_field: Map<String, Value> = Field::ALL.iter().map(|field| (field.to_string(), json!({ "type": "string" }))).collect();
        let others = [
            ("outcome", json!({ "enum": OUTCOMES })),
            ("reason", json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })),
            ("by", json!({ "anyOf": [{ "type": "string" }, { "type": "object", "properties": by_field, "additionalProperties": false }] })),
        ];
        let properties: Map<String, Value> = fields.chain(others).map(|(key, value)| (key.to_owned(), value)).collect();
        json_schema!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1 })
    }
}

/// Says what the tests of one file expect that can never be: an unknown key, rule or reason. A test that names a rule which is not
/// there would otherwise never fail for the right reason.
pub(super) fn check(set: &RuleSet, source: &Source, positions: &Positions, findings: &mut Findings) {
    let mine = set.tests.iter().filter(|(spot, _)| spot.file == source.name);
    let mut names: Vec<&str> = Vec::new();
    for (index, (_, test)) in mine.enumerate() {
        let path = format!("tests[{index}]");
        let place = Place { source, positions, path: &path };
        if names.contains(&test.name.as_str()) {
            place.complain(findings, Code::Twice, "name", format!("the test `{}` stands twice", test.name), "rename one");
        }
        names.push(&test.name);
        one(set, test, &place, findings);
    }
}

fn one(set: &RuleSet, test: &Test, place: &Place<'_>, findings: &mut Findings) {
    if let Err(problem) = test.event.fact(set.zone.unwrap_or(chrono_tz::UTC)) {
        place.complain(findings, Code::WrongValue, "event", problem, "times are written as 2026-03-09T10:00");
    }
    if test.expect.is_empty() {
        place.complain(findings, Code::NoEffect, "name", "this test expects nothing".to_owned(), "name a field, `outcome` or `reason`");
    }
    for (key, value) in &test.expect {
        let at = format!("expect.{key}");
        let word = value.as_str().unwrap_or_default();
        match key.as_str() {
            "outcome" if !OUTCOMES.contains(&word) => {
                let label = meant(word, OUTCOMES.iter().copied());
                place.complain(findings, Code::WrongValue, &at, format!("`{word}` is no outcome"), &label);
            }
            "reason" => reasons(value).for_each(|reason| is_reason(set, reason, &at, place, findings)),
            "by" => by(value).for_each(|rule| is_rule(set, rule, &at, place, findings)),
            key if !KEYS.contains(&key) && key.parse::<Field>().is_err() => {
                let known = KEYS.iter().copied().chain(Field::ALL.iter().map(|field| field.as_str()));
                let label = meant(key, known);
                place.complain_of_key(findings, Code::UnknownKey, &at, format!("`{key}` is not known here"), &label);
            }
            _ => {}
        }
    }
}

/// One reason or several.
pub(crate) fn reasons(value: &serde_yaml::Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_sequence().into_iter().flatten().filter_map(serde_yaml::Value::as_str))
}

fn by(value: &serde_yaml::Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_mapping().into_iter().flat_map(|map| map.values().filter_map(serde_yaml::Value::as_str)))
}

fn is_reason(set: &RuleSet, reason: &str, at: &str, place: &Place<'_>, findings: &mut Findings) {
    let policy = set.policy_reasons();
    if !STRUCTURAL.contains(&reason) && !policy.contains(reason) {
        let label = meant(reason, STRUCTURAL.iter().copied().chain(policy));
        place.complain(findings, Code::Reason, at, format!("nothing raises `{reason}`"), &label);
    }
}

fn is_rule(set: &RuleSet, rule: &str, at: &str, place: &Place<'_>, findings: &mut Findings) {
    if !set.places.contains_key(rule) {
        let label = meant(rule, set.places.keys().map(String::as_str));
        place.complain(findings, Code::Unknown, at, format!("there is no rule `{rule}`"), &label);
    }
}

impl RuleSet {
    /// The tests of all files, each with where it stands.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&Spot, &Test)> {
        self.tests.iter().map(|(spot, test)| (spot, test))
    }
}
