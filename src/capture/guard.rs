//! Decides whether many events vanishing at once are believed (SEMANTICS S7). Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    model::{event::Span, staff::Held},
    store::events::Live,
};

/// How many equal answers, each at least [`APART`] after the one before, are believed without a person.
const ANSWERS: u32 = 3;
const APART: TimeDelta = TimeDelta::hours(1);
/// Up to this many meetings, or this share of them, may vanish without a question.
const FEW: usize = 3;
const SHARE_PERCENT: usize = 20;

/// What the guard says of a pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    Believe,
    Hold(Held),
}

/// Judges the vanished events against the live ones known in the covered span.
pub(crate) fn judge(vanished: &[Live], known: &[&Live], held: Option<&Held>, now: DateTime<Utc>) -> Ruling {
    if vanished.is_empty() || !is_mass(vanished, known, now) {
        return Ruling::Believe;
    }
    let digest = digest(vanished);
    let meetings = count(vanished.iter());
    let Some(before) = held.filter(|held| held.digest == digest) else {
        return Ruling::Hold(Held { digest, meetings, answers: 1, counted_at: now, accepted: false });
    };
    let counts = now - before.counted_at >= APART;
    let answers = before.answers + u32::from(counts);
    if before.accepted || answers >= ANSWERS {
        return Ruling::Believe;
    }
    let counted_at = if counts { now } else { before.counted_at };
    Ruling::Hold(Held { answers, counted_at, ..before.clone() })
}

fn is_mass(vanished: &[Live], known: &[&Live], now: DateTime<Utc>) -> bool {
    let all = count(vanished.iter()) == count(known.iter().copied()) && vanished.len() == known.len();
    let too_many = |past: bool| {
        let gone = count(vanished.iter().filter(|event| is_past(event, now) == past));
        let there = count(known.iter().copied().filter(|event| is_past(event, now) == past));
        gone > FEW.max(there * SHARE_PERCENT / 100)
    };
    all || too_many(true) || too_many(false)
}

/// Meetings; what shares a UID and is no series counts one by one.
fn count<'a>(events: impl Iterator<Item = &'a Live>) -> usize {
    events.map(|event| if event.recurring { event.ical_uid.as_str() } else { event.provider_id.as_str() }).collect::<BTreeSet<_>>().len()
}

fn is_past(event: &Live, now: DateTime<Utc>) -> bool {
    match event.span {
        Span::Timed { start, end, .. } => start.max(end) <= now,
        Span::AllDay { until, .. } => until <= now.date_naive(),
    }
}

fn digest(vanished: &[Live]) -> String {
    let mut ids: Vec<_> = vanished.iter().map(|event| event.id).collect();
    ids.sort_unstable();
    let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.0.as_bytes()).collect();
    // A version 5 UUID is a digest that is short enough for a log line.
    uuid::Uuid::new_v5(&uuid::Uuid::nil(), &bytes).simple().to_string()
}
