//! A dry run of settling: what would stand if other rules were in force. Writes nothing; the rows it names are those that making the rules
//! active would write.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::{
    activation::{Active, Waking},
    derive::{Basis, derive},
    difference::Difference,
    pages::{self, Wanted},
    pass::compare,
};
use crate::{
    model::{
        catalog::{Closed, Field},
        entry::{Body, Entry, EntryStatus},
        exception::{Exception, ExceptionStatus},
        ids::StaffId,
        policy::Policy,
        staff::Staff,
        verdict::Verdict,
    },
    store::{Error, Store, Tx},
};

/// Days that are looked at, and derived, at once.
const DAYS: u64 = 31;

/// Weeks of people, each by its Monday.
pub(crate) type Weeks = BTreeSet<(StaffId, NaiveDate)>;

/// One entry that would read differently.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) before: Option<Entry>,
    pub(crate) after: Entry,
    /// The rule or question that makes the difference.
    pub(crate) cause: String,
}

/// One way to change: from what, to what, and why.
pub(crate) type Move = (String, String, String);

/// How many entries, and their seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) entries: usize,
    pub(crate) seconds: i64,
}

impl Sum {
    pub(super) fn add(&mut self, seconds: i64) {
        self.entries += 1;
        self.seconds += seconds;
    }
}

/// What would become known, unknown, held and free; questions that would be new, and gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) matched: Sum,
    pub(crate) unmatched: Sum,
    pub(crate) queued: Sum,
    pub(crate) released: Sum,
    pub(crate) opened: usize,
    pub(crate) cleared: usize,
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
    /// What of the house policy is part of it: what, from, to.
    pub(crate) policy: Vec<(&'static str, String, String)>,
    pub(crate) changed: Vec<Changed>,
    pub(crate) asked: Vec<Asked>,
    /// How many people's books are locked, by the date through which: nothing changes there.
    pub(crate) locked: BTreeMap<NaiveDate, usize>,
}

/// Tries rules on every person's days of a span: all are read, and those derived that read differently than under the active set.
/// `told` hears how many months of people were read, of how many.
pub(crate) async fn backtest(
    store: &Store,
    (active, candidate): (&Active, &Active),
    (from, to): (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
    mut told: impl FnMut(usize, usize),
) -> Result<Backtest, Error> {
    let mut found = Backtest { policy: active.policy.differences(&candidate.policy), ..Backtest::default() };
    let waking = Waking { before: Some(active), next: candidate };
    let people = store.read().await?.staff().await?;
    let (mut done, all) = (0, people.iter().map(|staff| stretches(from.max(staff.first_day), to).count()).sum());
    for staff in &people {
        let locked = candidate.policy.locked_through.max(store.read().await?.locked_through(staff.id).await?);
        if let Some(through) = locked.filter(|through| from.max(staff.first_day) <= *through) {
            *found.locked.entry(through).or_default() += 1;
        }
        let mut days = BTreeSet::new();
        for (first, last) in stretches(from.max(staff.first_day), to) {
            let woken = waking.days(&mut store.read().await?, staff, first, last).await?;
            found.entries += woken.entries.iter().filter(|one| one.status != EntryStatus::Void).count();
            days.extend(woken.days.range(from..=to));
            done += 1;
            told(done, all);
        }
        let (mut rows, mut entries, mut questions) = (HashSet::new(), HashSet::new(), HashSet::new());
        while let Some(first) = days.first().copied() {
            let later = days.split_off(&(first + Days::new(DAYS)));
            let Backtest { changed, asked, .. } = tried(&mut store.read().await?, staff, days, candidate.basis(now)).await?;
            // A meeting can pull in days that are tried later: what was said of it once is not said again. What is new has another id each
            // time it is tried.
            let is_first = |one: &Changed| if one.before.is_some() { rows.insert(one.after.id.0) } else { entries.insert(one.after.key) };
            found.changed.extend(changed.into_iter().filter(is_first));
            let is_first =
                |one: &Asked| if one.before.is_some() { rows.insert(one.after.id.0) } else { questions.insert(one.after.subject) };
            found.asked.extend(asked.into_iter().filter(is_first));
            days = later;
        }
    }
    Ok(found)
}

/// A span in parts that are looked at together, each with its first and last date.
pub(super) fn stretches(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = (NaiveDate, NaiveDate)> {
    let firsts = std::iter::successors(Some(from), |first| first.checked_add_days(Days::new(DAYS)));
    firsts.take_while(move |first| *first <= to).map(move |first| (first, to.min(first + Days::new(DAYS - 1))))
}

/// Tries rules on some days of one person; locked ones stay as they are.
pub(super) async fn tried(tx: &mut Tx, staff: &Staff, mut dates: BTreeSet<NaiveDate>, candidate: Basis<'_>) -> Result<Backtest, Error> {
    let locked_through = candidate.policy.locked_through.max(tx.locked_through(staff.id).await?);
    dates.retain(|date| locked_through.is_none_or(|through| through < *date));
    let policy = Policy { locked_through, ..candidate.policy.clone() };
    let pages = pages::load(tx, staff, Wanted { dates, subjects: BTreeSet::new() }, candidate.rules).await?;
    let derived = derive(staff, &pages, Basis { policy: &policy, ..candidate });
    let verdicts = derived.verdicts;
    let Difference { entries, exceptions } = compare(staff, &pages, derived.entries, derived.questions, (None, candidate.now));
    let asked: Vec<_> = exceptions.into_iter().map(|after| Asked { before: pages.exceptions.get(&after.id).cloned(), after }).collect();
    let changed = entries.into_iter().map(|after| {
        let before = pages.entries.get(&after.id).cloned();
        let verdict = after.body.event.and_then(|event| verdicts.get(&event));
        let cause = cause(before.as_ref(), &after, verdict, &asked);
        Changed { before, after, cause }
    });
    Ok(Backtest { changed: changed.collect(), asked, ..Backtest::default() })
}

/// The rule or question that makes the difference.
fn cause(before: Option<&Entry>, after: &Entry, verdict: Option<&Arc<Verdict>>, asked: &[Asked]) -> String {
    if after.status == EntryStatus::Void {
        return verdict.and_then(|verdict| verdict.skip.as_ref()).map_or_else(|| "no rule".to_owned(), |skip| skip.rule.clone());
    }
    let giver = |entry: &Entry, field| entry.provenance.0.get(field).map(|given| given.by.clone());
    let differs = |field: &&Field| before.is_none_or(|before| before.body.value(**field) != after.body.value(**field));
    let field = BY_WEIGHT.iter().find(|field| differs(field) && (before.is_some() || giver(after, field).is_some()));
    if let Some(field) = field {
        return giver(after, field).or_else(|| giver(before?, field)).unwrap_or_else(|| "no rule".to_owned());
    }
    let about = asked.iter().find(|one| one.after.entry == Some(after.id));
    let open = about.filter(|one| one.after.status == ExceptionStatus::Open).map(|one| one.after.lead());
    open.or_else(|| about?.before.as_ref().map(Exception::lead)).unwrap_or("house policy").to_owned()
}

/// Fields, those first whose change says most.
const BY_WEIGHT: &[Field] = &[Field::Project, Field::Client, Field::Billable, Field::Task, Field::Tags, Field::Description];

/// Knows records that would leave the files as what they would be then: closed today (S6).
pub(crate) async fn with_closed(store: &Store, active: &Active, candidate: &mut Active, today: NaiveDate) -> Result<(), Error> {
    let mut closed: Closed = store.read().await?.closed_records().await?;
    let next = &candidate.rules.catalog;
    // One that is renamed leaves, too: what it was called before, it is called still.
    let stays = |code: &str| next.project(code).is_some_and(|(_, project)| project.code.eq_ignore_ascii_case(code));
    for (client, project) in active.rules.catalog.projects().filter(|(_, project)| !stays(&project.code)) {
        let mut project = project.clone();
        project.until = Some(project.until.map_or(today, |until| until.min(today)));
        closed.projects.push((client.key.clone(), project));
    }
    closed.clients.extend(active.rules.catalog.clients.values().cloned());
    candidate.rules.add_closed(closed);
    Ok(())
}

/// What stands for a value that only the event says, to whoever reads no words of events.
pub(crate) const UNTOLD: &str = "(words of the event)";

/// What an entry counts for in a sum.
fn what(entry: Option<&Entry>, tells: &impl Fn(&str) -> bool) -> String {
    let Some(entry) = entry.filter(|entry| entry.status != EntryStatus::Void) else { return "(no time)".to_owned() };
    match entry.body.project.as_ref().or(entry.body.client.as_ref()) {
        Some(named) if tells(named) => named.clone(),
        Some(_) => UNTOLD.to_owned(),
        None => "(unmatched)".to_owned(),
    }
}

impl Changed {
    /// From what to what it goes; where that stays, the first field that differs says more. Descriptions are words of events, and so is
    /// any value that stands in no rule file.
    fn ends(&self, tells: &impl Fn(&str) -> bool) -> (String, String) {
        let (from, to) = (what(self.before.as_ref(), tells), what(Some(&self.after), tells));
        let Some(before) = self.before.as_ref().filter(|_| from == to) else { return (from, to) };
        let of = |body: &Body, field: Field| match body.value(field) {
            _ if field == Field::Description => format!("{from}, description"),
            Some(value) if field == Field::Billable => format!("{from}, {}", if value == "true" { "billable" } else { "not billable" }),
            Some(value) if value.split(", ").all(tells) => format!("{from}, {value}"),
            Some(_) => format!("{from}, {field} {UNTOLD}"),
            None => format!("{from}, no {field}"),
        };
        let named = BY_WEIGHT.iter().find(|field| before.body.value(**field) != self.after.body.value(**field));
        let held = |entry: &Entry| format!("{from}, {}", if entry.body.held { "held" } else { "free" });
        match named {
            Some(field) => (of(&before.body, *field), of(&self.after.body, *field)),
            None if before.body.held != self.after.body.held => (held(before), held(&self.after)),
            None if before.body.seconds == self.after.body.seconds => (format!("{from}, as it was"), format!("{from}, rounded otherwise")),
            None => (format!("{from}, as it was"), format!("{from}, other time")),
        }
    }
}

impl Backtest {
    /// What would move, from where to where and why.
    pub(crate) fn moves(&self) -> BTreeMap<Move, Vec<&Changed>> {
        self.moves_told(|_| true)
    }

    /// The same for whoever reads no words of events: `tells` says which values may be named.
    pub(crate) fn moves_told(&self, tells: impl Fn(&str) -> bool) -> BTreeMap<Move, Vec<&Changed>> {
        let mut moves: BTreeMap<_, Vec<&Changed>> = BTreeMap::new();
        for one in &self.changed {
            let (from, to) = one.ends(&tells);
            moves.entry((from, to, one.cause.clone())).or_default().push(one);
        }
        moves
    }

    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for Changed { before, after, .. } in &self.changed {
            let stands = |entry: &&Entry| entry.status != EntryStatus::Void;
            let (old, new) = (before.as_ref().filter(stands), Some(after).filter(stands));
            let is_known = |entry: Option<&Entry>| entry.map(|entry| entry.body.client.is_some() || entry.body.project.is_some());
            let is_held = |entry: Option<&Entry>| entry.is_some_and(|entry| entry.body.held);
            match (is_known(old), is_known(new)) {
                (Some(false), Some(true)) => sums.matched.add(after.body.seconds),
                (Some(true) | None, Some(false)) => sums.unmatched.add(after.body.seconds),
                _ => {}
            }
            match (is_held(old), is_held(new)) {
                (false, true) => sums.queued.add(after.body.seconds),
                (true, false) if new.is_some() => sums.released.add(after.body.seconds),
                _ => {}
            }
        }
        for (opened, cleared) in self.questions().into_values() {
            sums.opened += opened;
            sums.cleared += cleared;
        }
        sums
    }

    /// By how many seconds the billable time, as it is billed, would grow or shrink.
    pub(crate) fn billable(&self) -> i64 {
        let of = |entry: &Entry| {
            if entry.body.billable == Some(true) && entry.status != EntryStatus::Void { entry.body.rounded_seconds } else { 0 }
        };
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
