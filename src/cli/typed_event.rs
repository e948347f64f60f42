//! An event as a person types it, for `rules explain --event`.

use anyhow::{Context, ensure};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::model::{
    day::instant,
    event::{Attendee, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
};

/// The fields that may be given; only the title is usually worth typing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypedEvent {
    title: String,
    description: String,
    location: String,
    categories: Vec<String>,
    attendees: Vec<Person>,
    organizer: Option<String>,
    pub(super) calendar: String,
    start: Option<String>,
    end: Option<String>,
    pub(super) timezone: Option<Tz>,
    recurring: bool,
    pub(super) my_response: Option<Response>,
    show_as: Option<ShowAs>,
    visibility: Option<Visibility>,
    status: Option<EventStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Person {
    Address(String),
    Full {
        email: String,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        response: Option<Response>,
    },
}

impl TypedEvent {
    pub(super) fn fact(&self, now: DateTime<Utc>) -> anyhow::Result<Fact> {
        let lower = |email: &String| email.trim_start_matches("mailto:").to_lowercase();
        let attendee = |person: &Person| match person {
            Person::Address(email) => Attendee { email: lower(email), name: None, resource: false, response: Response::NeedsAction },
            Person::Full { email, name, response } => {
                Attendee { email: lower(email), name: name.clone(), resource: false, response: response.unwrap_or(Response::NeedsAction) }
            }
        };
        Ok(Fact {
            provider_id: "typed".into(),
            ical_uid: "typed".into(),
            recurring: self.recurring,
            original_start: None,
            span: self.span(now)?,
            status: self.status.unwrap_or(EventStatus::Confirmed),
            show_as: self.show_as.unwrap_or(ShowAs::Busy),
            visibility: self.visibility.unwrap_or(Visibility::Public),
            text: Text {
                title: self.title.clone(),
                description: self.description.clone(),
                location: self.location.clone(),
                organizer: self.organizer.as_ref().map(lower),
                attendees: self.attendees.iter().map(attendee).collect(),
                categories: self.categories.clone(),
            },
        })
    }

    fn span(&self, now: DateTime<Utc>) -> anyhow::Result<Span> {
        let zone = self.timezone.unwrap_or(Tz::UTC);
        let start = match &self.start {
            None => now,
            Some(text) => match text.parse::<NaiveDate>() {
                Ok(first) => return self.all_day(first),
                Err(_) => at(text, zone)?,
            },
        };
        let end = self.end.as_deref().map_or(Ok(start + TimeDelta::hours(1)), |text| at(text, zone))?;
        Ok(Span::Timed { start, end, zone })
    }

    fn all_day(&self, first: NaiveDate) -> anyhow::Result<Span> {
        let next = first.succ_opt().unwrap_or(first);
        let until = self.end.as_deref().map_or(Ok(next), str::parse).context("an all-day event ends on a date")?;
        ensure!(first < until, "the end is not after the start");
        Ok(Span::AllDay { first, until })
    }
}

fn at(text: &str, zone: Tz) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"].iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    Ok(instant(zone, local.with_context(|| format!("`{text}` is no time such as 2026-03-09T10:00"))?))
}
