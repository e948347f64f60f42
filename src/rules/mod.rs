//! Rules: files to a rule set, a rule set and an event to a verdict. Pure; files come as text, nothing is read or written here.

mod catalog;
mod compile;
mod conditions;
mod evaluate;
pub(crate) mod explain;
mod identity;
mod matching;
pub(crate) mod self_test;
mod syntax;

#[cfg(test)]
mod tests;

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use self::{compile::Findings, identity::Identity};
use crate::{
    model::{
        catalog::{Catalog, Closed},
        event::{Fact, Response},
        policy::DayLimit,
        verdict::Defaults,
    },
    yaml::{
        self,
        diagnostic::{Diagnostic, Source},
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
    /// Her zone on that day, unless the rules name one.
    pub(crate) zone: Tz,
}

/// Rules that were read, checked and belong together.
#[derive(Debug)]
pub(crate) struct RuleSet {
    pub(crate) catalog: Catalog,
    /// Names exactly these files.
    pub(crate) digest: String,
    pub(crate) day_limits: Vec<DayLimit>,
    /// For time and weekday, where the files name one.
    pub(crate) zone: Option<Tz>,
    rules: Vec<compile::Rule>,
    suspicious: Vec<compile::Suspicious>,
    defaults: Defaults,
    our_domains: Vec<String>,
    identity: Identity,
    /// With the file each stands in.
    tests: Vec<(String, syntax::Test)>,
}

impl RuleSet {
    /// Knows clients and projects that left the files too, as closed ones.
    pub(crate) fn add_closed(&mut self, closed: Closed) {
        self.catalog.add_closed(closed);
        self.identity = Identity::new(&self.catalog, &self.our_domains);
    }

    /// How many rules it has.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }
}

/// Reads all files or none (S6).
///
/// # Errors
/// Every finding in every file, each with its file.
pub(crate) fn load(mut files: Vec<Source>) -> Result<RuleSet, Vec<(Source, Diagnostic)>> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut findings = Findings::default();
    let mut catalog = Catalog::default();
    let mut rules = Vec::new();
    for source in &files {
        if is_named(source, "clients.yaml") {
            let text = yaml::read::<syntax::ClientsFile>(source);
            catalog = findings
                .keep(source, text)
                .map_or_else(Catalog::default, |(text, positions)| catalog::catalog(text, source, &positions, &mut findings));
        } else {
            rules.extend(findings.keep(source, yaml::read::<syntax::RulesFile>(source)).map(|(file, positions)| (source, file, positions)));
        }
    }
    let set = compile::compile(rules, catalog, digest(&files), &mut findings);
    if findings.is_empty() { Ok(set) } else { Err(findings.into_vec()) }
}

fn is_named(source: &Source, name: &str) -> bool {
    source.name.rsplit('/').next() == Some(name)
}

fn digest(files: &[Source]) -> String {
    let mut hash = Sha256::new();
    for Source { name, text } in files {
        let name = name.rsplit('/').next().unwrap_or_default();
        hash.update(format!("{}:{name}{}:{text}", name.len(), text.len()));
    }
    hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
