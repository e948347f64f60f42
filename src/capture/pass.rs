//! One pass over one calendar: read it whole, then compare and commit. No transaction is open while it is read.

use std::collections::HashSet;

use chrono::{DateTime, Days, Utc};
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::{
    guard::{Ruling, judge},
    questions,
    reconcile::{Changes, Known, Said, reconcile},
};
use crate::{
    calendar::{
        Answer, Window,
        ics::{self, Limits},
        whose,
    },
    model::{
        event::{Event, Fact, Response, Text},
        staff::{Held, Privacy, Source, Staff, Whose},
    },
    store::{Error, Store, Tx, days::Due, events::Dated},
};

/// Rows of one transaction (SEMANTICS S21).
const BATCH: usize = 2_000;
/// The capture window around today (S25).
const DAYS_BACK: u64 = 60;
const DAYS_AHEAD: u64 = 60;

/// What a pass did.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    pub(crate) saved: usize,
    pub(crate) removed: usize,
    /// Why the calendar could not be read at all.
    pub(crate) refused: Option<String>,
    pub(crate) broken: usize,
    pub(crate) held: Option<usize>,
}

/// Reads a calendar and takes over what changed.
pub(crate) async fn capture(store: &Store, source: &Source, staff: &Staff, now: DateTime<Utc>) -> Result<Captured, Error> {
    let calendar = &source.calendar;
    if calendar.privacy == Privacy::Ignore {
        return Ok(Captured::default());
    }
    let today = staff.zones.date_of(now);
    let window = Window { from: staff.zones.start(today - Days::new(DAYS_BACK)), until: staff.zones.start(today + Days::new(DAYS_AHEAD)) };
    let zone = staff.zones.on(today);
    let seen = source.digest.clone().filter(|_| source.held.is_none());
    let (read, digest) = match read(calendar.location.clone(), window, zone, seen).await {
        Ok(read) => read,
        Err(message) => {
            warn!(calendar.id = %calendar.id, "A calendar cannot be read: {message}");
            questions::unreadable(store, source, today, &message, now).await?;
            return Ok(Captured { refused: Some(message), ..Captured::default() });
        }
    };
    match read {
        Read::Same => nothing_new(store, source, staff, &digest, now).await,
        Read::New(answer) => take_over(store, source, staff, (&answer, &digest, window), now).await,
    }
}

/// What reading a file came to.
enum Read {
    /// The same bytes as last time, for the same window: they say the same.
    Same,
    New(Box<Answer>),
}

/// Bytes from outside are read and parsed away from the threads that serve everyone. Says what it read, and its digest.
async fn read(location: String, window: Window, zone: chrono_tz::Tz, seen: Option<String>) -> Result<(Read, String), String> {
    let parse = move || {
        let bytes = std::fs::read(&location).map_err(|error| format!("{location}: {error}"))?;
        let mut hash = Sha256::new();
        hash.update(format!("{}/{}/{zone}/", window.from, window.until));
        hash.update(&bytes);
        let digest = hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        if seen.as_ref() == Some(&digest) {
            return Ok((Read::Same, digest));
        }
        let answer = ics::read(&bytes, &window, zone, &Limits::default()).map_err(|refused| format!("{location}: {refused}"))?;
        Ok((Read::New(Box::new(answer)), digest))
    };
    tokio::task::spawn_blocking(parse).await.unwrap_or_else(|_| Err("reading it ended unexpectedly".to_owned()))
}

/// The same answer as last time: what was asked about its events stays asked, and it can be read again.
async fn nothing_new(store: &Store, source: &Source, staff: &Staff, digest: &str, now: DateTime<Utc>) -> Result<Captured, Error> {
    let mut tx = store.write().await?;
    tx.lock_staff(staff.id).await?;
    let broken = questions::readable(&mut tx, source, now).await?;
    tx.save_pass(source.calendar.id, Some(digest), None, now).await?;
    tx.commit().await?;
    Ok(Captured { broken, ..Captured::default() })
}

/// Compares, then writes in batches; removals and the digest come with the last. Whoever else writes this person's rows in between is
/// seen by the sequence of her row, and then all is compared anew (SEMANTICS S13, S21).
async fn take_over(
    store: &Store,
    source: &Source,
    staff: &Staff,
    (answer, digest, window): (&Answer, &str, Window),
    now: DateTime<Utc>,
) -> Result<Captured, Error> {
    let calendar = source.calendar.id;
    let mut captured = Captured { broken: answer.broken.len(), ..Captured::default() };
    let mut compared: Option<(i64, Compared)> = None;
    loop {
        let mut tx = store.write().await?;
        let sequence = tx.lock_staff(staff.id).await?;
        let mut next = match compared.take() {
            Some((last, compared)) if sequence == last + 1 => compared,
            _ => compare(&mut tx, source, staff, said(answer, source, staff, window), now).await?,
        };
        let mut batch: Vec<Event> = next.changes.save.drain(..next.changes.save.len().min(BATCH)).collect();
        captured.saved += batch.len();
        let last = next.changes.save.is_empty();
        if last && next.held.is_none() {
            captured.removed = next.changes.vanished.len();
            next.changes.remove(&staff.zones, now);
            batch.append(&mut next.changes.save);
        }
        tx.save_events(&dated(staff, &batch), now).await?;
        tx.mark_due(staff.id, &next.changes.due.iter().copied().collect::<Vec<_>>(), Due::Fresh, now).await?;
        if last {
            questions::of_pass(&mut tx, source, staff, &answer.broken, next.held.as_ref(), now).await?;
            tx.save_pass(calendar, Some(digest), next.held.as_ref(), now).await?;
            tx.commit().await?;
            info!(calendar.id = %calendar, captured.saved, captured.removed, captured.broken, "Captured a calendar.");
            captured.held = next.held.map(|held| held.meetings);
            return Ok(captured);
        }
        tx.commit().await?;
        compared = Some((sequence, next));
    }
}

/// What a comparison came to.
struct Compared {
    changes: Changes,
    /// Removals that wait for a person, or for the calendar to say the same again.
    held: Option<Held>,
}

async fn compare(tx: &mut Tx, source: &Source, staff: &Staff, said: Said, now: DateTime<Utc>) -> Result<Compared, Error> {
    let calendar = &source.calendar;
    let events = tx.events_of_calendar(calendar.id).await?;
    let uids: HashSet<&str> = said.facts.iter().map(|(fact, _)| fact.ical_uid.as_str()).collect();
    let siblings = tx.events_of_uids(staff.id, &uids.into_iter().map(str::to_owned).collect::<Vec<_>>()).await?;
    let covered = said.covered;
    let changes = reconcile(&Known { calendar, zones: &staff.zones, events: &events, siblings: &siblings }, said, now);
    let is_known = |event: &&Event| event.removed_at.is_none() && covered.contains(staff.zones.starts_at(&event.fact.span));
    let live: Vec<_> = events.iter().filter(is_known).collect();
    let held = match judge(&changes.vanished, &live, source.held.as_ref(), now) {
        Ruling::Believe => None,
        Ruling::Hold(waiting) => Some(waiting),
    };
    Ok(Compared { changes, held })
}

fn dated<'a>(staff: &Staff, events: &'a [Event]) -> Vec<Dated<'a>> {
    let dated = |event: &'a Event| {
        let dates = staff.zones.dates(&event.fact.span);
        let first = dates.first().copied().unwrap_or_else(|| staff.zones.first_date(&event.fact.span));
        Dated { event, first, last: dates.last().copied().unwrap_or(first) }
    };
    events.iter().map(dated).collect()
}

/// What the calendar says of this person, with no more words than may be kept.
fn said(answer: &Answer, source: &Source, staff: &Staff, window: Window) -> Said {
    let calendar = &source.calendar;
    let is_owner = staff.has_address(&calendar.owner);
    let facts = answer
        .facts
        .iter()
        .map(|fact| (whose::response(fact, &staff.addresses, is_owner), fact))
        .filter(|(response, _)| calendar.whose == Whose::All || *response != Response::NotInvited)
        .map(|(response, fact)| (kept(fact, calendar.privacy), response))
        .collect();
    let unread = answer.broken.iter().filter_map(|broken| broken.uid.clone()).collect();
    let from = answer.earliest.map_or(window.from, |earliest| earliest.max(window.from));
    Said { facts, unread, covered: Window { from, until: window.until } }
}

fn kept(fact: &Fact, privacy: Privacy) -> Fact {
    if privacy == Privacy::BusyBlock || fact.visibility.is_private() {
        return Fact { text: Text::default().into(), ..fact.clone() };
    }
    fact.clone()
}
