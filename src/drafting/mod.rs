//! One staff-day, pure: from facts, verdicts, catalog, policy and decisions to the entries and questions that ought to stand there.
//!
//! No I/O and no clock: `as_of` is an argument. The same inputs in any order give the same rows.

mod checks;
mod cuts;
mod day_checks;
mod meetings;
mod merging;
mod questions;
mod rounding;
mod segments;
mod values;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use self::{checks::Finding, meetings::Meeting};
pub(crate) use self::{meetings::assigned, values::values};
use crate::model::{
    catalog::Catalog,
    decision::Decision,
    entry::{Body, Draft, Entry, EntryKey, EntryStatus, Provenance},
    event::Event,
    exception::{Concern, Question, Reason},
    ids::MeetingId,
    policy::Policy,
    staff::Staff,
    verdict::Verdict,
};

/// Everything of one staff-day.
pub(crate) struct Page<'a> {
    pub(crate) staff: &'a Staff,
    pub(crate) date: NaiveDate,
    /// Events that fall on the day with all copies of their meetings, and those whose entries or decisions stand on it.
    pub(crate) events: &'a [(Event, Arc<Verdict>)],
    pub(crate) catalog: &'a Catalog,
    pub(crate) policy: &'a Policy,
    /// Not retracted, of these meetings and this day.
    pub(crate) decisions: &'a [Decision],
    /// Entries of these meetings and this date, in any status.
    pub(crate) standing: &'a [Entry],
    pub(crate) as_of: DateTime<Utc>,
}

/// What ought to stand on a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Drafted {
    pub(crate) entries: Vec<Draft>,
    pub(crate) questions: Vec<Question>,
    /// Which open reasons are about which entry: a question of several entries does not hold them all for the same.
    pub(crate) concerns: Vec<Concern>,
    /// When time alone would change the answer.
    pub(crate) next_at: Option<DateTime<Utc>>,
}

/// An entry in the making.
struct Piece<'a> {
    key: EntryKey,
    /// What counts on this day: what is derived, or what a settled entry froze.
    body: Body,
    /// Beside a settled entry, what would be derived now.
    derived: Option<Body>,
    provenance: Provenance,
    findings: Vec<Finding>,
    /// What is asked about the meeting where that is not here.
    elsewhere: Option<Asked>,
    /// Folded title, to tell duplicates.
    title: String,
    /// Submitted or later: derivation writes it no more, but it counts.
    settled: Option<&'a Entry>,
    /// When its facts last became known, to tell what came late.
    known_at: Option<DateTime<Utc>>,
    /// The meeting whose entry takes this one in.
    into: Option<MeetingId>,
    /// What it took in, to be asked about (S12).
    taken: Vec<Self>,
    /// Hours of an all-day event, which stand at no time of the day and overlap nothing (S19).
    floats: bool,
}

/// What is asked about a meeting, once: its other entries are held by the same, and ask what is theirs alone (S3).
#[derive(Clone)]
struct Asked {
    key: EntryKey,
    reasons: Vec<Reason>,
}

/// Derives one page.
pub(crate) fn draft_day(page: &Page<'_>) -> Drafted {
    let mut decisions: Vec<&Decision> = page.decisions.iter().collect();
    decisions.sort_by_key(|decision| (decision.at, decision.id));
    let meetings = meetings::gather(page, &decisions);
    let mut pieces: Vec<Piece<'_>> = meetings.iter().flat_map(|meeting| pieces(page, meeting)).collect();
    pieces.extend(meetings::written(page, &decisions));
    merging::join(&mut pieces);
    for piece in &mut pieces {
        piece.freeze(page);
    }
    pieces.extend(meetings::orphans(page, &pieces));
    pieces.sort_by_key(|piece| (piece.body.start, piece.key));
    day_checks::run(page, &mut pieces);
    let (questions, concerns) = questions::settle(page, &mut pieces, &decisions);
    rounding::round(page, &mut pieces);
    let mut entries: Vec<Draft> = if page.is_locked() {
        page.open_entries().map(as_it_stands).collect()
    } else {
        pieces.into_iter().filter(|piece| piece.settled.is_none()).map(Piece::draft).collect()
    };
    entries.sort_by_key(|draft| draft.key);
    Drafted { entries, questions, concerns, next_at: segments::next_at(page, &meetings) }
}

impl Page<'_> {
    /// Whether the books are closed for this date: what stands there stays as it is (S10).
    fn is_locked(&self) -> bool {
        self.is_locked_on(self.date)
    }

    fn is_locked_on(&self, date: NaiveDate) -> bool {
        self.policy.locked_through.is_some_and(|through| date <= through)
    }

    /// Entries of this date that derivation may still write.
    fn open_entries(&self) -> impl Iterator<Item = &Entry> {
        let here = self.standing.iter().filter(|entry| entry.body.date == self.date);
        here.filter(|entry| matches!(entry.status, EntryStatus::Draft | EntryStatus::Rejected))
    }
}

fn as_it_stands(entry: &Entry) -> Draft {
    Draft { key: entry.key, body: entry.body.clone(), provenance: entry.provenance.clone() }
}

fn pieces<'a>(page: &'a Page<'_>, meeting: &Meeting<'a>) -> Vec<Piece<'a>> {
    let mut pieces = drafted(page, meeting);
    if pieces.is_empty() {
        return pieces;
    }
    let Some((segment, date)) = segments::asking(page, meeting) else { return pieces };
    let asked = if date == page.date {
        first_open(&pieces, segment).map(Piece::asked)
    } else {
        first_open(&drafted(&Page { date, ..*page }, meeting), segment).map(Piece::asked)
    };
    ask_once(&mut pieces, asked.as_ref());
    pieces
}

fn drafted<'a>(page: &'a Page<'_>, meeting: &Meeting<'a>) -> Vec<Piece<'a>> {
    segments::of(page, meeting).into_iter().flat_map(|slot| values::fill(page, meeting, &slot)).collect()
}

/// The leg of a segment that asks: the first that is not settled.
fn first_open<'p, 'a>(pieces: &'p [Piece<'a>], segment: i64) -> Option<&'p Piece<'a>> {
    let legs = || pieces.iter().filter(|piece| piece.key.segment == segment);
    legs().find(|piece| piece.settled.is_none()).or_else(|| legs().next())
}

fn ask_once(pieces: &mut [Piece<'_>], asked: Option<&Asked>) {
    let Some(asked) = asked else { return };
    let others = pieces.iter_mut().filter(|piece| piece.key.meeting == asked.key.meeting && piece.key != asked.key);
    others.for_each(|piece| piece.elsewhere = Some(asked.clone()));
}

impl Piece<'_> {
    fn asked(&self) -> Asked {
        let of_meeting = self.findings.iter().filter(|finding| finding.of_meeting);
        Asked { key: self.key, reasons: of_meeting.map(|finding| finding.reason.clone()).collect() }
    }

    /// A settled entry counts as it was frozen, and is asked about only where its event went or moved under it. One that was only
    /// submitted is settled as long as it would be derived like that again (S9), and its project has its task.
    fn freeze(&mut self, page: &Page<'_>) {
        let Some(entry) = self.settled else { return };
        if entry.status == EntryStatus::Submitted
            && !page.is_locked_on(entry.body.date)
            && (!day_checks::is_alike(page, &entry.body, &self.body) || checks::unlisted(page, &self.body).is_some())
        {
            self.settled = None;
            return;
        }
        self.derived = Some(std::mem::replace(&mut self.body, entry.body.clone()));
        self.findings.retain(Finding::is_of_whereabouts);
    }

    /// Whether it counts on this page. A settled entry of another date is here only to be asked about.
    fn is_here(&self, page: &Page<'_>) -> bool {
        self.body.date == page.date
    }

    fn draft(self) -> Draft {
        Draft { key: self.key, body: self.body, provenance: self.provenance }
    }
}
