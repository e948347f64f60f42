//! How an event stands in columns.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use chrono::NaiveDate;
use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Error,
    codec::{At, Plain, from_json},
    events::Live,
};
use crate::model::{
    event::{Attendee, Event, EventStatus, Fact, Moment, Response, ShowAs, Span, Text, Visibility},
    ids::{CalendarId, EventId, MeetingId, StaffId, hex},
};

/// An event with its words, where they are kept, and its calendar's place and name.
#[derive(sqlx::FromRow)]
pub(super) struct EventRow {
    id: Uuid,
    staff: Uuid,
    calendar: Uuid,
    calendar_order: i64,
    calendar_name: String,
    meeting: Uuid,
    provider_id: String,
    ical_uid: String,
    recurring: bool,
    original_start: Option<Plain<Moment>>,
    #[sqlx(flatten)]
    when: When,
    status: Plain<EventStatus>,
    show_as: Plain<ShowAs>,
    visibility: Plain<Visibility>,
    response: Plain<Response>,
    revision: i64,
    first_seen: At,
    placed_at: At,
    removed_at: Option<At>,
    #[sqlx(flatten)]
    words: Words,
}

/// The words of an event as they stand in columns; none where they are not kept.
#[derive(PartialEq, Eq, Hash, sqlx::FromRow)]
struct Words {
    title: Option<String>,
    description: Option<String>,
    location: Option<String>,
    organizer: Option<String>,
    /// JSON, as is the next.
    attendees: Option<String>,
    categories: Option<String>,
    colour: Option<String>,
    event_type: Option<String>,
    conference: Option<String>,
}

/// A span in columns: instants and a zone, or dates.
#[derive(Clone, sqlx::FromRow)]
pub(super) struct When {
    pub(super) starts_at: Option<At>,
    pub(super) ends_at: Option<At>,
    pub(super) zone: Option<Plain<Tz>>,
    pub(super) from_day: Option<Plain<NaiveDate>>,
    pub(super) until_day: Option<Plain<NaiveDate>>,
}

impl From<&Span> for When {
    fn from(span: &Span) -> Self {
        let (mut starts_at, mut ends_at, mut in_zone, mut from_day, mut until_day) = (None, None, None, None, None);
        match span {
            Span::Timed { start, end, zone } => (starts_at, ends_at, in_zone) = (Some(At(*start)), Some(At(*end)), Some(Plain(*zone))),
            Span::AllDay { first, until } => (from_day, until_day) = (Some(Plain(*first)), Some(Plain(*until))),
        }
        Self { starts_at, ends_at, zone: in_zone, from_day, until_day }
    }
}

impl When {
    pub(super) fn span(self) -> Result<Span, Error> {
        match (self.starts_at, self.ends_at, self.zone, self.from_day, self.until_day) {
            (Some(start), Some(end), Some(zone), ..) => Ok(Span::Timed { start: start.0, end: end.0, zone: zone.0 }),
            (.., Some(first), Some(until)) => Ok(Span::AllDay { first: first.0, until: until.0 }),
            _ => Err(Error::Missing("time of an event")),
        }
    }
}

impl Words {
    fn text(&self) -> Result<Text, Error> {
        let attendees: Option<Vec<Attendee>> = self.attendees.as_deref().map(from_json).transpose().map_err(sqlx::Error::Decode)?;
        let categories: Option<Vec<String>> = self.categories.as_deref().map(from_json).transpose().map_err(sqlx::Error::Decode)?;
        Ok(Text {
            title: self.title.clone().unwrap_or_default(),
            description: self.description.clone().unwrap_or_default(),
            location: self.location.clone().unwrap_or_default(),
            organizer: self.organizer.clone(),
            attendees: attendees.unwrap_or_default(),
            categories: categories.unwrap_or_default(),
            colour: self.colour.clone(),
            event_type: self.event_type.clone(),
            conference: self.conference.clone(),
        })
    }
}

/// Events from their rows. Those of the same words share them, as the occurrences of a series do: their lists are read once, and whoever
/// asks what the words mean may ask once.
pub(super) fn events(rows: Vec<EventRow>) -> Result<Vec<Event>, Error> {
    let mut shared = Shared::default();
    rows.into_iter().map(|row| row.event(&mut shared)).collect()
}

/// What several rows say in the same words.
#[derive(Default)]
struct Shared {
    texts: HashMap<Words, Arc<Text>>,
    calendars: HashMap<Uuid, Arc<str>>,
}

impl EventRow {
    fn event(self, shared: &mut Shared) -> Result<Event, Error> {
        let calendar_name = shared.calendars.entry(self.calendar).or_insert_with(|| self.calendar_name.into()).clone();
        let text = match shared.texts.entry(self.words) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(free) => {
                let text = free.key().text()?.into();
                Arc::clone(free.insert(text))
            }
        };
        let fact = Fact {
            provider_id: self.provider_id,
            ical_uid: self.ical_uid,
            recurring: self.recurring,
            original_start: self.original_start.map(|moment| moment.0),
            span: self.when.span()?,
            status: self.status.0,
            show_as: self.show_as.0,
            visibility: self.visibility.0,
            text,
        };
        Ok(Event {
            id: EventId(self.id),
            staff: StaffId(self.staff),
            calendar: CalendarId(self.calendar),
            calendar_order: self.calendar_order,
            calendar_name,
            meeting: MeetingId(self.meeting),
            fact,
            response: self.response.0,
            revision: self.revision,
            first_seen: self.first_seen.0,
            placed_at: self.placed_at.0,
            removed_at: self.removed_at.map(|at| at.0),
        })
    }
}

/// An event without words.
#[derive(sqlx::FromRow)]
pub(super) struct LiveRow {
    id: Uuid,
    provider_id: String,
    ical_uid: String,
    recurring: bool,
    #[sqlx(flatten)]
    when: When,
}

impl LiveRow {
    pub(super) fn live(self) -> Result<Live, Error> {
        let Self { id, provider_id, ical_uid, recurring, when } = self;
        Ok(Live { id: EventId(id), provider_id, ical_uid, recurring, span: when.span()? })
    }
}

/// Tells that the words changed without keeping them.
pub(super) fn text_digest(text: &Text) -> Result<String, Error> {
    let json = serde_json::to_vec(text).map_err(|error| sqlx::Error::Encode(error.into()))?;
    Ok(hex(&Sha256::digest(json)[..16]))
}
