//! What is right by the letter and still wrong: rules that can never count, patterns that match nothing, names that have ended. A finding is
//! proven or it is not made; what cannot be decided is passed over in silence.

mod allow;
mod conditions;
mod exclusion;
mod inclusion;
mod patterns;
mod records;
mod shadows;
#[cfg(test)]
mod soundness;
mod tested;
mod traps;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

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
    /// Rules that the tests reach, where they could be run.
    pub(crate) reached: Option<&'a BTreeSet<String>>,
    /// What the book says of the rules, where it was asked.
    pub(crate) history: Option<&'a History>,
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
        format!("{name}:{}", self.source.position(self.positions.value(&self.path).start).0)
    }
}

/// Everything to be said of the files, but what their authors allowed.
pub(super) fn lint(files: &[Read<'_>], clients: Option<&(&Source, Positions)>, set: &RuleSet, known: &Known<'_>, findings: &mut Findings) {
    let mut found = Findings::default();
    let rules = in_order(files, set, findings);
    for rule in &rules {
        conditions::conditions(&rule.place(), &rule.rule.when, set, known, &mut found);
        patterns::of_rule(rule, &mut found);
        records::of_rule(rule, set, known, &mut found);
    }
    for (source, file, positions) in files {
        for (index, one) in file.suspicious.iter().enumerate() {
            let path = format!("suspicious[{index}]");
            let place = Place { source, positions, path: &path };
            if !findings.hide_part_of(source, &place.span("")) {
                conditions::conditions(&place, &one.when, set, known, &mut found);
                patterns::of_when(&place, &one.when, &mut found);
            }
        }
    }
    shadows::shadows(&rules, set, &mut found);
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
