//! Taking back what was decided: everything of one stroke, by whoever decided it or reviews the time it is about (SEMANTICS S12).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Desk, Refusal,
    dates::is_open_on,
    questions,
    table::{self, No, QuestionAct},
};
use crate::{
    model::{
        audit,
        decision::{Act, Decision},
        entry::{Entry, EntryStatus},
        exception::{Exception, ExceptionStatus, Standing, SubjectKind},
        ids::{self, BatchId, MeetingId, StaffId},
    },
    settling::Wanted,
    store::{self, Tx},
};

impl Desk<'_> {
    /// Takes back what was decided at one stroke, person by person: what it changed is derived again. Says how many decisions.
    pub(crate) async fn undo(&self, batch: BatchId) -> Result<usize, Refusal> {
        let mut people: BTreeMap<StaffId, Vec<Decision>> = BTreeMap::new();
        let decisions = self.store.read().await?.decisions_of_batch(batch).await?;
        for decision in decisions.into_iter().filter(|one| one.act.is_derived_from()) {
            if !self.may_take_back(&decision) {
                return Err(Refusal::NothingToUndo);
            }
            people.entry(decision.staff).or_default().push(decision);
        }
        let count = people.values().map(Vec::len).sum();
        for (staff, decisions) in people {
            self.retract(staff, &decisions).await?;
        }
        if count == 0 { Err(Refusal::NothingToUndo) } else { Ok(count) }
    }

    /// What someone else decided is for those to take back who review it; her own decisions only as long as such time is hers to decide about.
    pub(super) fn may_take_back(&self, decision: &Decision) -> bool {
        let of_source =
            matches!(&decision.act, Act::Dismiss { subject, .. } if !matches!(subject, SubjectKind::Meeting | SubjectKind::Day));
        let may = |capacity| table::question(Standing::Resolved, QuestionAct::Undo, capacity, of_source);
        let is_hers = self.who.is(&decision.actor) || self.who.reviews(decision.staff);
        is_hers && table::best(&self.who.capacities(decision.staff), may).is_ok()
    }

    async fn retract(&self, staff: StaffId, decisions: &[Decision]) -> Result<(), Refusal> {
        let mut tx = self.begin(staff).await?;
        self.retract_in(&mut tx, staff, decisions).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn retract_in(&self, tx: &mut Tx, staff: StaffId, decisions: &[Decision]) -> Result<(), Refusal> {
        let locked_through = self.locked_through(tx, staff).await?;
        let entries: Vec<_> = decisions.iter().filter_map(|decision| decision.entry).collect();
        let subjects: BTreeSet<Uuid> = decisions.iter().map(|decision| decision.subject).collect();
        let mut all = Wanted { dates: BTreeSet::new(), subjects: subjects.clone() };
        let mut touched = tx.entries_of(&entries).await?;
        touched.extend(parts_of(tx, decisions).await?);
        for entry in touched {
            if entry.status.is_settled() {
                let no = if entry.status == EntryStatus::Submitted { No::SubmittedFirst } else { No::ReopenFirst };
                return Err(Refusal::No("entry", ids::short(entry.id.0), no));
            }
            is_open_on(locked_through, entry.body.date)?;
            all.dates.insert(entry.body.date);
        }
        for decision in decisions {
            tx.retract_decision(decision.id, &self.who.name, self.basis.now).await?;
        }
        let subjects: Vec<_> = subjects.into_iter().collect();
        let meetings: Vec<_> = subjects.iter().copied().map(MeetingId).collect();
        let (stood, asked) = (tx.entries_of_meetings(&meetings).await?, tx.exceptions_about(staff, &subjects).await?);
        // What was seen of a closed period stays so: nobody could answer it anew.
        let was_seen = |asked: &Exception| decisions.iter().any(|one| matches!(one.act, Act::Dismiss { .. }) && is_about(one, asked));
        for seen in asked.iter().filter(|one| was_seen(one) && !questions::is_of_source(one)) {
            is_open_on(locked_through, seen.date)?;
        }
        all.dates.extend(asked.iter().map(|exception| exception.date));
        self.derive(tx, staff, all, self.basis).await?;
        self.reopen_sources(tx, &asked).await?;
        let (stand, ask) = (tx.entries_of_meetings(&meetings).await?, tx.exceptions_about(staff, &subjects).await?);
        Ok(tx.audit(&self.undone(&stood, &stand, &asked, &ask)).await?)
    }

    /// What it did to entries, and to the questions about them (S22).
    fn undone(&self, stood: &[Entry], stand: &[Entry], asked: &[Exception], ask: &[Exception]) -> Vec<audit::Act> {
        let (who, at) = (&self.who.name, self.basis.now);
        let entries = stand.iter().filter_map(|after| {
            let before = stood.iter().find(|before| before.id == after.id);
            let is_changed = before.is_none_or(|before| before.version != after.version);
            is_changed.then(|| audit::Act::on_entry(who, "undo", at, (before, after), None))
        });
        let questions = asked.iter().filter_map(|before| {
            let after = ask.iter().find(|after| after.id == before.id)?;
            Some(audit::Act::on_exception(who, "undo", at, (before, after), None))
        });
        entries.chain(questions).collect()
    }

    /// What capture asks about is shown as open at once; its next pass says whether it still is.
    async fn reopen_sources(&self, tx: &mut Tx, asked: &[Exception]) -> Result<(), store::Error> {
        let dismissed = asked.iter().filter(|one| questions::is_of_source(one) && one.status == ExceptionStatus::Dismissed);
        let open = |one: &Exception| Exception {
            status: ExceptionStatus::Open,
            version: one.version + 1,
            times: one.times + 1,
            closed_at: None,
            ..one.clone()
        };
        tx.save_exceptions(&dismissed.map(open).collect::<Vec<_>>()).await
    }
}

fn is_about(decision: &Decision, asked: &Exception) -> bool {
    (decision.subject, decision.segment) == (asked.subject.id, asked.subject.segment)
}

/// The parts that stand of what was split: without it none of them is what it is.
async fn parts_of(tx: &mut Tx, decisions: &[Decision]) -> Result<Vec<Entry>, store::Error> {
    let split: BTreeSet<_> =
        decisions.iter().filter(|one| matches!(one.act, Act::Split { .. })).map(|one| (MeetingId(one.subject), one.segment)).collect();
    let meetings: Vec<_> = split.iter().map(|(meeting, _)| *meeting).collect();
    let mut parts = tx.entries_of_meetings(&meetings).await?;
    parts.retain(|part| part.status != EntryStatus::Void && split.contains(&(part.key.meeting, part.key.segment)));
    Ok(parts)
}
