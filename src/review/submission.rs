//! Submitting: by a person, or by itself some days after the day ended (S9).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    model::{
        entry::{Entry, EntryStatus},
        staff::Staff,
    },
    store::{self, Store, Tx, days::Due},
};

/// An entry with what it says, so that a later difference is noticed.
pub(super) fn submitted(entry: Entry) -> Entry {
    Entry { submitted: Some(entry.body.meaning()), ..entry }
}

/// What may submit itself by now: drafts of a person's days up to a date that are settled, and have no open question.
pub(crate) async fn ready(
    tx: &mut Tx,
    staff: &Staff,
    until: NaiveDate,
    locked_through: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<Vec<Entry>, store::Error> {
    let locked_through = locked_through.max(tx.locked_through(staff.id).await?);
    let drafts = tx.drafts_until(staff.id, until).await?;
    let mut open: BTreeSet<NaiveDate> = drafts.iter().filter(|entry| entry.body.held).map(|entry| entry.body.date).collect();
    for why in [Due::Fresh, Due::Again] {
        open.extend(tx.due_days(staff.id, why, now, i64::MAX).await?);
    }
    let locked = |date: NaiveDate| locked_through.is_some_and(|through| date <= through);
    Ok(drafts.into_iter().filter(|entry| !open.contains(&entry.body.date) && !locked(entry.body.date)).collect())
}

/// Submits that. Says how many entries.
pub(crate) async fn submit_days(
    store: &Store,
    staff: &Staff,
    until: NaiveDate,
    locked_through: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<usize, store::Error> {
    let mut tx = store.write().await?;
    tx.lock_staff(staff.id).await?;
    let ready = ready(&mut tx, staff, until, locked_through, now).await?.into_iter();
    let ready: Vec<Entry> =
        ready.map(|entry| submitted(Entry { status: EntryStatus::Submitted, version: entry.version + 1, ..entry })).collect();
    tx.save_entries(&ready).await?;
    tx.commit().await?;
    Ok(ready.len())
}
