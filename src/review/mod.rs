//! What a person may do to an entry or an exception. A decision and the derivation of its days are one transaction (SEMANTICS S13).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    model::{
        decision::{Act, Decision, Written},
        entry::{Entry, EntryStatus},
        exception::{Exception, ExceptionStatus, SubjectKind},
        ids::{self, DecisionId, EntryId, StaffId},
        staff::Staff,
    },
    settling::{Basis, Wanted, pinned, rederive},
    store::{self, Store, Tx},
};

/// Why a person may not do something, and what she can do instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("entry {} is held by an open exception; see: kalends exceptions list", ids::short(.0.0))]
    Held(EntryId),
    #[error("entry {id} is {1}; only drafts and submitted entries are approved", id = ids::short(.0.0))]
    NotOpen(EntryId, EntryStatus),
    #[error("entry {id} is {1} and does not change any more", id = ids::short(.0.0))]
    Settled(EntryId, EntryStatus),
    #[error("the books are locked through {0}; what stands there does not change")]
    Locked(NaiveDate),
    #[error("entry {} is your own time and four_eyes is on; someone else approves it", ids::short(.0.0))]
    OwnTime(EntryId),
    #[error(
        "a dismissal does not release it, since required fields are missing: assign them (kalends exceptions assign) or dismiss it with --not-work"
    )]
    StillMissing,
    #[error("the exception is {0}, not open")]
    NotAsked(ExceptionStatus),
    #[error("this exception is about no single meeting")]
    NoMeeting,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Who acts, and what the pages are derived from.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a Store,
    pub(crate) basis: Basis<'a>,
    pub(crate) actor: &'a str,
}

impl Desk<'_> {
    /// Records acts on an entry's meeting, and shows the entry as it stands afterwards.
    pub(crate) async fn change(&self, typed: &str, acts: Vec<Act>) -> Result<Entry, Refusal> {
        let staff = self.store.read().await?.entry(typed).await?.staff;
        let mut tx = self.begin(staff).await?;
        let entry = tx.entry(typed).await?;
        if entry.status.is_settled() {
            return Err(Refusal::Settled(entry.id, entry.status));
        }
        self.is_open_on(entry.body.date)?;
        for act in acts {
            let segment = if is_about_segment(&act) { entry.key.segment } else { 0 };
            self.record(&mut tx, entry.staff, entry.key.meeting.0, segment, Some(entry.id), act).await?;
        }
        rederive(&mut tx, entry.staff, wanted(entry.body.date, entry.key.meeting.0), self.basis).await?;
        let entry = tx.entry(&entry.id.to_string()).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Adds an entry that no calendar has (S11).
    pub(crate) async fn write(&self, staff: StaffId, written: Written) -> Result<Entry, Refusal> {
        self.is_open_on(written.date)?;
        let mut tx = self.begin(staff).await?;
        let (subject, date) = (ids::fresh(), written.date);
        self.record(&mut tx, staff, subject, 0, None, Act::Write(written)).await?;
        rederive(&mut tx, staff, wanted(date, subject), self.basis).await?;
        let entry = tx.entries_of_meetings(&[ids::MeetingId(subject)]).await?.pop().ok_or(store::Error::Missing("entry"))?;
        tx.commit().await?;
        Ok(entry)
    }

    /// Approves one entry as it was seen.
    pub(crate) async fn approve(&self, typed: &str, four_eyes: bool) -> Result<Entry, Refusal> {
        let mut tx = self.store.read().await?;
        let staff = tx.entry(typed).await?.staff;
        drop(tx);
        let mut tx = self.begin(staff).await?;
        let entry = tx.entry(typed).await?;
        if four_eyes && tx.staff_member(staff).await?.has_address(self.actor) {
            return Err(Refusal::OwnTime(entry.id));
        }
        self.is_open_on(entry.body.date)?;
        let approved = approved(entry, self.basis.now)?;
        tx.save_entries(std::slice::from_ref(&approved)).await?;
        self.record(&mut tx, staff, approved.key.meeting.0, approved.key.segment, Some(approved.id), Act::Approve).await?;
        rederive(&mut tx, staff, wanted(approved.body.date, approved.key.meeting.0), self.basis).await?;
        tx.commit().await?;
        Ok(approved)
    }

    /// Says of an exception that it was seen and is no problem (S14), or that its meeting is not work.
    pub(crate) async fn dismiss(&self, typed: &str, not_work: bool) -> Result<Exception, Refusal> {
        let exception = self.asked(typed).await?;
        let mut tx = self.begin(exception.staff).await?;
        let acts = if not_work {
            vec![Act::NotWork]
        } else {
            let dismissal = |reason: &crate::model::exception::Reason| Act::Dismiss {
                subject: exception.subject.kind,
                reason: reason.reason.clone(),
                cause: reason.cause.clone(),
            };
            exception.reasons.iter().map(dismissal).collect()
        };
        self.answer(&mut tx, &exception, acts).await?;
        let after = tx.exception(&exception.id.to_string()).await?;
        if after.status == ExceptionStatus::Open {
            return Err(Refusal::StillMissing);
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Answers an exception about a meeting by saying what it was.
    pub(crate) async fn assign(&self, typed: &str, acts: Vec<Act>) -> Result<Exception, Refusal> {
        let exception = self.asked(typed).await?;
        if exception.subject.kind != SubjectKind::Meeting {
            return Err(Refusal::NoMeeting);
        }
        let mut tx = self.begin(exception.staff).await?;
        self.answer(&mut tx, &exception, acts).await?;
        let after = tx.exception(&exception.id.to_string()).await?;
        tx.commit().await?;
        Ok(after)
    }

    async fn asked(&self, typed: &str) -> Result<Exception, Refusal> {
        let exception = self.store.read().await?.exception(typed).await?;
        if exception.status == ExceptionStatus::Open { Ok(exception) } else { Err(Refusal::NotAsked(exception.status)) }
    }

    async fn answer(&self, tx: &mut Tx, exception: &Exception, acts: Vec<Act>) -> Result<(), Refusal> {
        let subject = exception.subject;
        for act in acts {
            if act == Act::NotWork && subject.kind != SubjectKind::Meeting {
                return Err(Refusal::NoMeeting);
            }
            let segment = if is_about_segment(&act) { subject.segment } else { 0 };
            self.record(tx, exception.staff, subject.id, segment, exception.entry, act).await?;
        }
        if matches!(subject.kind, SubjectKind::Meeting | SubjectKind::Day) {
            rederive(tx, exception.staff, wanted(exception.date, subject.id), self.basis).await?;
            return Ok(());
        }
        // Sources are asked about by capture, which sees the dismissal at its next pass; the queue shows it now.
        let next = Exception { status: ExceptionStatus::Dismissed, version: exception.version + 1, ..exception.clone() };
        Ok(tx.save_exceptions(&[next]).await?)
    }

    /// Whether the books are still open for a date (S10).
    fn is_open_on(&self, date: NaiveDate) -> Result<(), Refusal> {
        match self.basis.policy.locked_through {
            Some(through) if date <= through => Err(Refusal::Locked(through)),
            _ => Ok(()),
        }
    }

    /// A transaction that holds the person's row (S13).
    async fn begin(&self, staff: StaffId) -> Result<Tx, store::Error> {
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff).await?;
        Ok(tx)
    }

    async fn record(
        &self,
        tx: &mut Tx,
        staff: StaffId,
        subject: Uuid,
        segment: i64,
        entry: Option<EntryId>,
        act: Act,
    ) -> Result<(), store::Error> {
        let (id, at, actor) = (DecisionId(ids::fresh()), self.basis.now, self.actor.to_owned());
        let decision = Decision { id, staff, subject, segment, entry, act, why: None, actor, at };
        let date: Option<NaiveDate> = pinned(&tx.staff_member(staff).await?, &decision);
        tx.insert_decision(&decision, date).await
    }
}

/// The page a person looks at, and every page of what she decides about.
fn wanted(date: NaiveDate, subject: Uuid) -> Wanted {
    Wanted { dates: [date].into(), subject: Some(subject) }
}

/// When-decisions go to the segment, what-decisions to the meeting (S3).
fn is_about_segment(act: &Act) -> bool {
    !matches!(act, Act::Assign(_) | Act::NotWork)
}

fn approved(entry: Entry, now: DateTime<Utc>) -> Result<Entry, Refusal> {
    match entry.status {
        EntryStatus::Draft | EntryStatus::Submitted if entry.body.held => Err(Refusal::Held(entry.id)),
        EntryStatus::Draft | EntryStatus::Submitted => {
            Ok(Entry { version: entry.version + 1, status: EntryStatus::Approved, approved_at: Some(now), ..entry })
        }
        other => Err(Refusal::NotOpen(entry.id, other)),
    }
}

/// Submits a person's days up to a date that have no open question: their drafts, which nobody has to look at before they are approved
/// (S9). Says how many entries.
pub(crate) async fn submit_days(
    store: &Store,
    staff: &Staff,
    until: NaiveDate,
    locked_through: Option<NaiveDate>,
) -> Result<usize, store::Error> {
    let mut tx = store.write().await?;
    tx.lock_staff(staff.id).await?;
    let drafts = tx.drafts_until(staff.id, until).await?;
    let held: BTreeSet<NaiveDate> = drafts.iter().filter(|entry| entry.body.held).map(|entry| entry.body.date).collect();
    let locked = |date: NaiveDate| locked_through.is_some_and(|through| date <= through);
    let ready = drafts.into_iter().filter(|entry| !held.contains(&entry.body.date) && !locked(entry.body.date));
    let ready: Vec<Entry> = ready.map(|entry| Entry { status: EntryStatus::Submitted, version: entry.version + 1, ..entry }).collect();
    tx.save_entries(&ready).await?;
    tx.commit().await?;
    Ok(ready.len())
}
