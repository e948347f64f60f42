//! Where events come from. Knows calendars and their formats, not the book.

pub(crate) mod api;
mod clean;
pub(crate) mod feed;
pub(crate) mod file;
pub(crate) mod google;
pub(crate) mod http;
pub(crate) mod ics;
pub(crate) mod outlook;
pub(crate) mod whose;

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::model::event::{Fact, Moment, Response};

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
    /// The same of events that do not repeat: a feed that shows so much of the past has series that began long before.
    pub(crate) earliest_single: Option<DateTime<Utc>>,
    /// The same of occurrences that come without their series.
    pub(crate) earliest_loose: Option<DateTime<Utc>>,
    /// UIDs of series whose rule it has: it speaks of the whole of each.
    pub(crate) ruled: HashSet<String>,
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
    /// Where it would take place, as far as that is known.
    pub(crate) at: Option<Moment>,
    /// When it begins, as it is written there.
    pub(crate) begins: Option<String>,
    /// `bad-event` or `unknown-timezone`.
    pub(crate) reason: &'static str,
    /// What is wrong, free of event text.
    pub(crate) message: String,
}

/// A calendar that an account offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The provider's name for it.
    pub(crate) id: String,
    pub(crate) name: String,
    /// The address of the person it belongs to.
    pub(crate) owner: String,
    /// The account's main calendar.
    pub(crate) is_primary: bool,
}

/// What a provider says of one occurrence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) fact: Fact,
    /// What the owner of the calendar answered, where the provider says so itself.
    pub(crate) own: Option<Response>,
    /// Whether all who are invited are named: if not, someone's absence proves nothing.
    pub(crate) is_complete: bool,
}

impl Told {
    /// Of a file, which names everyone and knows no owner.
    pub(crate) fn of_file(fact: Fact) -> Self {
        Self { fact, own: None, is_complete: true }
    }
}

/// A page of a window's occurrences.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) told: Vec<Told>,
    pub(crate) broken: Vec<Broken>,
    /// Where the next page is; none for the last.
    pub(crate) next: Option<String>,
}

/// What a change detector answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) is_changed: bool,
    /// What to ask with the next time.
    pub(crate) token: String,
}
