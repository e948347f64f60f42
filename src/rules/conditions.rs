//! `when` to conditions: durations, clock times, weekdays, patterns and names are checked here.

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;
use regex::{Regex, RegexBuilder};

use super::{
    compile::{Findings, Place, meant},
    matching::{Condition, Sought, bounded},
    syntax::{self, Many, RulesFile, When, Words},
};
use crate::{
    model::{catalog::Catalog, residual::Residual, verdict},
    yaml::{diagnostic::Source, gate::Positions},
};

/// Bytes a compiled pattern may take.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// Keys are AND. `below` is where the condition stands under its rule.
pub(super) fn compile(when: &When, place: &Place<'_>, below: &str, catalog: &Catalog, findings: &mut Findings) -> Condition {
    let mut parts = Vec::new();
    for (name, words, at) in [
        ("title", &when.title, verdict::Place::Title),
        ("description", &when.description, verdict::Place::Description),
        ("location", &when.location, verdict::Place::Location),
    ] {
        parts.extend(words.as_ref().map(|words| text(words, at, place, &format!("{below}.{name}"), findings)));
    }
    parts.extend(when.project_code.as_ref().map(|sought| Condition::Code(self::sought(sought))));
    parts.extend(when.client_domain.as_ref().map(|sought| Condition::Domain(self::sought(sought))));
    parts.extend(when.client_name.as_ref().map(|sought| Condition::Name(self::sought(sought))));
    parts.extend(when.attendees.iter().flat_map(attendees));
    parts.extend(when.organizer.as_ref().map(|any| Condition::Organizer(lower(any))));
    parts.extend(when.calendar.as_ref().map(|any| Condition::Calendar(any.0.clone())));
    parts.extend(when.recurring.map(Condition::Recurring));
    parts.extend(when.all_day.map(Condition::AllDay));
    parts.extend(when.my_response.as_ref().map(|any| Condition::Response(any.0.clone())));
    parts.extend(when.show_as.as_ref().map(|any| Condition::ShowAs(any.0.clone())));
    parts.extend(when.visibility.as_ref().map(|any| Condition::Visibility(any.0.clone())));
    parts.extend(when.status.as_ref().map(|any| Condition::Status(any.0.clone())));
    parts.extend(when.weekday.as_ref().map(|days| weekdays(days, place, below, findings)));
    parts.extend(when.time.as_ref().and_then(|time| clock(time, place, below, findings)));
    parts.extend(entry(when, place, below, catalog, findings).into_iter().map(Condition::Entry));
    let mut nested = |list: &[When], name: &str| -> Vec<Condition> {
        list.iter().enumerate().map(|(index, part)| compile(part, place, &format!("{below}.{name}[{index}]"), catalog, findings)).collect()
    };
    parts.extend(when.any.as_ref().map(|list| Condition::Any(nested(list, "any"))));
    parts.extend(when.all.as_ref().map(|list| Condition::All(nested(list, "all"))));
    let not = when.not.as_ref().map(|part| compile(part, place, &format!("{below}.not"), catalog, findings));
    parts.extend(not.map(|part| Condition::Not(Box::new(part))));
    Condition::All(parts)
}

fn lower(any: &Many<String>) -> Vec<String> {
    any.0.iter().map(|one| one.to_lowercase()).collect()
}

/// What only the entry can answer.
fn entry(when: &When, place: &Place<'_>, below: &str, catalog: &Catalog, findings: &mut Findings) -> Vec<Residual> {
    let mut parts = Vec::new();
    if let Some(clients) = &when.client {
        for key in clients.0.iter().filter(|key| *key != "unset" && !catalog.clients.contains_key(*key)) {
            let label = meant(key, catalog.clients.keys().map(String::as_str));
            place.complain(findings, "rules::unknown-client", &format!("{below}.client"), format!("there is no client `{key}`"), &label);
        }
        parts.push(Residual::Client(set_or_unset(clients)));
    }
    parts.extend(when.project.as_ref().map(|codes| Residual::Project(set_or_unset(codes))));
    parts.extend(when.billable.map(Residual::Billable));
    parts.extend(when.confidence.as_ref().map(|level| Residual::ConfidenceBelow(level.below)));
    if let Some(duration) = &when.duration {
        let mut bound = |text: &Option<String>, name: &str| {
            let text = text.as_ref()?;
            let found = seconds(text);
            if found.is_none() {
                place.complain(
                    findings,
                    "rules::wrong-value",
                    &format!("{below}.duration.{name}"),
                    format!("`{text}` is not a duration"),
                    "write it as `45m` or `1h30m`",
                );
            }
            found
        };
        parts.push(Residual::Duration { min: bound(&duration.min, "min"), max: bound(&duration.max, "max") });
    }
    parts
}

fn set_or_unset(words: &Many<String>) -> Vec<String> {
    words.0.iter().filter(|word| *word != "unset").cloned().collect()
}

fn sought(text: &syntax::Sought) -> Sought {
    let min = text.exactly.or(text.at_least).unwrap_or(1);
    Sought { within: text.within.0.clone(), is: text.is.0.clone(), min, max: text.exactly.unwrap_or(usize::MAX) }
}

fn attendees(text: &syntax::Attendees) -> Vec<Condition> {
    let mut parts = Vec::new();
    if text.min.is_some() || text.max.is_some() || text.exactly.is_some() {
        parts.push(Condition::Attendees {
            min: text.exactly.or(text.min).unwrap_or(0),
            max: text.exactly.or(text.max).unwrap_or(usize::MAX),
        });
    }
    parts.extend(text.only.as_ref().map(|_| Condition::OnlyOurs));
    if !text.any.0.is_empty() {
        parts.push(Condition::AnyAttendee(lower(&text.any)));
    }
    parts
}

fn text(words: &Words, at: verdict::Place, place: &Place<'_>, below: &str, findings: &mut Findings) -> Condition {
    let literal = |list: &Many<String>| {
        let patterns: Vec<_> = list.0.iter().map(|word| bounded(word)).collect();
        pattern(&format!("(?:{})", patterns.join("|")))
    };
    let mut yes: Vec<Regex> = words.words.iter().filter_map(|list| literal(list).ok()).collect();
    if let Some(text) = &words.regex {
        match pattern(text) {
            Ok(regex) => yes.push(regex),
            Err(error) => {
                let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                place.complain(
                    findings,
                    "rules::invalid-pattern",
                    &format!("{below}.regex"),
                    "this is not a regular expression".into(),
                    &why,
                );
            }
        }
    }
    Condition::Text { place: at, yes, no: words.not_words.as_ref().and_then(|list| literal(list).ok()) }
}

fn pattern(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(REGEX_BYTES_MAX).build()
}

fn weekdays(days: &Many<String>, place: &Place<'_>, below: &str, findings: &mut Findings) -> Condition {
    let mut known = Vec::new();
    for day in &days.0 {
        match day.parse::<Weekday>() {
            Ok(day) => known.push(day),
            Err(_) => place.complain(
                findings,
                "rules::wrong-value",
                &format!("{below}.weekday"),
                format!("`{day}` is not a weekday"),
                "write mon, tue, wed, thu, fri, sat or sun",
            ),
        }
    }
    Condition::Weekday(known)
}

fn clock(time: &syntax::Time, place: &Place<'_>, below: &str, findings: &mut Findings) -> Option<Condition> {
    let (text, outside) = time.outside.as_ref().map(|text| (text, true)).or_else(|| time.within.as_ref().map(|text| (text, false)))?;
    let parse = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let span = text.split_once('-').and_then(|(from, to)| Some((parse(from)?, parse(to)?)));
    if span.is_none() {
        place.complain(
            findings,
            "rules::wrong-value",
            &format!("{below}.time"),
            format!("`{text}` is not a time of day"),
            "write it as `08:00-18:00`",
        );
    }
    span.map(|(from, to)| Condition::Time { from, to, outside })
}

/// `45m`, `10h`, `1h30m`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total = 0_i64;
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok().filter(|number| *number < 100_000)?;
        total += number
            * match rest.as_bytes()[end] {
                b'h' => 3600,
                b'm' => 60,
                _ => return None,
            };
        rest = &rest[end + 1..];
    }
    (!text.trim().is_empty()).then_some(total)
}

/// The zone of times and weekdays, where the header names one.
pub(super) fn zone(file: &RulesFile, source: &Source, positions: &Positions, findings: &mut Findings) -> Option<Tz> {
    let name = file.timezone.as_ref()?;
    let zone = name.parse().ok();
    if zone.is_none() {
        findings.add(
            source,
            "rules::unknown-timezone",
            positions.value("timezone"),
            format!("`{name}` is not a time zone"),
            "write an IANA name such as Europe/Berlin",
        );
    }
    zone
}
