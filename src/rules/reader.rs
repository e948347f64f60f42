//! What is read of one event: each text once, everyone once, when a rule first asks.

use std::{cell::OnceCell, collections::HashSet};

use chrono::{DateTime, Datelike, Utc, Weekday};

use super::{
    RuleSet, Scene,
    identity::Witness,
    lexicon::{Found, WordId},
};
use crate::model::{
    event::Span,
    verdict::{Place, UnknownCode},
};

/// One event under one rule set.
pub(super) struct Reader<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) set: &'a RuleSet,
    /// The plain way of finding words, names and codes, with which the fast one is compared.
    #[cfg(test)]
    pub(super) naive: Option<&'a super::naive::Naive<'a>>,
    title: OnceCell<Scan<'a>>,
    location: OnceCell<Scan<'a>>,
    first_line: OnceCell<Scan<'a>>,
    description: OnceCell<Scan<'a>>,
    categories: OnceCell<Vec<Scan<'a>>>,
    others: OnceCell<Vec<&'a str>>,
    /// Of attendees and organizer, of attendees alone, of the organizer alone.
    addresses: [OnceCell<Vec<Witness<'a>>>; 3],
    neighbours: OnceCell<Vec<Reader<'a>>>,
}

/// A text and what was found in it.
pub(super) struct Scan<'a> {
    place: Place,
    index: usize,
    pub(super) text: &'a str,
    pub(super) found: Vec<Found>,
    names: OnceCell<Vec<Witness<'a>>>,
    codes: OnceCell<Codes<'a>>,
}

/// Codes that name projects, and those that name none.
type Codes<'a> = (Vec<Witness<'a>>, Vec<UnknownCode>);

impl<'a> Reader<'a> {
    pub(super) fn new(set: &'a RuleSet, scene: &'a Scene<'a>) -> Self {
        Self {
            scene,
            set,
            #[cfg(test)]
            naive: None,
            title: OnceCell::new(),
            location: OnceCell::new(),
            first_line: OnceCell::new(),
            description: OnceCell::new(),
            categories: OnceCell::new(),
            others: OnceCell::new(),
            addresses: Default::default(),
            neighbours: OnceCell::new(),
        }
    }

    fn scan(&self, place: Place, index: usize, text: &'a str) -> Scan<'a> {
        let found = if text.is_empty() { Vec::new() } else { self.set.lexicon.scan(text) };
        Scan { place, index, text, found, names: OnceCell::new(), codes: OnceCell::new() }
    }

    /// The text of a place where words are sought; of a description its first line.
    pub(super) fn first_scan(&self, place: Place) -> &Scan<'a> {
        let text = &self.scene.fact.text;
        match place {
            Place::Description => self.first_line.get_or_init(|| self.scan(place, 0, text.description.lines().next().unwrap_or_default())),
            Place::Location => self.location.get_or_init(|| self.scan(place, 0, &text.location)),
            _ => self.title.get_or_init(|| self.scan(Place::Title, 0, &text.title)),
        }
    }

    pub(super) fn description(&self) -> &Scan<'a> {
        self.description.get_or_init(|| self.scan(Place::Description, 0, &self.scene.fact.text.description))
    }

    pub(super) fn categories(&self) -> &[Scan<'a>] {
        let all = || self.scene.fact.text.categories.iter().enumerate();
        self.categories.get_or_init(|| all().map(|(index, category)| self.scan(Place::Category, index, category)).collect())
    }

    /// The first of these words in a text, the longest if several begin there.
    pub(super) fn word(&self, scan: &Scan<'a>, words: &[WordId]) -> Option<(usize, usize)> {
        #[cfg(test)]
        if let Some(naive) = self.naive {
            return naive.word(scan.text, words);
        }
        let ours = scan.found.iter().filter(|one| one.whole && words.binary_search(&one.word).is_ok());
        let first = ours.min_by_key(|one| (one.start, std::cmp::Reverse(one.end)));
        first.map(|one| (one.start, one.end))
    }

    pub(super) fn names<'s>(&self, scan: &'s Scan<'a>) -> &'s [Witness<'a>] {
        scan.names.get_or_init(|| {
            #[cfg(test)]
            if let Some(naive) = self.naive {
                return naive.names(scan.place, scan.index, scan.text);
            }
            self.set.identity.names(scan.place, scan.index, &scan.found)
        })
    }

    pub(super) fn codes<'s>(&self, scan: &'s Scan<'a>) -> &'s Codes<'a> {
        scan.codes.get_or_init(|| {
            #[cfg(test)]
            if let Some(naive) = self.naive {
                return naive.codes(scan.place, scan.index, scan.text);
            }
            self.set.identity.codes(scan.place, scan.index, scan.text, &scan.found)
        })
    }

    /// Clients by the addresses of people.
    pub(super) fn addresses(&self, attendees: bool, organizer: bool) -> &[Witness<'a>] {
        let which = match (attendees, organizer) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => return &[],
        };
        self.addresses[which].get_or_init(|| {
            let text = &self.scene.fact.text;
            #[cfg(test)]
            if let Some(naive) = self.naive {
                return naive.addresses(text, attendees, organizer);
            }
            self.set.identity.addresses(text, attendees, organizer)
        })
    }

    pub(super) fn is_ours(&self, email: &str) -> bool {
        #[cfg(test)]
        if let Some(naive) = self.naive {
            return naive.is_ours(email);
        }
        self.set.identity.is_ours(email)
    }

    pub(super) fn is_known(&self, email: &str) -> bool {
        #[cfg(test)]
        if let Some(naive) = self.naive {
            return !naive.owners(email).is_empty();
        }
        self.set.identity.is_known(email)
    }

    /// People besides the owner, the organiser among them, each once.
    pub(super) fn others(&self) -> &[&'a str] {
        self.others.get_or_init(|| {
            let text = &self.scene.fact.text;
            let invited = text.attendees.iter().filter(|person| !person.resource).map(|person| person.email.as_str());
            let host = text.organizer.as_deref().filter(|host| text.attendees.iter().all(|person| person.email != *host));
            let mut seen = HashSet::new();
            invited.chain(host).filter(|email| !self.scene.addresses.iter().any(|own| own == email) && seen.insert(*email)).collect()
        })
    }

    /// People, never rooms; the owner counts whether she stands in the list or not.
    pub(super) fn people(&self) -> usize {
        1 + self.others().len()
    }

    /// People from outside the firm.
    pub(super) fn guests(&self) -> impl Iterator<Item = &'a str> {
        self.others().iter().copied().filter(|email| !self.is_ours(email))
    }

    /// Her other events on that date, each read once too.
    pub(super) fn neighbours(&self) -> &[Reader<'a>] {
        self.neighbours.get_or_init(|| {
            let reader = |scene| {
                #[allow(unused_mut)]
                let mut reader = Reader::new(self.set, scene);
                #[cfg(test)]
                {
                    reader.naive = self.naive;
                }
                reader
            };
            self.scene.same_day.iter().map(reader).collect()
        })
    }

    pub(super) fn start(&self) -> Option<DateTime<Utc>> {
        match self.scene.fact.span {
            Span::Timed { start, .. } => Some(start),
            Span::AllDay { .. } => None,
        }
    }

    pub(super) fn weekday(&self) -> Weekday {
        match self.scene.fact.span {
            Span::Timed { start, .. } => start.with_timezone(&self.scene.zone).weekday(),
            Span::AllDay { first, .. } => first.weekday(),
        }
    }
}
