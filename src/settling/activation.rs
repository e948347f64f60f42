//! Makes a rule set the active one, and marks due only the days on which it says something else (SEMANTICS S6, S20).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::pass::verdict;
use crate::{
    model::{day::LAST_DATE, event::Event, policy::Policy, staff::Staff},
    rules::RuleSet,
    store::{Error, Store, Tx, rule_sets::Files},
};

/// A rule set with the policy it is used under, as it is kept.
pub(crate) struct Proposal<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) policy: &'a Policy,
    /// Everything the digest covers.
    pub(crate) files: &'a Files,
    pub(crate) digest: &'a str,
}

/// Activates a proposal in place of the set that is active, whose rules and policy the caller has read. Says how many days became due.
///
/// # Errors
/// [`Error::Outdated`] if another set became active meanwhile.
pub(crate) async fn activate(
    store: &Store,
    before: Option<&Proposal<'_>>,
    next: &Proposal<'_>,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let mut tx = store.write().await?;
    tx.save_rule_set(next.digest, next.files, now).await?;
    tx.activate_rule_set(before.map(|set| set.digest), next.digest, now).await?;
    tx.sync_catalog(&next.rules.catalog, now.date_naive()).await?;
    let mut count = 0;
    for staff in tx.staff().await? {
        let days: Vec<_> = changed_days(&mut tx, &staff, before, next).await?.into_iter().collect();
        tx.mark_due(staff.id, &days, now).await?;
        count += days.len();
    }
    tx.commit().await?;
    Ok(count)
}

/// Days that may read differently under the next set.
async fn changed_days(
    tx: &mut Tx,
    staff: &Staff,
    before: Option<&Proposal<'_>>,
    next: &Proposal<'_>,
) -> Result<BTreeSet<NaiveDate>, Error> {
    let (first, last) = (staff.first_day, LAST_DATE);
    let events = tx.events_on(staff.id, first, last).await?;
    let all = before.is_none_or(|before| before.policy != next.policy || before.rules.catalog != next.rules.catalog);
    let differs =
        |event: &&Event| all || before.is_none_or(|before| verdict(staff, event, before.rules) != verdict(staff, event, next.rules));
    let mut days: BTreeSet<_> = events.iter().filter(differs).flat_map(|event| staff.zones.dates(&event.fact.span)).collect();
    if all {
        days.extend(tx.entries_on(staff.id, first, last).await?.into_iter().map(|entry| entry.body.date));
    }
    let locked = next.policy.locked_through;
    days.retain(|date| locked.is_none_or(|through| through < *date));
    Ok(days)
}
