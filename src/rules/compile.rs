//! Rule files to a rule set: names resolved, order fixed, everything wrong told at once.

use std::{collections::HashMap, ops::Range};

use super::{
    RuleSet,
    conditions::{self, seconds},
    identity::Identity,
    matching::Condition,
    syntax::{self, RulesFile},
};
use crate::{
    model::{
        catalog::{Catalog, Field},
        policy::DayLimit,
        verdict::{BillableDefault, Confidence, Defaults},
    },
    yaml::{
        diagnostic::{Diagnostic, Source},
        gate::Positions,
    },
};

/// A rule, ready to be asked.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    /// Position among the sections.
    pub(super) section: usize,
    pub(super) over: Vec<String>,
    pub(super) when: Condition,
    pub(super) effect: Effect,
    pub(super) tags: Vec<String>,
    pub(super) stop: bool,
    pub(super) confidence: Option<Confidence>,
}

#[derive(Debug)]
pub(super) enum Effect {
    Set(Vec<(Field, String)>),
    Skip(String),
    Review(String),
}

#[derive(Debug)]
pub(super) struct Suspicious {
    pub(super) id: String,
    pub(super) reason: String,
    pub(super) text: String,
    pub(super) when: Condition,
}

/// Everything found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<(Source, Diagnostic)>);

impl Findings {
    pub(super) fn add(&mut self, source: &Source, code: &'static str, span: Range<usize>, message: String, label: &str) {
        self.0.push((source.clone(), Diagnostic { code, message, span, label: label.to_owned(), also: None }));
    }

    pub(super) fn keep<T>(&mut self, source: &Source, read: Result<T, Vec<Diagnostic>>) -> Option<T> {
        read.map_err(|found| self.0.extend(found.into_iter().map(|one| (source.clone(), one)))).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<(Source, Diagnostic)> {
        self.0
    }
}

/// One place in one file, to complain about.
pub(super) struct Place<'a> {
    pub(super) source: &'a Source,
    pub(super) positions: &'a Positions,
    pub(super) path: String,
}

impl Place<'_> {
    pub(super) fn complain(&self, findings: &mut Findings, code: &'static str, below: &str, message: String, label: &str) {
        let path = if below.is_empty() { self.path.clone() } else { format!("{}.{below}", self.path) };
        findings.add(self.source, code, self.positions.value(&path), message, label);
    }
}

/// The name that was probably meant.
pub(super) fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|one| (strsim::damerau_levenshtein(one, word), *one));
    match known.first() {
        Some(near) if strsim::damerau_levenshtein(near, word) <= 2 => format!("did you mean `{near}`?"),
        Some(_) => format!("known: {}", known[..known.len().min(8)].join(", ")),
        None => "there are none".to_owned(),
    }
}

/// Puts all files together.
pub(super) fn compile(files: Vec<(&Source, RulesFile, Positions)>, catalog: Catalog, digest: String, findings: &mut Findings) -> RuleSet {
    let header = files.iter().find(|(source, ..)| super::is_named(source, "rules.yaml"));
    let sections = header.map(|(_, file, _)| file.sections.clone()).unwrap_or_default();
    let our_domains: Vec<String> =
        header.map(|(_, file, _)| file.our_domains.iter().map(|domain| domain.to_lowercase()).collect()).unwrap_or_default();
    let defaults = header.map(|(_, file, _)| defaults(&file.defaults)).unwrap_or_default();
    let zone = header.and_then(|(source, file, positions)| conditions::zone(file, source, positions, findings));
    let ids: Vec<String> = files.iter().flat_map(|(_, file, _)| file.rules.iter().map(|rule| rule.id.clone())).collect();
    let mut set = RuleSet {
        identity: Identity::new(&catalog, &our_domains),
        our_domains,
        catalog,
        digest,
        day_limits: Vec::new(),
        zone,
        rules: Vec::new(),
        suspicious: Vec::new(),
        defaults,
        tests: Vec::new(),
    };
    let mut known: HashMap<String, String> = HashMap::new();
    for (source, file, positions) in files {
        set.tests.extend(file.tests.into_iter().map(|test| (source.name.clone(), test)));
        for (index, rule) in file.rules.into_iter().enumerate() {
            let place = Place { source, positions: &positions, path: format!("rules[{index}]") };
            if let Some(first) = known.insert(rule.id.clone(), source.name.clone()) {
                place.complain(
                    findings,
                    "rules::duplicate-id",
                    "id",
                    format!("the rule `{}` stands twice", rule.id),
                    &format!("also in {first}"),
                );
            }
            let rule = one(rule, &place, &sections, &ids, &set.catalog, findings);
            set.rules.push(rule);
        }
        for (index, text) in file.suspicious.into_iter().enumerate() {
            let place = Place { source, positions: &positions, path: format!("suspicious[{index}]") };
            suspicious(text, &place, &mut set, findings);
        }
    }
    // Sections order first; the sort keeps file name and position.
    set.rules.sort_by_key(|rule| rule.section);
    set
}

fn defaults(text: &syntax::Defaults) -> Defaults {
    let billable = match &text.billable {
        Some(serde_yaml::Value::Bool(yes)) => Some(BillableDefault::Fixed(*yes)),
        Some(_) => Some(BillableDefault::Project),
        None => None,
    };
    Defaults { task: text.task.clone(), billable, description: text.description.clone() }
}

fn one(rule: syntax::Rule, place: &Place<'_>, sections: &[String], ids: &[String], catalog: &Catalog, findings: &mut Findings) -> Rule {
    let section = sections.iter().position(|name| *name == rule.section).unwrap_or_else(|| {
        let label = meant(&rule.section, sections.iter().map(String::as_str));
        place.complain(findings, "rules::unknown-section", "section", format!("there is no section `{}`", rule.section), &label);
        0
    });
    for id in rule.over.0.iter().filter(|id| !ids.contains(id)) {
        place.complain(
            findings,
            "rules::unknown-rule",
            "over",
            format!("there is no rule `{id}`"),
            &meant(id, ids.iter().map(String::as_str)),
        );
    }
    names(&rule.set, place, catalog, findings);
    let when = conditions::compile(&rule.when, place, "when", catalog, findings);
    let fields = [
        (Field::Client, rule.set.client),
        (Field::Project, rule.set.project),
        (Field::Task, rule.set.task),
        (Field::Billable, rule.set.billable.map(|yes| yes.to_string())),
        (Field::Description, rule.set.description),
    ];
    let effect = match (rule.skip, rule.review) {
        (Some(why), _) => Effect::Skip(why),
        (None, Some(text)) => Effect::Review(text),
        (None, None) => Effect::Set(fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()),
    };
    let (tags, over) = (rule.set.tags.0, rule.over.0);
    Rule { id: rule.id, section, over, when, effect, tags, stop: rule.stop, confidence: rule.confidence }
}

/// Clients and projects named outright must exist.
fn names(set: &syntax::Set, place: &Place<'_>, catalog: &Catalog, findings: &mut Findings) {
    let literal = |value: &Option<String>| value.clone().filter(|value| !value.contains("${"));
    if let Some(key) = literal(&set.client).filter(|key| !catalog.clients.contains_key(key)) {
        let label = meant(&key, catalog.clients.keys().map(String::as_str));
        place.complain(findings, "rules::unknown-client", "set.client", format!("there is no client `{key}`"), &label);
    }
    if let Some(code) = literal(&set.project).filter(|code| catalog.project(code).is_none()) {
        let label = meant(&code, catalog.projects().map(|(_, project)| project.code.as_str()));
        place.complain(findings, "rules::unknown-project", "set.project", format!("there is no project `{code}`"), &label);
    }
}

fn suspicious(text: syntax::Suspicious, place: &Place<'_>, set: &mut RuleSet, findings: &mut Findings) {
    let reason = text.reason.unwrap_or_else(|| text.id.clone());
    if let Some(total) = &text.when.day_total {
        match total.min.as_deref().and_then(seconds) {
            Some(min_seconds) => set.day_limits.push(DayLimit { rule: text.id, reason, text: text.text, min_seconds }),
            None => {
                place.complain(
                    findings,
                    "rules::wrong-value",
                    "when.day_total",
                    "day_total needs `min`".into(),
                    "write it as `{min: 10h}`",
                );
            }
        }
        return;
    }
    let when = conditions::compile(&text.when, place, "when", &set.catalog, findings);
    set.suspicious.push(Suspicious { id: text.id, reason, text: text.text, when });
}
