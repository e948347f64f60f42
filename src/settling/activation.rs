//! The active rule set: read from the book, or put in its place. Only days on which the next one says something else become due
//! (SEMANTICS S6, S20).

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use super::{
    derive::{Basis, verdicts},
    inspection::inspect,
    pages,
};
use crate::{
    model::{
        catalog::{Client, Field, Project},
        day::LAST_DATE,
        entry::Entry,
        ids::hex,
        policy::Policy,
        reload::{Reload, ReloadOutcome},
        staff::Staff,
        verdict::Verdict,
    },
    rules::{self, Found, RuleSet},
    store::{Error, Store, Tx, days::Due, rule_sets::Files},
    yaml::{code::Level, diagnostic::Source},
};

/// Under this name a kept rule set holds the policy it was used under; no rule file can be called so.
const POLICY: &str = "policy";

/// A rule set with the policy it is used under, as it is kept.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) rules: RuleSet,
    pub(crate) policy: Policy,
    /// Everything the digest covers.
    pub(crate) files: Files,
    pub(crate) digest: String,
}

impl Active {
    /// A rule set from its files, under a policy.
    ///
    /// # Errors
    /// Every finding in every file.
    pub(crate) fn from_files(files: Files, policy: &Policy) -> Result<Self, Vec<Found>> {
        let rules = rules::load(&sources(&files))?;
        Ok(Self::of(rules, files, policy))
    }

    /// The same of files that were never active: they must stand every check there is.
    ///
    /// # Errors
    /// Every error. What else may be said of them is for checks: it would hide what is to be mended.
    pub(crate) fn proposed(files: Files, policy: &Policy, today: NaiveDate) -> Result<Self, Vec<Found>> {
        let taken = inspect(&sources(&files), today, None).taken();
        let rules = taken.map_err(|found| found.into_iter().filter(|(_, one)| one.level == Level::Error).collect::<Vec<_>>())?;
        Ok(Self::of(rules, files, policy))
    }

    fn of(rules: RuleSet, mut files: Files, policy: &Policy) -> Self {
        let digest = digest(&files, policy);
        files.insert(POLICY.to_owned(), written(policy));
        let policy = Policy { day_limits: rules.day_limits.clone(), ..policy.clone() };
        Self { rules, policy, files, digest }
    }

    /// Its rule files, by name.
    pub(crate) fn rule_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter(|(name, _)| *name != POLICY).map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// What pages are derived from under this set.
    pub(crate) fn basis(&self, now: DateTime<Utc>) -> Basis<'_> {
        Basis { digest: &self.digest, rules: &self.rules, policy: &self.policy, now, by: None }
    }
}

/// Names exactly these files, used under this policy.
pub(crate) fn digest(files: &Files, policy: &Policy) -> String {
    let policy = (POLICY, &written(policy));
    let texts = files.iter().filter(|(name, _)| *name != POLICY).map(|(name, text)| (name.as_str(), text));
    let mut all: Vec<_> = texts.chain([policy]).collect();
    all.sort_unstable();
    let mut hash = Sha256::new();
    for (name, text) in all {
        hash.update(format!("{}:{name}{}:{text}", name.len(), text.len()));
    }
    hex(&hash.finalize())
}

/// Limits on a day come from the rules.
fn written(policy: &Policy) -> String {
    serde_json::to_string(&Policy { day_limits: Vec::new(), ..policy.clone() }).unwrap_or_default()
}

/// The files that are rules, in the order of their names.
pub(crate) fn sources(files: &Files) -> Vec<Source> {
    files.iter().filter(|(name, _)| *name != POLICY).map(|(name, text)| Source::new(name, text)).collect()
}

/// The set that is active in the book, with the records that left its files.
///
/// # Errors
/// [`Error::Unreadable`] if this version of the program cannot read it.
pub(crate) async fn active(store: &Store) -> Result<Option<Active>, Error> {
    let mut tx = store.read().await?;
    let Some(kept) = tx.active_rule_set().await? else { return Ok(None) };
    let mut active = read(kept).ok_or(Error::Unreadable("active rule set"))?;
    active.rules.add_closed(tx.closed_records().await?);
    Ok(Some(active))
}

/// A set that was active at some time, as it was kept, with the records that left since.
///
/// # Errors
/// [`Error::Unreadable`] if this version of the program cannot read it.
pub(crate) async fn kept(store: &Store, named: &str) -> Result<Active, Error> {
    let mut tx = store.read().await?;
    let mut set = read(tx.rule_set(named).await?).ok_or(Error::Unreadable("rule set"))?;
    set.rules.add_closed(tx.closed_records().await?);
    Ok(set)
}

fn read((digest, files): (String, Files)) -> Option<Active> {
    let policy: Policy = serde_json::from_str(files.get(POLICY)?).ok()?;
    let read = Active::from_files(files, &policy).ok()?;
    Some(Active { digest, ..read })
}

/// Makes `next` the active set in place of `before`, gains it the records that left its files, and writes down who wanted it from which
/// folder. Says how many days became due.
///
/// # Errors
/// [`Error::Outdated`] if another set became active meanwhile.
pub(crate) async fn activate(
    store: &Store,
    before: Option<&Active>,
    next: &mut Active,
    (actor, folder): (&str, &str),
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let mut tx = store.write().await?;
    tx.save_rule_set(&next.digest, &next.files, now).await?;
    tx.activate_rule_set(before.map(|set| set.digest.as_str()), &next.digest, now).await?;
    tx.sync_catalog(&next.rules.catalog, now.date_naive()).await?;
    next.rules.add_closed(tx.closed_records().await?);
    let mut count = 0;
    for staff in tx.staff().await? {
        let waking = Waking { before, next };
        let days: Vec<_> = waking.days(&mut tx, &staff, staff.first_day, LAST_DATE).await?.days.into_iter().collect();
        tx.mark_due(staff.id, &days, Due::Again, now).await?;
        count += days.len();
    }
    let days = i64::try_from(count).unwrap_or(i64::MAX);
    let (digest, actor, folder) = (next.digest.clone(), actor.to_owned(), folder.to_owned());
    tx.insert_reload(&Reload { number: 0, digest, at: now, actor, folder, outcome: ReloadOutcome::Active, days, told: None }).await?;
    tx.commit().await?;
    Ok(count)
}

/// Days that may read differently, and all entries of the span that was looked at.
pub(super) struct Woken {
    pub(super) days: BTreeSet<NaiveDate>,
    pub(super) entries: Vec<Entry>,
}

/// One set in place of another, and the days that it wakes.
#[derive(Clone, Copy)]
pub(super) struct Waking<'a> {
    pub(super) before: Option<&'a Active>,
    pub(super) next: &'a Active,
}

impl Waking<'_> {
    /// What of a span may read differently under the next set. Locked days stay as they are.
    pub(super) async fn days(self, tx: &mut Tx, staff: &Staff, first: NaiveDate, last: NaiveDate) -> Result<Woken, Error> {
        let Self { before, next } = self;
        let mut days = BTreeSet::new();
        let looks_around = next.rules.looks_around() || before.is_some_and(|before| before.rules.looks_around());
        let events = pages::events(tx, staff, (first, last), looks_around).await?;
        let old = before.map(|before| (before, verdicts(staff, events.iter(), &before.rules)));
        let new = verdicts(staff, events.iter(), &next.rules);
        for event in &events {
            if old.as_ref().is_none_or(|(before, old)| reads_differently((before, old.get(&event.id)), (next, new.get(&event.id)))) {
                days.extend(staff.zones.dates(&event.fact.span));
            }
        }
        let entries = tx.entries_on(staff.id, first, last).await?;
        for entry in &entries {
            let (client, project) = (entry.body.client.as_deref(), entry.body.project.as_deref());
            if before.is_none_or(|before| !is_alike(before, next) || records(before, client, project) != records(next, client, project)) {
                days.insert(entry.body.date);
            }
        }
        let locked = next.policy.locked_through.max(tx.locked_through(staff.id).await?);
        days.retain(|date| locked.is_none_or(|through| through < *date));
        Ok(Woken { days, entries })
    }
}

/// Whether nothing changed that every entry is judged by.
fn is_alike(before: &Active, next: &Active) -> bool {
    before.policy == next.policy && before.rules.catalog.required == next.rules.catalog.required
}

fn reads_differently((before, old): (&Active, Option<&Arc<Verdict>>), (next, new): (&Active, Option<&Arc<Verdict>>)) -> bool {
    let named = |field| new.and_then(|verdict| verdict.value(field));
    let records = |set| records(set, named(Field::Client), named(Field::Project));
    !is_alike(before, next) || old != new || records(before) != records(next)
}

/// What the catalog says of a client and a project.
fn records<'a>(set: &'a Active, client: Option<&str>, project: Option<&str>) -> (Option<&'a str>, Option<(&'a str, &'a Project)>) {
    let key = |client: &'a Client| client.key.as_str();
    let catalog = &set.rules.catalog;
    let project = project.and_then(|code| catalog.project(code)).map(|(client, project)| (key(client), project));
    (client.and_then(|known| catalog.client(known)).map(key), project)
}
