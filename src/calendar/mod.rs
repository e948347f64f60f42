//! Where events come from. Knows calendars and their formats, not the book.

use chrono::{DateTime, Utc};

/// A half-open span of instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}
