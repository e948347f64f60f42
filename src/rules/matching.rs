//! Conditions: compiled once, reduced per event to what only the entry's decided values can answer.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveTime, Utc, Weekday};
use regex::Regex;

use super::{
    Scene,
    identity::{Identity, Witness},
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
    Code(Sought),
    Domain(Sought),
    Name(Sought),
    Attendees {
        min: usize,
        max: usize,
    },
    OnlyOurs,
    AnyAttendee(Vec<String>),
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
    /// Known only of an entry.
    Entry(Residual),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// Evidence of clients: where it is sought, which clients may be found, and how many.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) within: Vec<String>,
    pub(super) is: Vec<String>,
    pub(super) min: usize,
    pub(super) max: usize,
}

/// What matched.
#[derive(Clone, Debug, Default)]
pub(super) struct Hits {
    pub(super) witnesses: Vec<Witness>,
    pub(super) captures: BTreeMap<String, String>,
    pub(super) evidence: Vec<Evidence>,
}

/// A literal between word boundaries; any white space, also a no-break space, is one space.
pub(super) fn bounded(word: &str) -> String {
    let is_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let edge = |char| if is_word(char) { r"\b" } else { "" };
    let body = word.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"\s+");
    format!("{}{body}{}", edge(word.chars().next()), edge(word.chars().next_back()))
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
            Condition::All(parts) => self.all(parts, hits),
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

    fn all(&self, parts: &[Condition], hits: &mut Hits) -> Residual {
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
            Condition::Code(sought) => self.sought(sought, self.codes(sought), hits),
            Condition::Domain(sought) => self.sought(sought, self.domains(sought), hits),
            Condition::Name(sought) => self.sought(sought, self.names(sought), hits),
            Condition::Attendees { min, max } => (*min..=*max).contains(&self.people()),
            Condition::OnlyOurs => self.others().next().is_some() && self.others().all(|email| self.identity.is_ours(email)),
            Condition::AnyAttendee(wanted) => text.attendees.iter().any(|person| is_at(&person.email, wanted)),
            Condition::Organizer(wanted) => text.organizer.as_ref().is_some_and(|email| is_at(email, wanted)),
            Condition::Calendar(names) => names.iter().any(|name| name.eq_ignore_ascii_case(self.scene.calendar)),
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
            Condition::Entry(_) | Condition::All(_) | Condition::Any(_) | Condition::Not(_) => false,
        }
    }

    fn start(&self) -> Option<DateTime<Utc>> {
        match self.scene.fact.span {
            Span::Timed { start, .. } => Some(start),
            Span::AllDay { .. } => None,
        }
    }

    fn weekday(&self) -> Weekday {
        match self.scene.fact.span {
            Span::Timed { start, .. } => start.with_timezone(&self.scene.zone).weekday(),
            Span::AllDay { first, .. } => first.weekday(),
        }
    }

    /// People, never rooms; the owner counts whether she stands in the list or not.
    fn people(&self) -> usize {
        1 + self.others().count()
    }

    /// People besides the owner, the organiser among them.
    fn others(&self) -> impl Iterator<Item = &str> {
        let text = &self.scene.fact.text;
        let invited = text.attendees.iter().filter(|person| !person.resource).map(|person| person.email.as_str());
        let host = text.organizer.as_deref().filter(|host| text.attendees.iter().all(|person| person.email != *host));
        invited.chain(host).filter(|email| !self.scene.addresses.iter().any(|own| own == email))
    }

    fn codes(&self, sought: &Sought) -> Vec<Witness> {
        let text = &self.scene.fact.text;
        let first_line = text.description.lines().next().unwrap_or_default();
        let wanted = |name: &str| sought.within.is_empty() || sought.within.iter().any(|place| place == name);
        let mut found = Vec::new();
        let mut seek = |name: &str, place, index, text: &str| {
            if wanted(name) {
                found.extend(self.identity.codes(self.catalog, place, index, text).0);
            }
        };
        seek("title", Place::Title, 0, &text.title);
        text.categories.iter().enumerate().for_each(|(index, category)| seek("categories", Place::Category, index, category));
        seek("description_first_line", Place::Description, 0, first_line);
        found
    }

    fn domains(&self, sought: &Sought) -> Vec<Witness> {
        let wanted = |name: &str| sought.within.is_empty() || sought.within.iter().any(|place| place == name);
        self.identity.addresses(&self.scene.fact.text, wanted("attendees"), wanted("organizer"))
    }

    fn names(&self, sought: &Sought) -> Vec<Witness> {
        let text = &self.scene.fact.text;
        let wanted = |name: &str| sought.within.is_empty() || sought.within.iter().any(|place| place == name);
        let title = self.identity.names(Place::Title, &text.title).into_iter().filter(|_| wanted("title"));
        let place = self.identity.names(Place::Location, &text.location).into_iter().filter(|_| wanted("location"));
        title.chain(place).collect()
    }

    /// A weak witness counts only beside another one of the same client, of any kind.
    fn sought(&self, sought: &Sought, found: Vec<Witness>, hits: &mut Hits) -> bool {
        let text = &self.scene.fact.text;
        let strong = |client: &str| {
            let others = self.identity.addresses(text, true, true).into_iter().chain(self.identity.names(Place::Title, &text.title));
            let (codes, _) = self.identity.codes(self.catalog, Place::Title, 0, &text.title);
            others.chain(codes).any(|other| other.client == client && !other.weak)
        };
        let mut found: Vec<_> = found.into_iter().filter(|witness| !witness.weak || strong(&witness.client)).collect();
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|witness| seen.insert((witness.client.clone(), witness.project.clone())));
        let clients = seen.iter().map(|(client, _)| client).collect::<std::collections::BTreeSet<_>>();
        let right = sought.is.is_empty() || clients.iter().any(|client| sought.is.contains(client));
        let fits = right && (sought.min..=sought.max).contains(&clients.len());
        if fits {
            found.retain(|witness| sought.is.is_empty() || sought.is.contains(&witness.client));
            hits.evidence.extend(found.iter().map(|witness| witness.evidence.clone()));
            hits.witnesses.extend(found);
        }
        fits
    }
}

fn in_text(place: Place, text: &Text, yes: &[Regex], no: Option<&Regex>, hits: &mut Hits) -> bool {
    let text = match place {
        Place::Description => &text.description,
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
        hits.captures.entry("word".into()).or_insert_with(|| whole.as_str().to_owned());
        for name in pattern.capture_names().flatten() {
            hits.captures.extend(captures.name(name).map(|part| (name.to_owned(), part.as_str().trim().to_owned())));
        }
    }
    hits.evidence.extend(found);
    true
}

fn is_at(email: &str, wanted: &[String]) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default();
    wanted.iter().any(|one| one == email || one == domain || domain.ends_with(&format!(".{one}")))
}
