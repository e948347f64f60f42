//! What is right by the letter and still wrong: rules that can never count, patterns that match nothing, names that have ended. A finding is
//! proven or it is not made; what cannot be decided is passed over in silence.

mod allow;
mod candidates;
mod conditions;
mod exclusion;
mod given;
mod inclusion;
mod overlaps;
mod overs;
mod patterns;
mod records;
mod shadows;
#[cfg(test)]
mod soundness;
mod tested;
mod traps;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use self::{candidates::Candidates, given::Given};
use super::{
    RuleSet,
    compile::Read,
    findings::{Findings, Place},
    syntax,
};
use crate::yaml::{diagnostic::Source, positions::Positions};

/// What is known beside the files.
pub(crate) struct Known<'a> {
    pub(crate) today: NaiveDate,
    /// What the tests say of the rules, where they could be run.
    pub(crate) tested: Option<&'a Tested>,
    /// What the book says of the rules, where it was asked.
    pub(crate) history: Option<&'a History>,
}

/// Rules that have a part in some test.
#[derive(Debug, Default)]
pub(crate) struct Tested {
    pub(crate) reached: BTreeSet<String>,
    /// Those of which a test expects what came from them.
    pub(crate) expected: BTreeSet<String>,
}

/// What a set makes of the events of a book.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// First and last date that were looked at.
    pub(crate) span: Option<(NaiveDate, NaiveDate)>,
    pub(crate) events: usize,
    pub(crate) rules: BTreeMap<String, Record>,
    /// Keys of clients that some event points to, and their names and aliases that stand in some title, folded.
    pub(crate) clients: BTreeSet<String>,
    pub(crate) names: BTreeSet<String>,
}

/// What became of one rule.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Events to which it gave something.
    pub(crate) won: usize,
    /// Events on which others won over it, by their ids.
    pub(crate) lost_to: BTreeMap<String, usize>,
    /// Those of them on which it and another disagreed, so that a person was asked.
    pub(crate) conflicts: usize,
    /// Seconds of events with people of known clients that it skipped though they were attended.
    pub(crate) hidden_seconds: i64,
    pub(crate) hidden: usize,
}

/// A rule and where it stands.
pub(super) struct Ruled<'a> {
    source: &'a Source,
    positions: &'a Positions,
    path: String,
    /// Its place among the sections.
    section: usize,
    rule: &'a syntax::Rule,
}

impl Ruled<'_> {
    fn place(&self) -> Place<'_> {
        Place { source: self.source, positions: self.positions, path: &self.path }
    }

    /// A path below it, from the top of the file.
    fn path_of(&self, below: &str) -> String {
        format!("{}.{below}", self.path)
    }

    /// `file:line`.
    fn spot(&self) -> String {
        let name = self.source.name.rsplit('/').next().unwrap_or_default();
        format!("{name}:{}", self.positions.line(self.positions.value(&self.path).start))
    }
}

/// Everything to be said of the files, but what their authors allowed.
pub(super) fn lint(files: &[Read<'_>], clients: Option<&(&Source, Positions)>, set: &RuleSet, known: &Known<'_>, findings: &mut Findings) {
    let mut found = Findings::default();
    let rules = in_order(files, set, findings);
    for rule in &rules {
        conditions::conditions(&rule.place(), &rule.rule.when, set, known, &mut found);
        patterns::of_rule(rule, &mut found);
        words::words(&rule.place(), &rule.rule.when, "when", &mut found);
        records::of_rule(rule, set, known, &mut found);
    }
    for (source, file, positions) in files {
        for (index, one) in file.suspicious.iter().enumerate() {
            let path = format!("suspicious[{index}]");
            let place = Place { source, positions, path: &path };
            if !findings.hide_part_of(source, &place.span("")) {
                conditions::conditions(&place, &one.when, set, known, &mut found);
                patterns::of_when(&place, &one.when, &mut found);
                words::words(&place, &one.when, "when", &mut found);
            }
        }
    }
    pairs(&rules, set, &mut found);
    tested::tests(files, &rules, known, &mut found);
    // The rule that was left out may be the one that stands in it.
    if !findings.have_unread() {
        records::sections(files, &mut found);
    }
    records::of_clients(clients, set, known, &mut found);
    let sources = files.iter().map(|(source, _, positions)| (*source, positions));
    let sources: Vec<_> = sources.chain(clients.map(|(source, positions)| (*source, positions))).collect();
    for (source, positions) in &sources {
        traps::traps(source, positions, &mut found);
    }
    allow::apply(&sources, found, known, findings);
}

/// Rules against each other.
fn pairs(rules: &[Ruled<'_>], set: &RuleSet, found: &mut Findings) {
    let given: Vec<Given> = rules.iter().map(|rule| Given::by(rule, set)).collect();
    let (candidates, ours) = (Candidates::of(rules, &given), set.identity.ours());
    let shadows = shadows::shadows(rules, &given, &candidates, ours, found);
    overlaps::overlaps(rules, &given, (&candidates, &shadows), ours, found);
    overs::overs(rules, set, found);
}

/// All rules in the order in which they are asked. Of one that could not be read in full, nothing more is said.
fn in_order<'a>(files: &'a [Read<'a>], set: &RuleSet, findings: &Findings) -> Vec<Ruled<'a>> {
    let mut rules = Vec::new();
    for (source, file, positions) in files {
        rules.extend(file.rules.iter().enumerate().map(|(index, rule)| {
            let section = set.sections.iter().position(|name| *name == rule.section).unwrap_or(set.sections.len());
            Ruled { source, positions, path: format!("rules[{index}]"), section, rule }
        }));
    }
    rules.retain(|rule| !findings.hide_part_of(rule.source, &rule.positions.value(&rule.path)));
    rules.sort_by_key(|rule| rule.section);
    rules
}
