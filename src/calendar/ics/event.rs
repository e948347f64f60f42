//! One VEVENT with its meaning: when it starts and how long it is, how it repeats, and all that an occurrence inherits from it.

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use icalendar::parser::Property;

use super::{
    property::{Fault, Properties, Written, bad, list, parameter},
    recurrence::Start,
};
use crate::model::event::{Attendee, EventStatus, Response, ShowAs, Text, Visibility};

/// What one VEVENT says.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) uid: Option<String>,
    pub(super) sequence: i64,
    /// Which occurrence of its series it replaces.
    pub(super) recurrence_id: Option<Written>,
    pub(super) start: Start,
    pub(super) length: Length,
    pub(super) rules: Vec<String>,
    pub(super) added: Vec<Written>,
    pub(super) excluded: Vec<Written>,
    pub(super) status: EventStatus,
    pub(super) show_as: ShowAs,
    pub(super) visibility: Visibility,
    pub(super) text: Text,
}

/// How long it is: days and wall-clock time are nominal, so a series keeps its clock times over a change of clocks (RFC 5545 §3.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// From local start to local end, negative where the calendar says so, with the end's own zone where that differs.
    Until { local: TimeDelta, zone: Tz },
    /// DURATION: nominal days, then exact time.
    Duration { days: i64, exact: TimeDelta },
}

impl Parsed {
    pub(super) fn from(properties: &Properties<'_>, floating: Tz) -> Result<Self, Fault> {
        if properties.one("RECURRENCE-ID").is_some_and(|property| parameter(property, "RANGE").is_some()) {
            return bad("it changes a series from one occurrence on (RANGE=THISANDFUTURE), which is not supported yet");
        }
        let Some(written) = properties.moment("DTSTART")? else { return bad("it has no DTSTART") };
        let start = start(written, floating);
        Ok(Self {
            uid: properties.value("UID").filter(|uid| !uid.is_empty()).map(str::to_owned),
            sequence: properties.value("SEQUENCE").and_then(|value| value.parse().ok()).unwrap_or(0),
            recurrence_id: properties.moment("RECURRENCE-ID")?,
            start,
            length: length(properties, start, floating)?,
            rules: properties.all("RRULE").map(|rule| rule.val.as_str().to_owned()).collect(),
            added: properties.moments("RDATE")?,
            excluded: properties.moments("EXDATE")?,
            status: status(properties),
            show_as: show_as(properties),
            visibility: visibility(properties),
            text: text(properties),
        })
    }

    pub(super) fn repeats(&self) -> bool {
        !self.rules.is_empty() || !self.added.is_empty()
    }
}

fn start(written: Written, floating: Tz) -> Start {
    match written {
        Written::Date(date) => Start { local: date.and_time(NaiveTime::MIN), zone: floating, all_day: true },
        Written::Local(local, zone) => Start { local, zone: zone.unwrap_or(floating), all_day: false },
        Written::Utc(local) => Start { local, zone: Tz::UTC, all_day: false },
    }
}

fn length(properties: &Properties<'_>, start: Start, floating: Tz) -> Result<Length, Fault> {
    let nominal = |local| Length::Until { local, zone: start.zone };
    if let Some(end) = properties.moment("DTEND")? {
        return match (end, start.all_day) {
            (Written::Date(date), true) => Ok(nominal((date.and_time(NaiveTime::MIN) - start.local).max(TimeDelta::days(1)))),
            (Written::Date(_), false) | (_, true) => bad("DTSTART and DTEND are not both dates or both times"),
            (Written::Local(local, zone), _) => Ok(Length::Until { local: local - start.local, zone: zone.unwrap_or(floating) }),
            (Written::Utc(local), _) => Ok(Length::Until { local: local - start.local, zone: Tz::UTC }),
        };
    }
    match properties.value("DURATION") {
        Some(value) => duration(value).map_or_else(|| bad(format!("DURATION `{value}` is not a duration")), Ok),
        // RFC 5545 §3.6.1: without an end a date lasts that day and a time takes none.
        None if start.all_day => Ok(nominal(TimeDelta::days(1))),
        None => Ok(nominal(TimeDelta::zero())),
    }
}

/// RFC 5545 §3.3.6, such as `PT1H30M`, `P1DT2H`, `-PT15M`.
fn duration(value: &str) -> Option<Length> {
    let (sign, value) = value.strip_prefix('-').map_or((1, value.trim_start_matches('+')), |rest| (-1, rest));
    let mut rest = value.strip_prefix('P')?;
    let (mut days, mut seconds, mut in_time) = (0_i64, 0_i64, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            (rest, in_time) = (time, true);
            continue;
        }
        let digits = rest.find(|char: char| !char.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok().filter(|number| *number < 1_000_000)?;
        match (rest.as_bytes()[digits], in_time) {
            (b'W', false) => days += 7 * number,
            (b'D', false) => days += number,
            (b'H', true) => seconds += 3600 * number,
            (b'M', true) => seconds += 60 * number,
            (b'S', true) => seconds += number,
            _ => return None,
        }
        rest = &rest[digits + 1..];
    }
    Some(Length::Duration { days: sign * days, exact: TimeDelta::seconds(sign * seconds) })
}

fn status(properties: &Properties<'_>) -> EventStatus {
    match properties.value("STATUS").map(str::to_ascii_uppercase).as_deref() {
        Some("CANCELLED") => EventStatus::Cancelled,
        Some("TENTATIVE") => EventStatus::Tentative,
        _ => EventStatus::Confirmed,
    }
}

/// Outlook's own word first: it knows more states than TRANSP.
fn show_as(properties: &Properties<'_>) -> ShowAs {
    match properties.value("X-MICROSOFT-CDO-BUSYSTATUS").map(str::to_ascii_uppercase).as_deref() {
        Some("FREE") => ShowAs::Free,
        Some("TENTATIVE") => ShowAs::Tentative,
        Some("OOF") => ShowAs::OutOfOffice,
        Some("WORKINGELSEWHERE") => ShowAs::WorkingElsewhere,
        _ if properties.value("TRANSP").is_some_and(|value| value.eq_ignore_ascii_case("TRANSPARENT")) => ShowAs::Free,
        _ => ShowAs::Busy,
    }
}

/// RFC 5545 §3.8.1.3: a class we do not know is as private as PRIVATE.
fn visibility(properties: &Properties<'_>) -> Visibility {
    match properties.value("CLASS").map(str::to_ascii_uppercase).as_deref() {
        None | Some("PUBLIC" | "") => Visibility::Public,
        Some("CONFIDENTIAL") => Visibility::Confidential,
        Some(_) => Visibility::Private,
    }
}

/// Where programs write the address of an online meeting (RFC 7986 §5.11 and what came before it).
const CONFERENCES: &[&str] =
    &["CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK"];

fn text(properties: &Properties<'_>) -> Text {
    let word = |name| properties.value(name).filter(|value| !value.is_empty()).map(str::to_owned);
    Text {
        title: properties.text("SUMMARY"),
        description: properties.text("DESCRIPTION"),
        location: properties.text("LOCATION"),
        organizer: properties.one("ORGANIZER").and_then(address),
        attendees: properties.all("ATTENDEE").filter_map(attendee).collect(),
        categories: properties.all("CATEGORIES").flat_map(|property| list(property.val.as_str())).collect(),
        colour: word("COLOR"),
        event_type: None,
        conference: CONFERENCES.iter().find_map(|name| word(name)),
    }
}

/// The lower-case address of a person or room; some programs put it in EMAIL beside an opaque value.
fn address(property: &Property<'_>) -> Option<String> {
    let value = property.val.as_str().trim();
    let mail = value.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:")).map_or(value, |_| &value[7..]);
    let mail = if mail.contains('@') { mail } else { parameter(property, "EMAIL")? };
    mail.contains('@').then(|| mail.trim().to_lowercase())
}

fn attendee(property: &Property<'_>) -> Option<Attendee> {
    let word = |name| parameter(property, name).map(str::to_ascii_uppercase);
    Some(Attendee {
        email: address(property)?,
        name: parameter(property, "CN").filter(|name| !name.is_empty()).map(str::to_owned),
        resource: matches!(word("CUTYPE").as_deref(), Some("ROOM" | "RESOURCE")),
        response: match word("PARTSTAT").as_deref() {
            Some("ACCEPTED") => Response::Accepted,
            Some("TENTATIVE") => Response::Tentative,
            Some("DECLINED") => Response::Declined,
            None | Some("NEEDS-ACTION") => Response::NeedsAction,
            Some(_) => Response::Unknown,
        },
    })
}

impl Length {
    /// Where an occurrence that starts at a local time ends, as an instant.
    pub(super) fn end(self, start: NaiveDateTime, zone: Tz) -> Option<chrono::DateTime<chrono::Utc>> {
        use crate::model::day::instant;
        match self {
            Self::Until { local, zone: other } => Some(instant(other, start.checked_add_signed(local)?)),
            Self::Duration { days, exact } => instant(zone, start.checked_add_signed(TimeDelta::days(days))?).checked_add_signed(exact),
        }
    }

    /// Whole days of an all-day event, at least one.
    pub(super) fn days(self) -> i64 {
        match self {
            Self::Until { local, .. } => local.num_days().max(1),
            Self::Duration { days, .. } => days.max(1),
        }
    }
}
