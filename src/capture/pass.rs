//! One pass over one calendar: ask whether anything changed, read the window, take it over page by page, and believe what is absent only
//! after the last one. No transaction is open while a provider or a file is waited for.

use chrono::{DateTime, Days, TimeDelta, Utc};
use tracing::{info, warn};

use super::{
    origin::{Asked, Origin, Refusal, ask},
    questions,
    reconcile::Covered,
    taking::Taking,
};
use crate::{
    calendar::{Told, Window, api::Trouble},
    model::{
        connection::{Cursor, Poll},
        ids::CalendarId,
        staff::{Privacy, Source, Staff},
    },
    store::{Error, Store, Tx},
};

/// Rows of one transaction (SEMANTICS S21).
const BATCH: usize = 2_000;
/// The capture window around today (S25).
const DAYS_BACK: u64 = 60;
const DAYS_AHEAD: u64 = 60;
/// An event that does not repeat and is gone from a feed was taken away if it was no longer ago. Before the earliest that is left, older
/// ones may be gone since feeds show so much of the past and no more; those that show less than this are read wrongly.
const RECENT: TimeDelta = TimeDelta::days(7);
/// How long a claim holds without a sign of life.
pub(crate) const LEASE: TimeDelta = TimeDelta::seconds(120);

/// What a pass did.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    pub(crate) saved: usize,
    pub(crate) removed: usize,
    /// Why the calendar could not be read at all.
    pub(crate) refused: Option<Refusal>,
    pub(crate) broken: usize,
    pub(crate) held: Option<usize>,
    /// What to ask with the next time.
    pub(crate) cursor: Cursor,
}

/// The right to read a calendar, and what is known of its readings. Every transaction of a pass makes sure that it still holds.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) poll: Poll,
    pub(crate) fence: i64,
}

impl Claim {
    /// Makes sure that nobody else claimed the calendar since.
    pub(super) async fn hold(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        let calendar: CalendarId = self.poll.calendar;
        tx.hold_calendar(calendar, self.fence, now, now + LEASE).await
    }
}

/// The days around now that are read.
pub(crate) fn window(staff: &Staff, now: DateTime<Utc>) -> Window {
    let today = staff.zones.date_of(now);
    Window { from: staff.zones.start(today - Days::new(DAYS_BACK)), until: staff.zones.start(today + Days::new(DAYS_AHEAD)) }
}

/// Reads a calendar and takes over what changed.
pub(crate) async fn capture(
    store: &Store,
    source: &Source,
    staff: &Staff,
    origin: &Origin<'_>,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<Captured, Error> {
    if source.calendar.privacy == Privacy::Ignore {
        return Ok(Captured { cursor: claim.poll.cursor.clone(), ..Captured::default() });
    }
    let zone = staff.zones.on(staff.zones.date_of(now));
    let asked = ask(origin, source, &claim.poll, window(staff, now), zone, now).await;
    match asked {
        Ok(Asked::Same { cursor, digest }) => nothing_new(store, source, staff, claim, (cursor, digest), now).await,
        Ok(Asked::File { answer, digest, window, cursor }) => {
            let from = answer.earliest.map_or(window.from, |earliest| earliest.max(window.from));
            // Where none is left, the guard has its say.
            let singles_from = answer.earliest_single.map_or(window.from, |earliest| earliest.min(now - RECENT));
            let covered = Covered { window: Window { from, until: window.until }, singles_from };
            let mut taking = Taking::begin(store, source, staff, claim, now).await?;
            let mut facts = answer.facts.into_iter().map(Told::of_file).peekable();
            while facts.peek().is_some() {
                taking.page(store, facts.by_ref().take(BATCH).collect()).await?;
            }
            done(source, taking.finish(store, answer.broken, covered, Some(&digest)).await?, cursor)
        }
        Ok(Asked::Pages { window, cursor }) => {
            let mut taking = Taking::begin(store, source, staff, claim, now).await?;
            let (mut next, mut broken) = (None::<String>, Vec::new());
            loop {
                let page = match origin.page(source, window, zone, next.as_deref()).await {
                    Ok(page) => page,
                    Err(trouble) => return refused(store, source, staff, Refusal::Provider(trouble), claim, now).await,
                };
                broken.extend(page.broken);
                let mut told = page.told.into_iter().peekable();
                while told.peek().is_some() {
                    taking.page(store, told.by_ref().take(BATCH).collect()).await?;
                }
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
            let covered = Covered { window, singles_from: window.from };
            done(source, taking.finish(store, broken, covered, None).await?, cursor)
        }
        Err(refusal) => refused(store, source, staff, refusal, claim, now).await,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the end of every way through a pass")]
fn done(source: &Source, captured: Captured, cursor: Cursor) -> Result<Captured, Error> {
    let Captured { saved, removed, broken, .. } = captured;
    info!(calendar.id = %source.calendar.id, saved, removed, broken, "Read a calendar.");
    Ok(Captured { cursor, ..captured })
}

/// It could not be read, so nothing is concluded. A calendar that asks to wait is no question yet, unless it asks for hours, nor is one whose token ran out.
pub(crate) async fn refused(
    store: &Store,
    source: &Source,
    staff: &Staff,
    refusal: Refusal,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<Captured, Error> {
    warn!(calendar.id = %source.calendar.id, "A calendar cannot be read: {refusal}");
    if refusal.is_question(&claim.poll, now) {
        let mut tx = store.write().await?;
        claim.hold(&mut tx, now).await?;
        questions::unreadable(&mut tx, source, staff.zones.date_of(now), &refusal, now).await?;
        tx.commit().await?;
    }
    let mut cursor = claim.poll.cursor.clone();
    if matches!(refusal, Refusal::Provider(Trouble::CursorExpired)) {
        cursor.token = None;
    }
    Ok(Captured { refused: Some(refusal), cursor, ..Captured::default() })
}

/// The same answer as last time: what was asked about its events stays asked, and it can be read again.
async fn nothing_new(
    store: &Store,
    source: &Source,
    staff: &Staff,
    claim: &Claim,
    (cursor, digest): (Cursor, Option<String>),
    now: DateTime<Utc>,
) -> Result<Captured, Error> {
    let mut tx = store.write().await?;
    claim.hold(&mut tx, now).await?;
    tx.lock_staff(staff.id).await?;
    let broken = questions::readable(&mut tx, source, now).await?;
    tx.save_pass(source.calendar.id, digest.as_deref(), None, now).await?;
    tx.commit().await?;
    Ok(Captured { broken, cursor, ..Captured::default() })
}
