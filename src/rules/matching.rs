//! Conditions: compiled once, reduced per event to what only the entry's decided values can answer.

use chrono::{NaiveTime, Weekday};

use super::{
    conditions::plain,
    identity::{Witness, domain, parents},
    lexicon::WordId,
    patterns::Pattern,
    reader::{Reader, Scan},
    syntax::YesOrWords,
};
use crate::model::{
    event::{EventStatus, Response, ShowAs, Span, Visibility},
    residual::Residual,
    verdict::{Evidence, Place},
    words::words,
};

/// What a rule asks of an event.
#[derive(Debug)]
pub(super) enum Condition {
    /// One of the words is there and the pattern fits, none of `no` is there.
    Text {
        place: Place,
        words: Option<Vec<WordId>>,
        regex: Option<Pattern>,
        no: Option<Vec<WordId>>,
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
    /// Whether it, or a part of it, is of a kind.
    pub(super) fn has(&self, kind: fn(&Self) -> bool) -> bool {
        kind(self)
            || match self {
                Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.has(kind)),
                Self::Not(part) | Self::SameDay(part) => part.has(kind),
                _ => false,
            }
    }

    /// Named groups of its patterns, as far as they can fill a value.
    pub(super) fn groups(&self, found: &mut Vec<String>) {
        match self {
            Self::Text { regex: Some(pattern), .. } => found.extend(pattern.names().iter().cloned()),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.groups(found)),
            _ => {}
        }
    }
}

words! {
    /// Where evidence of clients is sought.
    Where {
        Title = "title",
        Location = "location",
        Categories = "categories",
        Description = "description",
        DescriptionFirstLine = "description_first_line",
        Attendees = "attendees",
        Organizer = "organizer",
    }
}

/// Evidence of clients: where it is sought, which clients may be found, and how many.
#[derive(Debug)]
pub(super) struct Sought {
    pub(super) within: Vec<Where>,
    pub(super) is: Vec<String>,
    pub(super) min: usize,
    pub(super) max: usize,
}

/// What matched.
#[derive(Clone, Debug, Default)]
pub(super) struct Hits<'a> {
    pub(super) witnesses: Vec<Witness<'a>>,
    /// Named groups of a pattern; the last of a name counts.
    pub(super) captures: Vec<(String, &'a str)>,
    pub(super) word: Option<&'a str>,
    pub(super) evidence: Vec<Evidence>,
}

/// Answers a condition on the entry.
pub(super) type OfEntry<'f> = &'f dyn Fn(&Residual) -> bool;

impl<'a> Reader<'a> {
    /// What is left of a condition while nothing is known of the entry.
    pub(super) fn reduce(&'a self, condition: &Condition) -> Residual {
        match condition {
            Condition::Entry(residual) => residual.clone(),
            Condition::All(parts) => self.joined(parts, Residual::Always, Residual::Never, Residual::All),
            Condition::Any(parts) => self.joined(parts, Residual::Never, Residual::Always, Residual::Any),
            Condition::Not(part) => match self.reduce(part) {
                Residual::Always => Residual::Never,
                Residual::Never => Residual::Always,
                open => Residual::Not(Box::new(open)),
            },
            _ if self.holds(condition, &mut Hits::default(), &|_| false) => Residual::Always,
            _ => Residual::Never,
        }
    }

    /// Several open questions as one; a single one as it is, and none where a part settles it.
    fn joined(&'a self, parts: &[Condition], none: Residual, settled: Residual, several: fn(Vec<Residual>) -> Residual) -> Residual {
        let mut rest = Vec::new();
        for part in parts.iter().map(|part| self.reduce(part)).filter(|part| *part != none) {
            if part == settled {
                return settled;
            }
            rest.push(part);
        }
        match rest.len() {
            0 => none,
            1 => rest.pop().unwrap_or(none),
            _ => several(rest),
        }
    }

    /// Whether it holds. What matched is added to `hits`.
    pub(super) fn holds(&'a self, condition: &Condition, hits: &mut Hits<'a>, entry: OfEntry<'_>) -> bool {
        let fact = self.scene.fact;
        let text = &fact.text;
        match condition {
            Condition::Text { place, words, regex, no } => self.in_text(*place, (words.as_deref(), regex.as_ref()), no.as_deref(), hits),
            Condition::Categories(any) => self.in_categories(any, hits),
            Condition::Colour(any) => text.colour.as_ref().is_some_and(|colour| any.contains(&colour.to_lowercase())),
            Condition::EventType(any) => text.event_type.as_ref().is_some_and(|kind| any.contains(&plain(kind))),
            Condition::Conference(YesOrWords::Yes(wanted)) => text.conference.is_some() == *wanted,
            Condition::Conference(YesOrWords::Words(any)) => text.conference.as_ref().is_some_and(|address| {
                let address = address.to_lowercase();
                any.iter().any(|word| address.contains(&word.to_lowercase()))
            }),
            Condition::Series(any) => any.contains(&fact.ical_uid),
            Condition::Code(sought) => {
                let scans = self.scans(&sought.within);
                self.sought(sought, scans.flat_map(|scan| &self.codes(scan).0), hits)
            }
            Condition::Name(sought) => {
                let scans = self.scans(&sought.within);
                self.sought(sought, scans.flat_map(|scan| self.names(scan)), hits)
            }
            Condition::Domain(sought) => self.sought(sought, self.witnesses_among_people(&sought.within).iter(), hits),
            Condition::Attendees { min, max } => (*min..=*max).contains(&self.people()),
            Condition::OnlyOurs => self.people() > 1 && self.others().all(|person| person.is_ours),
            Condition::Only(wanted) => self.people() > 1 && self.others().all(|person| is_at(person.email, wanted)),
            Condition::AnyAttendee(wanted) => self.others().any(|person| is_at(person.email, wanted)),
            Condition::Guests { min, max, unknown } => {
                let is_unknown = || self.guests().any(|person| person.owners.is_empty());
                (*min..=*max).contains(&self.guests().count()) && unknown.is_none_or(|wanted| is_unknown() == wanted)
            }
            Condition::Organizer(wanted) => text.organizer.as_ref().is_some_and(|email| is_at(email, wanted)),
            Condition::Calendar(names) => names.iter().any(|name| name == self.calendar()),
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
            Condition::SameDay(other) => self.neighbours().iter().any(|reader| {
                let undecided = reader.scene.undecided();
                reader.holds(other, &mut Hits::default(), &|residual| residual.holds(&undecided))
            }),
            Condition::Entry(residual) => entry(residual),
            Condition::All(parts) => parts.iter().all(|part| self.holds(part, hits, entry)),
            // Every part is asked, since each may add evidence.
            Condition::Any(parts) => parts.iter().filter(|part| self.holds(part, hits, entry)).count() > 0,
            Condition::Not(part) => !self.holds(part, &mut Hits::default(), entry),
        }
    }

    fn in_text(
        &'a self,
        place: Place,
        (words, regex): (Option<&[WordId]>, Option<&Pattern>),
        no: Option<&[WordId]>,
        hits: &mut Hits<'a>,
    ) -> bool {
        let scan = self.first_scan(place);
        if no.is_some_and(|no| scan.word(no).is_some()) {
            return false;
        }
        let word = words.map(|words| scan.word(words));
        // Most patterns need not be compiled to be told that what they cannot do without is not there.
        let fit = regex.map(|pattern| pattern.fit(scan));
        if word == Some(None) || matches!(fit, Some(None)) {
            return false;
        }
        let fit = fit.flatten();
        for span in [word.flatten(), fit.as_ref().map(|fit| fit.whole)].into_iter().flatten() {
            hits.word.get_or_insert(&scan.text[span.0..span.1]);
            hits.evidence.push(Evidence { place, index: 0, span });
        }
        for (name, (start, end)) in fit.into_iter().flat_map(|fit| fit.groups) {
            let part = Some(scan.text[start..end].trim()).filter(|part| !part.is_empty());
            hits.captures.extend(part.map(|part| (name, part)));
        }
        true
    }

    fn in_categories(&'a self, any: &[String], hits: &mut Hits<'a>) -> bool {
        let found = self.scene.fact.text.categories.iter().enumerate().find(|(_, one)| any.contains(&one.trim().to_lowercase()));
        let Some((index, category)) = found else { return false };
        hits.word.get_or_insert(category);
        hits.evidence.push(Evidence { place: Place::Category, index, span: (0, category.len()) });
        true
    }

    /// The texts that are looked at, in the order in which they count (S24): title, location, categories, description.
    pub(super) fn scans(&'a self, within: &[Where]) -> impl Iterator<Item = &'a Scan<'a>> {
        let has = |place| within.contains(&place);
        let title = has(Where::Title).then(|| self.first_scan(Place::Title));
        let location = has(Where::Location).then(|| self.first_scan(Place::Location));
        let categories = if has(Where::Categories) { self.categories() } else { &[] };
        let description = match () {
            () if has(Where::Description) => Some(self.description()),
            () if has(Where::DescriptionFirstLine) => Some(self.first_scan(Place::Description)),
            () => None,
        };
        title.into_iter().chain(location).chain(categories).chain(description)
    }

    fn witnesses_among_people(&'a self, within: &[Where]) -> &'a [Witness<'a>] {
        self.addresses(within.contains(&Where::Attendees), within.contains(&Where::Organizer))
    }

    /// A weak witness counts only beside another one of the same client, of any kind.
    fn sought(&'a self, sought: &Sought, found: impl Iterator<Item = &'a Witness<'a>>, hits: &mut Hits<'a>) -> bool {
        let counts = |witness: &&Witness<'a>| !witness.weak || self.is_confirmed(witness.client);
        let mut found = found.filter(counts).peekable();
        if found.peek().is_none() {
            return sought.is.is_empty() && sought.min == 0;
        }
        let (first, from) = (hits.witnesses.len(), hits.evidence.len());
        let mut clients: Vec<&str> = Vec::new();
        for witness in found {
            if !clients.contains(&witness.client) {
                clients.push(witness.client);
            }
            let same = |known: &Witness<'_>| (known.client, known.project) == (witness.client, witness.project);
            if (sought.is.is_empty() || sought.is.iter().any(|one| one == witness.client)) && !hits.witnesses[first..].iter().any(same) {
                hits.evidence.push(witness.evidence.clone());
                hits.witnesses.push(witness.clone());
            }
        }
        let fits = hits.witnesses.len() > first && (sought.min..=sought.max).contains(&clients.len());
        if !fits {
            hits.witnesses.truncate(first);
            hits.evidence.truncate(from);
        }
        fits
    }

    fn is_confirmed(&'a self, client: &str) -> bool {
        let (title, location) = (self.first_scan(Place::Title), self.first_scan(Place::Location));
        let named = self.names(title).iter().chain(self.names(location)).chain(&self.codes(title).0);
        named.chain(self.addresses(true, true)).any(|other| other.client == client && !other.weak)
    }
}

fn is_at(email: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|one| one == email) || parents(domain(email)).any(|domain| wanted.iter().any(|one| one == domain))
}
