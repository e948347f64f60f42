//! When: a meeting cut at local midnights, and the times people gave instead (SEMANTICS S3, S12, S15, S16).

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::{Page, checks::Finding, meetings::Meeting};
use crate::model::{
    decision::{Act, EditedTime, Leg, Seen},
    entry::{EntryKey, EntryStatus},
    event::Span,
    ids::{self, MeetingId},
};

/// One local day's part of a meeting.
pub(super) struct Slot {
    pub(super) meeting: MeetingId,
    pub(super) segment: i64,
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) legs: Vec<Leg>,
    pub(super) findings: Vec<Finding>,
    pub(super) asks: bool,
}

/// The slots of a meeting that stand on this page.
pub(super) fn of(page: &Page<'_>, meeting: &Meeting<'_>) -> Vec<Slot> {
    let mut slots = Vec::new();
    let natural = natural(page, meeting);
    let first = natural.iter().map(|part| part.segment).find(|segment| drafted(page, meeting.id, &natural, *segment));
    let edited: Vec<i64> =
        meeting.acts.iter().filter(|decision| matches!(decision.act, Act::Time(_))).map(|decision| decision.segment).collect();
    for part in &natural {
        if edit(meeting, part.segment).is_none() && part.date == page.date && drafted(page, meeting.id, &natural, part.segment) {
            slots.push(slot(meeting, meeting.id, part, first == Some(part.segment)));
        }
    }
    for segment in edited.into_iter().collect::<std::collections::BTreeSet<_>>() {
        if let Some(edit) = edit(meeting, segment) {
            slots.extend(pinned(page, meeting, segment, edit, &natural));
        }
    }
    slots
}

/// One day of the event as it stands now.
struct Part {
    segment: i64,
    date: NaiveDate,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

fn natural(page: &Page<'_>, meeting: &Meeting<'_>) -> Vec<Part> {
    let Span::Timed { start, end, .. } = meeting.lead.fact.span else { return Vec::new() };
    let zones = &page.staff.zones;
    if end <= start {
        return vec![Part { segment: 0, date: zones.date_of(start), start, end: start }];
    }
    zones
        .dates(&meeting.lead.fact.span)
        .into_iter()
        .zip(0_i64..)
        .map(|(date, segment)| {
            let (from, until) = zones.bounds(date);
            Part { segment, date, start: start.max(from), end: end.min(until) }
        })
        .filter(|part| part.start < part.end && page.staff.works_on(part.date))
        .collect()
}

/// A segment counts once it is over, or has begun and an entry stands already: one that is prolonged does not disappear (S16).
fn drafted(page: &Page<'_>, meeting: MeetingId, parts: &[Part], segment: i64) -> bool {
    let stands = |entry: &&crate::model::entry::Entry| {
        entry.key.meeting == meeting && entry.key.segment == segment && entry.status != EntryStatus::Void
    };
    parts.iter().find(|part| part.segment == segment).is_some_and(|part| {
        page.staff.works_on(part.date)
            && (part.end <= page.as_of || (part.start <= page.as_of && page.standing.iter().any(|entry| stands(&entry))))
    })
}

fn slot(meeting: &Meeting<'_>, id: MeetingId, part: &Part, asks: bool) -> Slot {
    let legs = meeting.acts.iter().rev().filter(|decision| decision.segment == part.segment).find_map(|decision| match &decision.act {
        Act::Split { legs, .. } => Some(legs.clone()),
        _ => None,
    });
    Slot {
        meeting: id,
        segment: part.segment,
        start: part.start,
        end: part.end,
        legs: legs.unwrap_or_default(),
        findings: Vec::new(),
        asks,
    }
}

/// The edit in force on a segment: the last one, unless a later act followed the event.
fn edit<'a>(meeting: &Meeting<'a>, segment: i64) -> Option<&'a EditedTime> {
    meeting.acts.iter().filter(|decision| decision.segment == segment).fold(None, |edit, decision| match &decision.act {
        Act::Time(time) => Some(time),
        Act::Follow => None,
        _ => edit,
    })
}

/// An edited time pins its entry to its day: the event's new time makes no second entry unless a person wants both (S12).
fn pinned(page: &Page<'_>, meeting: &Meeting<'_>, segment: i64, edit: &EditedTime, natural: &[Part]) -> Vec<Slot> {
    let Span::Timed { start, end, .. } = meeting.lead.fact.span else { return Vec::new() };
    let now = Seen { start, end };
    let answered = |wanted: fn(&Act) -> Option<&Seen>| meeting.acts.iter().any(|decision| wanted(&decision.act) == Some(&now));
    let both = answered(|act| if let Act::Both { seen } = act { Some(seen) } else { None });
    let keep = answered(|act| if let Act::Keep { seen } = act { Some(seen) } else { None });
    let mut slots = Vec::new();
    if page.staff.zones.date_of(edit.start) == page.date && edit.end <= page.as_of {
        let part = Part { segment, date: page.date, start: edit.start, end: edit.end };
        let mut slot = slot(meeting, meeting.id, &part, true);
        if edit.seen != now && !keep && !both && !meeting.gone {
            slot.findings.push(outdated(page, edit, now));
        }
        slots.push(slot);
    }
    if both {
        let id = MeetingId(ids::derived(meeting.id.0, "both"));
        let today = natural.iter().filter(|part| part.date == page.date && part.end <= page.as_of);
        slots.extend(today.map(|part| slot(meeting, id, part, true)));
    }
    slots
}

fn outdated(page: &Page<'_>, edit: &EditedTime, now: Seen) -> Finding {
    let zone = page.staff.zones.on(page.date);
    let show = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    let cause = json!({ "edited": [edit.start, edit.end], "event": [now.start, now.end] });
    let message = format!("the event now runs {} to {}, after its time was edited: keep, follow or both", show(now.start), show(now.end));
    Finding::entry("edit-outdated", cause, message)
}

/// When time alone changes this page: the next end of a part that is not over.
pub(super) fn next_at(page: &Page<'_>, meetings: &[Meeting<'_>]) -> Option<DateTime<Utc>> {
    let ends = meetings.iter().filter(|meeting| !meeting.gone).flat_map(|meeting| natural(page, meeting));
    ends.filter(|part| part.date == page.date && part.end > page.as_of).map(|part| part.end).min()
}

/// The key of one leg of a slot.
pub(super) fn key(slot: &Slot, leg: usize) -> EntryKey {
    EntryKey { meeting: slot.meeting, segment: slot.segment, leg: i64::try_from(leg).unwrap_or(i64::MAX) }
}
