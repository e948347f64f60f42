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
    fn may_take_back(&self, decision: &Decision) -> bool {
        let of_source =
            matches!(&decision.act, Act::Dismiss { subject, .. } if !matches!(subject, SubjectKind::Meeting | SubjectKind::Day));
        let may = |capacity| table::question(Standing::Resolved, QuestionAct::Undo, capacity, of_source);
        let is_hers = self.who.is(&decision.actor) || self.who.reviews(decision.staff);
        is_hers && table::best(&self.who.capacities(decision.staff), may).is_ok()
    }

    async fn retract(&self, staff: StaffId, decisions: &[Decision]) -> Result<(), Refusal> {
        let mut tx = self.begin(staff).await?;
        let locked_through = self.locked_through(&mut tx, staff).await?;
        let entries: Vec<_> = decisions.iter().filter_map(|decision| decision.entry).collect();
        let subjects: BTreeSet<Uuid> = decisions.iter().map(|decision| decision.subject).collect();
        let mut all = Wanted { dates: BTreeSet::new(), subjects: subjects.clone() };
        for entry in tx.entries_of(&entries).await? {
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
        for day in asked.iter().filter(|one| one.subject.kind == SubjectKind::Day) {
            is_open_on(locked_through, day.date)?;
        }
        all.dates.extend(asked.iter().map(|exception| exception.date));
        self.derive(&mut tx, staff, all, self.basis).await?;
        self.reopen_sources(&mut tx, &asked).await?;
        let (stand, ask) = (tx.entries_of_meetings(&meetings).await?, tx.exceptions_about(staff, &subjects).await?);
        tx.audit(&self.undone(&stood, &stand, &asked, &ask)).await?;
        Ok(tx.commit().await?)
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

    /// Takes back what answered a question, and nothing else that was done about its meeting or at the same stroke: of one that is still
    /// open, what was said last since it is asked. `seen` is the version the person looked at.
    pub(crate) async fn undo_answer(&self, exception: &Exception, seen: Option<i64>) -> Result<(), Refusal> {
        let (standing, short) = (exception.standing(self.basis.now), ids::short(exception.id.0));
        let refusal = |no| Refusal::No("exception", short.clone(), no);
        let may = |capacity| table::question(standing, QuestionAct::Undo, capacity, questions::is_of_source(exception));
        table::best(&self.who.capacities(exception.staff), may).map_err(refusal)?;
        if let Some(seen) = seen.filter(|seen| *seen != exception.version) {
            return Err(Refusal::Stale("exception", short, seen, exception.version));
        }
        let answers = self.answers(exception).await?;
        if answers.is_empty() {
            let is_open = exception.status == ExceptionStatus::Open;
            return Err(if is_open { refusal(No::StillOpen) } else { Refusal::NothingToUndo });
        }
        if answers.iter().any(|one| !self.may_take_back(one)) {
            return Err(Refusal::NothingToUndo);
        }
        self.retract(exception.staff, &answers).await
    }

    async fn answers(&self, exception: &Exception) -> Result<Vec<Decision>, store::Error> {
        // An overlap may have been settled on the other of the two.
        let named = exception.reasons.iter().filter_map(|reason| reason.cause["meetings"].as_array()).flatten();
        let named = named.filter_map(|id| id.as_str()?.parse::<Uuid>().ok());
        let subjects: Vec<_> = named.chain([exception.subject.id]).collect();
        let mut decisions = self.store.read().await?.decisions_about(&subjects).await?;
        // A question is closed by what is decided in the same transaction, at the same instant.
        decisions.retain(|one| match exception.closed_at {
            Some(closed_at) => one.at == closed_at,
            None => one.at >= exception.opened_at,
        });
        decisions.retain(|one| one.act.is_derived_from() && one.batch.is_some());
        let last = decisions.iter().max_by_key(|one| one.id).and_then(|one| one.batch);
        decisions.retain(|one| one.batch == last);
        Ok(decisions)
    }
}
