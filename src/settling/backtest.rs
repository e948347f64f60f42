//! A dry run of settling: what would stand if other rules were in force. Writes nothing; the rows it names are those that making the rules
//! active would write.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};

use super::{
    activation::Active,
    difference::Difference,
    pages::{self, Wanted},
    pass::{Basis, compare, derive},
};
use crate::{
    model::{
        catalog::Closed,
        entry::{Entry, EntryStatus},
        exception::{Exception, ExceptionStatus},
        ids::StaffId,
        policy::Policy,
        staff::Staff,
    },
    store::{Error, Store, Tx},
};

/// Days that are derived at once.
const DAYS: u64 = 31;

/// Weeks of people, each by its Monday.
pub(crate) type Weeks = BTreeSet<(StaffId, NaiveDate)>;

/// One entry that would read differently.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) before: Option<Entry>,
    pub(crate) after: Entry,
}

/// One question that would come, go or read differently.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) before: Option<Exception>,
    pub(crate) after: Exception,
}

/// What other rules would change.
#[derive(Debug, Default)]
pub(crate) struct Backtest {
    /// Entries that stand in the span.
    pub(crate) entries: usize,
    pub(crate) changed: Vec<Changed>,
    pub(crate) asked: Vec<Asked>,
}

/// Tries rules on every person's days of a span. `told` hears how many people are done, of how many.
pub(crate) async fn backtest(
    store: &Store,
    candidate: Basis<'_>,
    (from, to): (NaiveDate, NaiveDate),
    mut told: impl FnMut(usize, usize),
) -> Result<Backtest, Error> {
    let mut found = Backtest::default();
    let people = store.read().await?.staff().await?;
    for (done, staff) in people.iter().enumerate() {
        told(done, people.len());
        let mut seen: BTreeSet<uuid::Uuid> = BTreeSet::new();
        let mut first = from.max(staff.first_day);
        while first <= to {
            let last = to.min(first + Days::new(DAYS - 1));
            let mut tx = store.read().await?;
            found.entries += tx.entries_on(staff.id, first, last).await?.iter().filter(|one| one.status != EntryStatus::Void).count();
            let Backtest { changed, asked, .. } =
                tried(&mut tx, staff, first.iter_days().take_while(|date| *date <= last).collect(), candidate).await?;
            // A meeting can pull in days of the next stretch: what was said of it once is not said again.
            found.changed.extend(changed.into_iter().filter(|one| seen.insert(one.after.id.0)));
            found.asked.extend(asked.into_iter().filter(|one| seen.insert(one.after.id.0)));
            first = last + Days::new(1);
        }
    }
    told(people.len(), people.len());
    Ok(found)
}

/// Tries rules on some days of one person; locked ones stay as they are.
pub(super) async fn tried(tx: &mut Tx, staff: &Staff, mut dates: BTreeSet<NaiveDate>, candidate: Basis<'_>) -> Result<Backtest, Error> {
    let locked_through = candidate.policy.locked_through.max(tx.locked_through(staff.id).await?);
    dates.retain(|date| locked_through.is_none_or(|through| through < *date));
    let policy = Policy { locked_through, ..candidate.policy.clone() };
    let pages = pages::load(tx, staff, Wanted { dates, subjects: BTreeSet::new() }).await?;
    let derived = derive(staff, &pages, Basis { policy: &policy, ..candidate });
    let Difference { entries, exceptions } = compare(staff, &pages, derived.entries, derived.questions, (None, candidate.now));
    let changed = entries.into_iter().map(|after| Changed { before: pages.entries.get(&after.id).cloned(), after }).collect();
    let asked = exceptions.into_iter().map(|after| Asked { before: pages.exceptions.get(&after.id).cloned(), after }).collect();
    Ok(Backtest { entries: 0, changed, asked })
}

/// Knows records that would leave the files as what they would be then: closed today (S6).
pub(crate) async fn with_closed(store: &Store, active: &Active, candidate: &mut Active, today: NaiveDate) -> Result<(), Error> {
    let mut closed: Closed = store.read().await?.closed_records().await?;
    let next = &candidate.rules.catalog;
    for (client, project) in active.rules.catalog.projects().filter(|(_, project)| next.project(&project.code).is_none()) {
        let mut project = project.clone();
        project.until = Some(project.until.map_or(today, |until| until.min(today)));
        closed.projects.push((client.key.clone(), project));
        if next.client(&client.key).is_none() {
            closed.clients.push(client.clone());
        }
    }
    candidate.rules.add_closed(closed);
    Ok(())
}

/// What an entry counts for in a sum.
fn what(entry: &Entry) -> String {
    if entry.status == EntryStatus::Void {
        return "(no time)".to_owned();
    }
    entry.body.project.clone().or_else(|| entry.body.client.clone()).unwrap_or_else(|| "(unmatched)".to_owned())
}

impl Backtest {
    /// What would move, from where to where.
    pub(crate) fn moves(&self) -> BTreeMap<(String, String), Vec<&Changed>> {
        let mut moves: BTreeMap<_, Vec<&Changed>> = BTreeMap::new();
        for one in &self.changed {
            let from = one.before.as_ref().map_or_else(|| "(no time)".to_owned(), what);
            moves.entry((from, what(&one.after))).or_default().push(one);
        }
        moves
    }

    /// By how many seconds the billable time would grow or shrink.
    pub(crate) fn billable(&self) -> i64 {
        let of =
            |entry: &Entry| if entry.body.billable == Some(true) && entry.status != EntryStatus::Void { entry.body.seconds } else { 0 };
        self.changed.iter().map(|one| of(&one.after) - one.before.as_ref().map_or(0, of)).sum()
    }

    /// Questions that would be new, and that would be gone, by their first reason.
    pub(crate) fn questions(&self) -> BTreeMap<String, (usize, usize)> {
        let mut sums: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for one in &self.asked {
            let was = one.before.as_ref().is_some_and(|before| before.status == ExceptionStatus::Open);
            match (was, one.after.status == ExceptionStatus::Open) {
                (false, true) => sums.entry(one.after.lead().to_owned()).or_default().0 += 1,
                (true, false) => sums.entry(one.before.as_ref().map_or("", |before| before.lead()).to_owned()).or_default().1 += 1,
                _ => {}
            }
        }
        sums
    }

    /// Weeks of people in which something that was submitted goes back to draft, and in which something approved would be asked about.
    pub(crate) fn weeks(&self) -> (Weeks, Weeks) {
        let monday = |date: NaiveDate| date - Days::new(u64::from(date.weekday().num_days_from_monday()));
        let submitted = self.changed.iter().filter_map(|one| one.before.as_ref()).filter(|before| before.status == EntryStatus::Submitted);
        let asks = |one: &&Asked| one.after.reasons.iter().any(|reason| reason.reason == "changed-after-approval");
        let approved = self.asked.iter().filter(|one| one.after.status == ExceptionStatus::Open).filter(asks);
        (
            submitted.map(|entry| (entry.staff, monday(entry.body.date))).collect(),
            approved.map(|one| (one.after.staff, monday(one.after.date))).collect(),
        )
    }

    /// Hundredths of the entries that would change.
    pub(crate) fn share(&self) -> f64 {
        let changed = u32::try_from(self.changed.len()).unwrap_or(u32::MAX);
        let all = u32::try_from(self.entries).unwrap_or(u32::MAX).max(1);
        f64::from(changed) * 100.0 / f64::from(all)
    }
}
