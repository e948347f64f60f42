//! Which entries a slot makes: one, or one per leg of a split, less what was given up. What they are for, `values` says.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Page, segments::Slot};
use crate::model::{
    decision::Assignment,
    entry::{Body, EntryKey, Origin},
};

/// An entry of a slot: which of its legs, and what a person said of that.
pub(super) struct Cut {
    pub(super) leg: usize,
    pub(super) key: EntryKey,
    pub(super) body: Body,
    pub(super) assignment: Assignment,
}

/// An entry of a slot with nothing known yet.
pub(super) fn blank(page: &Page<'_>, slot: &Slot) -> Body {
    let seconds = (slot.end - slot.start).num_seconds().max(0);
    Body {
        date: page.date,
        start: slot.start,
        end: slot.end,
        timezone: page.staff.zones.on(page.date),
        seconds,
        rounded_seconds: seconds,
        client: None,
        project: None,
        task: None,
        billable: None,
        tags: Vec::new(),
        description: None,
        held: false,
        origin: Origin::Calendar,
        external_ref: None,
        event: None,
    }
}

/// What is left of a slot: it as a whole or its legs, less what was given up. Where nothing is, but its event moved since, the question
/// stands on an entry without time.
pub(super) fn cuts(slot: &Slot, body: &Body, whole: &Assignment) -> Vec<Cut> {
    let mut cuts = legs(slot, body, whole);
    let mut further = cuts.len();
    for gap in &slot.given_up {
        cuts = cuts.into_iter().flat_map(|cut| less(cut, *gap, &mut further)).collect();
    }
    if cuts.is_empty() && !slot.findings.is_empty() {
        let body = Body { end: body.start, seconds: 0, rounded_seconds: 0, ..body.clone() };
        cuts.push(Cut { leg: 0, key: key(slot, 0), body, assignment: whole.clone() });
    }
    cuts
}

/// What is left of an entry, on either side of what was given up. What is further is numbered as it comes about, so that no entry turns
/// into another when more is given up.
fn less(cut: Cut, (from, until): (DateTime<Utc>, DateTime<Utc>), further: &mut usize) -> Vec<Cut> {
    let (start, end) = (cut.body.start, cut.body.end);
    if until <= start || end <= from {
        return vec![cut];
    }
    let part = |number: Option<i64>, (start, end): (DateTime<Utc>, DateTime<Utc>)| {
        let seconds = (end - start).num_seconds();
        let key = EntryKey { leg: number.unwrap_or(cut.key.leg), ..cut.key };
        let body = Body { start, end, seconds, rounded_seconds: seconds, ..cut.body.clone() };
        Cut { leg: cut.leg, key, body, assignment: cut.assignment.clone() }
    };
    let is_within = start < from && until < end;
    let number = is_within.then(|| i64::try_from(*further).unwrap_or(i64::MAX));
    *further += usize::from(is_within);
    let before = (start < from).then(|| part(None, (start, from)));
    let after = (until < end).then(|| part(number, (until, end)));
    before.into_iter().chain(after).collect()
}

fn key(slot: &Slot, leg: usize) -> EntryKey {
    EntryKey { meeting: slot.meeting, segment: slot.segment, leg: i64::try_from(leg).unwrap_or(i64::MAX) }
}

/// By share, end to end, the last takes the remainder (S12).
fn legs(slot: &Slot, body: &Body, whole: &Assignment) -> Vec<Cut> {
    let shares: i64 = slot.legs.iter().map(|leg| i64::from(leg.share)).sum();
    if slot.legs.len() < 2 || shares == 0 {
        return vec![Cut { leg: 0, key: key(slot, 0), body: body.clone(), assignment: whole.clone() }];
    }
    let last = slot.legs.len() - 1;
    let (mut begun, mut given) = (0, 0);
    let mut cut = Vec::new();
    for (leg, one) in slot.legs.iter().enumerate() {
        given += i64::from(one.share);
        let until = if leg == last { body.seconds } else { body.seconds * given / shares };
        let seconds = until - begun;
        let (start, end) = (body.start + TimeDelta::seconds(begun), body.start + TimeDelta::seconds(until));
        let mut assignment = whole.clone();
        assignment.overlay(&one.assignment);
        cut.push(Cut {
            leg,
            key: EntryKey { leg: one.number(leg), ..key(slot, 0) },
            body: Body { start, end, seconds, rounded_seconds: seconds, ..body.clone() },
            assignment,
        });
        begun = until;
    }
    cut
}
