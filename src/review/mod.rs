//! What a person may do to an entry or a question: one state machine ([`table`]), and the operations on it. A decision and the
//! derivation of its days are one transaction (SEMANTICS S13). Pages, the API and commands all come through here.

pub(crate) mod bulk;
mod clues;
mod dates;
pub(crate) mod fields;
mod joined;
pub(crate) mod learn;
mod lessons;
pub(crate) mod likely;
mod merging;
mod outcome;
mod overlap;
mod parts;
pub(crate) mod propose;
mod questions;
mod submission;
mod table;
mod taking_back;
mod undo;
pub(crate) mod words;

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use self::{
    dates::{is_hers, is_open_on},
    table::{EntryAct, No},
};
pub(crate) use self::{
    overlap::Winner,
    questions::{Answer, may, seen},
    submission::submit_days,
    table::QuestionAct,
};
use crate::{
    model::{
        audit,
        decision::{Act, Decision, Written},
        entry::{Body, Entry, EntryStatus},
        exception::Standing,
        ids::{self, BatchId, DecisionId, EntryId, StaffId},
        principal::Principal,
        staff::Staff,
    },
    settling::{Basis, Wanted, pinned},
    store::{self, Store, Tx, queue::EntriesWanted},
};

/// Why a person may not do something, and what she can do instead.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0} {1}: {2}")]
    No(&'static str, String, No),
    #[error("entry {} is held by an open exception; see: kalends exceptions list", ids::short(.0.0))]
    Held(EntryId),
    #[error("entry {} does not stand as it was submitted; answer its open question first", ids::short(.0.0))]
    Changed(EntryId),
    #[error("{0} {1} is version {3} now, not {2} as you saw it; look at it again")]
    Stale(&'static str, String, i64, i64),
    #[error("the books are locked through {0}; what stands there does not change")]
    Locked(NaiveDate),
    #[error(
        "a dismissal does not release it, since required fields are missing: assign them (kalends exceptions resolve) or dismiss it with --not-work"
    )]
    StillMissing,
    #[error("the exception is {0}, not open")]
    NotAsked(Standing),
    #[error("this exception is about no single meeting")]
    NoMeeting,
    #[error("this exception is about no overlap of two entries")]
    NoOverlap,
    #[error("the other entry of the overlap is {0} and keeps its time: give way with `other`, or have it reopened")]
    OtherIsSettled(EntryStatus),
    #[error("say why: {0} needs a reason")]
    NeedsReason(&'static str),
    #[error("there is nothing of yours to take back")]
    NothingToUndo,
    #[error("what answered it was changed since: take that back first, with kalends entries undo or on the page of its week")]
    AnsweredSince,
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What kind of refusal it is: pages and the API answer each in their own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It does not exist, or is not for this person to know of.
    Unknown,
    Forbidden,
    /// Someone else was quicker.
    Stale,
    /// What was said makes no sense.
    Wrong,
    /// It stands no more.
    Gone,
    /// It does not go together with what stands.
    Conflict,
    Broken,
}

impl Refusal {
    pub(crate) fn why(&self) -> Why {
        match self {
            Self::No(_, _, No::Unknown) => Why::Unknown,
            Self::No(_, _, No::NotYours | No::OwnTime) => Why::Forbidden,
            Self::No(_, _, No::Gone) => Why::Gone,
            Self::Stale(..) => Why::Stale,
            Self::Wrong(_) | Self::NeedsReason(_) => Why::Wrong,
            Self::Store(error) => match error {
                store::Error::Missing(_) | store::Error::NoneEnds(_) | store::Error::Several(_) => Why::Unknown,
                store::Error::Outdated(_) => Why::Stale,
                store::Error::Frozen(_) | store::Error::Taken(_) => Why::Conflict,
                _ => Why::Broken,
            },
            _ => Why::Conflict,
        }
    }
}

/// Who acts, and what the pages are derived from.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a Store,
    pub(crate) basis: Basis<'a>,
    pub(crate) who: &'a Principal,
    pub(crate) four_eyes: bool,
}

/// What is to be done to an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Do {
    /// Decisions on what and when it was.
    Change(Vec<Act>),
    Submit,
    Withdraw,
    Approve,
    Reject {
        reason: String,
    },
    Reopen {
        reason: String,
    },
}

impl Do {
    /// Its row of the table.
    fn act(&self) -> EntryAct {
        match self {
            Self::Change(acts) if acts.contains(&Act::NotWork) => EntryAct::Void,
            Self::Change(_) => EntryAct::Change,
            Self::Submit => EntryAct::Submit,
            Self::Withdraw => EntryAct::Withdraw,
            Self::Approve => EntryAct::Approve,
            Self::Reject { .. } => EntryAct::Reject,
            Self::Reopen { .. } => EntryAct::Reopen,
        }
    }

    fn decisions(&self) -> Vec<Act> {
        match self.clone() {
            Self::Change(acts) => acts,
            Self::Submit => vec![Act::Submit],
            Self::Withdraw => vec![Act::Withdraw],
            Self::Approve => vec![Act::Approve],
            Self::Reject { reason } => vec![Act::Reject { reason }],
            Self::Reopen { reason } => vec![Act::Reopen { reason }],
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Reject { reason } | Self::Reopen { reason } => Some(reason),
            _ => None,
        }
    }
}

impl<'a> Desk<'a> {
    /// Does something to one entry, and shows it as it stands afterwards. `seen` is the version the person looked at.
    pub(crate) async fn act(&self, id: EntryId, seen: Option<i64>, what: &Do) -> Result<Entry, Refusal> {
        self.act_as(id, seen, what, BatchId(ids::fresh())).await
    }

    /// The same, under a name by which it can be taken back.
    pub(crate) async fn act_as(&self, id: EntryId, seen: Option<i64>, what: &Do, batch: BatchId) -> Result<Entry, Refusal> {
        let mut outcomes = self.act_on_all(&[(id, seen)], what, batch).await?;
        outcomes.pop().map_or(Err(Refusal::Store(store::Error::NoneEnds("entry"))), |(_, outcome)| outcome)
    }

    /// Adds an entry that no calendar has (S11).
    pub(crate) async fn write(&self, staff: StaffId, written: Written) -> Result<Entry, Refusal> {
        let may = |capacity| table::entry(EntryStatus::Draft, EntryAct::Change, capacity, self.four_eyes);
        table::best(&self.who.capacities(staff), may).map_err(|no| Refusal::No("time of", staff.to_string(), no))?;
        let mut tx = self.begin(staff).await?;
        is_open_on(self.locked_through(&mut tx, staff).await?, written.date)?;
        let (subject, date) = (ids::fresh(), written.date);
        let person = tx.staff_member(staff).await?;
        self.free_name(&mut tx, staff, &written).await?;
        tx.insert_decisions(&[self.decision(&person, (subject, 0, None), Act::Write(written), None)?]).await?;
        self.derive(&mut tx, staff, wanted(date, subject), self.basis()).await?;
        let entry = tx.entries_of_meetings(&[ids::MeetingId(subject)]).await?.pop().ok_or(store::Error::Missing("entry"))?;
        tx.audit(&[audit::Act::on_entry(&self.who.name, "write", self.basis.now, (None, &entry), None)]).await?;
        tx.commit().await?;
        Ok(entry)
    }

    /// The name that an entry had which was taken out is free for another one.
    async fn free_name(&self, tx: &mut Tx, staff: StaffId, written: &Written) -> Result<(), Refusal> {
        if written.external_ref.is_none() {
            return Ok(());
        }
        let (external_ref, statuses) = (written.external_ref.clone(), vec![EntryStatus::Void]);
        let wanted = EntriesWanted { external_ref, statuses, staff: Some(staff), limit: 2, ..EntriesWanted::default() };
        for entry in tx.entries_wanted(self.who, &wanted).await?.into_iter().filter(|entry| entry.body.origin == written.origin) {
            // What was joined into another one counts there, and keeps its name.
            if tx.decisions_about(&[entry.key.meeting.0]).await?.iter().any(|one| one.act == Act::NotWork) {
                let body = Body { external_ref: None, ..entry.body };
                tx.save_entries(&[Entry { version: entry.version + 1, body, ..entry }]).await?;
            }
        }
        Ok(())
    }

    /// What pages are derived from, with who acts.
    fn basis(&self) -> Basis<'a> {
        Basis { by: Some(&self.who.name), ..self.basis }
    }

    /// The date through which a person's books are closed.
    async fn locked_through(&self, tx: &mut Tx, staff: StaffId) -> Result<Option<NaiveDate>, store::Error> {
        Ok(self.basis.policy.locked_through.max(tx.locked_through(staff).await?))
    }

    /// A transaction that holds the person's row (S13).
    async fn begin(&self, staff: StaffId) -> Result<Tx, store::Error> {
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff).await?;
        Ok(tx)
    }

    /// A decision of this person now, with the day it pins something to.
    ///
    /// # Errors
    /// If that is none of the days of whose time it is.
    fn decision(
        &self,
        staff: &Staff,
        (subject, segment, entry): (Uuid, i64, Option<EntryId>),
        act: Act,
        batch: Option<BatchId>,
    ) -> Result<(Decision, Option<NaiveDate>), Refusal> {
        is_hers(staff, &act)?;
        let (id, at, actor) = (DecisionId(ids::fresh()), self.basis.now, self.who.name.clone());
        let segment = if is_about_segment(&act) { segment } else { 0 };
        let decision = Decision { id, staff: staff.id, subject, segment, entry, act, why: None, batch, actor, at };
        let date = pinned(staff, &decision);
        Ok((decision, date))
    }
}

/// The page a person looks at, and every page of what she decides about.
fn wanted(date: NaiveDate, subject: Uuid) -> Wanted {
    Wanted { dates: [date].into(), subjects: BTreeSet::from([subject]) }
}

/// When-decisions go to the segment, what-decisions to the meeting (S3).
fn is_about_segment(act: &Act) -> bool {
    !matches!(act, Act::Assign(_) | Act::NotWork)
}
