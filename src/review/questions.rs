//! Answers to questions: what it was, that it was no work, that it is no problem, later, or someone else.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    Desk, Refusal,
    dates::is_open_on,
    joined::Joined,
    overlap::{self, Winner},
    parts::Parts,
    table::{self, QuestionAct},
    wanted,
};
use crate::{
    model::{
        audit,
        decision::{Act, EditedTime, Seen},
        entry::{Entry, EntryStatus},
        event::Span,
        exception::{Exception, ExceptionStatus, Reason, SubjectKind},
        ids::{self, BatchId, EntryId, ExceptionId, MeetingId, StaffId},
        principal::Principal,
    },
    settling::Wanted,
    store::{self, Tx},
};

/// What a person says to a question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// What it was, or when.
    Change(Vec<Act>),
    NotWork,
    /// Seen, not a problem (S14).
    Dismiss {
        why: Option<String>,
    },
    Snooze {
        until: Option<DateTime<Utc>>,
    },
    Assign {
        to: Option<StaffId>,
    },
    /// Who keeps the time that two entries share.
    Overlap(Winner),
}

impl Answer {
    fn act(&self) -> QuestionAct {
        match self {
            Self::Change(_) | Self::Overlap(_) => QuestionAct::Answer,
            Self::NotWork => QuestionAct::NotWork,
            Self::Dismiss { .. } => QuestionAct::Dismiss,
            Self::Snooze { .. } => QuestionAct::Snooze,
            Self::Assign { .. } => QuestionAct::Assign,
        }
    }
}

/// Whether someone may do this to a question as it stands now.
pub(crate) fn may(who: &Principal, exception: &Exception, act: QuestionAct, now: DateTime<Utc>) -> bool {
    let may = |capacity| table::question(exception.standing(now), act, capacity, is_of_source(exception));
    table::best(&who.capacities(exception.staff), may).is_ok()
}

/// Whether capture asks it, about a calendar or a connection, and not derivation.
pub(super) fn is_of_source(exception: &Exception) -> bool {
    !matches!(exception.subject.kind, SubjectKind::Meeting | SubjectKind::Day)
}

impl Desk<'_> {
    /// Answers one question, and shows it as it stands afterwards, with what takes the answer back.
    pub(crate) async fn answer(
        &self,
        id: ExceptionId,
        seen: Option<i64>,
        answer: &Answer,
    ) -> Result<(Exception, Option<BatchId>), Refusal> {
        self.answer_as(id, seen, answer, BatchId(ids::fresh())).await
    }

    /// The same, as part of what is done at one stroke.
    pub(crate) async fn answer_as(
        &self,
        id: ExceptionId,
        seen: Option<i64>,
        answer: &Answer,
        batch: BatchId,
    ) -> Result<(Exception, Option<BatchId>), Refusal> {
        let staff = self.store.read().await?.exception(&id.to_string()).await?.staff;
        let mut tx = self.begin(staff).await?;
        let before = tx.exception(&id.to_string()).await?;
        let (short, standing) = (ids::short(id.0), before.standing(self.basis.now));
        let may = |capacity| table::question(standing, answer.act(), capacity, is_of_source(&before));
        table::best(&self.who.capacities(staff), may).map_err(|no| match no {
            table::No::Closed => Refusal::NotAsked(standing),
            no => Refusal::No("exception", short.clone(), no),
        })?;
        if let Some(seen) = seen.filter(|seen| *seen != before.version) {
            return Err(Refusal::Stale("exception", short, seen, before.version));
        }
        let undoable = match answer {
            Answer::Snooze { until } => {
                let next = Exception { version: before.version + 1, snoozed_until: *until, ..before.clone() };
                tx.save_exceptions(&[next]).await?;
                false
            }
            Answer::Assign { to } => {
                if let Some(to) = to {
                    let one = tx.principal(*to).await?;
                    if !one.sees(before.staff) {
                        return Err(Refusal::Wrong(format!("{} may not see this question: a reviewer of this person may", one.name)));
                    }
                }
                let next = Exception { version: before.version + 1, assignee: *to, ..before.clone() };
                tx.save_exceptions(&[next]).await?;
                false
            }
            _ => {
                self.decide(&mut tx, &before, answer, batch).await?;
                true
            }
        };
        let after = tx.exception(&id.to_string()).await?;
        if matches!(answer, Answer::Dismiss { .. } | Answer::NotWork) && after.status == ExceptionStatus::Open {
            return Err(Refusal::StillMissing);
        }
        let why = if let Answer::Dismiss { why } = answer { why.clone() } else { None };
        let act = answer.act().as_str();
        tx.audit(&[audit::Act::on_exception(&self.who.name, act, self.basis.now, (&before, &after), why)]).await?;
        tx.commit().await?;
        Ok((after, undoable.then_some(batch)))
    }

    async fn decide(&self, tx: &mut Tx, before: &Exception, answer: &Answer, batch: BatchId) -> Result<(), Refusal> {
        let subject = before.subject;
        // That something was seen changes nothing in a closed period, and lets the question go.
        if !is_of_source(before) && !matches!(answer, Answer::Dismiss { .. }) {
            is_open_on(self.locked_through(tx, before.staff).await?, before.date)?;
        }
        let acts: Vec<Act> = match answer {
            Answer::Overlap(winner) => return self.overlap(tx, before, *winner, batch).await,
            Answer::Change(acts) => acts.clone(),
            Answer::NotWork => vec![Act::NotWork],
            _ => before.reasons.iter().map(|reason| dismissal(before, reason)).collect(),
        };
        if matches!(answer, Answer::Change(_) | Answer::NotWork) {
            if subject.kind != SubjectKind::Meeting {
                return Err(Refusal::NoMeeting);
            }
            self.is_not_settled(tx, before.entry).await?;
        }
        let also = joined(tx, before, &acts).await?;
        let acts = of_part(tx, before.entry, acts).await?;
        let person = tx.staff_member(before.staff).await?;
        let (on, mut pages) = ((subject.id, subject.segment, before.entry), wanted(before.date, subject.id));
        let mut decisions = acts.into_iter().map(|act| self.decision(&person, on, act, Some(batch))).collect::<Result<Vec<_>, _>>()?;
        for (subject, segment) in also {
            decisions.push(self.decision(&person, (subject, segment, before.entry), Act::NotWork, Some(batch))?);
            pages.subjects.insert(subject);
        }
        tx.insert_decisions(&decisions).await?;
        if !is_of_source(before) {
            return self.derive(tx, before.staff, pages, self.basis()).await;
        }
        // Sources are asked about by capture, which sees the dismissal at its next pass; the queue shows it now.
        let (version, status, closed_at) = (before.version + 1, ExceptionStatus::Dismissed, Some(self.basis.now));
        Ok(tx.save_exceptions(&[Exception { version, status, closed_at, ..before.clone() }]).await?)
    }

    async fn is_not_settled(&self, tx: &mut Tx, entry: Option<EntryId>) -> Result<(), Refusal> {
        let Some(id) = entry else { return Ok(()) };
        let entry = tx.entry_of(id).await?;
        let may = |capacity| table::entry(entry.status, super::EntryAct::Change, capacity, self.four_eyes);
        match table::best(&self.who.capacities(entry.staff), may) {
            // What was voided by an answer is answered anew.
            Ok(_) | Err(table::No::Gone) => Ok(()),
            Err(no) => Err(Refusal::No("entry", ids::short(id.0), no)),
        }
    }

    /// Has the entries of an overlap give up what each has to of their common time.
    async fn overlap(&self, tx: &mut Tx, before: &Exception, winner: Winner, batch: BatchId) -> Result<(), Refusal> {
        let times = |entry: &Entry| (entry.body.start, entry.body.end);
        let (mut pages, mut decisions) = (Wanted::default(), Vec::new());
        let person = tx.staff_member(before.staff).await?;
        for (this, other) in overlapping(tx, before).await? {
            let (by_this, by_other) = overlap::settle(times(&this), times(&other), winner);
            for (entry, (start, end)) in [(this, by_this), (other, by_other)].into_iter().filter(|(_, given)| given.0 < given.1) {
                if entry.status.is_settled() {
                    return Err(Refusal::OtherIsSettled(entry.status));
                }
                let act = Act::GiveWay(EditedTime { start, end, seen: seen(tx, &entry).await? });
                Joined::load(tx, &[&entry]).await?.also(&entry, std::slice::from_ref(&act))?;
                let on = (entry.key.meeting.0, entry.key.segment, Some(entry.id));
                decisions.push(self.decision(&person, on, act, Some(batch))?);
                pages.dates.insert(entry.body.date);
                pages.subjects.insert(entry.key.meeting.0);
            }
        }
        tx.insert_decisions(&decisions).await?;
        self.derive(tx, before.staff, pages, self.basis()).await
    }
}

/// A question is about a whole meeting, and so is what that was; when it was is said of the entry that is shown with it.
async fn of_part(tx: &mut Tx, entry: Option<EntryId>, acts: Vec<Act>) -> Result<Vec<Act>, Refusal> {
    let Some(id) = entry.filter(|_| acts.iter().any(|act| matches!(act, Act::Time(_)))) else { return Ok(acts) };
    let entry = tx.entry_of(id).await?;
    let (when, mut all): (Vec<_>, Vec<_>) = acts.into_iter().partition(|act| matches!(act, Act::Time(_)));
    all.extend(Parts::load(tx, &[&entry]).await?.on(&entry, when)?);
    Ok(all)
}

/// What else goes, where the entry that is asked about was joined from several: the whole of it was no work.
async fn joined(tx: &mut Tx, exception: &Exception, acts: &[Act]) -> Result<Vec<(uuid::Uuid, i64)>, Refusal> {
    let Some(id) = exception.entry else { return Ok(Vec::new()) };
    let entry = tx.entry_of(id).await?;
    if entry.key.meeting.0 != exception.subject.id {
        return Ok(Vec::new());
    }
    Ok(Joined::load(tx, &[&entry]).await?.also(&entry, acts)?.to_vec())
}

fn dismissal(exception: &Exception, reason: &Reason) -> Act {
    Act::Dismiss { subject: exception.subject.kind, reason: reason.reason.clone(), cause: reason.cause.clone() }
}

/// The entries an overlap is asked about, each with those it names that have time in common with it.
async fn overlapping(tx: &mut Tx, exception: &Exception) -> Result<Vec<(Entry, Entry)>, Refusal> {
    let overlaps = exception.reasons.iter().filter(|reason| ["overlap", "duplicate"].contains(&reason.reason.as_str()));
    let named = overlaps.filter_map(|reason| reason.cause["meetings"].as_array()).flatten();
    let named: BTreeSet<MeetingId> = named.filter_map(|id| id.as_str()?.parse().ok().map(MeetingId)).collect();
    let there = tx.entries_of_meetings(&named.into_iter().collect::<Vec<_>>()).await?;
    let there = there.into_iter().filter(|entry| entry.staff == exception.staff && entry.status != EntryStatus::Void);
    let is_asked = |entry: &Entry| (entry.key.meeting.0, entry.key.segment) == (exception.subject.id, exception.subject.segment);
    let (asked, others): (Vec<_>, Vec<_>) = there.partition(is_asked);
    let meet = |this: &Entry, other: &Entry| {
        this.key.meeting != other.key.meeting && other.body.start < this.body.end && this.body.start < other.body.end
    };
    let pairs = asked.iter().flat_map(|this| others.iter().filter(|other| meet(this, other)).map(|other| (this.clone(), other.clone())));
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() { Err(Refusal::NoOverlap) } else { Ok(pairs) }
}

/// Where the entry's event stands now, which the person has seen.
pub(crate) async fn seen(tx: &mut Tx, entry: &Entry) -> Result<Seen, store::Error> {
    // An entry that a person wrote is its own event.
    let Some(id) = entry.body.event else { return Ok(Seen { start: entry.body.start, end: entry.body.end }) };
    Ok(match tx.event(id).await?.fact.span {
        Span::Timed { start, end, .. } => Seen { start, end },
        Span::AllDay { .. } => Seen { start: entry.body.start, end: entry.body.end },
    })
}
