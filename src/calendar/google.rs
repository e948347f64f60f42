//! Google Calendar API v3: the requests, and what becomes of its events. OAuth is elsewhere.
//!
//! A sync token says *that* something changed; the window is then listed whole, expanded by Google. A token that lists occurrences itself
//! would ignore the window and tell of an endless series up to its horizon.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{
    Broken, Changes, Offered, Page, Told, Window,
    api::{Api, Trouble},
    ics::{named, series_of},
};
use crate::model::event::{Attendee, EventStatus, Fact, Moment, Response, ShowAs, Span, Text, Visibility};

/// The most a page of events may have.
const PAGE_ROWS: &str = "2500";
/// Listing what changed needs no more than that something did; a first listing, and each that follows it, must ask for the same.
const DETECT_FIELDS: &str = "nextPageToken,nextSyncToken,items(id)";
/// One account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Google<'a> {
    pub(crate) api: &'a Api,
    /// `https://www.googleapis.com/calendar/v3/`, or what the configuration says.
    pub(crate) base: &'a Url,
    pub(crate) token: &'a SecretString,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
    time_zone: Option<String>,
}

#[derive(Deserialize)]
struct Id {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CalendarEntry {
    id: String,
    summary: Option<String>,
    summary_override: Option<String>,
    access_role: Option<String>,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    deleted: bool,
    data_owner: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    id: String,
    status: Option<String>,
    summary: Option<String>,
    description: Option<String>,
    location: Option<String>,
    color_id: Option<String>,
    organizer: Option<Person>,
    start: Option<Point>,
    end: Option<Point>,
    #[serde(default)]
    end_time_unspecified: bool,
    recurring_event_id: Option<String>,
    original_start_time: Option<Point>,
    transparency: Option<String>,
    visibility: Option<String>,
    #[serde(rename = "iCalUID")]
    ical_uid: Option<String>,
    attendees: Option<Vec<Person>>,
    #[serde(default)]
    attendees_omitted: bool,
    hangout_link: Option<String>,
    conference_data: Option<Conference>,
    #[serde(rename = "eventType")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    email: Option<String>,
    display_name: Option<String>,
    #[serde(default, rename = "self")]
    is_self: bool,
    #[serde(default)]
    resource: bool,
    response_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    date: Option<NaiveDate>,
    date_time: Option<DateTime<Utc>>,
    time_zone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conference {
    #[serde(default)]
    entry_points: Vec<EntryPoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryPoint {
    entry_point_type: Option<String>,
    uri: Option<String>,
}

impl Google<'_> {
    /// The calendars of the account.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn calendars(&self, email: &str) -> Result<Vec<Offered>, Trouble> {
        let (mut offered, mut page) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("maxResults", "250")];
            query.extend(page.as_deref().map(|page| ("pageToken", page)));
            let list: List<CalendarEntry> = self.get(&["users", "me", "calendarList"], &query).await?;
            offered.extend(list.items.into_iter().filter(|entry| !entry.deleted).map(|entry| entry.offered(email)));
            match list.next_page_token {
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok(offered),
            }
        }
    }

    /// A token that will tell what changes from now on.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn first_token(&self, calendar: &str, from: DateTime<Utc>) -> Result<String, Trouble> {
        let from = instant(from);
        Ok(self.detect(calendar, ("timeMin", &from)).await?.token)
    }

    /// Whether anything changed since the token was given out.
    ///
    /// # Errors
    /// [`Trouble::CursorExpired`] if Google does not know any more.
    pub(crate) async fn changes(&self, calendar: &str, token: &str) -> Result<Changes, Trouble> {
        self.detect(calendar, ("syncToken", token)).await
    }

    async fn detect(&self, calendar: &str, since: (&str, &str)) -> Result<Changes, Trouble> {
        let (mut is_changed, mut page) = (false, None::<String>);
        loop {
            let mut query = vec![("singleEvents", "false"), ("maxResults", PAGE_ROWS), ("fields", DETECT_FIELDS), since];
            query.extend(page.as_deref().map(|page| ("pageToken", page)));
            let list: List<Id> = self.get(&["calendars", calendar, "events"], &query).await?;
            is_changed |= !list.items.is_empty();
            match (list.next_sync_token, list.next_page_token) {
                (Some(token), _) => return Ok(Changes { is_changed, token }),
                (None, Some(next)) if page.as_ref() != Some(&next) => page = Some(next),
                (None, _) => return Err(Trouble::Odd("the last page has no sync token".to_owned())),
            }
        }
    }

    /// A page of the occurrences that touch a window.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn window(&self, calendar: &str, window: Window, zone: Tz, page: Option<&str>) -> Result<Page, Trouble> {
        let (from, until) = (instant(window.from), instant(window.until));
        let mut query = vec![("singleEvents", "true"), ("maxResults", PAGE_ROWS), ("timeMin", from.as_str()), ("timeMax", until.as_str())];
        query.extend(page.map(|page| ("pageToken", page)));
        let list: List<serde_json::Value> = self.get(&["calendars", calendar, "events"], &query).await?;
        if list.next_page_token.is_some() && list.next_page_token.as_deref() == page {
            return Err(Trouble::Odd("a page names itself as the next".to_owned()));
        }
        let zone = list.time_zone.as_deref().and_then(named).unwrap_or(zone);
        let mut read = Page { next: list.next_page_token, ..Page::default() };
        for item in list.items {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            // Plain lists were seen to hold what was called off and is not there any more.
            if item["status"] == "cancelled" {
                continue;
            }
            match serde_json::from_value::<Event>(item).map_err(|error| error.to_string()).and_then(|event| event.told(zone)) {
                Ok(told) => read.told.push(told),
                Err(message) => read.broken.push(broken(&id, &message)),
            }
        }
        Ok(read)
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Trouble> {
        let mut url = self.base.clone();
        // Ids hold `@` and `#`; as segments they are encoded.
        url.path_segments_mut().map_err(|()| Trouble::Odd("the API address has no path".to_owned()))?.pop_if_empty().extend(path);
        url.query_pairs_mut().extend_pairs(query);
        self.api.get(url, self.token, HeaderMap::new()).await
    }
}

/// An event that cannot be read is skipped, not absent: its key is kept out of what vanished.
fn broken(id: &str, message: &str) -> Broken {
    let message = format!("an event cannot be read: {}", super::api::shortened(message));
    Broken { key: id.to_owned(), uid: None, line: 0, at: None, begins: None, reason: "bad-event", message }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl CalendarEntry {
    fn offered(self, email: &str) -> Offered {
        // The right of an owner is given to assistants, too. A calendar that someone made besides her own has no address for an id.
        let is_made = || self.access_role.as_deref() == Some("owner") && self.id.ends_with("calendar.google.com");
        let owner = match &self.data_owner {
            _ if self.primary => email.to_owned(),
            Some(owner) => owner.to_lowercase(),
            None if is_made() => email.to_owned(),
            None => self.id.to_lowercase(),
        };
        Offered {
            owner,
            name: self.summary_override.or(self.summary).unwrap_or_else(|| self.id.clone()),
            is_primary: self.primary,
            id: self.id,
        }
    }
}

impl Event {
    fn told(self, zone: Tz) -> Result<Told, String> {
        let start = self.start.as_ref().ok_or("it has no start")?;
        let span = match (start.date, start.date_time) {
            (Some(first), _) => {
                let until = self.end.as_ref().and_then(|end| end.date).filter(|until| *until > first);
                Span::AllDay { first, until: until.or_else(|| first.succ_opt()).ok_or("its date is beyond all calendars")? }
            }
            (None, Some(at)) => {
                let end = self.end.as_ref().and_then(|end| end.date_time).filter(|_| !self.end_time_unspecified);
                // The instant is known by its offset; the zone's name only says how it is shown.
                Span::Timed { start: at, end: end.unwrap_or(at), zone: start.time_zone.as_deref().and_then(named).unwrap_or(zone) }
            }
            (None, None) => return Err("its start has neither a date nor a time".to_owned()),
        };
        let original = self.original_start_time.as_ref();
        let original_start = original.and_then(|point| point.date.map(Moment::On).or(point.date_time.map(Moment::At)));
        let fact = Fact {
            provider_id: self.id.clone(),
            ical_uid: series_of(self.ical_uid.as_deref().unwrap_or_else(|| self.recurring_event_id.as_deref().unwrap_or(&self.id))),
            recurring: self.recurring_event_id.is_some(),
            original_start: self.recurring_event_id.as_ref().and(original_start),
            span,
            status: self.status(),
            show_as: self.show_as(),
            visibility: match self.visibility.as_deref() {
                Some("private") => Visibility::Private,
                Some("confidential") => Visibility::Confidential,
                _ => Visibility::Public,
            },
            text: Arc::default(),
        };
        let (own, is_complete) = (self.own(), !self.attendees_omitted);
        Ok(Told { fact: Fact { text: Arc::new(self.text()), ..fact }, own, is_complete })
    }

    fn status(&self) -> EventStatus {
        match self.status.as_deref() {
            Some("tentative") => EventStatus::Tentative,
            Some("cancelled") => EventStatus::Cancelled,
            _ => EventStatus::Confirmed,
        }
    }

    fn show_as(&self) -> ShowAs {
        match (self.kind.as_deref(), self.transparency.as_deref()) {
            (Some("outOfOffice"), _) => ShowAs::OutOfOffice,
            (Some("workingLocation"), _) | (_, Some("transparent")) => ShowAs::Free,
            _ => ShowAs::Busy,
        }
    }

    /// What the calendar's owner answered. An event without guests is her own; one that names no answer of hers says nothing.
    fn own(&self) -> Option<Response> {
        let own = self.attendees.iter().flatten().find(|person| person.is_self).map(Person::response);
        match own {
            Some(Response::Declined | Response::Tentative) => own,
            _ if self.organizer.as_ref().is_some_and(|organizer| organizer.is_self) => Some(Response::Organizer),
            own => own,
        }
    }

    fn text(self) -> Text {
        let video = |conference: Conference| {
            conference.entry_points.into_iter().find(|point| point.entry_point_type.as_deref() == Some("video")).and_then(|point| point.uri)
        };
        Text {
            title: self.summary.unwrap_or_default(),
            description: self.description.unwrap_or_default(),
            location: self.location.unwrap_or_default(),
            organizer: self.organizer.and_then(|organizer| organizer.email).map(|email| email.to_lowercase()),
            attendees: self.attendees.into_iter().flatten().filter_map(Person::attendee).collect(),
            categories: Vec::new(),
            colour: self.color_id,
            event_type: self.kind.filter(|kind| kind != "default").map(|kind| kebab(&kind)),
            conference: self.hangout_link.or_else(|| self.conference_data.and_then(video)),
        }
    }
}

impl Person {
    fn response(&self) -> Response {
        match self.response_status.as_deref() {
            Some("accepted") => Response::Accepted,
            Some("tentative") => Response::Tentative,
            Some("declined") => Response::Declined,
            Some("needsAction") => Response::NeedsAction,
            _ => Response::Unknown,
        }
    }

    fn attendee(self) -> Option<Attendee> {
        let response = self.response();
        Some(Attendee { email: self.email?.to_lowercase(), name: self.display_name, resource: self.resource, response })
    }
}

/// `focusTime` as `focus-time`.
pub(super) fn kebab(camel: &str) -> String {
    camel.chars().fold(String::new(), |mut kebab, char| {
        if char.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(char.to_ascii_lowercase());
        kebab
    })
}
