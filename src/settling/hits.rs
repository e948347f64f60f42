//! What each rule gave to the pages that were just derived. A meeting counts once, however many calendars it stands on; what a person
//! decided about it changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{derive::Derived, pages::Pages};
use crate::{
    model::staff::Staff,
    store::{Error, Tx, rule_hits::Hits},
};

/// Counts them: pure.
pub(super) fn hits(staff: &Staff, pages: &Pages, derived: &Derived) -> Hits {
    let mut given: BTreeSet<(NaiveDate, &str, Uuid)> = BTreeSet::new();
    for event in pages.events.values().filter(|event| event.removed_at.is_none()) {
        let date = staff.zones.first_date(&event.fact.span);
        // What was called off makes no time; the rule that says so is in use all the same.
        let verdict = derived.verdicts.get(&event.id).filter(|verdict| event.is_live() || verdict.skip.is_some());
        let rules = verdict.into_iter().flat_map(|verdict| verdict.givers());
        given.extend(rules.map(|rule| (date, rule, event.meeting.0)));
    }
    // Of what a rule suspects, the finished entry decides: what is asked about it says which rule asks.
    for question in &derived.questions {
        let reasons = question.open.iter().chain(&question.dismissed);
        let rules = reasons.filter_map(|reason| reason.evidence["rule"].as_str());
        given.extend(rules.map(|rule| (question.date, rule, question.subject.id)));
    }
    let mut sums: BTreeMap<(NaiveDate, String), i64> = BTreeMap::new();
    for (date, rule, _) in given.into_iter().filter(|(date, ..)| pages.dates.contains(date)) {
        *sums.entry((date, rule.to_owned())).or_default() += 1;
    }
    sums
}

/// Writes what differs from what was counted before.
pub(super) async fn save(tx: &mut Tx, staff: &Staff, pages: &Pages, now: Hits) -> Result<(), Error> {
    let dates: Vec<NaiveDate> = pages.dates.iter().copied().collect();
    let before = tx.rule_hits_of(staff.id, &dates).await?;
    let gone = before.iter().filter(|(key, hits)| **hits > 0 && !now.contains_key(key)).map(|(key, _)| (key.clone(), 0));
    let mut differing: Hits = gone.collect();
    differing.extend(now.into_iter().filter(|(key, hits)| before.get(key) != Some(hits)));
    tx.save_rule_hits(staff.id, &differing).await
}
