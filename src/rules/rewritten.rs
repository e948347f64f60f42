//! An event of the book, as the tests of rule files write one.

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_yaml::{Mapping, Value};

use super::{RuleSet, Scene};
use crate::model::event::{Attendee, EventStatus, ShowAs, Span, Text, Visibility};

/// The event with everything that these rules may see of it, and nothing else: of a private one no words (S8).
pub(crate) fn rewritten(rules: &RuleSet, scene: &Scene<'_>) -> Value {
    if let Some(fact) = scene.without_words() {
        return rewritten(rules, &Scene { fact: &fact, ..*scene });
    }
    let (fact, mut event) = (scene.fact, Mapping::new());
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            event.insert(key.into(), value);
        }
    };
    words(&fact.text, &mut add);
    let invited = fact.text.attendees.iter().map(|person| person.email.as_str());
    let own = invited.chain(fact.text.organizer.as_deref()).find(|email| is_hers(scene, email));
    let own = own.or(scene.addresses.first().map(String::as_str));
    let is_invited = fact.text.attendees.iter().any(|person| Some(person.email.as_str()) == own);
    let mut people: Vec<Value> = fact.text.attendees.iter().filter(|person| !is_hers(scene, &person.email)).map(person).collect();
    if let Some(own) = own.filter(|_| !people.is_empty() || fact.text.organizer.is_some()) {
        // The first of ours is whose calendar it is. Who is not known as ours is named; rules may take her address for a client's.
        let is_ours = rules.is_ours(own);
        if is_ours || is_invited {
            people.insert(0, own.into());
        }
        add("owner", (!is_ours).then(|| own.into()));
    }
    add("attendees", (!people.is_empty()).then_some(Value::Sequence(people)));
    // One address of hers is enough: two would be two people.
    add("organizer", fact.text.organizer.as_deref().map(|host| own.filter(|_| is_hers(scene, host)).unwrap_or(host).into()));
    add("calendar", text(scene.calendar));
    times(&fact.span, scene.zone, rules.zone.unwrap_or(Tz::UTC), &mut add);
    add("recurring", fact.recurring.then_some(Value::Bool(true)));
    add("series", fact.recurring.then(|| fact.ical_uid.as_str().into()));
    add("my_response", Some(scene.response.as_str().into()));
    add("show_as", (fact.show_as != ShowAs::Busy).then(|| fact.show_as.as_str().into()));
    add("visibility", (fact.visibility != Visibility::Public).then(|| fact.visibility.as_str().into()));
    add("status", (fact.status != EventStatus::Confirmed).then(|| fact.status.as_str().into()));
    Value::Mapping(event)
}

fn is_hers(scene: &Scene<'_>, email: &str) -> bool {
    scene.addresses.iter().any(|own| own == email)
}

fn text(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| text.into())
}

fn words(of: &Text, add: &mut impl FnMut(&str, Option<Value>)) {
    add("title", text(&of.title));
    add("description", text(&of.description));
    add("location", text(&of.location));
    let categories: Vec<Value> = of.categories.iter().map(|category| category.as_str().into()).collect();
    add("categories", (!categories.is_empty()).then_some(Value::Sequence(categories)));
    add("colour", of.colour.as_deref().map(Value::from));
    add("event_type", of.event_type.as_deref().map(Value::from));
    add("conference", of.conference.as_deref().map(Value::from));
}

/// An address, or more where it says more.
fn person(person: &Attendee) -> Value {
    if !person.resource {
        return person.email.as_str().into();
    }
    Value::Mapping(Mapping::from_iter([("email".into(), person.email.as_str().into()), ("resource".into(), true.into())]))
}

/// In the zone of the person: clock times and weekdays are hers, wherever the event was made.
fn times(span: &Span, zone: Tz, usual: Tz, add: &mut impl FnMut(&str, Option<Value>)) {
    match span {
        Span::Timed { start, end, .. } => {
            let at = |at: &DateTime<Utc>| {
                let local = at.with_timezone(&zone).naive_local();
                // An hour that clocks go back over is there twice: then as an instant.
                let text = if zone.from_local_datetime(&local).single().is_some() {
                    local.format("%Y-%m-%dT%H:%M:%S").to_string()
                } else {
                    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
                };
                Value::from(text.strip_suffix(":00").unwrap_or(&text))
            };
            add("start", Some(at(start)));
            add("end", Some(at(end)));
            add("timezone", (zone != usual).then(|| zone.name().into()));
        }
        Span::AllDay { first, until } => {
            add("start", Some(first.to_string().into()));
            add("end", Some(until.to_string().into()));
        }
    }
}
