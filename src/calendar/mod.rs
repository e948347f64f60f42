//! Where events come from. Knows calendars and their formats, not the book.

pub(crate) mod ics;
pub(crate) mod whose;

use chrono::{DateTime, Utc};

use crate::model::event::Fact;

/// A half-open span of instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl Window {
    pub(crate) fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }
}

/// What a calendar answered for a window.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) facts: Vec<Fact>,
    pub(crate) broken: Vec<Broken>,
    /// When the earliest event of the whole answer starts: a feed says nothing about the time before it (S7).
    pub(crate) earliest: Option<DateTime<Utc>>,
    pub(crate) notes: Vec<String>,
}

/// An event that could not be read. It is skipped, not absent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Names it within the calendar from one reading to the next.
    pub(crate) key: String,
    pub(crate) uid: Option<String>,
    /// Where it stands in the file, from 1.
    pub(crate) line: usize,
    /// `bad-event` or `unknown-timezone`.
    pub(crate) reason: &'static str,
    /// What is wrong, free of event text.
    pub(crate) message: String,
}
