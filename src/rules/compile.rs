//! Rule files to a rule set: names resolved, order fixed, everything wrong told at once.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{
    RuleSet, Spot,
    conditions::{self, Compiler},
    findings::{Findings, Place, meant},
    identity::Identity,
    index::Index,
    lexicon::Lexicon,
    matching::Condition,
    syntax::{self, HEADER, RulesFile, YesOrWords},
    templates::Template,
    values::{self, Given},
};
use crate::{
    model::{
        catalog::{Catalog, Client, Field, Project},
        exception::STRUCTURAL,
        policy::DayLimit,
        verdict::{BillableDefault, Confidence, Defaults, Share, SkipAs},
    },
    yaml::{
        block::on_one_line,
        code::{Code, Level},
        diagnostic::Source,
        gate::Positions,
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

#[derive(Debug)]
pub(super) struct Suspicious {
    pub(super) id: Arc<str>,
    pub(super) reason: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) when: Condition,
    /// How that is written.
    pub(super) written: String,
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
    for (source, _, positions) in files {
        super::expectations::check(&set, source, positions, findings);
        values::fields_are_set_before_they_are_read(&set, source, positions, findings);
    }
    set
}

/// What holds for all files.
#[derive(Default)]
struct Header {
    sections: Vec<String>,
    our_domains: Vec<String>,
    defaults: Defaults,
    zone: Option<chrono_tz::Tz>,
    /// Where the defaults stand.
    place: Option<(String, Spot)>,
}

/// The header keys stand in `rules.yaml` alone (S24).
fn header(files: &[Read<'_>], findings: &mut Findings) -> Header {
    let mut header = Header::default();
    for (source, file, positions) in files {
        let place = Place { source, positions, path: "" };
        if file.version.is_some_and(|version| version != 1) {
            let label = "this kalends reads version 1";
            place.complain(findings, Code::Header, "version", "this version is not known".to_owned(), label);
        }
        if super::is_named(source, "rules.yaml") {
            header.sections.clone_from(&file.sections);
            header.our_domains.clone_from(&file.our_domains);
            header.zone = conditions::zone(file.timezone.as_ref(), &place, findings);
            header.defaults = defaults(&file.defaults, &place, findings);
            header.place = Some((crate::model::entry::DEFAULTS.to_owned(), Spot::of(&Place { path: "defaults", ..place })));
            sections_are_unique(&file.sections, &place, findings);
            continue;
        }
        for key in HEADER.iter().filter(|key| positions.has_key(key)) {
            let message = format!("`{key}` stands in rules.yaml alone");
            place.complain_of_key(findings, Code::Header, key, message, "move it there: it holds for all files");
        }
    }
    header
}

fn sections_are_unique(sections: &[String], place: &Place<'_>, findings: &mut Findings) {
    for (index, section) in sections.iter().enumerate().filter(|(index, section)| sections[..*index].contains(section)) {
        let message = format!("the section `{section}` stands twice");
        place.complain(findings, Code::Twice, &format!("sections[{index}]"), message, "take one away");
    }
}

fn defaults(text: &syntax::Defaults, place: &Place<'_>, findings: &mut Findings) -> Defaults {
    let billable = match &text.billable {
        Some(YesOrWords::Yes(yes)) => Some(BillableDefault::Fixed(*yes)),
        Some(YesOrWords::Words(words)) => {
            if words != &["${project.billable}"] {
                let label = "write true, false or \"${project.billable}\"";
                place.complain(findings, Code::WrongValue, "defaults.billable", "this is no billable flag".to_owned(), label);
            }
            Some(BillableDefault::Project)
        }
        None => None,
    };
    for (name, value) in [("task", &text.task), ("description", &text.description)] {
        if value.as_ref().is_some_and(|value| value.contains("${")) {
            let at = format!("defaults.{name}");
            place.complain(findings, Code::Capture, &at, "a default knows nothing of the event".to_owned(), "write it out");
        }
    }
    Defaults { task: text.task.clone(), billable, description: text.description.clone() }
}

/// Our own domains are never a client's (S24).
fn own_domains_are_no_clients(files: &[Read<'_>], catalog: &Catalog, identity: &Identity, findings: &mut Findings) {
    let Some((source, file, positions)) = files.iter().find(|(source, ..)| super::is_named(source, "rules.yaml")) else { return };
    let place = Place { source, positions, path: "" };
    for client in catalog.clients.values().filter(|client| !client.own) {
        for domain in client.domains.iter().filter(|domain| identity.ours().contains(*domain)) {
            let index = file.our_domains.iter().position(|ours| ours.to_lowercase() == *domain);
            let at = index.map_or_else(|| "our_domains".to_owned(), |index| format!("our_domains[{index}]"));
            let label = format!("clients.yaml gives it to `{}`; take it away there", client.key);
            place.complain(findings, Code::NobodysDomain, &at, format!("`{domain}` is ours and a client's"), &label);
        }
    }
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
fn written(place: &Place<'_>, key: &str) -> String {
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

fn suspicious(text: syntax::Suspicious, place: &Place<'_>, set: &mut RuleSet, findings: &mut Findings) {
    let reason = text.reason.unwrap_or_else(|| text.id.clone());
    let below = if place.positions.has_key(&format!("{}.reason", place.path)) { "reason" } else { "id" };
    let is_kebab = !reason.is_empty() && reason.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-');
    if STRUCTURAL.contains(&reason.as_str()) {
        let label = "kalends raises that one by itself; give yours another name";
        place.complain(findings, Code::Reason, below, format!("`{reason}` is a reason of kalends"), label);
    } else if !is_kebab {
        let label = "a reason is kebab-case, such as `too-long`; what the reviewer reads goes under `text`";
        place.complain(findings, Code::WrongValue, below, format!("`{reason}` is no reason"), label);
    }
    let message = text.text.unwrap_or_else(|| reason.replace('-', " "));
    if let Some(total) = &text.when.day_total {
        let (min, max) = Compiler { place: *place, catalog: &set.catalog, findings: &mut *findings, lexicon: &mut set.lexicon }
            .bounds(total, "when.day_total");
        if max.is_some() || text.when != (syntax::When { day_total: Some(total.clone()), ..syntax::When::default() }) {
            let label = "`day_total` takes `min` and stands alone";
            place.complain(findings, Code::WrongValue, "when", "this asks about a day and an event at once".to_owned(), label);
        }
        set.day_limits.extend(min.map(|min_seconds| DayLimit { rule: text.id, reason, text: message, min_seconds }));
        return;
    }
    if text.when == syntax::When::default() {
        place.complain(findings, Code::WrongValue, "when", "this holds every entry".to_owned(), "name a condition");
    }
    let parts =
        Compiler { place: *place, catalog: &set.catalog, findings: &mut *findings, lexicon: &mut set.lexicon }.parts(&text.when, "when", 0);
    let written: Vec<_> = parts.iter().map(|part| format!("{} {}", part.key, written(place, part.key))).collect();
    let when = Condition::All(parts.into_iter().map(|part| part.condition).collect());
    let (id, reason, text) = (text.id.into(), reason.into(), message.into());
    set.suspicious.push(Suspicious { id, reason, text, when, written: written.join(", ") });
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
