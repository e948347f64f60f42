//! Rule files to a rule set: names resolved, order fixed, everything wrong told at once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{
    Asks, RuleSet, Spot,
    conditions::{self, Compiler},
    findings::{Findings, Place, meant},
    header::{header, own_domains_are_no_clients},
    identity::Identity,
    index::Index,
    lexicon::Lexicon,
    matching::Condition,
    suspicious::suspicious,
    syntax::{self, RulesFile},
    templates::Template,
    values::{self, Given},
};
use crate::{
    model::{
        catalog::{Catalog, Client, Field, Project},
        verdict::{Confidence, Share, SkipAs},
    },
    yaml::{
        block::on_one_line,
        code::{Code, Level},
        diagnostic::Source,
        positions::Positions,
    },
};

/// A rule, ready to be asked.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: Arc<str>,
    /// Position among the sections.
    pub(super) section: usize,
    pub(super) over: Vec<String>,
    pub(super) from: Option<NaiveDate>,
    pub(super) until: Option<NaiveDate>,
    pub(super) when: Vec<Clause>,
    pub(super) set: Vec<(Field, Template)>,
    pub(super) tags: Vec<Template>,
    pub(super) split: Vec<Share>,
    pub(super) hours: Option<i64>,
    pub(super) end: End,
    pub(super) confidence: Option<Confidence>,
}

/// Whether evaluation goes on after a rule that matched.
#[derive(Debug)]
pub(super) enum End {
    GoesOn,
    Stops,
    Skips { why: String, counts_as: Option<SkipAs> },
    Asks(String),
}

/// One key of a rule's `when`, and how it is written, for explanations.
#[derive(Debug)]
pub(super) struct Clause {
    pub(super) key: &'static str,
    pub(super) written: String,
    pub(super) condition: Condition,
}

/// A file that was read.
pub(super) type Read<'a> = (&'a Source, RulesFile, Positions);

/// Puts all files together.
pub(super) fn compile(files: &[Read<'_>], catalog: Catalog, findings: &mut Findings) -> RuleSet {
    let header = header(files, findings);
    let our_domains: Vec<String> = header.our_domains.iter().map(|domain| domain.trim().to_lowercase()).collect();
    let mut lexicon = Lexicon::default();
    let identity = Identity::new(&catalog, &our_domains, &mut lexicon);
    own_domains_are_no_clients(files, &catalog, &identity, findings);
    let ids: BTreeSet<String> = files.iter().flat_map(|(_, file, _)| file.rules.iter().map(|rule| rule.id.clone())).collect();
    let mut set = RuleSet {
        lexicon,
        identity,
        index: Index::default(),
        asks: Asks::default(),
        catalog,
        our_domains,
        day_limits: Vec::new(),
        zone: header.zone,
        sections: header.sections.clone(),
        rules: Vec::new(),
        suspicious: Vec::new(),
        defaults: Arc::new(header.defaults),
        places: header.place.into_iter().collect(),
        tests: Vec::new(),
    };
    let mut known: HashMap<String, String> = HashMap::new();
    for (source, file, positions) in files {
        for (index, rule) in file.rules.iter().cloned().enumerate() {
            let path = format!("rules[{index}]");
            let place = Place { source, positions, path: &path };
            is_once(&rule.id, &mut known, &place, findings);
            set.places.insert(rule.id.clone(), Spot::of(&place));
            let names = Names { sections: &header.sections, ids: &ids, catalog: &set.catalog, identity: &set.identity };
            let rule = one(rule, &place, &names, &mut set.lexicon, findings);
            set.rules.push(rule);
        }
        for (index, text) in file.suspicious.iter().cloned().enumerate() {
            let path = format!("suspicious[{index}]");
            let place = Place { source, positions, path: &path };
            is_once(&text.id, &mut known, &place, findings);
            set.places.insert(text.id.clone(), Spot::of(&place));
            suspicious(text, &place, &mut set, findings);
        }
        for (index, test) in file.tests.iter().cloned().enumerate() {
            let path = format!("tests[{index}]");
            set.tests.push((Spot::of(&Place { source, positions, path: &path }), test));
        }
    }
    // Sections order first; the sort keeps file name and position.
    set.rules.sort_by_key(|rule| rule.section);
    set.lexicon.seal();
    set.index = Index::new(&set.rules);
    set.asks = Asks::of(&set.rules, &set.suspicious);
    for (source, _, positions) in files {
        super::expectations::check(&set, source, positions, findings);
        values::fields_are_set_before_they_are_read(&set, source, positions, findings);
    }
    set
}

fn is_once(id: &str, known: &mut HashMap<String, String>, place: &Place<'_>, findings: &mut Findings) {
    if id.trim().is_empty() {
        place.complain(findings, Code::WrongValue, "id", "a rule has a name".to_owned(), "give it one, such as `client-by-domain`");
    }
    let reserved = [crate::model::entry::DECISION, crate::model::entry::DEFAULTS].contains(&id);
    if reserved {
        place.complain(findings, Code::WrongValue, "id", format!("`{id}` is taken by kalends itself"), "give it another name");
    }
    if let Some(first) = known.insert(id.to_owned(), Spot::of(place).to_string()) {
        place.complain(findings, Code::Twice, "id", format!("the rule `{id}` stands twice"), &format!("also at {first}: rename one"));
    }
}

/// What a rule may name.
pub(super) struct Names<'a> {
    sections: &'a [String],
    ids: &'a BTreeSet<String>,
    pub(super) catalog: &'a Catalog,
    identity: &'a Identity,
}

impl Names<'_> {
    /// A project and its client, by its code or a former one.
    pub(super) fn project(&self, code: &str) -> Option<(&Client, &Project)> {
        let (client, code) = self.identity.project(code)?;
        let client = self.catalog.clients.get(client)?;
        Some((client, client.projects.get(code)?))
    }
}

fn one(rule: syntax::Rule, place: &Place<'_>, names: &Names<'_>, lexicon: &mut Lexicon, findings: &mut Findings) -> Rule {
    let section = names.sections.iter().position(|name| *name == rule.section).unwrap_or_else(|| {
        let label = meant(&rule.section, names.sections.iter().map(String::as_str));
        place.complain(findings, Code::Unknown, "section", format!("there is no section `{}`", rule.section), &label);
        names.sections.len()
    });
    for (index, id) in rule.over.0.iter().enumerate().filter(|(_, id)| !names.ids.contains(*id)) {
        let label = meant(id, names.ids.iter().map(String::as_str));
        let at = format!("over[{index}]");
        place.complain_at(findings, (Code::Over, Level::Error), &at, format!("there is no rule `{id}`"), &label);
    }
    if rule.from.zip(rule.until).is_some_and(|(from, until)| from > until) {
        place.complain(findings, Code::Contradiction, "until", "it ends before it begins".to_owned(), "`until` is its last date");
    }
    // What could not be read may be what it does.
    if !findings.hide_part_of(place.source, &place.span("")) {
        does_one_thing(&rule, place, findings);
    }
    let parts = Compiler { place: *place, catalog: names.catalog, findings: &mut *findings, lexicon }.parts(&rule.when, "when", 0);
    day_totals_are_suspicious_only(&rule.when, place, findings);
    let given = Given::by(&rule.when, parts.iter().map(|part| &part.condition));
    let set = rule.set.unwrap_or_default();
    let (fields, tags) = values::set(&set, &given, place, names, findings);
    let split = values::split(rule.split.unwrap_or_default(), place, names, findings);
    let hours = rule.hours.as_ref().and_then(|text| hours(text, place, findings));
    let end = match (rule.skip, rule.review) {
        (Some(skip), _) => End::Skips { why: skip.why, counts_as: skip.counts_as },
        (None, Some(text)) => End::Asks(text),
        (None, None) if rule.stop => End::Stops,
        (None, None) => End::GoesOn,
    };
    let clause = |part: conditions::Part| Clause { key: part.key, written: written(place, part.key), condition: part.condition };
    Rule {
        id: rule.id.into(),
        section,
        over: rule.over.0,
        from: rule.from,
        until: rule.until,
        when: parts.into_iter().map(clause).collect(),
        set: fields,
        tags,
        split,
        hours,
        end,
        confidence: rule.confidence,
    }
}

/// A condition as its author wrote it, on one line.
pub(super) fn written(place: &Place<'_>, key: &str) -> String {
    on_one_line(&place.source.text, place.span(&format!("when.{key}")))
}

fn does_one_thing(rule: &syntax::Rule, place: &Place<'_>, findings: &mut Findings) {
    let sets = rule.set.as_ref().is_some_and(|set| *set != syntax::Set::default());
    if rule.set.is_some() && !sets {
        place.complain(findings, Code::NoEffect, "set", "this sets nothing".to_owned(), "name a field, such as `client: acme`");
    } else if !sets && rule.split.is_none() && rule.hours.is_none() && rule.skip.is_none() && rule.review.is_none() && !rule.stop {
        let label = "give it `set`, `split`, `hours`, `skip`, `review` or `stop`";
        place.complain(findings, Code::NoEffect, "id", format!("`{}` does nothing", rule.id), label);
    }
    let writes = sets || rule.split.is_some() || rule.hours.is_some();
    if rule.skip.is_some() && (writes || rule.review.is_some()) {
        let label = "what is skipped makes no entry: make two rules of it";
        place.complain(findings, Code::Contradiction, "skip", "`skip` beside another effect".to_owned(), label);
    }
    let names_client = rule.set.as_ref().is_some_and(|set| set.client.is_some() || set.project.is_some());
    if rule.split.is_some() && names_client {
        let label = "each share names its own client and project";
        place.complain(findings, Code::Contradiction, "split", "`split` beside a client or project".to_owned(), label);
    }
}

fn day_totals_are_suspicious_only(when: &syntax::When, place: &Place<'_>, findings: &mut Findings) {
    if when.day_total.is_some() {
        let label = "only `suspicious` rules may ask for it, and then for nothing else";
        place.complain(findings, Code::WrongValue, "when.day_total", "no event knows the total of its day".to_owned(), label);
    }
}

fn hours(text: &str, place: &Place<'_>, findings: &mut Findings) -> Option<i64> {
    let seconds = crate::model::policy::seconds(text).filter(|seconds| (60..=86_400).contains(seconds));
    if seconds.is_none() {
        let label = "write it as `8h` or `7h30m`, at most a day";
        place.complain(findings, Code::WrongValue, "hours", format!("`{text}` is no working time of a day"), label);
    }
    seconds
}

impl RuleSet {
    /// Reasons that this rule set may raise.
    pub(super) fn policy_reasons(&self) -> BTreeSet<&str> {
        let asks = self.rules.iter().any(|rule| matches!(rule.end, End::Asks(_))).then_some("review");
        let of_days = self.day_limits.iter().map(|limit| limit.reason.as_str());
        self.suspicious.iter().map(|one| &*one.reason).chain(of_days).chain(asks).collect()
    }
}

/// Rule ids and where each stands.
pub(super) type Places = BTreeMap<String, Spot>;
