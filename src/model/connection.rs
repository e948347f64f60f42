//! Grants to read a provider for one person, and what the daemon knows of a calendar it polls.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    ids::{CalendarId, ConnectionId, StaffId},
    words::words,
};

words! {
    /// Who keeps the calendars.
    Provider {
        Google = "google",
        Outlook = "outlook",
        /// An ICS file behind an address.
        Feed = "feed",
    }
}

impl Provider {
    /// As people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Outlook => "Outlook",
            Self::Feed => "Feed",
        }
    }
}

words! {
    /// Where people sign in with an account they have elsewhere.
    SignInAt {
        Google = "google",
        Microsoft = "outlook",
        /// The firm's own provider.
        Firm = "oidc",
    }
}

words! {
    /// Whether a grant still works.
    ConnectionStatus {
        Active = "active",
        /// The provider takes it no more; a person has to connect again.
        NeedsReconnect = "needs-reconnect",
        /// Taken back by a person.
        Removed = "removed",
    }
}

/// A grant, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) staff: StaffId,
    pub(crate) provider: Provider,
    /// The provider's lasting name for the account: an address can change hands, this cannot.
    pub(crate) account: String,
    pub(crate) email: String,
    pub(crate) scopes: String,
    pub(crate) status: ConnectionStatus,
    /// Counts the tokens it has had.
    pub(crate) version: i64,
    pub(crate) access_until: Option<DateTime<Utc>>,
    pub(crate) grant_until: Option<DateTime<Utc>>,
    pub(crate) connected_at: DateTime<Utc>,
    pub(crate) refreshed_at: Option<DateTime<Utc>>,
    pub(crate) pause_until: Option<DateTime<Utc>>,
}

/// What a grant is used with, each sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) access_token: Option<Vec<u8>>,
    pub(crate) refresh_token: Option<Vec<u8>>,
    pub(crate) address: Option<Vec<u8>>,
}

/// A calendar's place in the daemon's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Poll {
    pub(crate) calendar: CalendarId,
    pub(crate) due_at: DateTime<Utc>,
    /// Seconds between two readings at present.
    pub(crate) pace_seconds: i64,
    pub(crate) wants_full: bool,
    pub(crate) cursor: Cursor,
    pub(crate) tried_at: Option<DateTime<Utc>>,
    pub(crate) changed_at: Option<DateTime<Utc>>,
    /// In a row, up to now.
    pub(crate) failures: i64,
    pub(crate) failing_since: Option<DateTime<Utc>>,
    /// Why, in words for a person, free of secrets and event text.
    pub(crate) failure: Option<String>,
}

/// What a provider handed out to ask for changes with, and for which window it was. Tells *that* something changed, never what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cursor {
    /// Google's sync token, or Graph's delta link.
    pub(crate) token: Option<String>,
    /// The window that was last read whole.
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
    /// Of a feed: `ETag`, `Last-Modified`, and when it was last asked for without conditions.
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) unconditional_at: Option<DateTime<Utc>>,
}
