//! `when` to conditions: durations, clock times, weekdays, patterns and names are checked here.

use super::{
    findings::{Findings, Place, meant},
    lexicon::{Lexicon, WordId},
    mail,
    matching::{Condition, Sought, Where},
    patterns::Pattern,
    syntax::{self, Many, When, Words},
};
use crate::{
    model::{catalog::Catalog, policy::seconds, residual::Residual, verdict},
    yaml::code::Code,
};
use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

/// How deep `any`, `all` and `not` may nest.
const NESTING_MAX: usize = 4;

/// Where codes, addresses and names are sought if a rule names no place, and where else they may be.
type Places = (&'static [Where], &'static [Where]);
const CODE_PLACES: Places = (&[Where::Title, Where::Categories, Where::Description], &[Where::DescriptionFirstLine]);
const DOMAIN_PLACES: Places = (&[Where::Attendees, Where::Organizer], &[]);
const NAME_PLACES: Places = (&[Where::Title, Where::Location], &[Where::Categories, Where::Description, Where::DescriptionFirstLine]);

/// One key of a `when`, and where it stands.
pub(super) struct Part {
    pub(super) key: &'static str,
    pub(super) condition: Condition,
}

/// Compiles the conditions of one rule.
pub(super) struct Compiler<'a, 'f> {
    pub(super) place: Place<'a>,
    pub(super) catalog: &'a Catalog,
    pub(super) findings: &'f mut Findings,
    pub(super) lexicon: &'f mut Lexicon,
}

impl Compiler<'_, '_> {
    /// The keys of a `when`, which are AND. `below` is where it stands under its rule.
    pub(super) fn parts(&mut self, when: &When, below: &str, depth: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut add = |key, condition: Option<Condition>| parts.extend(condition.map(|condition| Part { key, condition }));
        for (key, words, at) in [
            ("title", &when.title, verdict::Place::Title),
            ("description", &when.description, verdict::Place::Description),
            ("location", &when.location, verdict::Place::Location),
        ] {
            add(key, words.as_ref().map(|words| self.text(words, at, &format!("{below}.{key}"))));
        }
        add("categories", when.categories.as_ref().map(|any| Condition::Categories(lower(any))));
        add("colour", when.colour.as_ref().map(|any| Condition::Colour(lower(any))));
        add("event_type", when.event_type.as_ref().map(|any| Condition::EventType(any.0.iter().map(|word| plain(word)).collect())));
        add("conference", when.conference.as_ref().map(|wanted| Condition::Conference(wanted.clone())));
        add("series", when.series.as_ref().map(|any| Condition::Series(any.0.clone())));
        for (key, text, places, make) in [
            ("project_code", &when.project_code, CODE_PLACES, Condition::Code as fn(Sought) -> Condition),
            ("client_domain", &when.client_domain, DOMAIN_PLACES, Condition::Domain),
            ("client_name", &when.client_name, NAME_PLACES, Condition::Name),
        ] {
            add(key, text.as_ref().map(|text| make(self.sought(text, places, &format!("{below}.{key}")))));
        }
        add("attendees", when.attendees.as_ref().and_then(|text| self.attendees(text, below)));
        add("guests", when.guests.as_ref().map(|text| self.guests(text, below)));
        add("organizer", when.organizer.as_ref().map(|any| Condition::Organizer(self.mail(any, &format!("{below}.organizer")))));
        add("calendar", when.calendar.as_ref().map(|any| Condition::Calendar(lower(any))));
        add("duration", when.duration.as_ref().map(|text| self.duration(text, below)));
        add("time", when.time.as_ref().and_then(|time| self.clock(time, below)));
        add("weekday", when.weekday.as_ref().map(|days| self.weekdays(days, below)));
        add("recurring", when.recurring.map(Condition::Recurring));
        add("all_day", when.all_day.map(Condition::AllDay));
        add("my_response", when.my_response.as_ref().map(|any| Condition::Response(any.0.clone())));
        add("show_as", when.show_as.as_ref().map(|any| Condition::ShowAs(any.0.clone())));
        add("visibility", when.visibility.as_ref().map(|any| Condition::Visibility(any.0.clone())));
        add("status", when.status.as_ref().map(|any| Condition::Status(any.0.clone())));
        add("client", when.client.as_ref().map(|any| self.clients(any, below)));
        add("project", when.project.as_ref().map(|any| self.projects(any, below)));
        add("task", when.task.as_ref().map(|any| Condition::Entry(Residual::Task(set_or_unset(any)))));
        add("billable", when.billable.map(|yes| Condition::Entry(Residual::Billable(yes))));
        add("confidence", when.confidence.as_ref().map(|level| Condition::Entry(Residual::ConfidenceBelow(level.below))));
        parts.extend(self.nested(when, below, depth));
        parts
    }

    fn nested(&mut self, when: &When, below: &str, depth: usize) -> Vec<Part> {
        if depth > NESTING_MAX {
            let message = format!("conditions nest more than {NESTING_MAX} deep");
            self.complain(below, Code::NestedTooDeep, message, "make two rules of it");
            return Vec::new();
        }
        let mut parts = Vec::new();
        for (key, list, make) in
            [("any", &when.any, Condition::Any as fn(Vec<Condition>) -> Condition), ("all", &when.all, Condition::All as fn(_) -> _)]
        {
            let Some(list) = list else { continue };
            if list.is_empty() {
                self.complain(&format!("{below}.{key}"), Code::WrongValue, format!("`{key}` lists no condition"), "name at least one");
            }
            let each = list.iter().enumerate().map(|(index, part)| self.all(part, &format!("{below}.{key}[{index}]"), depth + 1)).collect();
            parts.push(Part { key, condition: make(each) });
        }
        for (key, part, make) in [
            ("not", &when.not, Condition::Not as fn(Box<Condition>) -> Condition),
            ("same_day", &when.same_day, Condition::SameDay as fn(_) -> _),
        ] {
            let condition = part.as_ref().map(|part| make(Box::new(self.all(part, &format!("{below}.{key}"), depth + 1))));
            parts.extend(condition.map(|condition| Part { key, condition }));
        }
        parts
    }

    fn all(&mut self, when: &When, below: &str, depth: usize) -> Condition {
        if *when == When::default() {
            self.complain(below, Code::WrongValue, "this asks for nothing".to_owned(), "name a condition");
        }
        Condition::All(self.parts(when, below, depth).into_iter().map(|part| part.condition).collect())
    }

    fn complain(&mut self, below: &str, code: Code, message: String, label: &str) {
        self.place.complain(self.findings, code, below, message, label);
    }

    fn text(&mut self, words: &Words, at: verdict::Place, below: &str) -> Condition {
        if words.words.is_none() && words.not_words.is_none() && words.regex.is_none() {
            self.complain(below, Code::WrongValue, "this asks for nothing".to_owned(), "give `words`, `not_words` or `regex`");
        }
        let some = words.words.as_ref().and_then(|list| self.words(list, &format!("{below}.words")));
        let no = words.not_words.as_ref().and_then(|list| self.words(list, &format!("{below}.not_words")));
        let regex = words.regex.as_ref().and_then(|text| self.pattern(text, &format!("{below}.regex")));
        Condition::Text { place: at, words: some, regex, no }
    }

    fn pattern(&mut self, text: &str, below: &str) -> Option<Pattern> {
        match Pattern::new(text, self.lexicon) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let why = error.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
                self.complain(below, Code::Pattern, "this is not a regular expression".into(), &why);
                None
            }
        }
    }

    /// The numbers of words, in order.
    fn words(&mut self, list: &Many<String>, below: &str) -> Option<Vec<WordId>> {
        if list.0.iter().any(|word| word.trim().is_empty()) {
            self.complain(below, Code::WrongValue, "an empty word is in every title".to_owned(), "take it away");
            return None;
        }
        let mut words: Vec<WordId> = list.0.iter().map(|word| self.lexicon.add(word)).collect();
        words.sort_unstable();
        words.dedup();
        Some(words)
    }

    fn sought(&mut self, text: &syntax::Sought, (usual, more): Places, below: &str) -> Sought {
        let places = || usual.iter().chain(more);
        let is = |place: &Where, name: &str| place.as_str() == name;
        for place in text.within.0.iter().filter(|name| !places().any(|place| is(place, name))) {
            let label = meant(place, places().map(|place| place.as_str()));
            self.complain(&format!("{below}.in"), Code::Unknown, format!("`{place}` is no place to look"), &label);
        }
        for key in text.is.0.iter().filter(|key| self.catalog.client(key).is_none()) {
            let label = meant(key, self.catalog.clients.keys().map(String::as_str));
            self.complain(&format!("{below}.is"), Code::Unknown, format!("there is no client `{key}`"), &label);
        }
        if text.exactly.is_some() && text.at_least.is_some() {
            self.complain(&format!("{below}.exactly"), Code::Contradiction, "`exactly` and `at_least` together".to_owned(), "give one");
        }
        let min = text.exactly.or(text.at_least).unwrap_or(1);
        let named = places().copied().filter(|place| text.within.0.iter().any(|name| is(place, name))).collect();
        let within = if text.within.0.is_empty() { usual.to_vec() } else { named };
        Sought { within, is: text.is.0.clone(), min, max: text.exactly.unwrap_or(usize::MAX) }
    }

    fn attendees(&mut self, text: &syntax::Attendees, below: &str) -> Option<Condition> {
        let below = format!("{below}.attendees");
        let mut parts = Vec::new();
        if text.min.is_some() || text.max.is_some() || text.exactly.is_some() {
            let (min, max) = (text.exactly.or(text.min).unwrap_or(0), text.exactly.or(text.max).unwrap_or(usize::MAX));
            if text.exactly.is_some() && (text.min.is_some() || text.max.is_some()) {
                self.complain(&format!("{below}.exactly"), Code::Contradiction, "`exactly` beside `min` or `max`".to_owned(), "give one");
            }
            self.ordered(&min, &max, &below);
            parts.push(Condition::Attendees { min, max });
        }
        if let Some(only) = &text.only {
            parts.push(if only.0 == ["our_domains"] {
                Condition::OnlyOurs
            } else {
                Condition::Only(self.mail(only, &format!("{below}.only")))
            });
        }
        if !text.any.0.is_empty() {
            parts.push(Condition::AnyAttendee(self.mail(&text.any, &format!("{below}.any"))));
        }
        if parts.is_empty() {
            self.complain(&below, Code::WrongValue, "this asks for nothing".to_owned(), "give `min`, `max`, `exactly`, `only` or `any`");
        }
        (!parts.is_empty()).then_some(Condition::All(parts))
    }

    /// Addresses and domains.
    fn mail(&mut self, list: &Many<String>, below: &str) -> Vec<String> {
        for one in list.0.iter().filter(|one| !mail::is_domain(one.trim()) && !mail::is_address(one.trim())) {
            let written =
                if one.contains(['<', ':']) && one.contains('@') { mail::written_address(one) } else { mail::written_domain(one) };
            let label = format!("{written}{}", if below.rsplit('.').next() == Some("only") { ", or `our_domains` alone" } else { "" });
            self.complain(below, Code::WrongValue, format!("`{one}` is neither a mail domain nor an address"), &label);
        }
        lower(list)
    }

    fn guests(&mut self, text: &syntax::Guests, below: &str) -> Condition {
        let (min, max) = (text.min.unwrap_or(0), text.max.unwrap_or(usize::MAX));
        let below = format!("{below}.guests");
        self.ordered(&min, &max, &below);
        if text.min.is_none() && text.max.is_none() && text.unknown.is_none() {
            self.complain(&below, Code::WrongValue, "this asks for nothing".to_owned(), "give `min`, `max` or `unknown`");
        }
        Condition::Guests { min, max, unknown: text.unknown }
    }

    fn ordered<T: PartialOrd>(&mut self, min: &T, max: &T, below: &str) {
        if min > max {
            self.complain(below, Code::Contradiction, "`min` is above `max`".to_owned(), "nothing fits that");
        }
    }

    fn duration(&mut self, text: &syntax::Duration, below: &str) -> Condition {
        let (min, max) = self.bounds(text, &format!("{below}.duration"));
        Condition::Entry(Residual::Duration { min, max })
    }

    /// The seconds of `min` and `max`.
    pub(super) fn bounds(&mut self, text: &syntax::Duration, below: &str) -> (Option<i64>, Option<i64>) {
        let mut bound = |text: &Option<String>, name: &str| {
            let text = text.as_ref()?;
            let found = seconds(text);
            if found.is_none() {
                let message = format!("`{text}` is not a duration");
                self.complain(&format!("{below}.{name}"), Code::WrongValue, message, "write it as `45m` or `1h30m`");
            }
            found
        };
        let (min, max) = (bound(&text.min, "min"), bound(&text.max, "max"));
        if text.min.is_none() && text.max.is_none() {
            self.complain(below, Code::WrongValue, "this asks for nothing".to_owned(), "give `min` or `max`");
        }
        self.ordered(&min.unwrap_or(0), &max.unwrap_or(i64::MAX), below);
        (min, max)
    }

    fn weekdays(&mut self, days: &Many<String>, below: &str) -> Condition {
        let mut known = Vec::new();
        for day in &days.0 {
            match day.parse::<Weekday>() {
                Ok(day) => known.push(day),
                Err(_) => self.complain(
                    &format!("{below}.weekday"),
                    Code::WrongValue,
                    format!("`{day}` is not a weekday"),
                    "write mon, tue, wed, thu, fri, sat or sun",
                ),
            }
        }
        Condition::Weekday(known)
    }

    fn clock(&mut self, time: &syntax::Time, below: &str) -> Option<Condition> {
        let below = format!("{below}.time");
        let (text, outside) = match (&time.within, &time.outside) {
            (Some(text), None) => (text, false),
            (None, Some(text)) => (text, true),
            _ => {
                self.complain(&below, Code::WrongValue, "this asks for no time of day".to_owned(), "give either `within` or `outside`");
                return None;
            }
        };
        let span = clock_span(text);
        if span.is_none_or(|(from, to)| from == to) {
            self.complain(&below, Code::WrongValue, format!("`{text}` is not a span of the day"), "write it as `08:00-18:00`");
        }
        span.map(|(from, to)| Condition::Time { from, to, outside })
    }

    fn clients(&mut self, keys: &Many<String>, below: &str) -> Condition {
        for key in keys.0.iter().filter(|key| *key != "unset" && self.catalog.client(key).is_none()) {
            let label = meant(key, self.catalog.clients.keys().map(String::as_str));
            self.complain(&format!("{below}.client"), Code::Unknown, format!("there is no client `{key}`"), &label);
        }
        Condition::Entry(Residual::Client(set_or_unset(keys)))
    }

    fn projects(&mut self, codes: &Many<String>, below: &str) -> Condition {
        for code in codes.0.iter().filter(|code| *code != "unset" && self.catalog.project(code).is_none()) {
            let label = meant(code, self.catalog.projects().map(|(_, project)| project.code.as_str()));
            self.complain(&format!("{below}.project"), Code::Unknown, format!("there is no project `{code}`"), &label);
        }
        Condition::Entry(Residual::Project(set_or_unset(codes)))
    }
}

fn lower(any: &Many<String>) -> Vec<String> {
    any.0.iter().map(|one| one.trim().to_lowercase()).collect()
}

fn set_or_unset(words: &Many<String>) -> Vec<String> {
    words.0.iter().filter(|word| *word != "unset").cloned().collect()
}

/// A provider's word without case and joints: `outOfOffice`, `out-of-office` and `OUT_OF_OFFICE` are one.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// From, to. The midnight that ends a day is written `24:00` or `00:00`.
pub(super) fn clock_span(text: &str) -> Option<(NaiveTime, NaiveTime)> {
    let parse = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let (from, to) = text.split_once('-')?;
    Some((parse(from)?, parse(if to.trim() == "24:00" { "00:00" } else { to })?))
}

/// The zone of times and weekdays, where the header names one.
pub(super) fn zone(name: Option<&String>, place: &Place<'_>, findings: &mut Findings) -> Option<Tz> {
    let name = name?;
    let zone = name.parse().ok();
    if zone.is_none() {
        let label = meant(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let label = if label.starts_with("did") { label } else { "write an IANA name such as Europe/Berlin".to_owned() };
        place.complain(findings, Code::Unknown, "timezone", format!("`{name}` is not a time zone"), &label);
    }
    zone
}
