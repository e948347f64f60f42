//! When: a meeting cut at local midnights, and the times people gave instead (SEMANTICS S3, S12, S15, S16).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::{Page, checks::Finding, cuts, meetings::Meeting};
use crate::model::{
    decision::{Act, Assignment, Decision, EditedTime, Leg, Seen},
    entry::{Entry, EntryStatus},
    event::Span,
    ids::MeetingId,
};

/// One local day's part of a meeting.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) meeting: MeetingId,
    pub(super) segment: i64,
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) legs: Vec<Leg>,
    /// What of its time other entries have, as it was given up (S12).
    pub(super) given_up: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    pub(super) findings: Vec<Finding>,
    /// The meeting whose entry takes this one in.
    pub(super) into: Option<MeetingId>,
    /// Hours that a rule gave an all-day event: at no time of the day.
    pub(super) floats: bool,
}

/// The slots of a meeting that stand on this page.
pub(super) fn of(page: &Page<'_>, meeting: &Meeting<'_>) -> Vec<Slot> {
    let (natural, pins) = (natural(page, meeting), pins(page, meeting));
    let floats = matches!(meeting.lead.fact.span, Span::AllDay { .. });
    let here = |part: &&Part| part.date == page.date && is_drafted(page, meeting, part) && !pins.contains_key(&part.segment);
    let slot = |part: &Part| slot(&meeting.acts, meeting.id, part);
    let mut slots: Vec<Slot> = natural.iter().filter(here).map(|part| Slot { floats, ..slot(part) }).collect();
    for (segment, pin) in &pins {
        slots.extend(pinned(page, meeting, *segment, pin, &natural));
    }
    slots.extend(left(page, meeting, &pins).iter().filter(|part| part.date == page.date).map(slot));
    slots
}

/// Where a meeting is asked about: the first segment of which an entry stands that is not settled, else the first; and its date (S3).
pub(super) fn asking(page: &Page<'_>, meeting: &Meeting<'_>) -> Option<(i64, NaiveDate)> {
    let drafted = natural(page, meeting).into_iter().filter(|part| is_drafted(page, meeting, part));
    let mut parts: BTreeMap<i64, Part> = drafted.map(|part| (part.segment, part)).collect();
    let pins = pins(page, meeting);
    parts.extend(left(page, meeting, &pins).into_iter().map(|part| (part.segment, part)));
    let date = |pin: &EditedTime| page.staff.zones.date_of(pin.start);
    let pinned = |(segment, pin): (i64, EditedTime)| (segment, Part { segment, date: date(&pin), start: pin.start, end: pin.end });
    parts.extend(pins.into_iter().map(pinned));
    let is_settled = |segment: i64| {
        let entries = page.standing.iter().filter(|entry| (entry.key.meeting, entry.key.segment) == (meeting.id, segment));
        let mut standing = entries.filter(|entry| entry.status != EntryStatus::Void).peekable();
        standing.peek().is_some() && standing.all(|entry| entry.status.is_settled())
    };
    let stands = |part: &Part| {
        let slot = slot(&meeting.acts, meeting.id, part);
        let all_is_given_up = || cuts::cuts(&slot, &cuts::blank(page, &slot), &Assignment::default()).is_empty();
        slot.into.is_none() && (slot.given_up.is_empty() || !all_is_given_up())
    };
    let asks = parts.into_values().min_by_key(|part| (!stands(part), is_settled(part.segment), part.segment));
    asks.map(|part| (part.segment, part.date))
}

/// The days of a meeting as its event has them.
fn natural(page: &Page<'_>, meeting: &Meeting<'_>) -> Vec<Part> {
    match meeting.lead.fact.span {
        Span::Timed { start, end, .. } => parts(page, Seen { start, end }),
        Span::AllDay { first, until } => all_day(page, meeting, first, until),
    }
}

/// The hours that a rule gives an all-day event, on each of the person's working days in it (S19).
fn all_day(page: &Page<'_>, meeting: &Meeting<'_>, first: NaiveDate, until: NaiveDate) -> Vec<Part> {
    let Some(hours) = &meeting.verdict.hours else { return Vec::new() };
    let days = first.iter_days().take_while(|date| *date < until);
    let part = |date: NaiveDate| {
        let start = page.staff.zones.start(date);
        Part { segment: (date - first).num_days(), date, start, end: start + TimeDelta::seconds(hours.seconds) }
    };
    days.filter(|date| page.staff.works_on(*date) && page.staff.working.on(*date) > 0).map(part).collect()
}

/// Segments that stay on their days. Hours that a rule gives are on theirs already: of these, those to which a person gave a time.
fn pins(page: &Page<'_>, meeting: &Meeting<'_>) -> BTreeMap<i64, EditedTime> {
    let decided: BTreeSet<i64> = meeting.acts.iter().map(|decision| decision.segment).collect();
    let has_hours = matches!(meeting.lead.fact.span, Span::AllDay { .. }) && !meeting.without_hours;
    let is_timed = |segment: &i64| {
        let of_segment = meeting.acts.iter().filter(|decision| decision.segment == *segment);
        of_segment.fold(false, |timed, decision| matches!(decision.act, Act::Time(_)) || (timed && decision.act != Act::Follow))
    };
    let pinned = decided.into_iter().filter(|segment| !has_hours || is_timed(segment));
    pinned.filter_map(|segment| Some((segment, pin(page, &meeting.acts, segment)?))).collect()
}

/// What stands of a meeting that lost its hours, where nothing else pins it: someone worked on it, so it goes only when she says so (S7).
fn left(page: &Page<'_>, meeting: &Meeting<'_>, pins: &BTreeMap<i64, EditedTime>) -> Vec<Part> {
    let mut left: BTreeMap<i64, Part> = BTreeMap::new();
    let is_mine = |entry: &&Entry| entry.key.meeting == meeting.id && entry.status != EntryStatus::Void;
    for Entry { key, body, .. } in page.standing.iter().filter(is_mine).filter(|entry| !pins.contains_key(&entry.key.segment)) {
        let part = Part { segment: key.segment, date: body.date, start: body.start, end: body.end };
        let whole = left.entry(key.segment).or_insert(part);
        (whole.start, whole.end) = (whole.start.min(body.start), whole.end.max(body.end));
    }
    if meeting.without_hours { left.into_values().collect() } else { Vec::new() }
}

/// One day of a span.
struct Part {
    segment: i64,
    date: NaiveDate,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// A span cut at the person's midnights; days before her first or after her last are none.
fn parts(page: &Page<'_>, Seen { start, end }: Seen) -> Vec<Part> {
    let zones = &page.staff.zones;
    let dates = zones.dates(&Span::Timed { start, end, zone: chrono_tz::UTC });
    let part = |(date, segment): (NaiveDate, i64)| {
        let (from, until) = zones.bounds(date);
        Part { segment, date, start: start.max(from), end: end.min(until) }
    };
    let is_part = |part: &Part| part.start < part.end && page.staff.works_on(part.date);
    if end <= start {
        let date = zones.date_of(start);
        return Vec::from_iter(page.staff.works_on(date).then_some(Part { segment: 0, date, start, end: start }));
    }
    dates.into_iter().zip(0..).map(part).filter(is_part).collect()
}

/// A segment counts once it is over. An entry that stands already stays if its event is prolonged, and goes back only if the whole
/// event moves past now and nobody touched it (S16).
fn is_drafted(page: &Page<'_>, meeting: &Meeting<'_>, part: &Part) -> bool {
    let key = (meeting.id, part.segment);
    let stands = || page.standing.iter().any(|entry| (entry.key.meeting, entry.key.segment) == key && entry.status != EntryStatus::Void);
    part.end <= page.as_of || ((part.start <= page.as_of || meeting.is_touched()) && stands())
}

fn slot(acts: &[&Decision], id: MeetingId, part: &Part) -> Slot {
    let (segment, start, end) = (part.segment, part.start, part.end);
    let (legs, given_up, findings, into) = (Vec::new(), Vec::new(), Vec::new(), into(acts, id, segment));
    let mut slot = Slot { meeting: id, segment, start, end, legs, given_up, findings, into, floats: false };
    for decision in acts.iter().filter(|decision| decision.segment == segment) {
        match &decision.act {
            Act::Split { legs, .. } => slot.legs.clone_from(legs),
            Act::GiveWay(EditedTime { start, end, .. }) => slot.given_up.push((*start, *end)),
            // Time was given up of the one that stood then, not of another; the shares of a split follow their event.
            Act::Time(_) | Act::Follow => slot.given_up.clear(),
            _ => {}
        }
    }
    slot
}

/// The meeting that a segment was last merged into. The shares of a split follow its event; what was merged at another time does not.
fn into(acts: &[&Decision], id: MeetingId, segment: i64) -> Option<MeetingId> {
    acts.iter().filter(|decision| decision.segment == segment).fold(None, |into, decision| match &decision.act {
        // The one that takes another in is merged into itself.
        Act::Merge { into, .. } => (*into != id).then_some(*into),
        Act::Follow => None,
        _ => into,
    })
}

/// The slot of an entry that a person wrote.
pub(super) fn written(acts: &[&Decision], id: MeetingId, start: DateTime<Utc>, end: DateTime<Utc>) -> Slot {
    slot(acts, id, &Part { segment: 0, date: NaiveDate::default(), start, end })
}

/// What pins a segment to its day: the last time a person gave, else the time she saw when she split or merged it; nothing once she
/// followed the event (S12).
pub(super) fn pin(page: &Page<'_>, acts: &[&Decision], segment: i64) -> Option<EditedTime> {
    let seen_part = |seen: Seen| {
        let part = parts(page, seen).into_iter().find(|part| part.segment == segment)?;
        Some(EditedTime { start: part.start, end: part.end, seen })
    };
    acts.iter().filter(|decision| decision.segment == segment).fold(None, |pin, decision| match &decision.act {
        Act::Time(time) => Some(time.clone()),
        Act::Split { seen, .. } | Act::Merge { seen, .. } | Act::GiveWay(EditedTime { seen, .. }) => pin.or_else(|| seen_part(*seen)),
        Act::Follow => None,
        _ => pin,
    })
}

/// A pinned entry stays on its day: the event's new time makes no second entry unless a person wants both (S12).
fn pinned(page: &Page<'_>, meeting: &Meeting<'_>, segment: i64, pin: &EditedTime, natural: &[Part]) -> Vec<Slot> {
    let now = match meeting.lead.fact.span {
        Span::Timed { start, end, .. } => Some(Seen { start, end }),
        Span::AllDay { .. } => None,
    };
    let answered =
        |wanted: fn(&Act) -> Option<&Seen>| now.is_some_and(|now| meeting.acts.iter().any(|decision| wanted(&decision.act) == Some(&now)));
    let both = answered(|act| if let Act::Both { seen } = act { Some(seen) } else { None });
    let keep = answered(|act| if let Act::Keep { seen } = act { Some(seen) } else { None });
    let mut slots = Vec::new();
    if page.staff.zones.date_of(pin.start) == page.date {
        let part = Part { segment, date: page.date, start: pin.start, end: pin.end };
        let mut slot = slot(&meeting.acts, meeting.id, &part);
        if let Some(now) = now.filter(|now| pin.seen != *now && !keep && !both && !meeting.gone) {
            slot.findings.push(outdated(page, pin, now));
        }
        slots.push(slot);
    }
    if both && !meeting.both.iter().any(|decision| decision.act == Act::NotWork) {
        let today = natural.iter().filter(|part| part.date == page.date && part.end <= page.as_of);
        slots.extend(today.map(|part| slot(&meeting.both, meeting.both_id(), part)));
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
    let spans = meetings.iter().filter(|meeting| !meeting.gone).filter_map(|meeting| match meeting.lead.fact.span {
        Span::Timed { start, end, .. } => Some(Seen { start, end }),
        Span::AllDay { .. } => None,
    });
    let ends = spans.flat_map(|span| parts(page, span)).filter(|part| part.date == page.date).map(|part| part.end);
    // Hours of an all-day event count once the day has had them.
    let hours = meetings.iter().filter_map(|meeting| meeting.verdict.hours.as_ref());
    let floating = hours.map(|hours| page.staff.zones.start(page.date) + TimeDelta::seconds(hours.seconds));
    ends.chain(floating).filter(|end| *end > page.as_of).min()
}
