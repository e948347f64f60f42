//! Submitting: by a person, or by itself some days after the day ended (S9).

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{
    model::{
        entry::{Entry, EntryStatus},
        staff::Staff,
    },
    store::{self, Store},
};

/// An entry with what it says, so that a later difference is noticed.
pub(super) fn submitted(entry: Entry) -> Entry {
    Entry { submitted: Some(entry.body.meaning()), ..entry }
}

/// Submits a person's days up to a date that have no open question: their drafts, which nobody has to look at before they are approved.
/// Says how many entries.
pub(crate) async fn submit_days(
    store: &Store,
    staff: &Staff,
    until: NaiveDate,
    locked_through: Option<NaiveDate>,
) -> Result<usize, store::Error> {
    let mut tx = store.write().await?;
    tx.lock_staff(staff.id).await?;
    let locked_through = locked_through.max(tx.locked_through(staff.id).await?);
    let drafts = tx.drafts_until(staff.id, until).await?;
    let held: BTreeSet<NaiveDate> = drafts.iter().filter(|entry| entry.body.held).map(|entry| entry.body.date).collect();
    let locked = |date: NaiveDate| locked_through.is_some_and(|through| date <= through);
    let ready = drafts.into_iter().filter(|entry| !held.contains(&entry.body.date) && !locked(entry.body.date));
    let ready: Vec<Entry> =
        ready.map(|entry| submitted(Entry { status: EntryStatus::Submitted, version: entry.version + 1, ..entry })).collect();
    tx.save_entries(&ready).await?;
    tx.commit().await?;
    Ok(ready.len())
}
