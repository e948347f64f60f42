//! The plain way, as an oracle: every rule is asked, words and names and codes are patterns, addresses are compared one by one.

use std::{cell::RefCell, collections::HashMap, sync::LazyLock};

use regex::Regex;

use super::{
    RuleSet, Scene,
    evaluate::judged,
    explain::{Asked, asked},
    fold::folded,
    identity::{FREE_MAIL, FURTHER, Witness, by_codes, codes, prefixes},
    lexicon::{WordId, edges},
    plain::Plain,
    reader::Reader,
};
use crate::model::{
    catalog::{Catalog, Client},
    verdict::{Evidence, Place, UnknownCode, Verdict},
};

/// A rule set without its tables.
pub(super) struct Naive<'a> {
    set: &'a RuleSet,
    names: Option<Regex>,
    codes: Option<Regex>,
    further: Regex,
    words: RefCell<HashMap<Vec<WordId>, Regex>>,
}

/// Stands where words may end between letters, so that patterns see a boundary there.
const EDGE: char = '\u{e000}';

/// A text as patterns are asked of it, and where each of its bytes stood.
struct Marked {
    text: String,
    from: Vec<usize>,
}

impl Marked {
    fn new(text: &str) -> Self {
        const LONE: &str = r"[\p{Han}\p{Hiragana}\p{Thai}]";
        const KATAKANA: &str = r"\p{Katakana}ー";
        static EDGE_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
            let lone = format!(r"{LONE}[\w--\p{{M}}]|\w[{LONE}--\p{{M}}]");
            let pattern = format!(r"\A(?:{lone}|[{KATAKANA}][\w--[{KATAKANA}\p{{M}}]]|[\w--[{KATAKANA}]][{KATAKANA}])");
            Regex::new(&pattern).expect("a pattern")
        });
        if text.is_ascii() {
            return Self { text: text.to_owned(), from: (0..=text.len()).collect() };
        }
        let plain = Plain::new(text);
        let mut marked = Self { text: String::new(), from: Vec::new() };
        for (at, char) in plain.text.char_indices() {
            marked.text.push(char);
            marked.from.resize(marked.text.len(), plain.origin(at));
            let pair = &plain.text[at..].chars().take(2).collect::<String>();
            if !pair.is_ascii() && EDGE_BEHIND.is_match(pair) {
                marked.text.push(EDGE);
                marked.from.resize(marked.text.len(), plain.origin(at + char.len_utf8()));
            }
        }
        marked.from.push(text.len());
        marked
    }

    fn span(&self, (start, end): (usize, usize)) -> (usize, usize) {
        (self.from[start], self.from[end])
    }
}

/// A literal between word boundaries; any white space, also a no-break space, is one space.
fn bounded(word: &str) -> String {
    let word = folded(word);
    let (left, right) = edges(&word);
    let edge = |is_letter: bool| if is_letter { r"\b" } else { "" };
    let letters = |word: &str| word.chars().map(|char| regex::escape(&char.to_string())).collect::<Vec<_>>().join(&format!("{EDGE}?"));
    let body = word.split_whitespace().map(letters).collect::<Vec<_>>().join(&format!(r"{EDGE}?(?:\s{EDGE}?)+"));
    format!("{}{body}{}", edge(left), edge(right))
}

/// One of several, the longest first.
fn one_of<'w>(words: impl Iterator<Item = &'w str>) -> Vec<String> {
    let mut words: Vec<&str> = words.filter(|word| !word.trim().is_empty()).collect();
    words.sort_by_key(|word| std::cmp::Reverse(folded(word).len()));
    words.into_iter().map(bounded).collect()
}

fn pattern(parts: &[String]) -> Option<Regex> {
    (!parts.is_empty()).then(|| Regex::new(&format!("(?i)(?:{})", parts.join("|"))).expect("a pattern"))
}

fn spoken_of(catalog: &Catalog) -> impl Iterator<Item = (&Client, &str, bool)> {
    catalog.clients.values().filter(|client| !client.own && !client.closed).flat_map(|client| {
        let aliases = client.aliases.iter().filter(|alias| folded(&alias.name) != folded(&client.name));
        std::iter::once((client, client.name.as_str(), false)).chain(aliases.map(move |alias| (client, alias.name.as_str(), alias.weak)))
    })
}

impl<'a> Naive<'a> {
    pub(super) fn new(set: &'a RuleSet) -> Self {
        let known: Vec<&str> = codes(&set.catalog).collect();
        let mut of_codes = one_of(known.iter().copied());
        let prefixes: Vec<String> = prefixes(&known).collect();
        of_codes.extend(one_of(prefixes.iter().map(String::as_str)).iter().map(|prefix| format!(r"{prefix}(?:{EDGE}?\d)+\b")));
        let names = one_of(spoken_of(&set.catalog).map(|(_, name, _)| name));
        let further = Regex::new(FURTHER).expect("a pattern");
        Self { set, names: pattern(&names), codes: pattern(&of_codes), further, words: RefCell::default() }
    }

    /// What the rules make of one event and how each was near it, every rule asked.
    pub(super) fn judge(&self, scene: &Scene<'_>) -> (Verdict, Vec<Asked>) {
        if let Some(fact) = scene.without_words() {
            return self.judge(&Scene { fact: &fact, ..*scene });
        }
        let scene = &self.set.seen(*scene);
        let mut reader = Reader::new(self.set, scene);
        reader.naive = Some(self);
        let verdict = judged(self.set, &reader, 0..self.set.rules.len());
        let asked = asked(&reader, &verdict);
        (verdict, asked)
    }

    pub(super) fn word(&self, text: &str, words: &[WordId]) -> Option<(usize, usize)> {
        let mut known = self.words.borrow_mut();
        let regex = known
            .entry(words.to_vec())
            .or_insert_with(|| pattern(&one_of(words.iter().map(|word| self.set.lexicon.word(*word)))).expect("a rule names words"));
        let text = Marked::new(text);
        regex.find(&text.text).map(|hit| text.span((hit.start(), hit.end())))
    }

    pub(super) fn names(&self, place: Place, index: usize, text: &str) -> Vec<Witness<'a>> {
        let marked = Marked::new(text);
        let hits = self.names.iter().flat_map(|names| names.find_iter(&marked.text));
        let named = hits.flat_map(|hit| {
            let span = marked.span((hit.start(), hit.end()));
            let bearers: Vec<_> =
                spoken_of(&self.set.catalog).filter(|(_, name, _)| folded(name) == folded(&text[span.0..span.1])).collect();
            let (shared, evidence) = (bearers.len() > 1, Evidence { place, index, span });
            let witness = move |(client, _, weak): (&'a Client, _, bool)| Witness {
                client: &client.key,
                project: None,
                evidence: evidence.clone(),
                weak: weak || shared,
            };
            bearers.into_iter().map(witness)
        });
        named.collect()
    }

    pub(super) fn codes(&self, place: Place, index: usize, text: &str) -> (Vec<Witness<'a>>, Vec<UnknownCode>) {
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        let (marked, mut from) = (Marked::new(text), 0);
        while let Some(hit) = self.codes.as_ref().and_then(|codes| codes.find_at(&marked.text, from)) {
            // `MUE-1-2` is not `MUE-1`.
            let base = marked.span((hit.start(), hit.end()));
            let end = self.further.find(&text[base.1..]).filter(|more| more.start() == 0).map_or(base.1, |more| base.1 + more.end());
            from = marked.from.partition_point(|at| *at < end);
            let span = (base.0, end);
            let (code, evidence) = (&text[span.0..span.1], Evidence { place, index, span });
            let project = by_codes(&self.set.catalog).find(|(known, ..)| folded(known) == folded(&text[base.0..base.1]));
            match project {
                Some((_, client, project)) if span == base => {
                    found.push(Witness { client: &client.key, project: Some(&project.code), evidence, weak: false });
                }
                project => {
                    let near = self.nearest(code).or_else(|| project.map(|(_, _, project)| project.code.clone()));
                    unknown.push(UnknownCode { code: code.to_uppercase(), near, evidence });
                }
            }
        }
        (found, unknown)
    }

    fn nearest(&self, code: &str) -> Option<String> {
        let distance = |known: &str| strsim::damerau_levenshtein(&known.to_uppercase(), &code.to_uppercase());
        let known = self.set.catalog.projects().map(|(_, project)| (distance(&project.code), project.code.clone()));
        known.filter(|(slips, _)| *slips <= 2).min().map(|(_, code)| code)
    }

    /// Clients to whom an address belongs.
    pub(super) fn owners(&self, email: &str) -> Vec<&'a str> {
        let clients = || self.set.catalog.clients.values().filter(|client| !client.own);
        let with =
            |has: &dyn Fn(&Client) -> bool| clients().filter(|client| has(client)).map(|client| client.key.as_str()).collect::<Vec<_>>();
        let by_address = with(&|client| client.addresses.iter().any(|one| one == email));
        let domain = email.rsplit('@').next().unwrap_or_default();
        if !by_address.is_empty() || self.is_ours(email) || FREE_MAIL.contains(&domain) {
            return by_address;
        }
        let mut around = Some(domain);
        while let Some(domain) = around {
            let found = with(&|client| client.domains.iter().any(|one| one == domain));
            if !found.is_empty() {
                return found;
            }
            around = domain.split_once('.').map(|(_, parent)| parent);
        }
        Vec::new()
    }

    pub(super) fn is_ours(&self, email: &str) -> bool {
        let domain = email.rsplit('@').next().unwrap_or_default();
        let own = self.set.catalog.clients.values().filter(|client| client.own).flat_map(|client| &client.domains);
        own.chain(&self.set.our_domains).any(|ours| domain == ours || domain.ends_with(&format!(".{ours}")))
    }
}
