//! What is read of one event: each text once, everyone once, when a rule first asks.

use std::{
    cell::{Cell, OnceCell},
    collections::HashSet,
};

use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};

use super::{
    RuleSet, Scene,
    identity::Witness,
    judge::Dates,
    lexicon::{Found, WordId},
    plain::Plain,
};
use crate::model::{
    event::Span,
    verdict::{Evidence, Place, UnknownCode},
};

/// So many people are compared one by one, faster than by a table.
const FEW: usize = 16;

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
    people: OnceCell<Vec<Person<'a>>>,
    /// On which all that was asked of its date has the same answers.
    dates: Cell<Dates>,
    calendar: OnceCell<String>,
    /// Of attendees and organizer, of attendees alone, of the organizer alone.
    addresses: [OnceCell<Vec<Witness<'a>>>; 3],
    neighbours: OnceCell<Vec<Reader<'a>>>,
}

/// Someone invited, or the organiser.
pub(super) struct Person<'a> {
    pub(super) email: &'a str,
    pub(super) is_ours: bool,
    /// Clients to whom the address belongs.
    pub(super) owners: Vec<&'a str>,
    place: Place,
    index: usize,
    /// Counts as someone besides the owner, and for the first time.
    is_other: bool,
}

/// A text and what was found in it.
pub(super) struct Scan<'a> {
    place: Place,
    index: usize,
    pub(super) text: &'a str,
    pub(super) found: Vec<Found>,
    names: OnceCell<Vec<Witness<'a>>>,
    codes: OnceCell<Codes<'a>>,
    #[cfg(test)]
    naive: Option<&'a super::naive::Naive<'a>>,
}

/// Codes that name projects, and those that name none.
type Codes<'a> = (Vec<Witness<'a>>, Vec<UnknownCode>);

impl Scan<'_> {
    /// The first of these words, the longest if several begin there.
    pub(super) fn word(&self, words: &[WordId]) -> Option<(usize, usize)> {
        #[cfg(test)]
        if let Some(naive) = self.naive {
            return naive.word(self.text, words);
        }
        let ours = self.found.iter().filter(|one| one.whole && words.binary_search(&one.word).is_ok());
        let first = ours.min_by_key(|one| (one.start, std::cmp::Reverse(one.end)));
        first.map(|one| (one.start, one.end))
    }

    /// Whether one of these words is there, alone or in a longer one.
    pub(super) fn has_part(&self, words: &[WordId]) -> bool {
        // The plain way finds no words, so it asks every pattern.
        #[cfg(test)]
        if self.naive.is_some() {
            return true;
        }
        self.found.iter().any(|one| words.contains(&one.word))
    }
}

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
            people: OnceCell::new(),
            dates: Cell::new(Dates::ALL),
            calendar: OnceCell::new(),
            addresses: Default::default(),
            neighbours: OnceCell::new(),
        }
    }

    fn scan(&self, place: Place, index: usize, text: &'a str) -> Scan<'a> {
        let found = if text.is_empty() { Vec::new() } else { self.set.lexicon.scan(&Plain::new(text)) };
        Scan {
            place,
            index,
            text,
            found,
            names: OnceCell::new(),
            codes: OnceCell::new(),
            #[cfg(test)]
            naive: self.naive,
        }
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

    /// Clients by the addresses of people, in the order of their keys. One that several clients share only confirms.
    pub(super) fn addresses(&self, attendees: bool, organizer: bool) -> &[Witness<'a>] {
        let which = match (attendees, organizer) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => return &[],
        };
        self.addresses[which].get_or_init(|| {
            let mut found: Vec<Witness<'a>> = Vec::new();
            for person in self.everyone().iter().filter(|person| if person.place == Place::Organizer { organizer } else { attendees }) {
                for client in person.owners.iter().copied() {
                    let evidence = Evidence { place: person.place, index: person.index, span: (0, person.email.len()) };
                    let witness = Witness { client, project: None, evidence, weak: person.owners.len() > 1 };
                    match found.iter_mut().find(|known| known.client == client) {
                        Some(known) if known.weak && !witness.weak => *known = witness,
                        Some(_) => {}
                        None => found.push(witness),
                    }
                }
            }
            found.sort_by_key(|witness| witness.client);
            found
        })
    }

    /// Those invited, then the organiser; no rooms.
    fn everyone(&self) -> &[Person<'a>] {
        self.people.get_or_init(|| {
            let text = &self.scene.fact.text;
            let mut everyone: Vec<Person<'a>> = Vec::with_capacity(text.attendees.len() + 1);
            let mut many: HashSet<&str> = HashSet::new();
            for (index, person) in text.attendees.iter().enumerate().filter(|(_, person)| !person.resource) {
                let email = person.email.as_str();
                let is_first =
                    if text.attendees.len() > FEW { many.insert(email) } else { everyone.iter().all(|known| known.email != email) };
                everyone.push(self.person(email, (Place::Attendee, index), is_first && !self.is_owner(email)));
            }
            if let Some(host) = &text.organizer {
                let is_other = !self.is_owner(host) && text.attendees.iter().all(|person| person.email != *host);
                everyone.push(self.person(host, (Place::Organizer, 0), is_other));
            }
            everyone
        })
    }

    fn is_owner(&self, email: &str) -> bool {
        self.scene.addresses.iter().any(|own| own == email)
    }

    fn person(&self, email: &'a str, (place, index): (Place, usize), is_other: bool) -> Person<'a> {
        #[cfg(test)]
        if let Some(naive) = self.naive {
            return Person { email, is_ours: naive.is_ours(email), owners: naive.owners(email), place, index, is_other };
        }
        let (owners, is_ours) = self.set.identity.whose(email);
        Person { email, is_ours, owners: owners.iter().map(String::as_str).collect(), place, index, is_other }
    }

    /// People besides the owner, the organiser among them, each once.
    pub(super) fn others(&self) -> impl Iterator<Item = &Person<'a>> {
        self.everyone().iter().filter(|person| person.is_other)
    }

    /// People, never rooms; the owner counts whether she stands in the list or not.
    pub(super) fn people(&self) -> usize {
        1 + self.others().count()
    }

    /// People from outside the firm.
    pub(super) fn guests(&self) -> impl Iterator<Item = &Person<'a>> {
        self.others().filter(|person| !person.is_ours)
    }

    /// Whether the date it stands on lies between two, both included.
    pub(super) fn is_between(&self, from: Option<NaiveDate>, until: Option<NaiveDate>) -> bool {
        if (from, until) == (None, None) {
            return true;
        }
        let date = self.scene.date;
        self.dates.set(self.dates.get().around(date, from, until));
        from.is_none_or(|from| from <= date) && until.is_none_or(|until| date <= until)
    }

    /// Dates on which all that was asked so far has the same answers, weekdays apart.
    pub(super) fn dates(&self) -> Dates {
        self.dates.get()
    }

    /// The calendar's name as it is compared.
    pub(super) fn calendar(&self) -> &str {
        self.calendar.get_or_init(|| self.scene.calendar.trim().to_lowercase())
    }

    /// Her other events on that date, each read once too.
    pub(super) fn neighbours(&self) -> &[Reader<'a>] {
        self.neighbours.get_or_init(|| {
            let reader = |scene| Reader {
                #[cfg(test)]
                naive: self.naive,
                ..Reader::new(self.set, scene)
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
