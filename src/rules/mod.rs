//! Rules: files to a rule set, a rule set and an event to a verdict. Pure; files come as text, nothing is read or written here.

mod boundaries;
mod catalog;
mod compile;
mod conditions;
pub(crate) mod coverage;
mod evaluate;
pub(crate) mod expectations;
pub(crate) mod explain;
mod findings;
mod fold;
mod header;
mod history;
mod identity;
mod index;
pub(crate) mod judge;
mod lexicon;
pub(crate) mod lint;
mod mail;
mod matching;
#[cfg(test)]
mod naive;
mod nearest;
mod patterns;
mod plain;
mod reader;
mod renamed;
mod rest;
pub(crate) mod rewritten;
mod suspicious;
pub(crate) mod syntax;
mod templates;
pub(crate) mod test_events;
pub(crate) mod told;
mod values;
pub(crate) mod written;

#[cfg(test)]
mod equality_cases;
#[cfg(test)]
mod equality_tests;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use chrono::NaiveDate;
use chrono_tz::Tz;

use self::{
    findings::{Findings, Place},
    identity::Identity,
    index::Index,
    lexicon::Lexicon,
    lint::Known,
    matching::Condition,
    written::WrittenEvent,
};
use crate::{
    model::{
        catalog::{Catalog, Closed},
        event::{Fact, Response, Text},
        policy::DayLimit,
        residual::Decided,
        verdict::Defaults,
    },
    yaml::{
        self,
        code::Code,
        diagnostic::{Diagnostic, Source},
        positions::Positions,
    },
};

/// What rules may see of an event.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) fact: &'a Fact,
    pub(crate) response: Response,
    /// The calendar's name.
    pub(crate) calendar: &'a str,
    /// The person's own.
    pub(crate) addresses: &'a [String],
    /// The date on which it stands in her book: where clocks elsewhere show another one, this holds.
    pub(crate) date: NaiveDate,
    /// Her zone on that day, unless the rules name one: of hours and weekdays.
    pub(crate) zone: Tz,
    /// Her other events on that date.
    pub(crate) same_day: &'a [Scene<'a>],
}

impl Scene<'_> {
    /// An entry of which nothing is decided yet.
    fn undecided(&self) -> Decided<'static> {
        let seconds = self.fact.span.seconds().unwrap_or(0);
        Decided { client: None, project: None, task: None, billable: None, seconds, confidence: None }
    }

    /// A private event as rules may see it: no words (S8). What the person answered says nothing of its content, and without it a
    /// declined private event would count as time.
    fn without_words(&self) -> Option<Fact> {
        let hidden = self.fact.visibility.is_private() && *self.fact.text != Text::default();
        hidden.then(|| Fact { text: Text::default().into(), ..self.fact.clone() })
    }
}

/// Where something stands in the rule files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Its path in the file, such as `rules[3]`.
    path: String,
}

impl Spot {
    fn of(place: &Place<'_>) -> Self {
        let line = place.positions.line(place.span("").start);
        Self { file: place.source.name.clone(), line, path: place.path.to_owned() }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Rules that were read, checked and belong together.
#[derive(Debug)]
pub(crate) struct RuleSet {
    pub(crate) catalog: Catalog,
    pub(crate) day_limits: Vec<DayLimit>,
    /// For time and weekday, where the files name one.
    pub(crate) zone: Option<Tz>,
    sections: Vec<String>,
    rules: Vec<compile::Rule>,
    suspicious: Vec<suspicious::Suspicious>,
    defaults: Arc<Defaults>,
    our_domains: Vec<String>,
    /// Every word that some rule, name or code needs.
    lexicon: Lexicon,
    identity: Identity,
    index: Index,
    asks: Asks,
    places: compile::Places,
    /// With where each stands.
    tests: Vec<(Spot, syntax::Test)>,
}

/// What some rule asks for. Every person's days want to know, and to find out is to walk all rules.
#[derive(Debug, Default)]
struct Asks {
    /// A series by its name.
    series: bool,
    same_day: bool,
    code: bool,
}

impl Asks {
    fn of(rules: &[compile::Rule], suspicious: &[suspicious::Suspicious]) -> Self {
        let of_rules = || rules.iter().flat_map(|rule| &rule.when).map(|clause| &clause.condition);
        let all = || of_rules().chain(suspicious.iter().map(|one| &one.when));
        let any = |kind: fn(&Condition) -> bool| all().any(|condition| condition.has(kind));
        Self {
            series: any(|condition| matches!(condition, Condition::Series(_))),
            same_day: any(|condition| matches!(condition, Condition::SameDay(_))),
            code: any(|condition| matches!(condition, Condition::Code(_))),
        }
    }
}

impl RuleSet {
    /// Knows clients and projects that left the files too, as closed ones.
    pub(crate) fn add_closed(&mut self, closed: Closed) {
        self.catalog.add_closed(closed);
        self.identity = Identity::new(&self.catalog, &self.our_domains, &mut self.lexicon);
        self.lexicon.seal();
    }

    /// Whether some rule asks what else is on an event's date.
    pub(crate) fn looks_around(&self) -> bool {
        self.asks.same_day
    }

    /// Whether some rule asks for a code.
    pub(crate) fn reads_codes(&self) -> bool {
        self.asks.code
    }

    /// An event in the zone in which these rules see it.
    fn seen<'a>(&self, scene: Scene<'a>) -> Scene<'a> {
        Scene { zone: self.zone.unwrap_or(scene.zone), ..scene }
    }

    /// Where a rule goes that shall win over general ones: `overrides` if there is such a section, else the first.
    pub(crate) fn section_for_overrides(&self) -> &str {
        let named = self.sections.iter().find(|section| *section == "overrides");
        named.or(self.sections.first()).map_or("overrides", String::as_str)
    }

    /// How many rules it has.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Where a rule stands, or the defaults.
    pub(crate) fn place(&self, rule: &str) -> Option<&Spot> {
        self.places.get(rule)
    }

    /// Whether an address is one of our own firm's.
    pub(crate) fn is_ours(&self, email: &str) -> bool {
        self.identity.is_ours(email)
    }

    /// The clients that an address points to.
    pub(crate) fn clients_of(&self, email: &str) -> &[String] {
        self.identity.whose(email).0
    }

    /// Whether the domain of an address says who someone works for: it is not ours, nor free mail.
    pub(crate) fn has_telling_domain(&self, email: &str) -> bool {
        !self.is_ours(email) && !identity::FREE_MAIL.contains(&email.rsplit('@').next().unwrap_or_default())
    }

    /// Whose calendar a written event stands on, and what she answered.
    pub(crate) fn owner(&self, event: &WrittenEvent) -> (Option<String>, Response) {
        let owner = event.owner(|email| self.identity.whose(email).1);
        let response = event.response(owner.as_deref());
        (owner, response)
    }
}

/// A finding, with the file it is about.
pub(crate) type Found = (Source, Diagnostic);

/// Rule files as they were read: what is wrong with them, and what can be told of them further.
pub(crate) struct Reading<'a> {
    rules: Vec<compile::Read<'a>>,
    clients: Option<(&'a Source, Positions)>,
    /// Not to be used while there are errors.
    set: Option<RuleSet>,
    findings: Findings,
}

/// Reads all files or none (S6).
pub(crate) fn read(files: &[Source]) -> Reading<'_> {
    let mut files: Vec<&Source> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut findings = Findings::default();
    for name in ["clients.yaml", "rules.yaml"] {
        if let [_, second, ..] = files.iter().filter(|source| is_named(source, name)).collect::<Vec<_>>()[..] {
            let message = format!("`{name}` is there twice, with another ending");
            findings.push(second, Diagnostic::new(Code::Twice, 0..0, message, "put all of it into one of them, and take the other away"));
        }
    }
    let (mut catalog, mut clients) = (Catalog::default(), None);
    let (mut rules, mut unread) = (Vec::new(), 0);
    for source in &files {
        if is_named(source, "clients.yaml") {
            let read = findings.keep(source, yaml::read_what_can_be::<syntax::ClientsFile>(source));
            unread += usize::from(read.is_none());
            if let Some((text, positions)) = read {
                catalog = catalog::catalog(text, source, &positions, &mut findings);
                clients = Some((*source, positions));
            }
        } else {
            let read = findings.keep(source, yaml::read_what_can_be::<syntax::RulesFile>(source));
            unread += usize::from(read.is_none());
            rules.extend(read.map(|(file, positions)| (*source, file, positions)));
        }
    }
    renamed::as_called_now(rules.iter_mut().map(|(_, file, _)| file), &catalog);
    // A file that cannot be read at all would make every name in it unknown to the others.
    let set = (unread == 0).then(|| compile::compile(&rules, catalog, &mut findings));
    Reading { rules, clients, set, findings }
}

/// Reads all files or none, for whoever does not care what else may be said of them: they were checked before.
///
/// # Errors
/// Every finding that keeps them from being a rule set.
pub(crate) fn load(files: &[Source]) -> Result<RuleSet, Vec<Found>> {
    let Reading { set, findings, .. } = read(files);
    set.filter(|_| !findings.have_errors()).ok_or_else(|| findings.into_vec())
}

impl Reading<'_> {
    /// The set that the files make, if nothing keeps them from it.
    pub(crate) fn set(&self) -> Option<&RuleSet> {
        self.set.as_ref().filter(|_| !self.findings.have_errors())
    }

    /// Everything there is to say of the files, and the set they make, even where that ought not to be taken.
    pub(crate) fn checked(mut self, known: &Known<'_>) -> (Option<RuleSet>, Vec<Found>) {
        let is_set = !self.findings.have_errors();
        if let Some(set) = &self.set {
            lint::lint(&self.rules, self.clients.as_ref(), set, known, &mut self.findings);
        }
        (self.set.filter(|_| is_set), self.findings.into_vec())
    }
}

/// Schemas of a file of rules and of `clients.yaml`.
pub(crate) fn schemas() -> [serde_json::Value; 2] {
    [
        yaml::schema::of::<syntax::RulesFile>("header", "Kalends: a file of rules"),
        yaml::schema::of::<syntax::ClientsFile>("clients", "Kalends: clients.yaml"),
    ]
}

fn is_named(source: &Source, name: &str) -> bool {
    source.name.rsplit('/').next().is_some_and(|file| file == name || file == name.replace(".yaml", ".yml"))
}
