//! Outlook calendars by Microsoft Graph v1.0: the requests, and what becomes of its events. OAuth is elsewhere.
//!
//! A delta link says *that* something changed; the window is then read whole as a plain view, since a delta leaves deleted occurrences out
//! without a trace and gives the others without their words.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{
    Broken, Changes, Offered, Page, Told, Window,
    api::{Api, Trouble, shortened},
    google::kebab,
    ics::named,
};
use crate::model::event::{Attendee, EventStatus, Fact, Moment, Response, ShowAs, Span, Text, Visibility};

/// Sent with every request, links included: an id is immutable only where that was asked for.
const PREFER: &str = "IdType=\"ImmutableId\", outlook.timezone=\"UTC\", outlook.body-content-type=\"text\", odata.maxpagesize=200";
const PAGE_ROWS: &str = "200";
const SELECT: &str = "id,subject,body,location,categories,organizer,attendees,start,end,isAllDay,isCancelled,isOrganizer,type,\
    seriesMasterId,originalStart,originalStartTimeZone,iCalUId,showAs,sensitivity,responseStatus,onlineMeeting,onlineMeetingUrl";
/// What a global object id begins with (MS-OXOCAL 2.2.1.27), and where the date of an occurrence stands in it.
const GLOBAL_OBJECT: &str = "040000008200E00074C5B7101A82E008";
const OCCURRENCE: std::ops::Range<usize> = 32..40;

/// One mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlook<'a> {
    pub(crate) api: &'a Api,
    /// `https://graph.microsoft.com/v1.0/`, or what the configuration says.
    pub(crate) base: &'a Url,
    pub(crate) token: &'a SecretString,
}

/// Whose mailbox it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    pub(crate) id: String,
    pub(crate) mail: Option<String>,
    pub(crate) user_principal_name: Option<String>,
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Vec::new")]
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    delta: Option<String>,
}

#[derive(Deserialize)]
struct Any {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CalendarItem {
    id: String,
    name: Option<String>,
    #[serde(default)]
    is_default_calendar: Option<bool>,
    owner: Option<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    id: String,
    subject: Option<String>,
    body: Option<Body>,
    location: Option<Location>,
    #[serde(default)]
    categories: Option<Vec<String>>,
    organizer: Option<Recipient>,
    attendees: Option<Vec<Recipient>>,
    start: Option<Point>,
    end: Option<Point>,
    is_all_day: Option<bool>,
    is_cancelled: Option<bool>,
    is_organizer: Option<bool>,
    r#type: Option<String>,
    series_master_id: Option<String>,
    original_start: Option<String>,
    original_start_time_zone: Option<String>,
    #[serde(rename = "iCalUId")]
    ical_uid: Option<String>,
    show_as: Option<String>,
    sensitivity: Option<String>,
    response_status: Option<Answered>,
    online_meeting: Option<Meeting>,
    online_meeting_url: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    display_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: Option<Address>,
    r#type: Option<String>,
    status: Option<Answered>,
}

#[derive(Deserialize)]
struct Address {
    name: Option<String>,
    address: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    response: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meeting {
    join_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    date_time: String,
    time_zone: Option<String>,
}

impl Outlook<'_> {
    /// Whose account it is.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn me(&self) -> Result<Me, Trouble> {
        self.get(self.at(&["me"], &[])?).await
    }

    /// The calendars of the mailbox.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn calendars(&self, email: &str) -> Result<Vec<Offered>, Trouble> {
        let (mut url, mut offered) = (self.at(&["me", "calendars"], &[("$top", "100")])?, Vec::new());
        loop {
            let list: List<CalendarItem> = self.get(url).await?;
            offered.extend(list.value.into_iter().map(|calendar| calendar.offered(email)));
            match list.next {
                Some(next) => url = self.link(&next)?,
                None => return Ok(offered),
            }
        }
    }

    /// A link that will tell what changes in a window from now on. The window is frozen into it.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn first_link(&self, calendar: &str, window: Window) -> Result<String, Trouble> {
        let (from, until) = (instant(window.from), instant(window.until));
        let query = [("startDateTime", from.as_str()), ("endDateTime", until.as_str())];
        Ok(self.detect(self.at(&["me", "calendars", calendar, "calendarView", "delta"], &query)?).await?.token)
    }

    /// Whether anything changed since the link was given out.
    ///
    /// # Errors
    /// [`Trouble::CursorExpired`] if Graph does not know any more.
    pub(crate) async fn changes(&self, link: &str) -> Result<Changes, Trouble> {
        self.detect(self.link(link)?).await
    }

    async fn detect(&self, mut url: Url) -> Result<Changes, Trouble> {
        let mut is_changed = false;
        loop {
            let list: List<Any> = self.get(url.clone()).await?;
            is_changed |= !list.value.is_empty();
            match (list.delta, list.next) {
                (Some(token), _) => return self.link(&token).map(|_| Changes { is_changed, token }),
                (None, Some(next)) => {
                    let next = self.link(&next)?;
                    if next == url {
                        return Err(Trouble::Odd("a page names itself as the next".to_owned()));
                    }
                    url = next;
                }
                (None, None) => return Err(Trouble::Odd("the last page of a round has no delta link".to_owned())),
            }
        }
    }

    /// A page of the occurrences that touch a window.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn window(&self, calendar: &str, window: Window, zone: Tz, page: Option<&str>) -> Result<Page, Trouble> {
        let (from, until) = (instant(window.from), instant(window.until));
        let query = [("startDateTime", from.as_str()), ("endDateTime", until.as_str()), ("$top", PAGE_ROWS), ("$select", SELECT)];
        let url = match page {
            Some(link) => self.link(link)?,
            None => self.at(&["me", "calendars", calendar, "calendarView"], &query)?,
        };
        let list: List<serde_json::Value> = self.get(url).await?;
        if list.next.is_some() && list.next.as_deref() == page {
            return Err(Trouble::Odd("a page names itself as the next".to_owned()));
        }
        let mut read = Page { next: list.next, ..Page::default() };
        for item in list.value {
            let id = item["id"].as_str().unwrap_or_default().to_owned();
            if item["@removed"].is_object() || item["type"] == "seriesMaster" {
                continue;
            }
            match serde_json::from_value::<Event>(item).map_err(|error| bad(error.to_string())).and_then(|event| event.told(zone)) {
                Ok(told) => read.told.push(told),
                Err((reason, message)) => {
                    let message = format!("an event cannot be read: {}", shortened(&message));
                    read.broken.push(Broken { key: id, uid: None, line: 0, at: None, begins: None, reason, message });
                }
            }
        }
        Ok(read)
    }

    fn at(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Trouble> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| Trouble::Odd("the API address has no path".to_owned()))?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// A link the service handed out. It carries the account's token, so it is followed to the configured host and nowhere else.
    fn link(&self, link: &str) -> Result<Url, Trouble> {
        let url = Url::parse(link).map_err(|_| Trouble::Odd("a link is no address".to_owned()))?;
        if url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none() {
            return Ok(url);
        }
        Err(Trouble::Odd(format!("a link leads to another host ({}) and was not followed", url.host_str().unwrap_or("none"))))
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: Url) -> Result<T, Trouble> {
        let headers = HeaderMap::from_iter([(HeaderName::from_static("prefer"), HeaderValue::from_static(PREFER))]);
        self.api.get(url, self.token, headers).await
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

type Fault = (&'static str, String);

fn bad(message: String) -> Fault {
    ("bad-event", message)
}

impl CalendarItem {
    fn offered(self, email: &str) -> Offered {
        let is_primary = self.is_default_calendar == Some(true);
        // The account's own calendar is hers, by whichever of her addresses it names her.
        let owner = self.owner.and_then(|owner| owner.address).filter(|address| !address.is_empty() && !is_primary);
        Offered {
            name: self.name.unwrap_or_else(|| "Calendar".to_owned()),
            owner: owner.unwrap_or_else(|| email.to_owned()).to_lowercase(),
            is_primary,
            id: self.id,
        }
    }
}

impl Event {
    fn told(self, zone: Tz) -> Result<Told, Fault> {
        let recurring = matches!(self.r#type.as_deref(), Some("occurrence" | "exception"));
        let (span, is_all_day) = (self.span(zone)?, self.is_all_day == Some(true));
        let original = self.original_start.as_deref().and_then(local).map(|at| at.and_utc());
        let original_start = match original {
            Some(at) if is_all_day => Moment::On(at.date_naive()),
            Some(at) => Moment::At(at),
            None => span.moment(),
        };
        let uid = self.ical_uid.as_deref().or(self.series_master_id.as_deref()).unwrap_or(&self.id);
        let fact = Fact {
            provider_id: self.id.clone(),
            ical_uid: series(uid),
            recurring,
            original_start: recurring.then_some(original_start),
            span,
            status: if self.is_cancelled == Some(true) { EventStatus::Cancelled } else { EventStatus::Confirmed },
            show_as: self.show_as(),
            visibility: match self.sensitivity.as_deref() {
                Some("private") => Visibility::Private,
                Some("confidential") => Visibility::Confidential,
                _ => Visibility::Public,
            },
            text: Arc::default(),
        };
        let own = self.own();
        Ok(Told { fact: Fact { text: Arc::new(self.text()), ..fact }, own, is_complete: true })
    }

    /// All-day events are midnights of no zone, whatever was asked for: only their dates count.
    fn span(&self, zone: Tz) -> Result<Span, Fault> {
        let start = self.start.as_ref().ok_or_else(|| bad("it has no start".to_owned()))?;
        if self.is_all_day == Some(true) {
            let first = start.local()?.date();
            let until = self.end.as_ref().map(Point::local).transpose()?.map(|end| end.date()).filter(|until| *until > first);
            return Ok(Span::AllDay {
                first,
                until: until.or_else(|| first.succ_opt()).ok_or_else(|| bad("its date is beyond all calendars".to_owned()))?,
            });
        }
        let at = start.instant()?;
        let end = self.end.as_ref().map_or(Ok(at), Point::instant)?;
        Ok(Span::Timed { start: at, end, zone: self.original_start_time_zone.as_deref().and_then(named).unwrap_or(zone) })
    }

    fn show_as(&self) -> ShowAs {
        match self.show_as.as_deref() {
            Some("free") => ShowAs::Free,
            Some("tentative") => ShowAs::Tentative,
            Some("oof") => ShowAs::OutOfOffice,
            Some("workingElsewhere") => ShowAs::WorkingElsewhere,
            _ => ShowAs::Busy,
        }
    }

    fn own(&self) -> Option<Response> {
        let is_alone = self.attendees.as_ref().is_none_or(Vec::is_empty);
        match self.response_status.as_ref().and_then(|status| status.response.as_deref()) {
            _ if self.is_organizer == Some(true) => Some(Response::Organizer),
            Some("none") if is_alone => Some(Response::Organizer),
            Some("none") => Some(Response::NeedsAction),
            Some(word) => Some(response(word)),
            None => None,
        }
    }

    fn text(self) -> Text {
        let organizer = self.organizer.and_then(|organizer| organizer.email_address).and_then(|address| address.address);
        let url = self.online_meeting.and_then(|meeting| meeting.join_url).or(self.online_meeting_url);
        Text {
            title: self.subject.unwrap_or_default(),
            description: self.body.and_then(|body| body.content).map(|text| text.trim().to_owned()).unwrap_or_default(),
            location: self.location.and_then(|place| place.display_name).unwrap_or_default(),
            organizer: organizer.map(|address| address.to_lowercase()),
            attendees: self.attendees.into_iter().flatten().filter_map(Recipient::attendee).collect(),
            categories: self.categories.unwrap_or_default(),
            colour: None,
            event_type: self.show_as.filter(|word| word == "oof").map(|_| kebab("outOfOffice")),
            conference: url.filter(|url| !url.is_empty()),
        }
    }
}

impl Recipient {
    fn attendee(self) -> Option<Attendee> {
        let Address { name, address } = self.email_address?;
        let answered = self.status.and_then(|status| status.response);
        Some(Attendee {
            email: address?.to_lowercase(),
            name: name.filter(|name| !name.is_empty()),
            resource: self.r#type.as_deref() == Some("resource"),
            response: answered.as_deref().map_or(Response::Unknown, response),
        })
    }
}

fn response(word: &str) -> Response {
    match word {
        "organizer" => Response::Organizer,
        "accepted" => Response::Accepted,
        "tentativelyAccepted" => Response::Tentative,
        "declined" => Response::Declined,
        "none" | "notResponded" => Response::NeedsAction,
        _ => Response::Unknown,
    }
}

impl Point {
    fn local(&self) -> Result<NaiveDateTime, Fault> {
        local(&self.date_time).ok_or_else(|| bad("a time of it cannot be read".to_owned()))
    }

    /// UTC was asked for. What comes in another zone all the same is read in that one, and one that is none breaks the event.
    fn instant(&self) -> Result<DateTime<Utc>, Fault> {
        let at = self.local()?;
        match self.time_zone.as_deref() {
            None | Some("" | "UTC") => Ok(at.and_utc()),
            Some(name) => {
                let zone = named(name).ok_or_else(|| ("unknown-timezone", format!("{} is no time zone", shortened(name))))?;
                Ok(crate::model::day::instant(zone, at))
            }
        }
    }
}

/// A time with or without an offset and with up to seven digits of a fraction; the offset, if any, is zero.
fn local(text: &str) -> Option<NaiveDateTime> {
    let plain = text.trim_end_matches('Z');
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => Some(at.naive_utc()),
        Err(_) => NaiveDateTime::parse_from_str(plain, "%Y-%m-%dT%H:%M:%S%.f").ok(),
    }
}

/// The series a UID belongs to. Exchange writes the date of an occurrence into its global object id; invitations carry it without.
fn series(uid: &str) -> String {
    let is_global = uid.get(..GLOBAL_OBJECT.len()).is_some_and(|head| head.eq_ignore_ascii_case(GLOBAL_OBJECT));
    match (uid.get(..OCCURRENCE.start), uid.get(OCCURRENCE), uid.get(OCCURRENCE.end..)) {
        (Some(head), Some(_), Some(tail)) if is_global => format!("{head}00000000{tail}"),
        _ => uid.to_owned(),
    }
}
