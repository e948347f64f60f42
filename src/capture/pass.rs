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
        event::{Fact, Response, Text},
        staff::{Held, Privacy, Source, Staff, Whose},
    },
    store::{Error, Store, days::Due, events::Dated},
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

/// Compares anew in every transaction, so that whatever was written meanwhile counts; removals and the digest come with the last.
async fn take_over(
    store: &Store,
    source: &Source,
    staff: &Staff,
    (answer, digest, window): (&Answer, &str, Window),
    now: DateTime<Utc>,
) -> Result<Captured, Error> {
    let calendar = &source.calendar;
    let mut captured = Captured { broken: answer.broken.len(), ..Captured::default() };
    loop {
        let mut tx = store.write().await?;
        tx.lock_staff(staff.id).await?;
        let said = said(answer, source, staff, window);
        let events = tx.events_of_calendar(calendar.id).await?;
        let uids: HashSet<String> = said.facts.iter().map(|(fact, _)| fact.ical_uid.clone()).collect();
        let siblings = tx.events_of_uids(staff.id, &uids.into_iter().collect::<Vec<_>>()).await?;
        let covered = said.covered;
        let known = Known { calendar, zones: &staff.zones, events: &events, siblings: &siblings };
        let mut changes = reconcile(&known, said, now);
        let last = changes.save.len() <= BATCH;
        changes.save.truncate(BATCH);
        captured.saved += changes.save.len();
        let mut held: Option<Held> = None;
        if last {
            let live: Vec<_> = events
                .iter()
                .filter(|event| event.removed_at.is_none() && covered.contains(staff.zones.starts_at(&event.fact.span)))
                .collect();
            match judge(&changes.vanished, &live, source.held.as_ref(), now) {
                Ruling::Believe => {
                    captured.removed = changes.vanished.len();
                    changes.remove(&staff.zones, now);
                }
                Ruling::Hold(waiting) => held = Some(waiting),
            }
        }
        let dates: Vec<_> = changes.due.iter().copied().collect();
        tx.save_events(&dated(staff, &changes), now).await?;
        tx.mark_due(staff.id, &dates, Due::Fresh, now).await?;
        if last {
            questions::of_pass(&mut tx, source, staff, &answer.broken, held.as_ref(), now).await?;
            tx.save_pass(calendar.id, Some(digest), held.as_ref(), now).await?;
            tx.commit().await?;
            info!(calendar.id = %calendar.id, captured.saved, captured.removed, captured.broken, "Captured a calendar.");
            captured.held = held.map(|held| held.meetings);
            return Ok(captured);
        }
        tx.commit().await?;
    }
}

fn dated<'a>(staff: &Staff, changes: &'a Changes) -> Vec<Dated<'a>> {
    let dates = |event: &&'a crate::model::event::Event| staff.zones.dates(&event.fact.span);
    changes
        .save
        .iter()
        .map(|event| {
            let dates = dates(&event);
            let first = staff.zones.first_date(&event.fact.span);
            Dated { event, first, last: dates.last().copied().unwrap_or(first) }
        })
        .collect()
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
