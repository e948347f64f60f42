//! One VEVENT with its meaning: when it starts and how long it is, how it repeats, and all that an occurrence inherits from it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    people::{address, attendee},
    property::{Added, Fault, PeriodEnd, Properties, Written, bad, list, local_time, parameter},
    recurrence::Start,
};
use crate::model::{
    day::instant,
    event::{EventStatus, ShowAs, Text, Visibility},
};

/// What one VEVENT says.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) uid: Option<String>,
    pub(super) sequence: i64,
    /// When this version was made (DTSTAMP), which may be when the file was, and when it was changed (LAST-MODIFIED).
    written: [Option<NaiveDateTime>; 2],
    /// Which occurrence of its series it replaces.
    pub(super) recurrence_id: Option<Written>,
    /// Whether it also replaces all that come after (RANGE=THISANDFUTURE).
    pub(super) and_future: bool,
    /// The zone of times that name none.
    pub(super) floating: Tz,
    pub(super) start: Start,
    pub(super) length: Length,
    pub(super) rules: Vec<String>,
    /// EXRULE, which RFC 5545 gave up and old files still have.
    pub(super) unwanted: Vec<String>,
    pub(super) added: Vec<(Written, Option<Length>)>,
    pub(super) excluded: Vec<Written>,
    pub(super) status: EventStatus,
    pub(super) show_as: ShowAs,
    pub(super) visibility: Visibility,
    pub(super) text: Arc<Text>,
}

/// How long it is. Days and wall-clock time are nominal (RFC 5545 §3.3.6), so that a series keeps its clock times over a change of
/// clocks. §3.8.5.3 would have the exact duration where DTEND gives it; the calendars people look at show the clock times, and what they
/// show is what took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// From local start to local end, negative where the calendar says so, with the end's own zone where that is another place.
    Until { local: TimeDelta, zone: Tz },
    /// DURATION: nominal days, then exact time.
    Duration { days: i64, exact: TimeDelta },
}

impl Parsed {
    pub(super) fn from(properties: &Properties<'_>, floating: Tz) -> Result<Self, Fault> {
        let Some(written) = properties.moment("DTSTART")? else { return bad("it has no DTSTART") };
        let ends = properties.moment("DTEND")?;
        let start = start(written, ends, properties, floating);
        let length = length(properties, ends, start)?;
        let recurrence_id = properties.moment("RECURRENCE-ID")?;
        let and_future = properties
            .one("RECURRENCE-ID")
            .and_then(|property| parameter(property, "RANGE"))
            .is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
        Ok(Self {
            uid: properties.value("UID").filter(|uid| !uid.is_empty()).map(str::to_owned),
            sequence: properties.value("SEQUENCE").and_then(|value| value.parse().ok()).unwrap_or(0),
            written: ["DTSTAMP", "LAST-MODIFIED"]
                .map(|name| properties.value(name).and_then(|at| local_time(at.trim_end_matches(['Z', 'z'])))),
            recurrence_id,
            and_future,
            floating,
            start,
            length,
            rules: rules(properties, "RRULE"),
            unwanted: rules(properties, "EXRULE"),
            added: properties.added()?.into_iter().map(|added| period(added, start)).collect::<Result<_, Fault>>()?,
            excluded: properties.moments("EXDATE")?,
            status: status(properties),
            show_as: show_as(properties),
            visibility: visibility(properties),
            text: text(properties).into(),
        })
    }

    /// What tells the newer of two versions (RFC 5546 §2.1.5).
    pub(super) fn version(&self) -> (i64, [Option<NaiveDateTime>; 2]) {
        (self.sequence, self.written)
    }

    /// The zone of times about it that name none: its start's, where that names one.
    pub(super) fn unzoned(&self, floating: Tz) -> Tz {
        if self.start.zone == self.floating { floating } else { self.start.zone }
    }

    pub(super) fn repeats(&self) -> bool {
        !self.rules.is_empty() || !self.added.is_empty()
    }
}

/// Rules of one name; some programs write one without a word to say that there is none.
fn rules(properties: &Properties<'_>, name: &'static str) -> Vec<String> {
    let values = properties.all(name).map(|rule| rule.val.as_str().trim());
    values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

fn start(written: Written, ends: Option<Written>, properties: &Properties<'_>, floating: Tz) -> Start {
    let start = |local, zone, all_day| Start { local, zone, all_day };
    let written = match written {
        Written::Date(date) => return start(date.and_time(NaiveTime::MIN), floating, true),
        Written::Local(local, zone) => start(local, zone.unwrap_or(floating), false),
        Written::Utc(local) => start(local, Tz::UTC, false),
    };
    // Midnights of the person's own clock, too, may be written in UTC.
    let own = start(written.local.and_utc().with_timezone(&floating).naive_local(), floating, false);
    let clocks = [Some(written), (written.zone == Tz::UTC).then_some(own)];
    let days = clocks.into_iter().flatten().find(|clock| is_outlooks_all_day(*clock, ends, properties));
    days.map_or(written, |days| Start { all_day: true, ..days })
}

/// Outlook writes some all-day events as midnight to midnight, and says so beside it.
fn is_outlooks_all_day(start: Start, ends: Option<Written>, properties: &Properties<'_>) -> bool {
    let says = |name| properties.value(name).is_some_and(|value| value.eq_ignore_ascii_case("TRUE"));
    let end = match ends {
        Some(Written::Local(end, other)) if other.unwrap_or(start.zone) == start.zone => Some(end),
        Some(Written::Utc(end)) => Some(end.and_utc().with_timezone(&start.zone).naive_local()),
        _ => None,
    };
    let is_midnight = |at: NaiveDateTime| at.time() == NaiveTime::MIN;
    (says("X-MICROSOFT-CDO-ALLDAYEVENT") || says("X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT"))
        && is_midnight(start.local)
        && end.is_none_or(|end| is_midnight(end) && end >= start.local)
}

fn length(properties: &Properties<'_>, ends: Option<Written>, start: Start) -> Result<Length, Fault> {
    let nominal = |local| Length::Until { local, zone: start.zone };
    let ends = ends.map(|end| match end {
        Written::Utc(at) if start.all_day && at.time() != NaiveTime::MIN => {
            Written::Local(at.and_utc().with_timezone(&start.zone).naive_local(), Some(start.zone))
        }
        _ => end,
    });
    if let Some(end) = ends {
        return match (end, start.all_day) {
            (Written::Date(date), true) => Ok(nominal((date.and_time(NaiveTime::MIN) - start.local).max(TimeDelta::days(1)))),
            // Midnight to midnight, as Outlook has it.
            (Written::Local(local, _) | Written::Utc(local), true) if local.time() == NaiveTime::MIN => {
                Ok(nominal((local - start.local).max(TimeDelta::days(1))))
            }
            (Written::Date(_), false) | (_, true) => bad("DTSTART and DTEND are not both dates or both times"),
            (Written::Local(local, zone), _) => Ok(until(start, local, zone.unwrap_or(start.zone))),
            (Written::Utc(local), _) => Ok(until(start, local, Tz::UTC)),
        };
    }
    match properties.value("DURATION") {
        Some(value) => duration(value),
        // RFC 5545 §3.6.1: without an end a date lasts that day and a time takes none.
        None if start.all_day => Ok(nominal(TimeDelta::days(1))),
        None => Ok(nominal(TimeDelta::zero())),
    }
}

/// To an end on another clock. Only between two places does that clock say more than how long it is: the clocks of UTC never change, and a
/// series that has its end there would change its length with those of its start.
fn until(start: Start, local: NaiveDateTime, zone: Tz) -> Length {
    let is_place = |zone: Tz| zone.name().contains('/') && !zone.name().starts_with("Etc/");
    if is_place(zone) && is_place(start.zone) {
        return Length::Until { local: local - start.local, zone };
    }
    let local = if zone == start.zone { local } else { instant(zone, local).with_timezone(&start.zone).naive_local() };
    Length::Until { local: local - start.local, zone: start.zone }
}

/// A date of RDATE; a period has its own end.
fn period(added: Added, start: Start) -> Result<(Written, Option<Length>), Fault> {
    let length = match added.end {
        None => None,
        Some(PeriodEnd::After(text)) => Some(duration(&text)?),
        Some(PeriodEnd::At(end)) => {
            let (from, to) = (start.local_of(added.start, start.zone), start.local_of(end, start.zone));
            Some(Length::Until { local: to - from, zone: start.zone })
        }
    };
    Ok((added.start, length))
}

fn duration(value: &str) -> Result<Length, Fault> {
    let read = |value: &str| {
        let (sign, value) = value.strip_prefix('-').map_or((1, value.trim_start_matches('+')), |rest| (-1, rest));
        span(value, sign)
    };
    read(&value.trim().to_ascii_uppercase()).map_or_else(|| bad(format!("DURATION `{value}` is not a duration")), Ok)
}

/// RFC 5545 §3.3.6 without its sign, such as `PT1H30M`, `P1DT2H`.
fn span(value: &str, sign: i64) -> Option<Length> {
    let mut rest = value.strip_prefix('P').filter(|rest| !rest.is_empty())?;
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
        Some("CANCELLED" | "CANCELED") => EventStatus::Cancelled,
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
        Some("BUSY") => ShowAs::Busy,
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

impl Length {
    /// Where an occurrence that starts at a local time ends, as an instant.
    pub(super) fn end(self, start: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
        match self {
            Self::Until { local, zone: other } => Some(instant(other, start.checked_add_signed(local)?)),
            Self::Duration { days, exact } => instant(zone, start.checked_add_signed(TimeDelta::days(days))?).checked_add_signed(exact),
        }
    }

    /// Whole days of an all-day event, at least one.
    pub(super) fn days(self) -> i64 {
        match self {
            Self::Until { local, .. } => local.num_days().max(1),
            Self::Duration { days, exact } => (days + exact.num_days()).max(1),
        }
    }
}
