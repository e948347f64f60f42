//! What calendars say: one occurrence of one event, in the words of RFC 5545.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::model::{
    ids::{CalendarId, EventId, MeetingId, StaffId},
    words::words,
};

/// When an occurrence is. An all-day one has dates, never midnights. Half-open: the end is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Span {
    /// `end` may lie before `start` where a calendar says so; drafting then asks a person (`time-reversed`).
    Timed { start: DateTime<Utc>, end: DateTime<Utc>, zone: Tz },
    /// From `first` up to, not including, `until`.
    AllDay { first: NaiveDate, until: NaiveDate },
}

impl Span {
    /// Exact length in seconds; none for all-day events, zero for reversed ones.
    pub(crate) fn seconds(&self) -> Option<i64> {
        match self {
            Self::Timed { start, end, .. } => Some((*end - *start).num_seconds().max(0)),
            Self::AllDay { .. } => None,
        }
    }

    /// Where it starts, as an instant or a date.
    pub(crate) fn moment(&self) -> Moment {
        match self {
            Self::Timed { start, .. } => Moment::At(*start),
            Self::AllDay { first, .. } => Moment::On(*first),
        }
    }
}

/// A point in a calendar: an instant, or a date for all-day events. Its text form (`2026-01-05T09:00:00Z`, `2026-01-05`)
/// is part of provider keys and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Moment {
    At(DateTime<Utc>),
    On(NaiveDate),
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            Self::On(date) => date.fmt(f),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = chrono::ParseError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(date) => Ok(Self::On(date)),
            Err(_) => Ok(Self::At(DateTime::parse_from_rfc3339(text)?.to_utc())),
        }
    }
}

words! {
    /// RFC 5545 §3.8.1.11 STATUS; events without one are confirmed.
    EventStatus {
        Confirmed = "confirmed",
        Tentative = "tentative",
        Cancelled = "cancelled",
    }
}

words! {
    /// How the time shows to others: RFC 5545 TRANSP together with Outlook's busy status.
    ShowAs {
        Free = "free",
        Tentative = "tentative",
        Busy = "busy",
        OutOfOffice = "out-of-office",
        WorkingElsewhere = "working-elsewhere",
    }
}

impl ShowAs {
    /// RFC 5545 §3.8.2.7: only free time is transparent.
    pub(crate) fn transparency(self) -> &'static str {
        if self == Self::Free { "transparent" } else { "opaque" }
    }
}

words! {
    /// RFC 5545 §3.8.1.3 CLASS. Confidential counts as private (S24).
    Visibility {
        Public = "public",
        Private = "private",
        Confidential = "confidential",
    }
}

impl Visibility {
    pub(crate) fn is_private(self) -> bool {
        self != Self::Public
    }
}

words! {
    /// What the person answered (S23), made from PARTSTAT, organiser and whose calendar it is.
    Response {
        Organizer = "organizer",
        Accepted = "accepted",
        Tentative = "tentative",
        NeedsAction = "needs_action",
        Declined = "declined",
        NotInvited = "not_invited",
        Unknown = "unknown",
    }
}

/// Someone or something invited.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Attendee {
    /// Lower-case address without `mailto:`.
    pub(crate) email: String,
    /// CN, where the calendar gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// A room or other resource (CUTYPE), which is never counted as a person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) resource: bool,
    /// PARTSTAT.
    pub(crate) response: Response,
}

/// The words of an event, which stand once, in `event_text`, and can be erased (S8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Text {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) location: String,
    /// Lower-case address without `mailto:`.
    pub(crate) organizer: Option<String>,
    pub(crate) attendees: Vec<Attendee>,
    pub(crate) categories: Vec<String>,
    /// A colour's name or number, as the calendar gives it (RFC 7986 §5.9 COLOR).
    pub(crate) colour: Option<String>,
    /// What kind of event the provider says it is, such as `focus-time`.
    pub(crate) event_type: Option<String>,
    /// Where it is held online (RFC 7986 §5.11 CONFERENCE).
    pub(crate) conference: Option<String>,
}

/// One occurrence as a calendar states it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fact {
    /// Stable within the calendar: for files the UID, followed for an occurrence of a series by `#` and its original start.
    pub(crate) provider_id: String,
    /// RFC 5545 UID.
    pub(crate) ical_uid: String,
    /// Whether it belongs to a recurring series (whose name is the UID).
    pub(crate) recurring: bool,
    /// RECURRENCE-ID: where the series put it before anyone moved it; for single events none.
    pub(crate) original_start: Option<Moment>,
    pub(crate) span: Span,
    pub(crate) status: EventStatus,
    pub(crate) show_as: ShowAs,
    pub(crate) visibility: Visibility,
    /// Shared by all occurrences of a series.
    pub(crate) text: Arc<Text>,
}

/// One captured occurrence: the fact, what it is to the person, and where it stands in the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) staff: StaffId,
    pub(crate) calendar: CalendarId,
    /// The calendar's place in the person's order: the earlier one leads where a meeting has copies (S18).
    pub(crate) calendar_order: i64,
    /// Shared by the events that were read from it together.
    pub(crate) calendar_name: Arc<str>,
    pub(crate) meeting: MeetingId,
    pub(crate) fact: Fact,
    pub(crate) response: Response,
    /// Counts the versions of the fact, from 1.
    pub(crate) revision: i64,
    pub(crate) first_seen: DateTime<Utc>,
    /// When its times last changed; with `first_seen` it tells what came late (S10).
    pub(crate) placed_at: DateTime<Utc>,
    /// When it vanished from its calendar: a tombstone (S7).
    pub(crate) removed_at: Option<DateTime<Utc>>,
}

impl Event {
    /// On its calendar and not called off.
    pub(crate) fn is_live(&self) -> bool {
        self.removed_at.is_none() && self.fact.status != EventStatus::Cancelled
    }

    /// The tombstone that stays of it.
    pub(crate) fn buried(self, now: DateTime<Utc>) -> Self {
        Self { removed_at: Some(now), revision: self.revision + 1, ..self }
    }
}
