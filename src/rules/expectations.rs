//! Tests in rule files: what they may expect. Running them is `settling`'s, since their outcome is that of a real day.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use serde_yaml::Value as Yaml;

use super::{
    RuleSet, Spot,
    findings::{Findings, Place, meant},
    syntax::{Expect, Test},
};
use crate::{
    model::{catalog::Field, exception::STRUCTURAL},
    yaml::{code::Code, diagnostic::Source, positions::Positions},
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
        let texts = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] });
        let by_field: Map<String, Value> = Field::ALL.iter().map(|field| (field.to_string(), texts.clone())).collect();
        let others = [
            ("outcome", json!({ "enum": OUTCOMES })),
            ("reason", texts),
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
        let is_field = key.parse::<Field>().is_ok();
        match (key.as_str(), value) {
            ("outcome", Yaml::String(word)) if !OUTCOMES.contains(&word.as_str()) => {
                let label = meant(word, OUTCOMES.iter().copied());
                place.complain(findings, Code::WrongValue, &at, format!("`{word}` is no outcome"), &label);
            }
            ("reason", _) if are_texts(value) => texts(value).for_each(|reason| is_reason(set, reason, &at, place, findings)),
            ("by", Yaml::String(rule)) => is_rule(set, rule, &at, place, findings),
            ("by", Yaml::Mapping(map)) if !map.is_empty() => by_field(set, map, place, findings),
            ("outcome", Yaml::String(_)) => {}
            ("outcome", _) => is_no("an outcome", &format!("write one of {}", OUTCOMES.join(", ")), &at, place, findings),
            ("reason", _) => is_no("a reason or a list of reasons", "write it as `reason: conflict`", &at, place, findings),
            ("by", _) => is_no("a rule, or fields with their rules", BY, &at, place, findings),
            (_, Yaml::Mapping(_)) if is_field => is_no("a value", "write the value alone, or `nothing`", &at, place, findings),
            _ if is_field => {}
            _ => is_no_key(key, KEYS.iter().copied().chain(fields()), &at, place, findings),
        }
    }
}

/// How `by` is written.
const BY: &str = "write `by: its-name` of a rule that skipped it, or `by: {client: its-name}`";

/// Which rule gave a field; tags may come from several.
fn by_field(set: &RuleSet, map: &serde_yaml::Mapping, place: &Place<'_>, findings: &mut Findings) {
    for (key, value) in map {
        let key = key.as_str().unwrap_or_default();
        let at = format!("expect.by.{key}");
        match () {
            () if key.parse::<Field>().is_err() => is_no_key(key, fields(), &at, place, findings),
            () if are_texts(value) => texts(value).for_each(|rule| is_rule(set, rule, &at, place, findings)),
            () => is_no("the name of a rule", BY, &at, place, findings),
        }
    }
}

fn fields() -> impl Iterator<Item = &'static str> {
    Field::ALL.iter().map(|field| field.as_str())
}

fn is_no(wanted: &str, label: &str, at: &str, place: &Place<'_>, findings: &mut Findings) {
    place.complain(findings, Code::WrongType, at, format!("expected {wanted}"), label);
}

fn is_no_key<'a>(key: &str, known: impl Iterator<Item = &'a str>, at: &str, place: &Place<'_>, findings: &mut Findings) {
    place.complain_of_key(findings, Code::UnknownKey, at, format!("`{key}` is not known here"), &meant(key, known));
}

/// One text or several, such as reasons or rules.
pub(crate) fn texts(value: &Yaml) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_sequence().into_iter().flatten().filter_map(Yaml::as_str))
}

/// What a test expects of a field as text: of a list all of it, null for what is not set.
pub(crate) fn shown(value: &Yaml) -> String {
    match value {
        Yaml::Null => "nothing".to_owned(),
        Yaml::Sequence(list) => list.iter().map(shown).collect::<Vec<_>>().join(", "),
        Yaml::String(text) => text.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
    }
}

/// Whether two texts say the same of a field. Tags add up, in any order.
pub(crate) fn is_same(field: &str, one: &str, other: &str) -> bool {
    let in_order = |text: &str| {
        let mut tags: Vec<_> = text.split(", ").map(str::to_owned).collect();
        tags.sort_unstable();
        tags
    };
    one == other || (field == Field::Tags.as_str() && in_order(one) == in_order(other))
}

fn are_texts(value: &Yaml) -> bool {
    match value {
        Yaml::Sequence(all) => !all.is_empty() && all.iter().all(Yaml::is_string),
        other => other.is_string(),
    }
}

/// Every rule that a test names.
pub(super) fn named(expect: &Expect) -> Vec<&str> {
    match expect.get("by") {
        Some(Yaml::Mapping(map)) => map.values().flat_map(texts).collect(),
        by => by.into_iter().flat_map(texts).collect(),
    }
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
