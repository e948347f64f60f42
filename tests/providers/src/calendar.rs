//! A calendar that keeps what happened to it: events in their vendor's own shape, series with their exceptions, and when each changed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rrule::RRuleSet;
use serde_json::Value;

/// More instances than this are never listed of one series.
const INSTANCES_MAX: u16 = 5_000;

/// One event, or the master of a series.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// As a client would get it, without what depends on the request.
    pub(crate) body: Value,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) zone: Tz,
    pub(crate) is_all_day: bool,
    /// RRULE and the like, a line each; empty for a single event.
    pub(crate) rules: Vec<String>,
    /// By original start: what became of an instance; nothing if it was taken out.
    pub(crate) exceptions: BTreeMap<DateTime<Utc>, Exception>,
    pub(crate) is_gone: bool,
    /// It is gone, and its exceptions are not.
    pub(crate) is_outlived: bool,
    pub(crate) changed: u64,
}

/// An instance that is not as its series would have it.
#[derive(Clone, Debug)]
pub(crate) struct Exception {
    /// The whole event; nothing if it was taken out.
    pub(crate) body: Option<Value>,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) changed: u64,
}

/// One occurrence, by where to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occurrence {
    pub(crate) id: String,
    /// Of an instance: when its series would have it.
    pub(crate) original: Option<DateTime<Utc>>,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Calendar {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) is_primary: bool,
    pub(crate) items: BTreeMap<String, Item>,
    by_start: BTreeSet<(DateTime<Utc>, String)>,
    series: BTreeSet<String>,
    longest: TimeDelta,
    /// Counts changes.
    pub(crate) clock: u64,
    /// Counts changes of who may see it.
    pub(crate) rights: u64,
}

impl Item {
    pub(crate) fn is_series(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Original starts of a series that lie before `until`, from `from` on.
    fn starts(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let zone = if self.is_all_day { Tz::UTC } else { self.zone };
        let local = self.start.with_timezone(&zone).format("%Y%m%dT%H%M%S");
        let rules = self.rules.iter().map(|rule| last_moment(rule)).collect::<Vec<_>>().join("\n");
        let text = format!("DTSTART;TZID={zone}:{local}\n{rules}");
        let Ok(set) = text.parse::<RRuleSet>() else { return vec![self.start] };
        let bound = |at: DateTime<Utc>| at.with_timezone(&rrule::Tz::UTC);
        set.after(bound(from)).before(bound(until)).all(INSTANCES_MAX).dates.into_iter().map(|at| at.with_timezone(&Utc)).collect()
    }

    /// Whether a series has an instance there, be it one that was taken out.
    pub(crate) fn has(&self, original: DateTime<Utc>) -> bool {
        self.exceptions.contains_key(&original) || self.starts(original, original + TimeDelta::seconds(1)).contains(&original)
    }

    /// Instances that touch a window, those taken out left out.
    pub(crate) fn instances(&self, id: &str, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Occurrence> {
        let length = self.end - self.start;
        let regular = if self.is_outlived { Vec::new() } else { self.starts(from - length, until) };
        let regular = regular.into_iter().filter(|original| !self.exceptions.contains_key(original));
        let regular = regular.map(|original| (original, original, original + length));
        let moved = self.exceptions.iter().filter(|(_, exception)| exception.body.is_some());
        let moved = moved.map(|(original, exception)| (*original, exception.start, exception.end));
        let inside = |(_, start, end): &(DateTime<Utc>, DateTime<Utc>, DateTime<Utc>)| {
            *start < until && (*end > from || start == end && *start >= from)
        };
        regular
            .chain(moved)
            .filter(inside)
            .map(|(original, start, end)| Occurrence { id: id.to_owned(), original: Some(original), start, end })
            .collect()
    }
}

impl Calendar {
    /// An empty one.
    pub(crate) fn new(name: &str, owner: &str, is_primary: bool) -> Self {
        Self { name: name.to_owned(), owner: owner.to_owned(), is_primary, ..Self::default() }
    }

    /// Puts an event in, or another version of it.
    pub(crate) fn put(&mut self, id: &str, mut item: Item) {
        self.clock += 1;
        item.changed = self.clock;
        self.forget(id);
        if item.is_series() {
            self.series.insert(id.to_owned());
        } else {
            self.longest = self.longest.max(item.end - item.start);
            self.by_start.insert((item.start, id.to_owned()));
        }
        self.items.insert(id.to_owned(), item);
    }

    fn forget(&mut self, id: &str) {
        if let Some(before) = self.items.get(id) {
            self.by_start.remove(&(before.start, id.to_owned()));
            self.series.remove(id);
        }
    }

    /// Notes what became of an instance.
    pub(crate) fn except(&mut self, id: &str, original: DateTime<Utc>, mut exception: Exception) {
        self.clock += 1;
        exception.changed = self.clock;
        let clock = self.clock;
        if let Some(item) = self.items.get_mut(id) {
            item.changed = clock;
            item.exceptions.insert(original, exception);
        }
    }

    /// Takes an event out; what is left tells that it was there.
    pub(crate) fn delete(&mut self, id: &str) {
        if let Some(mut item) = self.items.get(id).cloned() {
            item.is_gone = true;
            self.put(id, item);
        }
    }

    /// Takes a series out, but not what was changed of it.
    pub(crate) fn outlive(&mut self, id: &str) {
        self.delete(id);
        self.items.get_mut(id).into_iter().for_each(|item| item.is_outlived = true);
    }

    /// Notes when an event was changed, as its body tells.
    pub(crate) fn touch(&mut self, id: &str, at: &str) {
        self.items.get_mut(id).into_iter().for_each(|item| item.body["updated"] = at.into());
    }

    /// Everything that touches a window, series as their instances, by start.
    pub(crate) fn window(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Occurrence> {
        let first = (from - self.longest - TimeDelta::seconds(1), String::new());
        let singles = self.by_start.range(first..(until, String::new())).filter_map(|(_, id)| {
            let item =
                self.items.get(id).filter(|item| !item.is_gone && (item.end > from || item.start == item.end && item.start >= from))?;
            Some(Occurrence { id: id.clone(), original: None, start: item.start, end: item.end })
        });
        let series = self.series.iter().filter_map(|id| Some((id, self.items.get(id).filter(|item| !item.is_gone || item.is_outlived)?)));
        let mut found: Vec<_> = singles.chain(series.flat_map(|(id, item)| item.instances(id, from, until))).collect();
        found.sort_by(|a, b| (a.start, &a.id, a.original).cmp(&(b.start, &b.id, b.original)));
        found
    }

    /// What changed after a point in its history, oldest first.
    pub(crate) fn since(&self, clock: u64) -> Vec<(&String, &Item)> {
        let mut changed: Vec<_> = self.items.iter().filter(|(_, item)| item.changed > clock).collect();
        changed.sort_by_key(|(_, item)| item.changed);
        changed
    }
}

/// An UNTIL that is a date means all of that day; the library wants a moment.
fn last_moment(rule: &str) -> String {
    let parts = rule.split(';').map(|part| match part.strip_prefix("UNTIL=") {
        Some(date) if date.len() == 8 => format!("UNTIL={date}T235959Z"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(";")
}

/// A wall-clock time in a zone, as the first instant it can mean.
pub(crate) fn instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let at = zone.from_local_datetime(&local).earliest().or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    at.map_or_else(|| local.and_utc(), |at| at.to_utc())
}

/// A merge patch (RFC 7396).
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let (Some(object), true) = (patch.as_object(), target.is_object()) else {
        target.clone_from(patch);
        return;
    };
    for (key, value) in object {
        match (value.is_null(), target.get_mut(key)) {
            (true, _) => drop(target.as_object_mut().and_then(|target| target.remove(key))),
            (false, Some(place)) => merge(place, value),
            (false, None) => target[key] = value.clone(),
        }
    }
}
