//! Who an event is for, by the catalog: project codes, client names, mail domains and addresses (SEMANTICS S24).

use std::{cmp::Reverse, collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    boundaries::is_boundary,
    fold::folded,
    lexicon::{Found, Lexicon, WordId},
    nearest::Nearest,
};
use crate::model::{
    catalog::{Catalog, Client, Project},
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
pub(super) struct Witness<'a> {
    pub(super) client: &'a str,
    pub(super) project: Option<&'a str>,
    pub(super) evidence: Evidence,
    /// An alias that is a common word: counts only beside another witness.
    pub(super) weak: bool,
}

/// A client that goes by a name, and whether the name is a common word.
type Bearer = (String, bool);

/// Tables made from the catalog, one lookup each.
#[derive(Debug)]
pub(super) struct Identity {
    names: FxHashMap<WordId, Vec<Bearer>>,
    /// Client and code of a project, by its code or a former one.
    codes: FxHashMap<WordId, (String, String)>,
    /// What stands before the number of a code, with its dash.
    prefixes: FxHashSet<WordId>,
    /// Client and code of a project by its code or a former one, as it is and in lower case.
    projects: FxHashMap<String, (String, String)>,
    mail: FxHashMap<String, Mail>,
    /// Domains of our own firm.
    ours: BTreeSet<String>,
    /// Whether some of it is a whole address.
    has_addresses: bool,
    nearest: Nearest,
}

/// Whose an address or a domain is.
#[derive(Debug, Default)]
struct Mail {
    clients: Vec<String>,
    is_ours: bool,
}

impl Identity {
    pub(super) fn new(catalog: &Catalog, our_domains: &[String], lexicon: &mut Lexicon) -> Self {
        let mut names: FxHashMap<WordId, Vec<Bearer>> = FxHashMap::default();
        let mut mail: FxHashMap<String, Mail> = FxHashMap::default();
        for domain in our_domains {
            mail.entry(domain.clone()).or_default().is_ours = true;
        }
        for client in catalog.clients.values() {
            if client.own {
                client.domains.iter().for_each(|domain| mail.entry(domain.clone()).or_default().is_ours = true);
            }
            if client.own || client.closed {
                continue;
            }
            let aliases = client.aliases.iter().filter(|alias| folded(&alias.name) != folded(&client.name));
            let aliases = aliases.map(|alias| (&alias.name, alias.weak));
            for (name, weak) in std::iter::once((&client.name, false)).chain(aliases).filter(|(name, _)| !name.trim().is_empty()) {
                names.entry(lexicon.add(name)).or_default().push((client.key.clone(), weak));
            }
            for one in client.domains.iter().chain(&client.addresses) {
                let clients = &mut mail.entry(one.clone()).or_default().clients;
                if !clients.contains(&client.key) {
                    clients.push(client.key.clone());
                }
            }
        }
        let known: Vec<&str> = codes(catalog).collect();
        Self {
            has_addresses: mail.keys().any(|one| one.contains('@')),
            names,
            codes: of_words(catalog, lexicon),
            prefixes: prefixes(&known).map(|prefix| lexicon.add(&prefix)).collect(),
            projects: projects(catalog),
            ours: mail.iter().filter(|(_, mail)| mail.is_ours).map(|(domain, _)| domain.clone()).collect(),
            mail,
            nearest: Nearest::new(catalog),
        }
    }

    /// Client and code of a project, by its code or a former one, in any case: what [`Catalog::project`] finds, in one look.
    pub(super) fn project(&self, code: &str) -> Option<(&str, &str)> {
        let known = self.projects.get(code).or_else(|| self.projects.get(&code.to_ascii_lowercase()));
        known.map(|(client, code)| (client.as_str(), code.as_str()))
    }

    /// Codes among the words that were found in one text; those that name no project are told apart. What has the prefix of a code and a
    /// number may be a slip of the pen. At each place the longest counts, and what overlaps it does not.
    pub(super) fn codes(&self, place: Place, index: usize, text: &str, found: &[Found]) -> (Vec<Witness<'_>>, Vec<UnknownCode>) {
        let whole = found.iter().filter(|one| one.whole).filter_map(|one| Some((one.start, one.end, Some(self.codes.get(&one.word)?))));
        let begun = found.iter().filter(|one| one.whole && self.prefixes.contains(&one.word)).map(|one| (one.start, one.end, None));
        let mut hits: Vec<_> = whole.chain(begun).collect();
        hits.sort_unstable_by_key(|(start, end, project)| (*start, project.is_none(), Reverse(*end)));
        let (mut known, mut unknown, mut after) = (Vec::new(), Vec::new(), 0);
        for (start, end, project) in hits {
            let number = if project.is_none() { number(text, end) } else { Some(end) };
            let Some(end) = number.filter(|_| start >= after) else { continue };
            after = end + further(&text[end..]);
            let (code, evidence) = (&text[start..after], Evidence { place, index, span: (start, after) });
            if let Some((client, project)) = project.filter(|_| after == end) {
                known.push(Witness { client, project: Some(project), evidence, weak: false });
            } else {
                let near = self.nearest.to(code).or_else(|| project.map(|(_, code)| code.clone()));
                unknown.push(UnknownCode { code: code.to_uppercase(), near, evidence });
            }
        }
        (known, unknown)
    }

    /// Client names among the words that were found in one text, the longest at each place.
    pub(super) fn names<'s>(&'s self, place: Place, index: usize, found: &[Found]) -> Vec<Witness<'s>> {
        let mut hits: Vec<_> = found.iter().filter(|one| one.whole && self.names.contains_key(&one.word)).collect();
        hits.sort_unstable_by_key(|one| (one.start, Reverse(one.end)));
        let (mut witnesses, mut after) = (Vec::new(), 0);
        for hit in hits {
            if hit.start < after {
                continue;
            }
            after = hit.end;
            let bearers = &self.names[&hit.word];
            let evidence = || Evidence { place, index, span: (hit.start, hit.end) };
            let witness =
                |(client, weak): &'s Bearer| Witness { client, project: None, evidence: evidence(), weak: *weak || bearers.len() > 1 };
            witnesses.extend(bearers.iter().map(witness));
        }
        witnesses
    }

    /// Clients to whom an address belongs, and whether it is one of our own firm's.
    pub(super) fn whose(&self, email: &str) -> (&[String], bool) {
        let domain = domain(email);
        let (mut of_domain, mut is_ours): (&[String], _) = (&[], false);
        for mail in parents(domain).filter_map(|domain| self.mail.get(domain)) {
            is_ours |= mail.is_ours;
            if of_domain.is_empty() {
                of_domain = &mail.clients;
            }
        }
        let own = if self.has_addresses { self.mail.get(email).map_or(&[][..], |mail| &mail.clients) } else { &[] };
        let owners = match () {
            () if !own.is_empty() => own,
            () if is_ours || of_domain.is_empty() || FREE_MAIL.contains(&domain) => &[],
            () => of_domain,
        };
        (owners, is_ours)
    }

    /// Whether an address is one of our own firm's.
    pub(super) fn is_ours(&self, email: &str) -> bool {
        self.whose(email).1
    }

    /// Our own domains; a client's among them is a contradiction.
    pub(super) fn ours(&self) -> &BTreeSet<String> {
        &self.ours
    }
}

/// What stands behind the last `@`. Bytes are compared one by one: addresses are too short for a search to pay.
pub(super) fn domain(email: &str) -> &str {
    email.bytes().rposition(|byte| byte == b'@').map_or(email, |at| &email[at + 1..])
}

/// A domain and those around it: a domain covers its subdomains.
pub(super) fn parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.bytes().position(|byte| byte == b'.').map(|dot| &domain[dot + 1..]))
}

/// Every code, former ones too.
pub(super) fn codes(catalog: &Catalog) -> impl Iterator<Item = &str> {
    by_codes(catalog).map(|(code, ..)| code)
}

/// What stands before the numbers of codes, with the dash: `ISO-9001` is none of ours unless we have another `ISO-`.
pub(super) fn prefixes(codes: &[&str]) -> impl Iterator<Item = String> {
    let prefixes: BTreeSet<&str> = codes.iter().filter_map(|code| code.rsplit_once('-')).map(|(prefix, _)| prefix.trim()).collect();
    prefixes.into_iter().filter(|prefix| !prefix.is_empty()).map(|prefix| format!("{prefix}-"))
}

/// Where the number ends that begins here.
fn number(text: &str, at: usize) -> Option<usize> {
    static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\d+").ok());
    let end = at + NUMBER.as_ref()?.find(&text[at..])?.end();
    is_boundary(text, end).then_some(end)
}

/// What makes a code another one: `MUE-1-2`, `MUE-1.5` and `MUE-1/2` are not `MUE-1`.
pub(super) const FURTHER: &str = r"(?:[-‐‑‒–./][0-9][0-9A-Za-z]*)+";

/// How long that is, where a text begins with it.
fn further(text: &str) -> usize {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!(r"\A{FURTHER}")).ok());
    let is_joint = |byte: u8| matches!(byte, b'-' | b'.' | b'/') || !byte.is_ascii();
    let may_be = text.bytes().next().is_some_and(is_joint);
    PATTERN.as_ref().filter(|_| may_be).and_then(|pattern| pattern.find(text)).map_or(0, |more| more.end())
}

/// Every project by its code, then by its former ones.
pub(super) fn by_codes(catalog: &Catalog) -> impl Iterator<Item = (&str, &Client, &Project)> {
    let current = catalog.projects().map(|(client, project)| (project.code.as_str(), client, project));
    let former = catalog.projects().flat_map(|(client, project)| project.was.iter().map(move |was| (was.as_str(), client, project)));
    current.chain(former).filter(|(code, ..)| !code.trim().is_empty())
}

fn of_words(catalog: &Catalog, lexicon: &mut Lexicon) -> FxHashMap<WordId, (String, String)> {
    let mut found = FxHashMap::default();
    for (code, client, project) in by_codes(catalog) {
        found.entry(lexicon.add(code)).or_insert_with(|| (client.key.clone(), project.code.clone()));
    }
    found
}

fn projects(catalog: &Catalog) -> FxHashMap<String, (String, String)> {
    let mut found = FxHashMap::default();
    for (code, client, project) in by_codes(catalog) {
        for spelling in [code.to_owned(), code.to_ascii_lowercase()] {
            found.entry(spelling).or_insert_with(|| (client.key.clone(), project.code.clone()));
        }
    }
    found
}
