//! What stands in the book of an entry, of a question, or of an event: the entries, what is asked about each of them, and what people did.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Found,
    decided::{Done, is_about},
};
use crate::{
    model::{
        decision::Decision,
        entry::{Body, Entry, EntryKey, EntryStatus, Provenance},
        event::Event,
        exception::{Concern, Exception, ExceptionStatus, Reason, SubjectKind, rank},
        ids::{EntryId, ExceptionId, MeetingId},
        staff::Staff,
    },
    settling::{self, Wanted, activation::Active, subjects},
    store::{Error, Tx},
};

/// An entry that something is said of.
pub(super) struct Stood {
    /// None of what was only rehearsed.
    pub(super) known: Option<(EntryId, EntryStatus)>,
    /// Which of how many of its meeting, where there are several.
    pub(super) part: Option<(usize, usize)>,
    pub(super) body: Body,
    pub(super) provenance: Provenance,
}

/// A reason, with the question that has it.
pub(super) struct Why {
    pub(super) reason: Reason,
    /// None of what was only rehearsed.
    pub(super) asked: Option<(ExceptionId, ExceptionStatus)>,
    /// The entry it overlaps, or is alike.
    pub(super) other: Option<Box<Entry>>,
}

/// Everything of one id.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) entries: Vec<Entry>,
    pub(super) whys: Vec<Why>,
    /// By time.
    pub(super) decisions: Vec<Decision>,
    /// All that stands of its meeting.
    all: Vec<Entry>,
}

impl Standing {
    pub(super) async fn load(
        tx: &mut Tx,
        active: &Active,
        staff: &Staff,
        (found, event): (&Found, Option<&Event>),
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let ids = ids(found, event);
        let meetings: Vec<_> = ids.iter().copied().map(MeetingId).collect();
        let mut all = tx.entries_of_meetings(&meetings).await?;
        let dates = match found {
            Found::Entry(entry) => BTreeSet::from([entry.body.date]),
            Found::Question(exception) => BTreeSet::from([exception.date]),
            Found::Event(event) => staff.zones.dates(&event.fact.span).into_iter().collect(),
        };
        let wanted = Wanted { dates, subjects: ids.iter().copied().collect() };
        let concerns = settling::concerns(tx, staff, wanted, active.basis(now)).await?;
        let entries = about(tx, found, &all, &concerns).await?;
        let mut whys = whys(tx, staff, found, &ids, &entries, &concerns).await?;
        name_others(tx, &mut whys).await?;
        let mut decisions = tx.decisions_about(&ids).await?;
        decisions.sort_by_key(|decision| (decision.at, decision.id));
        all.retain(|entry| entry.status != EntryStatus::Void);
        Ok(Self { entries, whys, decisions, all })
    }

    /// The entries, each with its place among those of its meeting.
    pub(super) fn stood(&self) -> Vec<Stood> {
        let of = |entry: &Entry| {
            let mut parts: Vec<_> = self.all.iter().map(|one| (one.body.start, one.key, one.id)).collect();
            parts.sort_unstable();
            let place = parts.iter().position(|(.., id)| *id == entry.id).filter(|_| parts.len() > 1);
            let (body, provenance) = (entry.body.clone(), entry.provenance.clone());
            Stood { known: Some((entry.id, entry.status)), part: place.map(|place| (place + 1, parts.len())), body, provenance }
        };
        self.entries.iter().map(of).collect()
    }

    /// What people did about them; where nothing stands, about their meeting.
    pub(super) fn done(&self, zone: chrono_tz::Tz) -> Vec<Done> {
        let is_told = |one: &&Decision| self.entries.is_empty() || self.entries.iter().any(|entry| is_about(one, entry));
        self.decisions.iter().filter(is_told).map(|decision| Done::of(decision, zone)).collect()
    }
}

/// What its entries, questions and decisions hang on.
fn ids(found: &Found, event: Option<&Event>) -> Vec<Uuid> {
    let own = match found {
        Found::Entry(entry) => Some(entry.key.meeting.0),
        Found::Question(exception) => Some(exception.subject.id),
        Found::Event(_) => None,
    };
    let all: BTreeSet<Uuid> = event.into_iter().flat_map(subjects).chain(own).collect();
    all.into_iter().collect()
}

/// The entries it is about: an entry itself, those that a question asks about, what stands of an event.
async fn about(tx: &mut Tx, found: &Found, all: &[Entry], concerns: &[Concern]) -> Result<Vec<Entry>, Error> {
    let exception = match found {
        Found::Entry(entry) => return Ok(vec![(**entry).clone()]),
        Found::Event(_) => return Ok(all.iter().filter(|entry| entry.status != EntryStatus::Void).cloned().collect()),
        Found::Question(exception) => exception,
    };
    let subject = exception.subject;
    let keys: BTreeSet<EntryKey> = concerns.iter().filter(|one| one.subject == subject).map(|one| one.entry).collect();
    let is_own = |key: &EntryKey| (key.meeting.0, key.segment) == (subject.id, subject.segment);
    // Other days of its meeting wait for the same answer, and are not what is asked about.
    let own: BTreeSet<EntryKey> = keys.iter().copied().filter(is_own).collect();
    let keys = if own.is_empty() { keys } else { own };
    let meetings: Vec<_> = keys.iter().map(|key| key.meeting).collect();
    let mut entries = tx.entries_of_meetings(&meetings).await?;
    entries.retain(|entry| keys.contains(&entry.key) && entry.status != EntryStatus::Void);
    entries.sort_by_key(|entry| (entry.body.start, entry.key));
    match exception.entry {
        Some(entry) if entries.is_empty() => Ok(vec![tx.entry_of(entry).await?]),
        _ => Ok(entries),
    }
}

/// Why a person is asked: a question has its own reasons; an entry or event those that are open about it.
async fn whys(tx: &mut Tx, staff: &Staff, found: &Found, ids: &[Uuid], entries: &[Entry], concerns: &[Concern]) -> Result<Vec<Why>, Error> {
    if let Found::Question(exception) = found {
        return Ok(of(exception, |_| true).collect());
    }
    let about: Vec<&Concern> = concerns.iter().filter(|one| entries.iter().any(|entry| entry.key == one.entry)).collect();
    let subjects: BTreeSet<Uuid> = about.iter().map(|one| one.subject.id).chain(ids.iter().copied()).collect();
    let asked = tx.exceptions_about(staff.id, &subjects.into_iter().collect::<Vec<_>>()).await?;
    let open = asked.iter().filter(|one| one.status == ExceptionStatus::Open);
    // A day that waits to be settled may derive other reasons than are asked: then what is asked about the whole is told.
    let is_known = !about.is_empty() || entries.iter().all(|entry| !entry.body.held);
    let is_its = |exception: &Exception, reason: &Reason| match found {
        Found::Entry(entry) if entry.status == EntryStatus::Void => exception.entry == Some(entry.id),
        Found::Entry(entry) if !is_known => (exception.subject.id, exception.subject.segment) == (entry.key.meeting.0, entry.key.segment),
        Found::Event(_) if exception.subject.kind != SubjectKind::Day => true,
        _ => about.iter().any(|one| is_same(one, exception, reason)),
    };
    let mut whys: Vec<Why> = open.flat_map(|exception| of(exception, |reason| is_its(exception, reason))).collect();
    whys.sort_by_cached_key(|why| {
        (rank(&why.reason.reason), why.reason.reason.clone(), why.reason.message.clone(), why.asked.map(|(id, _)| id))
    });
    Ok(whys)
}

fn of(exception: &Exception, is_its: impl Fn(&Reason) -> bool) -> impl Iterator<Item = Why> {
    let asked = Some((exception.id, exception.status));
    let reasons: Vec<_> = exception.reasons.iter().filter(|reason| is_its(reason)).cloned().collect();
    reasons.into_iter().map(move |reason| Why { reason, asked, other: None })
}

fn is_same(concern: &Concern, exception: &Exception, reason: &Reason) -> bool {
    concern.subject == exception.subject && (&concern.reason, &concern.message) == (&reason.reason, &reason.message)
}

/// Finds the other entry where a reason is about two.
async fn name_others(tx: &mut Tx, whys: &mut [Why]) -> Result<(), Error> {
    for why in whys {
        let cause = &why.reason.cause;
        let Ok(meeting) = MeetingId::deserialize(&cause["meetings"][0]) else { continue };
        let Ok((start, end)) = <(DateTime<Utc>, DateTime<Utc>)>::deserialize(&cause["spans"][0]) else { continue };
        let mut entries = tx.entries_of_meetings(&[meeting]).await?;
        entries.retain(|one| one.status != EntryStatus::Void && (one.body.start, one.body.end) == (start, end));
        why.other = entries.into_iter().next().map(Box::new);
    }
    Ok(())
}
