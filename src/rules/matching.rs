//! Conditions: compiled once, reduced per event to what only the entry's decided values can answer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveTime, Utc, Weekday};
use regex::Regex;

use super::{
    Scene,
    conditions::plain,
    identity::{Identity, Witness},
    syntax::YesOrWords,
};
use crate::model::{
    catalog::Catalog,
    event::{EventStatus, Response, ShowAs, Span, Text, Visibility},
    residual::Residual,
    verdict::{Evidence, Place},
};

/// What a rule asks of an event.
#[derive(Debug)]
pub(super) enum Condition {
    /// Every one of `yes` is found, `no` is not.
    Text {
        place: Place,
        yes: Vec<Regex>,
        no: Option<Regex>,
    },
    Categories(Vec<String>),
    Colour(Vec<String>),
    EventType(Vec<String>),
    Conference(YesOrWords),
    Series(Vec<String>),
    Code(Sought),
    Domain(Sought),
    Name(Sought),
    Attendees {
        min: usize,
        max: usize,
    },
    OnlyOurs,
    /// Everyone besides the owner is at one of these addresses or domains.
    Only(Vec<String>),
    AnyAttendee(Vec<String>),
    Guests {
        min: usize,
        max: usize,
        unknown: Option<bool>,
    },
    Organizer(Vec<String>),
    Calendar(Vec<String>),
    Time {
        from: NaiveTime,
        to: NaiveTime,
        outside: bool,
    },
    Weekday(Vec<Weekday>),
    Recurring(bool),
    AllDay(bool),
    Response(Vec<Response>),
    ShowAs(Vec<ShowAs>),
    Visibility(Vec<Visibility>),
    Status(Vec<EventStatus>),
    SameDay(Box<Condition>),
    /// Known only of an entry.
    Entry(Residual),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    /// Whether it asks what else is on that date.
    pub(super) fn looks_around(&self) -> bool {
        match self {
            Self::SameDay(_) => true,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::looks_around),
            Self::Not(part) => part.looks_around(),
            _ => false,
        }
    }
}

/// Evidence of clients: where it is sought, which clients may be found, and how many.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) within: Vec<String>,
    pub(super) is: Vec<String>,
    pub(super) min: usize,
    pub(super) max: usize,
}

impl Sought {
    /// Whether a place is looked at; where none is named, those that are usual for the kind.
    fn within(&self, place: &str, usual: bool) -> bool {
        if self.within.is_empty() { usual } else { self.within.iter().any(|named| named == place) }
    }
}

/// What matched.
#[derive(Clone, Debug, Default)]
pub(super) struct Hits {
    pub(super) witnesses: Vec<Witness>,
    pub(super) captures: BTreeMap<String, String>,
    pub(super) word: Option<String>,
    pub(super) evidence: Vec<Evidence>,
}

/// A literal between word boundaries; any white space, also a no-break space, is one space.
pub(super) fn bounded(word: &str) -> String {
    let is_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let edge = |char| if is_word(char) { r"\b" } else { "" };
    let body = word.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"\s+");
    format!("{}{body}{}", edge(word.trim().chars().next()), edge(word.trim().chars().next_back()))
}

/// What an evaluation reads.
pub(super) struct Reader<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) identity: &'a Identity,
    pub(super) catalog: &'a Catalog,
}

impl Reader<'_> {
    /// Answers what the event alone can answer; the rest stays to be asked of the entry.
    pub(super) fn reduce(&self, condition: &Condition, hits: &mut Hits) -> Residual {
        match condition {
            Condition::Entry(residual) => residual.clone(),
            Condition::All(parts) => self.all(parts.iter(), hits),
            Condition::Any(parts) => self.any(parts, hits),
            Condition::Not(part) => match self.reduce(part, &mut Hits::default()) {
                Residual::Always => Residual::Never,
                Residual::Never => Residual::Always,
                open => Residual::Not(Box::new(open)),
            },
            _ if self.holds(condition, hits) => Residual::Always,
            _ => Residual::Never,
        }
    }

    pub(super) fn all<'c>(&self, parts: impl Iterator<Item = &'c Condition>, hits: &mut Hits) -> Residual {
        let mut rest = Vec::new();
        for part in parts {
            match self.reduce(part, hits) {
                Residual::Never => return Residual::Never,
                Residual::Always => {}
                open => rest.push(open),
            }
        }
        if rest.is_empty() { Residual::Always } else { Residual::All(rest) }
    }

    /// Every part is asked, since each may add evidence.
    fn any(&self, parts: &[Condition], hits: &mut Hits) -> Residual {
        let mut rest: Vec<_> = parts.iter().map(|part| self.reduce(part, hits)).collect();
        if rest.contains(&Residual::Always) {
            return Residual::Always;
        }
        rest.retain(|part| *part != Residual::Never);
        if rest.is_empty() { Residual::Never } else { Residual::Any(rest) }
    }

    fn holds(&self, condition: &Condition, hits: &mut Hits) -> bool {
        let fact = self.scene.fact;
        let text = &fact.text;
        match condition {
            Condition::Text { place, yes, no } => in_text(*place, text, yes, no.as_ref(), hits),
            Condition::Categories(any) => self.in_categories(any, hits),
            Condition::Colour(any) => text.colour.as_ref().is_some_and(|colour| any.contains(&colour.to_lowercase())),
            Condition::EventType(any) => text.event_type.as_ref().is_some_and(|kind| any.contains(&plain(kind))),
            Condition::Conference(YesOrWords::Yes(wanted)) => text.conference.is_some() == *wanted,
            Condition::Conference(YesOrWords::Words(any)) => text.conference.as_ref().is_some_and(|address| {
                let address = address.to_lowercase();
                any.iter().any(|word| address.contains(&word.to_lowercase()))
            }),
            Condition::Series(any) => any.contains(&fact.ical_uid),
            Condition::Code(sought) => self.sought(sought, self.codes(sought), hits),
            Condition::Domain(sought) => self.sought(sought, self.domains(sought), hits),
            Condition::Name(sought) => self.sought(sought, self.names(sought), hits),
            Condition::Attendees { min, max } => (*min..=*max).contains(&self.people()),
            Condition::OnlyOurs => self.others().next().is_some() && self.others().all(|email| self.identity.is_ours(email)),
            Condition::Only(wanted) => self.others().next().is_some() && self.others().all(|email| is_at(email, wanted)),
            Condition::AnyAttendee(wanted) => self.others().any(|email| is_at(email, wanted)),
            Condition::Guests { min, max, unknown } => {
                let is_unknown = || self.guests().any(|email| !self.identity.is_known(email));
                (*min..=*max).contains(&self.guests().count()) && unknown.is_none_or(|wanted| is_unknown() == wanted)
            }
            Condition::Organizer(wanted) => text.organizer.as_ref().is_some_and(|email| is_at(email, wanted)),
            Condition::Calendar(names) => names.contains(&self.scene.calendar.trim().to_lowercase()),
            Condition::Time { from, to, outside } => self.start().is_some_and(|at| {
                let time = at.with_timezone(&self.scene.zone).time();
                let inside = if from <= to { *from <= time && time < *to } else { *from <= time || time < *to };
                inside != *outside
            }),
            Condition::Weekday(days) => days.contains(&self.weekday()),
            Condition::Recurring(wanted) => fact.recurring == *wanted,
            Condition::AllDay(wanted) => matches!(fact.span, Span::AllDay { .. }) == *wanted,
            Condition::Response(any) => any.contains(&self.scene.response),
            Condition::ShowAs(any) => any.contains(&fact.show_as),
            Condition::Visibility(any) => any.contains(&fact.visibility),
            Condition::Status(any) => any.contains(&fact.status),
            Condition::SameDay(other) => self.scene.same_day.iter().any(|scene| {
                let reader = Reader { scene, identity: self.identity, catalog: self.catalog };
                reader.reduce(other, &mut Hits::default()).holds(&scene.undecided())
            }),
            Condition::Entry(_) | Condition::All(_) | Condition::Any(_) | Condition::Not(_) => false,
        }
    }

    fn in_categories(&self, any: &[String], hits: &mut Hits) -> bool {
        let found = self.scene.fact.text.categories.iter().enumerate().find(|(_, one)| any.contains(&one.trim().to_lowercase()));
        let Some((index, category)) = found else { return false };
        hits.word.get_or_insert_with(|| category.clone());
        hits.evidence.push(Evidence { place: Place::Category, index, span: (0, category.len()) });
        true
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

    /// People, never rooms; the owner counts whether she stands in the list or not.
    pub(super) fn people(&self) -> usize {
        1 + self.others().count()
    }

    /// People besides the owner, the organiser among them.
    fn others(&self) -> impl Iterator<Item = &str> {
        let text = &self.scene.fact.text;
        let invited = text.attendees.iter().filter(|person| !person.resource).map(|person| person.email.as_str());
        let host = text.organizer.as_deref().filter(|host| text.attendees.iter().all(|person| person.email != *host));
        let mut seen = BTreeSet::new();
        invited.chain(host).filter(move |email| !self.scene.addresses.iter().any(|own| own == email) && seen.insert(*email))
    }

    /// People from outside the firm.
    pub(super) fn guests(&self) -> impl Iterator<Item = &str> {
        self.others().filter(|email| !self.identity.is_ours(email))
    }

    fn codes(&self, sought: &Sought) -> Vec<Witness> {
        let texts = self.texts(sought, &["title", "categories", "description"]);
        texts.into_iter().flat_map(|(place, index, text)| self.identity.codes(self.catalog, place, index, text).0).collect()
    }

    fn domains(&self, sought: &Sought) -> Vec<Witness> {
        self.identity.addresses(&self.scene.fact.text, sought.within("attendees", true), sought.within("organizer", true))
    }

    fn names(&self, sought: &Sought) -> Vec<Witness> {
        let texts = self.texts(sought, &["title", "location"]);
        texts.into_iter().flat_map(|(place, index, text)| self.identity.names(place, index, text)).collect()
    }

    /// The texts that are looked at, in the order in which they count (S24): title, location, categories, description.
    fn texts(&self, sought: &Sought, usual: &[&str]) -> Vec<(Place, usize, &str)> {
        let text = &self.scene.fact.text;
        let within = |place| sought.within(place, usual.contains(&place));
        let mut found = Vec::new();
        if within("title") {
            found.push((Place::Title, 0, text.title.as_str()));
        }
        if within("location") {
            found.push((Place::Location, 0, text.location.as_str()));
        }
        if within("categories") {
            found.extend(text.categories.iter().enumerate().map(|(index, category)| (Place::Category, index, category.as_str())));
        }
        if within("description") {
            found.push((Place::Description, 0, text.description.as_str()));
        } else if within("description_first_line") {
            found.push((Place::Description, 0, first_line(&text.description)));
        }
        found
    }

    /// A weak witness counts only beside another one of the same client, of any kind.
    fn sought(&self, sought: &Sought, found: Vec<Witness>, hits: &mut Hits) -> bool {
        let mut found: Vec<_> = found.into_iter().filter(|witness| !witness.weak || self.is_confirmed(&witness.client)).collect();
        let mut seen = BTreeSet::new();
        found.retain(|witness| seen.insert((witness.client.clone(), witness.project.clone())));
        let clients = seen.iter().map(|(client, _)| client).collect::<BTreeSet<_>>();
        let right = sought.is.is_empty() || clients.iter().any(|client| sought.is.contains(client));
        let fits = right && (sought.min..=sought.max).contains(&clients.len());
        if fits {
            found.retain(|witness| sought.is.is_empty() || sought.is.contains(&witness.client));
            hits.evidence.extend(found.iter().map(|witness| witness.evidence.clone()));
            hits.witnesses.extend(found);
        }
        fits
    }

    fn is_confirmed(&self, client: &str) -> bool {
        let text = &self.scene.fact.text;
        let names =
            self.identity.names(Place::Title, 0, &text.title).into_iter().chain(self.identity.names(Place::Location, 0, &text.location));
        let (codes, _) = self.identity.codes(self.catalog, Place::Title, 0, &text.title);
        let people = self.identity.addresses(text, true, true);
        names.chain(codes).chain(people).any(|other| other.client == client && !other.weak)
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn in_text(place: Place, text: &Text, yes: &[Regex], no: Option<&Regex>, hits: &mut Hits) -> bool {
    let text = match place {
        Place::Description => first_line(&text.description),
        Place::Location => &text.location,
        _ => &text.title,
    };
    if no.is_some_and(|no| no.is_match(text)) {
        return false;
    }
    let mut found = Vec::new();
    for pattern in yes {
        let Some(captures) = pattern.captures(text) else { return false };
        let Some(whole) = captures.get(0) else { return false };
        found.push(Evidence { place, index: 0, span: (whole.start(), whole.end()) });
        hits.word.get_or_insert_with(|| whole.as_str().to_owned());
        for name in pattern.capture_names().flatten() {
            let part = captures.name(name).map(|part| part.as_str().trim().to_owned()).filter(|part| !part.is_empty());
            hits.captures.extend(part.map(|part| (name.to_owned(), part)));
        }
    }
    hits.evidence.extend(found);
    true
}

fn is_at(email: &str, wanted: &[String]) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default();
    wanted.iter().any(|one| one == email || one == domain || domain.ends_with(&format!(".{one}")))
}
