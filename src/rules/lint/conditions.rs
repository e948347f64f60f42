//! Conditions that nothing can fit, and times of day that mean something else than they seem to.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeZone};

use super::{
    Findings, Known, Place,
    exclusion::excluded,
    inclusion::{clock, implies, minutes, opened, reads_no_fields},
    patterns::nested,
};
use crate::{
    rules::{
        RuleSet,
        syntax::{Time, When},
    },
    yaml::code::Code,
};

/// What is wrong with a `when`, of a rule or a suspicion at this place.
pub(super) fn conditions(place: &Place<'_>, when: &When, set: &RuleSet, known: &Known<'_>, found: &mut Findings) {
    contradictions(place, when, "when", set.identity.ours(), found);
    clocks(place, when, "when", &Times { set, known }, found);
}

/// Says so at the innermost place where nothing fits.
fn contradictions(place: &Place<'_>, when: &When, path: &str, ours: &BTreeSet<String>, found: &mut Findings) {
    let inner = nested(when, path);
    let dead = |path: &String, part: &&When| path.contains("any[") && excluded(&opened(part), ours).is_some();
    let is_inside = inner.iter().any(|(path, part)| dead(path, part));
    for (path, part) in &inner {
        contradictions(place, part, path, ours, found);
    }
    let all = opened(when);
    if let Some((key, why)) = excluded(&all, ours).filter(|_| !is_inside) {
        let at = [format!("{path}.{key}"), path.to_owned()].into_iter().find(|at| place.positions.has_key(&format!("{}.{at}", place.path)));
        let message = "nothing can fit this".to_owned();
        place.complain(found, Code::Contradiction, at.as_deref().unwrap_or(path), message, &why);
    } else if let Some(not) = when.not.as_deref().filter(|not| reads_no_fields(not) && !opened(not).is_empty()) {
        let without = When { not: None, ..when.clone() };
        if implies(&without, not, ours) {
            let label = "whatever fits the rest is excluded here: take one of the two away";
            place.complain(found, Code::Contradiction, &format!("{path}.not"), "nothing can fit this".to_owned(), label);
        }
    }
}

struct Times<'a> {
    set: &'a RuleSet,
    known: &'a Known<'a>,
}

fn clocks(place: &Place<'_>, when: &When, path: &str, times: &Times<'_>, found: &mut Findings) {
    for (path, part) in nested(when, path) {
        clocks(place, part, &path, times, found);
    }
    if let Some(trap) = when.time.as_ref().and_then(|time| trap(time, when.weekday.is_some(), times)) {
        let at = format!("{path}.time");
        place.complain(found, Code::ClockTrap, &at, trap.0.to_owned(), &trap.1);
    }
}

fn trap(time: &Time, has_weekday: bool, times: &Times<'_>) -> Option<(&'static str, String)> {
    let (from, to, outside) = clock(time)?;
    let show = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    // What ends at midnight does not go over it.
    let is_over_midnight = from > to && to > 0;
    if is_over_midnight && outside {
        return Some((
            "this means the day, not the night",
            format!(
                "it is what lies outside the night, from {} to {}: for that write `within: \"{}-{}\"`",
                show(to),
                show(from),
                show(to),
                show(from)
            ),
        ));
    }
    if is_over_midnight && has_weekday {
        let label = format!(
            "what starts after midnight is of the next weekday: name both days, or make two rules, until 24 o'clock and from 0 to {}",
            show(to)
        );
        return Some(("this goes over midnight, and a weekday is that of the start", label));
    }
    let date = missing_hour(&minutes(time)?, times)?;
    let zone = times.set.zone?;
    Some(("this time does not exist on every day", format!("clocks in {zone} go forward over it on {date}: widen it by an hour")))
}

/// A date of the coming year on which none of these minutes exists in the zone of the rules.
fn missing_hour(minutes: &BTreeSet<u32>, Times { set, known }: &Times<'_>) -> Option<NaiveDate> {
    let zone = set.zone?;
    let at =
        |date: NaiveDate, minute: u32| date.and_time(NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap_or_default());
    let is_missing = |date: &NaiveDate| minutes.iter().all(|minute| zone.from_local_datetime(&at(*date, *minute)).earliest().is_none());
    // Clocks are never put forward by more than two hours at once.
    if minutes.len() > 120 {
        return None;
    }
    let first = known.today.with_day(1)?;
    first.iter_days().take(366).find(is_missing)
}
