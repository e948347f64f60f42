//! Many events under one rule set: what was said of one holds for every other that differs in nothing a verdict rests on, so a series is
//! judged once for each weekday and hour. What a verdict is made of, `evaluate` knows; neighbours are not looked at here.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use rustc_hash::FxHashMap;

use super::{RuleSet, Scene};
use crate::model::{
    event::{EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    verdict::Verdict,
};

/// Judges events and keeps its verdicts. The events outlive it.
pub(crate) struct Judge<'a> {
    set: &'a RuleSet,
    given: FxHashMap<Ground<'a>, Vec<(Dates, Arc<Verdict>)>>,
}

/// What a verdict rests on, but for the date.
#[derive(PartialEq, Eq)]
struct Ground<'a> {
    /// Words are known by where they are kept: occurrences of a series share them, and comparing them all would cost as much as judging.
    text: *const Text,
    /// In the same way.
    addresses: *const [String],
    calendar: *const str,
    /// None where no rule asks for it.
    series: Option<&'a str>,
    recurring: bool,
    weekday: Weekday,
    /// None for all-day events.
    start: Option<NaiveTime>,
    seconds: Option<i64>,
    says: (Response, EventStatus, ShowAs, Visibility),
}

/// Dates from a first to a last one, for all of which the same is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dates {
    first: NaiveDate,
    last: NaiveDate,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(set: &'a RuleSet) -> Self {
        Self { set, given: FxHashMap::default() }
    }

    /// What the rules make of an event by itself, whatever else is on its date.
    pub(crate) fn verdict(&mut self, scene: &Scene<'a>) -> Arc<Verdict> {
        let scene = self.set.seen(Scene { same_day: &[], ..*scene });
        let (ground, date) = self.ground(&scene);
        let given = self.given.entry(ground).or_default();
        if let Some((_, known)) = given.iter().find(|(dates, _)| dates.hold(date)) {
            return known.clone();
        }
        let (verdict, dates) = self.set.judge_for_dates(&scene);
        let verdict = Arc::new(verdict);
        given.push((dates, verdict.clone()));
        verdict
    }

    fn ground(&self, scene: &Scene<'a>) -> (Ground<'a>, NaiveDate) {
        let Fact { ical_uid, recurring, span, status, show_as, visibility, text, .. } = scene.fact;
        let (weekday, start) = match span {
            Span::Timed { start, .. } => {
                let local = start.with_timezone(&scene.zone).naive_local();
                (local.weekday(), Some(local.time()))
            }
            Span::AllDay { first, .. } => (first.weekday(), None),
        };
        let ground = Ground {
            text: Arc::as_ptr(text),
            addresses: scene.addresses,
            calendar: scene.calendar,
            series: self.set.asks.series.then_some(ical_uid),
            recurring: *recurring,
            weekday,
            start,
            seconds: span.seconds(),
            says: (scene.response, *status, *show_as, *visibility),
        };
        (ground, scene.date)
    }
}

/// Words and hour tell nearly all apart.
impl Hash for Ground<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.text, self.start).hash(state);
    }
}

impl Dates {
    pub(super) const ALL: Self = Self { first: NaiveDate::MIN, last: NaiveDate::MAX };

    fn hold(self, date: NaiveDate) -> bool {
        self.first <= date && date <= self.last
    }

    /// Those of them that are on the same side of a beginning and an end as `date` is.
    pub(super) fn around(self, date: NaiveDate, from: Option<NaiveDate>, until: Option<NaiveDate>) -> Self {
        let after_end = until.and_then(|until| until.succ_opt());
        [from, after_end].into_iter().flatten().fold(self, |dates, turn| match turn.pred_opt() {
            Some(before) if date < turn => Self { last: dates.last.min(before), ..dates },
            _ => Self { first: dates.first.max(turn), ..dates },
        })
    }
}
