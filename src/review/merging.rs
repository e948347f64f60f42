//! Two entries of one day become one. The decision is made on both: the one that takes the other in stays on that day too (SEMANTICS S12).

use super::{Desk, Do, Refusal, parts::Parts};
use crate::{
    model::{
        audit,
        decision::Act,
        entry::Entry,
        ids::{self, BatchId, EntryId},
    },
    settling::Wanted,
    store,
};

impl Desk<'_> {
    /// Joins an entry into another one, and shows that one as it stands afterwards.
    pub(crate) async fn merge(&self, id: EntryId, version: Option<i64>, into: EntryId, batch: BatchId) -> Result<Entry, Refusal> {
        let staff = self.store.read().await?.entry_of(id).await?.staff;
        let mut tx = self.begin(staff).await?;
        let (entry, target) = (tx.entry_of(id).await?, tx.entry_of(into).await?);
        let (what, locked_through) = (Do::Change(Vec::new()), self.locked_through(&mut tx, staff).await?);
        let mut moved = Vec::new();
        for (one, version) in [(&entry, version), (&target, None)] {
            moved.extend(self.next(one, version, &what, (false, locked_through))?);
        }
        fits(&entry, &target)?;
        let parts = Parts::load(&mut tx, &[&entry, &target]).await?;
        if let Some(part) = [&entry, &target].into_iter().find(|one| parts.hold(one)) {
            let short = ids::short(part.id.0);
            return Err(Refusal::Wrong(format!("{short} is one of several parts of a meeting: only what is whole is merged")));
        }
        let person = tx.staff_member(staff).await?;
        let mut pages = Wanted { dates: [entry.body.date].into(), ..Wanted::default() };
        let mut decisions = Vec::new();
        for one in [&entry, &target] {
            let act = Act::Merge { into: target.key.meeting, seen: super::seen(&mut tx, one).await? };
            decisions.push(self.decision(&person, (one.key.meeting.0, one.key.segment, Some(one.id)), act, Some(batch))?);
            pages.subjects.insert(one.key.meeting.0);
        }
        tx.save_entries(&moved).await?;
        tx.insert_decisions(&decisions).await?;
        self.derive(&mut tx, staff, pages, self.basis()).await?;
        let after = tx.entries_of(&[entry.id, target.id]).await?;
        let rows = [&entry, &target].into_iter().filter_map(|before| {
            let now = after.iter().find(|after| after.id == before.id)?;
            Some(audit::Act::on_entry(&self.who.name, what.act().as_str(), self.basis.now, (Some(before), now), None))
        });
        tx.audit(&rows.collect::<Vec<_>>()).await?;
        tx.commit().await?;
        after.into_iter().find(|after| after.id == target.id).ok_or(Refusal::Store(store::Error::NoneEnds("entry")))
    }
}

/// Only entries of one page have one time together.
fn fits(entry: &Entry, target: &Entry) -> Result<(), Refusal> {
    if entry.key.meeting == target.key.meeting {
        let short = ids::short(target.id.0);
        return Err(Refusal::Wrong(format!("these are parts of one meeting: take the split back instead (kalends entries undo {short})")));
    }
    if entry.staff != target.staff {
        return Err(Refusal::Wrong("these are not two entries of one person".to_owned()));
    }
    if entry.body.date != target.body.date {
        let dates = (entry.body.date, target.body.date);
        let (one, other) = (ids::short(entry.id.0), ids::short(target.id.0));
        return Err(Refusal::Wrong(format!("{one} is on {} and {other} on {}: only entries of one day are merged", dates.0, dates.1)));
    }
    Ok(())
}
