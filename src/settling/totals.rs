//! What two rule sets ask otherwise about the totals of days. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, NaiveTime};

use super::{
    behaviour::{Cause, asks, cause},
    derive::{Basis, derive},
    pages::Pages,
};
use crate::{
    model::{event::Event, exception::SubjectKind, policy::Policy, staff::Staff},
    rules::RuleSet,
};

/// By reason: what is asked of a day, and the rules that ask.
type Asked = BTreeMap<String, (String, String)>;

/// Every way in which one set asks otherwise about some days than the other, once they are over.
pub(super) fn differences(
    staff: &Staff,
    events: &[&Event],
    dates: &BTreeSet<NaiveDate>,
    (one, other): (&RuleSet, &RuleSet),
) -> Vec<(NaiveDate, Vec<Cause>)> {
    if one.day_limits.is_empty() && other.day_limits.is_empty() {
        return Vec::new();
    }
    let (before, after) = (asked(staff, events, dates, one), asked(staff, events, dates, other));
    let (nothing, unasked) = (Asked::new(), Default::default());
    let of_day = |date: &NaiveDate| {
        let (before, after) = (before.get(date).unwrap_or(&nothing), after.get(date).unwrap_or(&nothing));
        let reasons: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let pair = |reason: &String| (before.get(reason).unwrap_or(&unasked).clone(), after.get(reason).unwrap_or(&unasked).clone());
        let differs = reasons.into_iter().map(|reason| (reason, pair(reason))).filter(|(_, (before, after))| before.0 != after.0);
        let causes: Vec<_> =
            differs.map(|(reason, (before, after))| cause(&format!("{reason} (days)"), told(before), told(after))).collect();
        (!causes.is_empty()).then_some((*date, causes))
    };
    dates.iter().filter_map(of_day).collect()
}

/// How long a day was belongs to that day: what is told of many is whether it is asked.
fn told((words, rules): (String, String)) -> (String, String) {
    (if words.is_empty() { words } else { "asked".to_owned() }, rules)
}

fn asked(staff: &Staff, events: &[&Event], dates: &BTreeSet<NaiveDate>, rules: &RuleSet) -> BTreeMap<NaiveDate, Asked> {
    let Some(last) = dates.last() else { return BTreeMap::new() };
    let events = events.iter().map(|event| (event.id, (*event).clone())).collect();
    let pages = Pages { dates: dates.clone(), events, ..Pages::default() };
    let policy = Policy { day_limits: rules.day_limits.clone(), ..Policy::default() };
    let now = (*last + Days::new(3)).and_time(NaiveTime::MIN).and_utc();
    let derived = derive(staff, &pages, Basis { digest: "", rules, policy: &policy, now, by: None });
    let mut asked: BTreeMap<NaiveDate, Asked> = BTreeMap::new();
    for question in derived.questions.iter().filter(|question| question.subject.kind == SubjectKind::Day) {
        let of = question.open.iter().map(|reason| (reason.reason.clone(), asks(reason)));
        asked.entry(question.date).or_default().extend(of);
    }
    asked
}
