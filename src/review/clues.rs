//! What could tell an event from others: phrases of its title, domains and addresses of its people, who invites, its series. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::outcome::{Outcome, Purpose};
use crate::{
    model::{event::Event, staff::Staff},
    settling::activation::Active,
};

/// The longest phrase, in words, besides the whole title.
const WORDS_MAX: usize = 3;
/// Titles are not longer than this; what is, says too much.
const TITLE_WORDS_MAX: usize = 12;

/// One thing that a rule can ask for. The order is that of preference where two tell as much: a phrase is read at a glance, a series says
/// nothing of the next one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Clue {
    Phrase(String),
    Domain(String),
    Word(String),
    Address(String),
    Organizer(String),
    /// A word, and someone of a domain.
    Both(String, String),
    Series(String),
}

impl Clue {
    /// How well it reads where two tell as much; long phrases before short ones.
    pub(super) fn preference(&self) -> (usize, std::cmp::Reverse<usize>) {
        match self {
            Self::Phrase(text) => (0, std::cmp::Reverse(text.split(' ').count())),
            Self::Domain(_) => (1, std::cmp::Reverse(0)),
            Self::Word(_) => (2, std::cmp::Reverse(0)),
            Self::Address(_) => (3, std::cmp::Reverse(0)),
            Self::Organizer(_) => (4, std::cmp::Reverse(0)),
            Self::Both(..) => (5, std::cmp::Reverse(0)),
            Self::Series(_) => (6, std::cmp::Reverse(0)),
        }
    }

    /// Whether it may tell this of events like one: that clients' people are there never says that it is another client's time, nor
    /// that it is no work. Where people of other firms are, only the series itself is known to be no work.
    pub(super) fn may_tell(&self, outcome: &Outcome, with_guests: bool, active: &Active) -> bool {
        let owner = match &outcome.purpose {
            Purpose::NotWork => return matches!(self, Self::Series(_)) || !with_guests,
            Purpose::Client(key) => Some(key.as_str()),
            Purpose::Project(code) => active.rules.catalog.project(code).map(|(client, _)| client.key.as_str()),
        };
        let of = |email: &str| active.rules.clients_of(email).iter().all(|client| Some(client.as_str()) == owner);
        match self {
            Self::Domain(domain) => of(&format!("@{domain}")),
            Self::Address(email) | Self::Organizer(email) => of(email),
            Self::Phrase(_) | Self::Word(_) | Self::Both(..) | Self::Series(_) => true,
        }
    }

    /// As the conditions of a rule.
    pub(super) fn when(&self) -> Value {
        match self {
            Self::Phrase(text) | Self::Word(text) => json!({ "title": { "words": [text] } }),
            Self::Domain(text) | Self::Address(text) => json!({ "attendees": { "any": [text] } }),
            Self::Organizer(text) => json!({ "organizer": [text] }),
            Self::Both(word, domain) => json!({ "title": { "words": [word] }, "attendees": { "any": [domain] } }),
            Self::Series(uid) => json!({ "series": [uid] }),
        }
    }

    /// For people, and for the name of the rule.
    pub(super) fn words(&self, event: &Event) -> String {
        match self {
            Self::Phrase(text) | Self::Word(text) => text.clone(),
            Self::Domain(text) | Self::Address(text) => format!("with {text}"),
            Self::Organizer(text) => format!("by {text}"),
            Self::Both(word, domain) => format!("{word} with {domain}"),
            Self::Series(_) => format!("series {}", event.fact.text.title),
        }
    }
}

/// Whether people from outside the firm are there.
pub(super) fn has_guests(event: &Event, owner: &Staff, active: &Active) -> bool {
    let people = event.fact.text.attendees.iter().filter(|one| !one.resource).map(|one| one.email.to_lowercase());
    people.filter(|email| !owner.has_address(email)).any(|email| !email.is_empty() && !active.rules.is_ours(&email))
}

/// Everything that could tell an event.
pub(super) fn of(event: &Event, active: &Active) -> BTreeSet<Clue> {
    let (rules, text) = (&active.rules, &event.fact.text);
    let phrases = phrases(&text.title);
    let mut found: BTreeSet<Clue> = BTreeSet::new();
    let people = text.attendees.iter().filter(|one| !one.resource).map(|one| one.email.to_lowercase());
    let outside: BTreeSet<String> = people.filter(|email| !rules.is_ours(email)).collect();
    for email in outside {
        match email.split_once('@') {
            Some((_, domain)) if rules.has_telling_domain(&email) => {
                found.extend(phrases.iter().filter(|one| !one.contains(' ')).map(|word| Clue::Both(word.clone(), domain.to_owned())));
                found.insert(Clue::Domain(domain.to_owned()));
            }
            _ => drop(found.insert(Clue::Address(email))),
        }
    }
    found.extend(phrases.into_iter().map(|one| if one.contains(' ') { Clue::Phrase(one) } else { Clue::Word(one) }));
    found.extend(text.organizer.as_ref().map(|email| Clue::Organizer(email.to_lowercase())));
    if event.fact.recurring && !event.fact.ical_uid.is_empty() {
        found.insert(Clue::Series(event.fact.ical_uid.clone()));
    }
    found
}

/// Runs of words of a title, in lower case. Numbers tell one event and not its like. In scripts that write a word in two characters, two
/// are enough.
fn phrases(title: &str) -> BTreeSet<String> {
    let title = title.to_lowercase();
    let trim = |word: &str| word.trim_matches(|char: char| !char.is_alphanumeric()).to_owned();
    let words: Vec<String> = title.split_whitespace().map(trim).take(TITLE_WORDS_MAX).collect();
    let is_one = |word: &String| !word.is_empty() && !word.chars().any(|char| char.is_ascii_digit());
    let mut found = BTreeSet::new();
    for length in (1..=WORDS_MAX).chain([words.len()]) {
        let runs = words.windows(length.max(1)).filter(|run| run.iter().all(is_one)).map(|run| run.join(" "));
        // What stands between words, such as a dash, would have to stand in the rule too.
        let is_long = |run: &String| run.chars().count() > if run.is_ascii() { 2 } else { 1 };
        found.extend(runs.filter(|run| is_long(run) && title.contains(run.as_str())));
    }
    found
}
