//! Who an event is for, by the catalog: project codes, client names, mail domains and addresses (SEMANTICS S24).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use regex::Regex;

use crate::model::{
    catalog::Catalog,
    event::Text,
    verdict::{Evidence, Place, UnknownCode},
};

/// Mail that anyone can have is evidence of no client.
pub(super) const FREE_MAIL: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "live.com",
    "msn.com",
    "yahoo.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "gmx.de",
    "gmx.net",
    "gmx.com",
    "web.de",
    "t-online.de",
    "proton.me",
    "protonmail.com",
    "aol.com",
    "mail.com",
    "fastmail.com",
];

/// A client or project that an event points to, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Witness {
    pub(super) client: String,
    pub(super) project: Option<String>,
    pub(super) evidence: Evidence,
    /// An alias that is a common word: counts only beside another witness.
    pub(super) weak: bool,
}

/// Tables made from the catalog, one lookup each.
#[derive(Debug)]
pub(super) struct Identity {
    codes: Option<Regex>,
    names: Option<Regex>,
    name_of: HashMap<String, Vec<(String, bool)>>,
    domains: HashMap<String, BTreeSet<String>>,
    addresses: HashMap<String, BTreeSet<String>>,
    ours: BTreeSet<String>,
}

impl Identity {
    pub(super) fn new(catalog: &Catalog, our_domains: &[String]) -> Self {
        let mut name_of: HashMap<String, Vec<(String, bool)>> = HashMap::new();
        let (mut domains, mut addresses): (HashMap<_, BTreeSet<String>>, HashMap<_, BTreeSet<String>>) = Default::default();
        let mut ours: BTreeSet<String> = our_domains.iter().cloned().collect();
        for client in catalog.clients.values() {
            if client.own {
                ours.extend(client.domains.iter().cloned());
                continue;
            }
            name_of.entry(fold(&client.name)).or_default().push((client.key.clone(), false));
            for alias in client.aliases.iter().filter(|alias| fold(&alias.name) != fold(&client.name)) {
                name_of.entry(fold(&alias.name)).or_default().push((client.key.clone(), alias.weak));
            }
            for domain in &client.domains {
                domains.entry(domain.clone()).or_default().insert(client.key.clone());
            }
            for address in &client.addresses {
                addresses.entry(address.clone()).or_default().insert(client.key.clone());
            }
        }
        Self { codes: codes(catalog), names: names(&name_of), name_of, domains, addresses, ours }
    }

    /// Codes in one text; those that name no project are told apart.
    pub(super) fn codes(&self, catalog: &Catalog, place: Place, index: usize, text: &str) -> (Vec<Witness>, Vec<UnknownCode>) {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for hit in self.codes.iter().flat_map(|codes| codes.find_iter(text)) {
            let evidence = Evidence { place, index, span: (hit.start(), hit.end()) };
            match catalog.project(hit.as_str()) {
                Some((client, project)) => {
                    found.push(Witness { client: client.key.clone(), project: Some(project.code.clone()), evidence, weak: false });
                }
                None => unknown.push(UnknownCode { code: hit.as_str().to_uppercase(), near: nearest(catalog, hit.as_str()), evidence }),
            }
        }
        (found, unknown)
    }

    /// Client names in one text, the longest at each place.
    pub(super) fn names(&self, place: Place, index: usize, text: &str) -> Vec<Witness> {
        let hits = self.names.iter().flat_map(|names| names.find_iter(text));
        hits.flat_map(|hit| {
            let owners = self.name_of.get(&fold(hit.as_str())).map(Vec::as_slice).unwrap_or_default();
            let shared = owners.len() > 1;
            owners.iter().map(move |(client, weak)| Witness {
                client: client.clone(),
                project: None,
                evidence: Evidence { place, index, span: (hit.start(), hit.end()) },
                weak: *weak || shared,
            })
        })
        .collect()
    }

    /// Clients by the addresses of people. One that several clients share only confirms.
    pub(super) fn addresses(&self, text: &Text, attendees: bool, organizer: bool) -> Vec<Witness> {
        let people = text
            .attendees
            .iter()
            .enumerate()
            .filter(|(_, person)| attendees && !person.resource)
            .map(|(index, person)| (Place::Attendee, index, person.email.as_str()));
        let host = text.organizer.iter().filter(|_| organizer).map(|email| (Place::Organizer, 0, email.as_str()));
        let mut found: BTreeMap<String, Witness> = BTreeMap::new();
        for (place, index, email) in people.chain(host) {
            let owners = self.owners(email);
            for client in owners {
                let evidence = Evidence { place, index, span: (0, email.len()) };
                let witness = Witness { client: client.clone(), project: None, evidence, weak: owners.len() > 1 };
                let known = found.entry(client.clone()).or_insert_with(|| witness.clone());
                if known.weak && !witness.weak {
                    *known = witness;
                }
            }
        }
        found.into_values().collect()
    }

    fn owners(&self, email: &str) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        if let Some(owners) = self.addresses.get(email) {
            return owners;
        }
        let domain = email.rsplit('@').next().unwrap_or_default();
        if self.is_ours(email) || FREE_MAIL.contains(&domain) {
            return &NONE;
        }
        parents(domain).find_map(|domain| self.domains.get(domain)).unwrap_or(&NONE)
    }

    /// Whether an address is one of our own firm's.
    pub(super) fn is_ours(&self, email: &str) -> bool {
        parents(email.rsplit('@').next().unwrap_or_default()).any(|domain| self.ours.contains(domain))
    }

    /// Whether an address belongs to a client.
    pub(super) fn is_known(&self, email: &str) -> bool {
        !self.owners(email).is_empty()
    }

    /// A domain that is ours and would be a client's too.
    pub(super) fn ours(&self) -> &BTreeSet<String> {
        &self.ours
    }
}

/// A domain and those around it: a domain covers its subdomains.
fn parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, parent)| parent))
}

/// Case and spacing do not tell names apart.
pub(super) fn fold(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Every code as it is, the longest first; then what has the prefix of one and a number, and so may be a slip of the pen.
fn codes(catalog: &Catalog) -> Option<Regex> {
    let known = catalog.projects().flat_map(|(_, project)| std::iter::once(&project.code).chain(&project.was));
    let mut known: Vec<&str> = known.map(String::as_str).filter(|code| !code.trim().is_empty()).collect();
    known.sort_by_key(|code| (std::cmp::Reverse(code.len()), *code));
    let prefix = |code: &&str| code.rsplit_once('-').map(|(prefix, _)| regex::escape(prefix));
    let prefixes: BTreeSet<String> = known.iter().filter_map(prefix).filter(|prefix| !prefix.is_empty()).collect();
    let mut patterns: Vec<String> = known.iter().map(|code| super::matching::bounded(code)).collect();
    if !prefixes.is_empty() {
        patterns.push(format!(r"\b(?:{})-\d+\b", Vec::from_iter(prefixes).join("|")));
    }
    (!patterns.is_empty()).then(|| format!("(?i)(?:{})", patterns.join("|"))).and_then(|pattern| built(&pattern))
}

fn names(name_of: &HashMap<String, Vec<(String, bool)>>) -> Option<Regex> {
    let mut names: Vec<&String> = name_of.keys().filter(|name| !name.is_empty()).collect();
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), *name));
    let patterns: Vec<String> = names.iter().map(|name| super::matching::bounded(name)).collect();
    (!patterns.is_empty()).then(|| format!("(?i)(?:{})", patterns.join("|"))).and_then(|pattern| built(&pattern))
}

/// Large catalogs make large patterns: of literals only, so that their size is bounded by that of the file.
fn built(pattern: &str) -> Option<Regex> {
    regex::RegexBuilder::new(pattern).size_limit(1 << 30).build().ok()
}

fn nearest(catalog: &Catalog, code: &str) -> Option<String> {
    let code = code.to_uppercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&known.to_uppercase(), &code);
    catalog
        .projects()
        .map(|(_, project)| project.code.clone())
        .filter(|known| distance(known) <= 2)
        .min_by_key(|known| (distance(known), known.clone()))
}
