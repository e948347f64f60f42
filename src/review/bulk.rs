//! Acts on many entries at once: one transaction per person, one derivation, and an answer for each.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Desk, Do, Refusal, dates::is_open_on, joined::Joined, parts::Parts, submission::submitted, table};
use crate::{
    model::{
        audit,
        decision::Act,
        entry::{Entry, EntryStatus},
        exception::ExceptionStatus,
        ids::{self, BatchId, EntryId, StaffId},
    },
    settling::Wanted,
    store::{self, Tx},
};

/// What became of each.
pub(crate) type Outcomes = Vec<(EntryId, Result<Entry, Refusal>)>;

impl Desk<'_> {
    /// Does the same to many entries, at one stroke. Each is refused or done by itself, with the version the person looked at.
    pub(crate) async fn act_on_all(&self, entries: &[(EntryId, Option<i64>)], what: &Do, batch: BatchId) -> Result<Outcomes, Refusal> {
        if what.reason().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(Refusal::NeedsReason(if what.act() == super::EntryAct::Reject { "rejecting" } else { "reopening" }));
        }
        let known = self.store.read().await?.entries_of(&entries.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
        let whose: BTreeMap<EntryId, StaffId> = known.iter().map(|entry| (entry.id, entry.staff)).collect();
        let mut people: BTreeMap<StaffId, Vec<(EntryId, Option<i64>)>> = BTreeMap::new();
        let mut outcomes = Outcomes::new();
        for (id, seen) in entries {
            match whose.get(id) {
                Some(staff) => people.entry(*staff).or_default().push((*id, *seen)),
                None => outcomes.push((*id, Err(store::Error::NoneEnds("entry").into()))),
            }
        }
        for (staff, entries) in people {
            outcomes.extend(self.act_on_one_persons(staff, &entries, what, batch).await?);
        }
        let place: BTreeMap<EntryId, usize> = entries.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
        outcomes.sort_by_key(|(id, _)| place.get(id).copied());
        Ok(outcomes)
    }

    async fn act_on_one_persons(
        &self,
        staff: StaffId,
        wanted: &[(EntryId, Option<i64>)],
        what: &Do,
        batch: BatchId,
    ) -> Result<Outcomes, Refusal> {
        let mut tx = self.begin(staff).await?;
        let ids: Vec<_> = wanted.iter().map(|(id, _)| *id).collect();
        let standing: BTreeMap<EntryId, Entry> = tx.entries_of(&ids).await?.into_iter().map(|entry| (entry.id, entry)).collect();
        let asked = self.asked(&mut tx, &standing, what).await?;
        let locked_through = self.locked_through(&mut tx, staff).await?;
        let (mut outcomes, mut allowed) = (Outcomes::new(), Vec::new());
        for (id, seen) in wanted {
            let Some(entry) = standing.get(id) else { continue };
            match self.next(entry, *seen, what, (asked.contains(id), locked_through)) {
                Ok(next) => allowed.push((entry.clone(), next)),
                Err(refusal) => outcomes.push((*id, Err(refusal))),
            }
        }
        if allowed.is_empty() {
            return Ok(outcomes);
        }
        // Where nothing is said, nothing is done, and nothing is written down.
        if *what == Do::Change(Vec::new()) {
            outcomes.extend(allowed.into_iter().map(|(entry, _)| (entry.id, Ok(entry))));
            return Ok(outcomes);
        }
        self.stand(&mut tx, staff, &allowed, (what, batch)).await?;
        let after: BTreeMap<EntryId, Entry> = tx.entries_of(&ids).await?.into_iter().map(|entry| (entry.id, entry)).collect();
        let done: Vec<&Entry> = allowed.iter().filter_map(|(before, _)| after.get(&before.id)).collect();
        let rows = allowed.iter().zip(&done).map(|((before, _), after)| {
            let why = what.reason().map(str::to_owned);
            audit::Act::on_entry(&self.who.name, what.act().as_str(), self.basis.now, (Some(before), after), why)
        });
        tx.audit(&rows.collect::<Vec<_>>()).await?;
        outcomes.extend(done.into_iter().map(|entry| (entry.id, Ok(entry.clone()))));
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Writes what is decided, then derives every page it touches, once.
    async fn stand(
        &self,
        tx: &mut Tx,
        staff: StaffId,
        allowed: &[(Entry, Option<Entry>)],
        (what, batch): (&Do, BatchId),
    ) -> Result<(), Refusal> {
        let moved: Vec<Entry> = allowed.iter().filter_map(|(_, next)| next.clone()).collect();
        tx.save_entries(&moved).await?;
        let (person, mut pages, mut decisions) = (tx.staff_member(staff).await?, Wanted::default(), Vec::new());
        let (mut parts, mut joined) = (Parts::default(), Joined::default());
        if let Do::Change(_) = what {
            let entries: Vec<_> = allowed.iter().map(|(entry, _)| entry).collect();
            (parts, joined) = (Parts::load(tx, &entries).await?, Joined::load(tx, &entries).await?);
        }
        for (entry, _) in allowed {
            let on = (entry.key.meeting.0, entry.key.segment, Some(entry.id));
            for (subject, segment) in joined.also(entry, &what.decisions())? {
                decisions.push(self.decision(&person, (*subject, *segment, Some(entry.id)), Act::NotWork, Some(batch))?);
                pages.subjects.insert(*subject);
            }
            let acts = parts.on(entry, what.decisions())?;
            for act in acts {
                decisions.push(self.decision(&person, on, act, Some(batch))?);
            }
            pages.dates.insert(entry.body.date);
            if matches!(what, Do::Change(_)) {
                pages.subjects.insert(entry.key.meeting.0);
            }
        }
        tx.insert_decisions(&decisions).await?;
        self.derive(tx, staff, pages, self.basis()).await
    }

    /// Entries that were submitted and about which it is asked now whether that still holds.
    async fn asked(&self, tx: &mut Tx, standing: &BTreeMap<EntryId, Entry>, what: &Do) -> Result<Vec<EntryId>, Refusal> {
        let submitted: Vec<_> = standing.values().filter(|entry| entry.status == EntryStatus::Submitted).collect();
        if *what != Do::Approve || submitted.is_empty() {
            return Ok(Vec::new());
        }
        let meetings: Vec<_> = submitted.iter().map(|entry| entry.key.meeting.0).collect();
        let asked = tx.exceptions_about(submitted[0].staff, &meetings).await?;
        let changed = |name: &str| matches!(name, "changed-after-submission" | "deleted-after-edit");
        let open =
            asked.into_iter().filter(|one| one.status == ExceptionStatus::Open && one.reasons.iter().any(|reason| changed(&reason.reason)));
        Ok(open.filter_map(|one| one.entry).collect())
    }

    /// The entry after an act that derivation does not make itself; what forbids the act.
    pub(super) fn next(
        &self,
        entry: &Entry,
        seen: Option<i64>,
        what: &Do,
        (asked, locked_through): (bool, Option<NaiveDate>),
    ) -> Result<Option<Entry>, Refusal> {
        let short = ids::short(entry.id.0);
        let may = |capacity| table::entry(entry.status, what.act(), capacity, self.four_eyes);
        let status = table::best(&self.who.capacities(entry.staff), may).map_err(|no| Refusal::No("entry", short.clone(), no))?;
        if let Some(seen) = seen.filter(|seen| *seen != entry.version) {
            return Err(Refusal::Stale("entry", short, seen, entry.version));
        }
        is_open_on(locked_through, entry.body.date)?;
        if matches!(what, Do::Approve | Do::Submit) && entry.body.held {
            return Err(Refusal::Held(entry.id));
        }
        if asked {
            return Err(Refusal::Changed(entry.id));
        }
        let next = Entry { version: entry.version + 1, status, ..entry.clone() };
        Ok(match what {
            Do::Change(acts) => {
                let only_when = acts.iter().any(|act| matches!(act, Act::Time(edit) if edit.start >= edit.end));
                if only_when {
                    return Err(Refusal::Wrong("the start is not before the end".to_owned()));
                }
                // Someone worked on what was sent back, so it is a draft again even if that came to the same.
                (entry.status == EntryStatus::Rejected).then_some(next)
            }
            Do::Approve => Some(Entry { approved_at: Some(self.basis.now), ..next }),
            Do::Submit => Some(submitted(next)),
            Do::Withdraw | Do::Reject { .. } | Do::Reopen { .. } => Some(Entry { submitted: None, ..next }),
        })
    }
}
