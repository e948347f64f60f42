//! Where the silence of an answer means absence (SEMANTICS S7). Pure.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::{
    calendar::{Answer, Window},
    model::{day::Zones, event::Event},
};

/// What an answer speaks of.
#[derive(Debug)]
pub(super) struct Covered {
    pub(super) window: Window,
    /// From where it shows events that do not repeat.
    singles_from: DateTime<Utc>,
    /// From where it shows occurrences whose series it does not show.
    loose_from: DateTime<Utc>,
    /// UIDs of the series whose rule it has.
    ruled: HashSet<String>,
}

impl Covered {
    /// A provider speaks of the whole window that it was asked for.
    pub(super) fn all(window: Window) -> Self {
        Self { window, singles_from: window.from, loose_from: window.from, ruled: HashSet::new() }
    }

    /// A file says nothing of what was before its earliest event. Many feeds show so much of the past and no more, beside series that began
    /// long before; so what the rule of no series makes has an earliest of its own. All of them show what is still to come.
    pub(super) fn by(answer: &mut Answer, window: Window, now: DateTime<Utc>) -> Self {
        let from = answer.earliest.map_or(window.from, |earliest| earliest.max(window.from));
        // Where nothing is left at all, the guard has its say.
        let still_to_come = if answer.earliest.is_some() { now } else { window.from };
        Self {
            window: Window { from, until: window.until },
            singles_from: answer.earliest_single.map_or(still_to_come, |earliest| earliest.min(now)),
            // A file that shows series as series and has lost one has lost the whole of it.
            loose_from: answer.earliest_loose.map_or(window.from, |earliest| earliest.min(now)),
            ruled: std::mem::take(&mut answer.ruled),
        }
    }

    /// Silence says nothing.
    pub(super) fn nothing() -> Self {
        let never = DateTime::UNIX_EPOCH;
        Self::all(Window { from: never, until: never })
    }

    pub(super) fn contains(&self, event: &Event, zones: &Zones) -> bool {
        let start = zones.starts_at(&event.fact.span);
        let from = if self.is_ruled(event) {
            self.window.from
        } else if event.fact.recurring {
            self.loose_from
        } else {
            self.singles_from
        };
        self.window.contains(start) && from <= start
    }

    /// Whether it has the rule of the event's series, and so speaks of the whole of it: also where that was moved past its first day.
    pub(super) fn is_ruled(&self, event: &Event) -> bool {
        event.fact.recurring && self.ruled.contains(&event.fact.ical_uid)
    }
}
