//! Checks between the entries of a day: duplicates, overlaps, late time, locked periods, and settled entries that would differ now.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    Page, Piece,
    checks::{Finding, changed},
    values::{known_client, known_project},
};
use crate::model::entry::{Body, Entry, EntryStatus};

/// Adds what only the whole day shows. Pieces come in order of start, then key.
pub(super) fn run(page: &Page<'_>, pieces: &mut [Piece<'_>]) {
    let found: Vec<Vec<Finding>> = (0..pieces.len()).map(|index| among(page, pieces, index)).collect();
    for (piece, found) in pieces.iter_mut().zip(found) {
        piece.findings.extend(found);
    }
}

fn among(page: &Page<'_>, pieces: &[Piece<'_>], index: usize) -> Vec<Finding> {
    let piece = &pieces[index];
    if let Some(entry) = piece.settled.filter(|entry| !entry.status.is_settled()) {
        return piece.derived.iter().map(|derived| locked_out(page, entry, derived)).collect();
    }
    if let Some(entry) = piece.settled {
        return piece.derived.iter().filter_map(|derived| differs(page, entry, derived)).collect();
    }
    let mut found = Vec::new();
    found.extend(duplicate(page, pieces, index).or_else(|| overlap(page, pieces, index)));
    found.extend(late(page, piece));
    found.extend(since_submitted(page, piece));
    found
}

/// Different meetings with the same span and the same title: held on the later (S18). Implies the overlap.
fn duplicate(page: &Page<'_>, pieces: &[Piece<'_>], index: usize) -> Option<Finding> {
    let piece = &pieces[index];
    let same = |other: &&Piece<'_>| {
        let spans = (other.body.start, other.body.end) == (piece.body.start, piece.body.end);
        spans
            && other.is_here(page)
            && other.floats == piece.floats
            && other.key.meeting != piece.key.meeting
            && !piece.title.is_empty()
            && other.title == piece.title
    };
    let first = pieces[..index].iter().find(same)?;
    let cause = json!({ "spans": [span(&first.body)], "meetings": [first.key.meeting, piece.key.meeting] });
    Some(Finding::entry("duplicate", cause, format!("another meeting has the same time and title ({})", clock(page, &piece.body))))
}

/// Starts inside another entry; names the earliest such. Touching is none, and what takes no time overlaps nothing (S10, S18).
fn overlap(page: &Page<'_>, pieces: &[Piece<'_>], index: usize) -> Option<Finding> {
    let piece = &pieces[index];
    let takes_time = |piece: &&Piece<'_>| piece.is_here(page) && !piece.floats && piece.body.start < piece.body.end;
    let around = |other: &&Piece<'_>| other.body.start <= piece.body.start && piece.body.start < other.body.end;
    // A settled entry never yields, wherever it starts: the draft that reaches into it is the one held.
    let reached = |other: &&Piece<'_>| {
        other.settled.is_some() && takes_time(other) && piece.body.start < other.body.end && other.body.start < piece.body.end
    };
    let earlier = pieces[..index].iter().filter(takes_time).find(around);
    let other = earlier.or_else(|| pieces[index + 1..].iter().find(reached)).filter(|_| takes_time(&piece))?;
    let cause = json!({ "spans": [span(&other.body), span(&piece.body)], "meetings": [other.key.meeting, piece.key.meeting] });
    let approved = other.settled.map_or_else(String::new, |entry| format!(", which is {}", entry.status));
    Some(Finding::entry("overlap", cause, format!("{} overlaps {}{approved}", clock(page, &piece.body), clock(page, &other.body))))
}

fn span(body: &Body) -> Value {
    json!([body.start, body.end])
}

fn clock(page: &Page<'_>, body: &Body) -> String {
    let zone = page.staff.zones.on(page.date);
    let show = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M").to_string();
    format!("{}-{}", show(body.start), show(body.end))
}

/// An approved day is closed, not frozen; in a locked period nothing is drafted and the question carries the proposal (S10).
fn late(page: &Page<'_>, piece: &Piece<'_>) -> Option<Finding> {
    if let Some(through) = page.policy.locked_through.filter(|_| page.is_locked()) {
        if page.open_entries().any(|entry| entry.key == piece.key && meaning(page, &entry.body) == meaning(page, &piece.body)) {
            return None;
        }
        let cause = json!({ "locked_through": through, "proposal": meaning(page, &piece.body) });
        return Some(Finding::entry(
            "late",
            cause,
            format!("the books are locked through {through}; nothing was written for {}", clock(page, &piece.body)),
        ));
    }
    let approvals = page.standing.iter().filter(|entry| entry.body.date == page.date && entry.status.is_approved());
    let approved_at = approvals.filter_map(|entry| entry.approved_at).min()?;
    let known_at = piece.known_at.filter(|known_at| *known_at > approved_at)?;
    let cause = json!({ "known_at": known_at });
    Some(Finding::entry("late", cause, "it became known after the day was approved".into()))
}

/// The event moved here, but its entry stands on a date that is locked.
fn locked_out(page: &Page<'_>, entry: &Entry, derived: &Body) -> Finding {
    let cause = json!({ "stands_on": entry.body.date, "proposal": meaning(page, derived) });
    let message = format!("its event moved here from {}, where the books are locked; its entry stays there", entry.body.date);
    Finding::entry("late", cause, message)
}

/// It was submitted and says something else since, so it is a draft again until it is submitted anew (S9).
fn since_submitted(page: &Page<'_>, piece: &Piece<'_>) -> Option<Finding> {
    let entry = page.standing.iter().find(|entry| entry.key == piece.key)?;
    let submitted = match entry.status {
        EntryStatus::Submitted => entry.submitted.clone().or_else(|| Some(entry.body.meaning())),
        EntryStatus::Draft => entry.submitted.clone(),
        _ => None,
    };
    let (before, now) = (of_today(page, submitted?), meaning(page, &piece.body));
    let message = "it was submitted, and its calendar or the rules say otherwise since".to_owned();
    (before != now).then(|| Finding::entry("changed-after-submission", json!({ "derived": now }), message))
}

/// After approval derivation writes the entry no more; a difference is a question (S9).
fn differs(page: &Page<'_>, entry: &Entry, derived: &Body) -> Option<Finding> {
    let now = meaning(page, derived);
    if meaning(page, &entry.body) == now {
        return None;
    }
    let mut finding = Finding::entry(
        changed(entry),
        json!({ "derived": now }),
        format!("it was {} and its calendar or the rules say otherwise now", entry.status),
    );
    finding.reason.holding = false;
    Some(finding)
}

/// Whether two bodies mean the same.
pub(super) fn is_alike(page: &Page<'_>, one: &Body, other: &Body) -> bool {
    meaning(page, one) == meaning(page, other)
}

fn meaning(page: &Page<'_>, body: &Body) -> Value {
    of_today(page, body.meaning())
}

/// A client or project that was renamed since is the same.
fn of_today(page: &Page<'_>, mut meaning: Value) -> Value {
    let named = |field: &Value| field.as_str().map(str::to_owned);
    if let Some(key) = named(&meaning["client"]) {
        meaning["client"] = known_client(page.catalog, key).into();
    }
    if let Some(code) = named(&meaning["project"]) {
        meaning["project"] = known_project(page.catalog, code).into();
    }
    meaning
}
