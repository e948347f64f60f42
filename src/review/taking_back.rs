//! Taking back what answered one question, or what was done last to one entry: that alone, whatever else was done at the same stroke
//! (SEMANTICS S12). A whole stroke is taken back by its name.

use uuid::Uuid;

use super::{
    Desk, Refusal,
    questions::is_of_source,
    table::{self, EntryAct, No, QuestionAct},
};
use crate::{
    model::{
        decision::{Act, Decision},
        entry::{Entry, EntryStatus},
        exception::{Exception, ExceptionStatus},
        ids::{self, EntryId},
    },
    store,
};

impl Desk<'_> {
    /// Takes back what answered a question, and shows it as it stands afterwards. What that was is found by trying, latest first: the
    /// stroke without which the question, or more of it, is asked again.
    pub(crate) async fn undo_answer(&self, exception: &Exception, seen: Option<i64>) -> Result<Exception, Refusal> {
        let (short, standing) = (ids::short(exception.id.0), exception.standing(self.basis.now));
        let refusal = |no| Refusal::No("exception", ids::short(exception.id.0), no);
        let may = |capacity| table::question(standing, QuestionAct::Undo, capacity, is_of_source(exception));
        table::best(&self.who.capacities(exception.staff), may).map_err(refusal)?;
        if let Some(seen) = seen.filter(|seen| *seen != exception.version) {
            return Err(Refusal::Stale("exception", short, seen, exception.version));
        }
        // An overlap may have been settled on the other of the two.
        let named = exception.reasons.iter().filter_map(|reason| reason.cause["meetings"].as_array()).flatten();
        let named = named.filter_map(|id| id.as_str()?.parse::<Uuid>().ok());
        let subjects: Vec<Uuid> = named.chain([exception.subject.id]).collect();
        // Of one that is still open, an answer is what was said since it was asked.
        let is_open = exception.status == ExceptionStatus::Open;
        let mut refused = if is_open { refusal(No::StillOpen) } else { Refusal::NothingToUndo };
        let mut decisions = self.store.read().await?.decisions_about(&subjects).await?;
        decisions.retain(|one| !is_open || one.at >= exception.opened_at);
        for last in strokes(decisions) {
            let is_own = last.iter().any(|one| one.subject == exception.subject.id);
            let own = |one: &Decision| if is_own { one.subject == exception.subject.id } else { subjects.contains(&one.subject) };
            match self.asked_without(exception, &self.together(&last, own).await?).await {
                Ok(Some(asked)) => return Ok(asked),
                Ok(None) if is_open => {}
                Ok(None) => refused = Refusal::AnsweredSince,
                Err(refusal) => refused = refusal,
            }
        }
        Err(refused)
    }

    /// The question, if more is asked without these decisions, which are then taken back; else nothing is done.
    async fn asked_without(&self, exception: &Exception, decisions: &[Decision]) -> Result<Option<Exception>, Refusal> {
        self.may_take_all_back(decisions)?;
        let mut tx = self.begin(exception.staff).await?;
        self.retract_in(&mut tx, exception.staff, decisions).await?;
        let after = tx.exception(&exception.id.to_string()).await?;
        let is_asked_anyway = exception.status == ExceptionStatus::Open && after.reasons.len() <= exception.reasons.len();
        if after.status != ExceptionStatus::Open || is_asked_anyway {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(after))
    }

    /// Takes back what was done last to an entry, also where that took it out, and shows it as it stands afterwards.
    pub(crate) async fn undo_last(&self, id: EntryId, seen: Option<i64>) -> Result<Entry, Refusal> {
        let entry = self.store.read().await?.entry_of(id).await?;
        let short = ids::short(id.0);
        // What is void comes back as a draft.
        let state = if entry.status == EntryStatus::Void { EntryStatus::Draft } else { entry.status };
        let may = |capacity| table::entry(state, EntryAct::Change, capacity, self.four_eyes);
        table::best(&self.who.capacities(entry.staff), may).map_err(|no| Refusal::No("entry", short.clone(), no))?;
        if let Some(seen) = seen.filter(|seen| *seen != entry.version) {
            return Err(Refusal::Stale("entry", short, seen, entry.version));
        }
        let mut decisions = self.store.read().await?.decisions_about(&[entry.key.meeting.0]).await?;
        decisions.retain(|one| is_about(one, &entry));
        let last = strokes(decisions).into_iter().next().ok_or(Refusal::NothingToUndo)?;
        let last = self.together(&last, |one| is_about(one, &entry)).await?;
        self.may_take_all_back(&last)?;
        let mut tx = self.begin(entry.staff).await?;
        self.retract_in(&mut tx, entry.staff, &last).await?;
        let after = tx.entries_of(&[id]).await?.pop();
        tx.commit().await?;
        after.ok_or(Refusal::Store(store::Error::NoneEnds("entry")))
    }

    fn may_take_all_back(&self, decisions: &[Decision]) -> Result<(), Refusal> {
        if decisions.iter().all(|one| self.may_take_back(one)) { Ok(()) } else { Err(Refusal::NothingToUndo) }
    }

    /// Of a stroke what is one act with some of it.
    async fn together(&self, stroke: &[Decision], own: impl Fn(&Decision) -> bool) -> Result<Vec<Decision>, Refusal> {
        let Some(first) = stroke.first() else { return Ok(Vec::new()) };
        let batch = match first.batch {
            Some(batch) => self.store.read().await?.decisions_of_batch(batch).await?,
            None => stroke.to_vec(),
        };
        let of_staff = batch.into_iter().filter(|one| one.staff == first.staff && one.act.is_derived_from());
        let (mut act, rest): (Vec<_>, Vec<_>) = of_staff.partition(own);
        let joined: Vec<_> = rest.into_iter().filter(|one| act.iter().any(|own| are_one(own, one))).collect();
        act.extend(joined);
        Ok(act)
    }
}

/// What was done to an entry. That it was written is no change of it, and what was dismissed is a question's.
fn is_about(decision: &Decision, entry: &Entry) -> bool {
    let is_whole = matches!(decision.act, Act::Assign(_) | Act::NotWork);
    let changes = !matches!(decision.act, Act::Write(_) | Act::Dismiss { .. }) && decision.act.is_derived_from();
    changes && decision.subject == entry.key.meeting.0 && (is_whole || decision.segment == entry.key.segment)
}

/// Decisions that say one thing about two meetings: a join, an overlap that both give way in, a joined entry that was no work.
fn are_one(one: &Decision, other: &Decision) -> bool {
    match (&one.act, &other.act) {
        (Act::Merge { into, .. }, Act::Merge { into: also, .. }) => into == also,
        (Act::GiveWay(one), Act::GiveWay(other)) => one.end == other.start || other.end == one.start,
        (Act::NotWork, Act::NotWork) => one.entry.is_some() && one.entry == other.entry,
        _ => false,
    }
}

/// What was decided at one stroke each, latest first. That something was written answers nothing.
fn strokes(decisions: Vec<Decision>) -> Vec<Vec<Decision>> {
    let mut strokes: Vec<Vec<Decision>> = Vec::new();
    let changes = |one: &Decision| one.act.is_derived_from() && !matches!(one.act, Act::Write(_));
    for decision in decisions.into_iter().rev().filter(changes) {
        match strokes.iter_mut().find(|stroke| decision.batch.is_some() && stroke[0].batch == decision.batch) {
            Some(stroke) => stroke.push(decision),
            None => strokes.push(vec![decision]),
        }
    }
    strokes
}
