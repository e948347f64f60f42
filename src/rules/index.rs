//! Which rules may hold for an event at all: each rule is filed under something that it cannot do without, such as one of its words.
//!
//! A rule that is not among the candidates would not have held; whether a candidate holds is asked as ever. So verdicts and explanations
//! are those of asking every rule, which a test holds. A rule that needs nothing of the kind is always a candidate.

use rustc_hash::FxHashMap;

use super::{
    compile::Rule,
    conditions::plain,
    identity::{Witness, domain, parents},
    lexicon::WordId,
    matching::{Condition, Sought, Where},
    reader::Reader,
};
use crate::model::verdict::Place;

/// Position of a rule among all.
type RuleNumber = u32;

/// What a rule cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A word of a title, description or location; a part may stand inside a longer word.
    Word { place: Place, word: WordId, part: bool },
    /// Something that is compared as a whole.
    Text(Kind, String),
    /// A client that is found by a name or code in certain places.
    Client { by: By, within: Vec<Where>, client: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Address or domain of someone besides the owner.
    Attendee,
    Organizer,
    Calendar,
    Category,
    Colour,
    EventType,
    Series,
    /// A client by someone's address.
    Client,
}

const KINDS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum By {
    Name,
    Code,
}

/// Rules by what they cannot do without.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the number of a word.
    words: Vec<Vec<Filed>>,
    texts: [FxHashMap<String, Vec<RuleNumber>>; KINDS],
    clients: Vec<Clients>,
    always: Vec<RuleNumber>,
    /// Whether some rule is filed under a whole address.
    has_addresses: bool,
    /// Places besides the title where some rule's word has to be.
    places: Vec<Place>,
}

/// A rule under one word.
#[derive(Debug)]
struct Filed {
    place: Place,
    part: bool,
    rule: RuleNumber,
}

/// Rules by the client that is found in certain places.
#[derive(Debug)]
struct Clients {
    by: By,
    within: Vec<Where>,
    rules: FxHashMap<String, Vec<RuleNumber>>,
}

impl Index {
    /// Files every rule under what the fewest rules share.
    pub(super) fn new(rules: &[Rule]) -> Self {
        let keys: Vec<Vec<Vec<Key>>> =
            rules.iter().map(|rule| rule.when.iter().filter_map(|clause| keys(&clause.condition)).collect()).collect();
        let mut shared: FxHashMap<&Key, usize> = FxHashMap::default();
        for key in keys.iter().flatten().flatten() {
            *shared.entry(key).or_default() += 1;
        }
        let mut index = Self::default();
        for (number, ways) in (0..).zip(&keys) {
            match ways.iter().min_by_key(|way| way.iter().map(|key| shared[key]).sum::<usize>()) {
                Some(way) => way.iter().for_each(|key| index.file(key, number)),
                None => index.always.push(number),
            }
        }
        index
    }

    fn file(&mut self, key: &Key, rule: RuleNumber) {
        match key {
            Key::Word { place, word, part } => {
                if *place != Place::Title && !self.places.contains(place) {
                    self.places.push(*place);
                }
                let at = *word as usize;
                if self.words.len() <= at {
                    self.words.resize_with(at + 1, Vec::new);
                }
                self.words[at].push(Filed { place: *place, part: *part, rule });
            }
            Key::Text(kind, text) => {
                self.has_addresses |= matches!(kind, Kind::Attendee | Kind::Organizer) && text.contains('@');
                self.texts[*kind as usize].entry(text.clone()).or_default().push(rule);
            }
            Key::Client { by, within, client } => {
                let at = self.clients.iter().position(|one| one.by == *by && one.within == *within).unwrap_or_else(|| {
                    self.clients.push(Clients { by: *by, within: within.clone(), rules: FxHashMap::default() });
                    self.clients.len() - 1
                });
                self.clients[at].rules.entry(client.clone()).or_default().push(rule);
            }
        }
    }

    /// Rules that may hold, in their order.
    pub(super) fn candidates<'a>(&self, reader: &'a Reader<'a>) -> Vec<RuleNumber> {
        let mut found = Vec::with_capacity(self.always.len() + 16);
        found.extend_from_slice(&self.always);
        self.by_words(reader, &mut found);
        self.by_texts(reader, &mut found);
        for Clients { by, within, rules } in &self.clients {
            let witnesses: Vec<&Witness<'_>> = match by {
                By::Name => reader.scans(within).flat_map(|scan| reader.names(scan)).collect(),
                By::Code => reader.scans(within).flat_map(|scan| &reader.codes(scan).0).collect(),
            };
            found.extend(witnesses.iter().filter_map(|witness| rules.get(witness.client)).flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn by_words(&self, reader: &Reader<'_>, found: &mut Vec<RuleNumber>) {
        for place in std::iter::once(&Place::Title).chain(&self.places) {
            for one in &reader.first_scan(*place).found {
                let filed = self.words.get(one.word as usize).into_iter().flatten();
                found.extend(filed.filter(|filed| filed.place == *place && (one.whole || filed.part)).map(|filed| filed.rule));
            }
        }
    }

    fn by_texts(&self, reader: &Reader<'_>, found: &mut Vec<RuleNumber>) {
        let text = &reader.scene.fact.text;
        if self.knows(Kind::Attendee) {
            reader.others().flat_map(|person| self.addressed(person.email)).for_each(|one| self.add(Kind::Attendee, one, found));
        }
        if self.knows(Kind::Organizer) {
            text.organizer.iter().flat_map(|email| self.addressed(email)).for_each(|one| self.add(Kind::Organizer, one, found));
        }
        if self.knows(Kind::Calendar) {
            self.add(Kind::Calendar, reader.calendar(), found);
        }
        if self.knows(Kind::Category) {
            text.categories.iter().for_each(|category| self.add(Kind::Category, &category.trim().to_lowercase(), found));
        }
        if self.knows(Kind::Colour) {
            text.colour.iter().for_each(|colour| self.add(Kind::Colour, &colour.to_lowercase(), found));
        }
        if self.knows(Kind::EventType) {
            text.event_type.iter().for_each(|kind| self.add(Kind::EventType, &plain(kind), found));
        }
        if self.knows(Kind::Series) {
            self.add(Kind::Series, &reader.scene.fact.ical_uid, found);
        }
        if self.knows(Kind::Client) {
            reader.addresses(true, true).iter().for_each(|witness| self.add(Kind::Client, witness.client, found));
        }
    }

    /// Under what an address may be filed: itself, its domain and those around it.
    fn addressed<'e>(&self, email: &'e str) -> impl Iterator<Item = &'e str> + use<'e> {
        self.has_addresses.then_some(email).into_iter().chain(parents(domain(email)))
    }

    fn knows(&self, kind: Kind) -> bool {
        !self.texts[kind as usize].is_empty()
    }

    fn add(&self, kind: Kind, text: &str, found: &mut Vec<RuleNumber>) {
        found.extend(self.texts[kind as usize].get(text).into_iter().flatten());
    }
}

/// What a condition cannot do without: one of these. None if it holds for events that have nothing to file it under.
fn keys(condition: &Condition) -> Option<Vec<Key>> {
    let texts = |kind: Kind, all: &[String]| Some(all.iter().map(|text| Key::Text(kind, text.clone())).collect());
    let words = |place: Place, words: &[WordId], part: bool| words.iter().map(|word| Key::Word { place, word: *word, part }).collect();
    match condition {
        Condition::Text { place, words: Some(some), .. } => Some(words(*place, some, false)),
        Condition::Text { place, regex: Some(pattern), .. } => pattern.needs().map(|needs| words(*place, needs, true)),
        Condition::AnyAttendee(wanted) | Condition::Only(wanted) => texts(Kind::Attendee, wanted),
        Condition::Organizer(wanted) => texts(Kind::Organizer, wanted),
        Condition::Calendar(names) => texts(Kind::Calendar, names),
        Condition::Categories(any) => texts(Kind::Category, any),
        Condition::Colour(any) => texts(Kind::Colour, any),
        Condition::EventType(any) => texts(Kind::EventType, any),
        Condition::Series(any) => texts(Kind::Series, any),
        Condition::Domain(sought) if !sought.is.is_empty() => texts(Kind::Client, &sought.is),
        Condition::Name(sought) if !sought.is.is_empty() => Some(clients(By::Name, sought)),
        Condition::Code(sought) if !sought.is.is_empty() => Some(clients(By::Code, sought)),
        Condition::All(parts) => parts.iter().filter_map(keys).min_by_key(Vec::len),
        Condition::Any(parts) => parts.iter().map(keys).collect::<Option<Vec<_>>>().map(|each| each.concat()),
        _ => None,
    }
}

fn clients(by: By, sought: &Sought) -> Vec<Key> {
    sought.is.iter().map(|client| Key::Client { by, within: sought.within.clone(), client: client.clone() }).collect()
}
