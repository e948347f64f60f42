//! Identifiers: UUIDs made by us, a type for each noun, so that none can stand where another is meant.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person whose time is recorded.
    StaffId
    /// One source of events.
    CalendarId
    /// A grant to read a provider for one person.
    ConnectionId
    /// One running program that claims work.
    DaemonId
    /// One captured occurrence on one calendar.
    EventId
    /// What one person attended, whichever calendars it stood on (SEMANTICS S2).
    MeetingId
    /// A time entry.
    EntryId
    /// A question for a person.
    ExceptionId
    /// What a person did.
    DecisionId
    /// What was done at one stroke, and is undone so.
    BatchId
    /// A secret that a program signs in with.
    TokenId
}

/// The end of an id, which tells it apart from its neighbours and is what people type.
pub(crate) fn short(id: Uuid) -> String {
    id.simple().to_string().split_off(24)
}

/// A new id, ordered by the time it was made (UUID version 7).
pub(crate) fn fresh() -> Uuid {
    Uuid::now_v7()
}

/// What is asked about one date of one person as a whole.
pub(crate) fn of_day(staff: StaffId, date: NaiveDate) -> Uuid {
    derived(staff.0, &date.to_string())
}

impl MeetingId {
    /// The meeting of the event itself, where someone keeps her edited time beside it.
    pub(crate) fn beside(self) -> Self {
        Self(derived(self.0, "both"))
    }

    /// The meeting of one copy that starts at another time than the leading one.
    pub(crate) fn apart(self, copy: EventId) -> Self {
        Self(derived(self.0, &copy.to_string()))
    }
}

/// The same id for the same `name` below `parent`, for things that are derived rather than made (UUID version 5).
pub(crate) fn derived(parent: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&parent, name.as_bytes())
}

/// Names words without holding them.
pub(crate) fn digest(words: &str) -> String {
    hex(&Sha256::digest(words)[..16])
}

/// A digest as it is written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}
