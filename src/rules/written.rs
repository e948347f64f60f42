//! An event as people write one, in the tests of rule files and for `rules explain --event`.

use std::{borrow::Cow, fmt};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::syntax::either;
use crate::model::{
    day::instant,
    event::{Attendee, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    policy::seconds,
};

/// Monday morning, for an event that says no time.
const SOME_MONDAY: &str = "2026-03-09T10:00";

/// Only the title is usually worth writing. Times are local: those of `timezone`, else of the rule files, else UTC.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "event")]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WrittenEvent {
    title: String,
    description: String,
    location: String,
    categories: Vec<String>,
    /// The person whose calendar it stands on is the first of ours among them.
    attendees: Vec<Person>,
    /// Her address, where it is someone else, or not one of ours.
    owner: Option<String>,
    organizer: Option<Person>,
    pub(crate) calendar: String,
    /// `2026-03-09T10:00`, an instant with its offset, or a date for an all-day event.
    start: Option<String>,
    end: Option<String>,
    duration: Option<String>,
    #[schemars(with = "Option<String>")]
    pub(crate) timezone: Option<Tz>,
    recurring: bool,
    /// UID of its series.
    series: Option<String>,
    /// The same: what `calendar preview` prints may be given as it is.
    uid: Option<String>,
    original_start: Option<String>,
    all_day: Option<bool>,
    transparency: Option<String>,
    my_response: Option<Response>,
    show_as: Option<ShowAs>,
    visibility: Option<Visibility>,
    status: Option<EventStatus>,
    colour: Option<String>,
    event_type: Option<String>,
    conference: Option<String>,
}

/// Someone with more than an address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "person")]
struct FullPerson {
    email: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    response: Option<Response>,
    #[serde(default)]
    resource: bool,
}

/// An address, or `{email, name, response, resource}`.
#[derive(Clone, Debug, PartialEq)]
struct Person(Attendee);

impl<'de> Deserialize<'de> for Person {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Person;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address, or {email: …}")
            }
            fn visit_str<E: de::Error>(self, email: &str) -> Result<Person, E> {
                Ok(Person(Attendee { email: address(email), name: None, resource: false, response: Response::Accepted }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Person, A::Error> {
                let FullPerson { email, name, response, resource } = FullPerson::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Person(Attendee { email: address(&email), name, resource, response: response.unwrap_or(Response::NeedsAction) }))
            }
        }
        from.deserialize_any(Either)
    }
}

either!(Person, |generator| [generator.subschema_for::<String>(), generator.subschema_for::<FullPerson>()]);

/// An address, also as it comes out of mail: `Tom Smith <tom@acme.example>`.
fn address(text: &str) -> String {
    let bare = text.rsplit_once('<').map_or(text, |(_, rest)| rest.split('>').next().unwrap_or(rest));
    bare.trim().trim_start_matches("mailto:").to_lowercase()
}

impl WrittenEvent {
    /// The event as a calendar would state it.
    ///
    /// # Errors
    /// What is wrong with its times, or what it says against itself.
    pub(crate) fn fact(&self, zone: Tz) -> Result<Fact, String> {
        let shown = match self.transparency.as_deref().map(str::to_lowercase).as_deref() {
            None | Some("opaque") => ShowAs::Busy,
            Some("transparent") => ShowAs::Free,
            Some(other) => return Err(format!("transparency `{other}` is not known: write transparent or opaque")),
        };
        if self.series.is_some() && self.uid.is_some() && self.series != self.uid {
            return Err("series and uid are the same thing, and differ: take one away".to_owned());
        }
        let uid = self.series.as_ref().or(self.uid.as_ref()).cloned().unwrap_or_else(|| "written".to_owned());
        Ok(Fact {
            provider_id: uid.clone(),
            ical_uid: uid,
            recurring: self.recurring || self.original_start.is_some(),
            original_start: None,
            span: self.span(self.timezone.unwrap_or(zone))?,
            status: self.status.unwrap_or(EventStatus::Confirmed),
            show_as: self.show_as.unwrap_or(shown),
            visibility: self.visibility.unwrap_or(Visibility::Public),
            text: Text {
                title: self.title.clone(),
                description: self.description.clone(),
                location: self.location.clone(),
                organizer: self.organizer.as_ref().map(|person| person.0.email.clone()),
                attendees: self.attendees.iter().map(|person| person.0.clone()).collect(),
                categories: self.categories.clone(),
                colour: self.colour.clone(),
                event_type: self.event_type.clone(),
                conference: self.conference.clone(),
            }
            .into(),
        })
    }

    /// Who keeps the calendar it stands on: whom it names, or the first of our people on it, `is_ours` says.
    pub(super) fn owner(&self, is_ours: impl Fn(&str) -> bool) -> Option<String> {
        if let Some(named) = &self.owner {
            return Some(address(named));
        }
        let people = self.attendees.iter().filter(|person| !person.0.resource).chain(&self.organizer);
        people.map(|person| person.0.email.clone()).find(|email| is_ours(email))
    }

    /// What the owner answered.
    pub(super) fn response(&self, owner: Option<&str>) -> Response {
        let answered = self.attendees.iter().find(|person| Some(person.0.email.as_str()) == owner).map(|person| person.0.response);
        let organizes = owner.is_some() && self.organizer.as_ref().map(|person| person.0.email.as_str()) == owner;
        self.my_response.unwrap_or(match answered {
            _ if organizes => Response::Organizer,
            Some(response) => response,
            None if self.attendees.is_empty() => Response::Organizer,
            None => Response::Accepted,
        })
    }

    fn span(&self, zone: Tz) -> Result<Span, String> {
        let text = self.start.as_deref().unwrap_or(SOME_MONDAY);
        let date = if self.all_day == Some(true) { text.get(..10).unwrap_or(text) } else { text };
        if let Ok(first) = date.parse::<NaiveDate>() {
            if self.all_day == Some(false) {
                return Err(format!("start `{text}` is a date, and all_day is false: write a time, or take all_day away"));
            }
            let until = match &self.end {
                None => first.succ_opt().unwrap_or(first),
                Some(text) => {
                    text.get(..10).unwrap_or(text).parse().map_err(|_| format!("end `{text}`: an all-day event ends on a date"))?
                }
            };
            return if first < until { Ok(Span::AllDay { first, until }) } else { Err("its end is not after its start".to_owned()) };
        }
        let start = at(text, zone)?;
        let length = match &self.duration {
            Some(text) => seconds(text).ok_or_else(|| format!("duration `{text}` is not a duration such as `45m` or `1h30m`"))?,
            None => 3600,
        };
        let end = self.end.as_deref().map_or(Ok(start + TimeDelta::seconds(length)), |text| at(text, zone))?;
        if self.duration.is_some() && end != start + TimeDelta::seconds(length) {
            return Err("end and duration differ: take one away".to_owned());
        }
        Ok(Span::Timed { start, end, zone })
    }
}

fn at(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z")) {
        return Ok(at.to_utc());
    }
    let forms = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    local.map(|local| instant(zone, local)).ok_or_else(|| format!("`{text}` is not a time such as 2026-03-09T10:00"))
}
