//! The fast way and the plain one make the same of every event, down to evidence and near misses; and so do one judge of many events and
//! one for each.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::{
    Scene,
    equality_cases::{Dice, fact, rules},
    explain::Asked,
    judge::Judge,
    naive::Naive,
};
use crate::model::{
    day::Zones,
    event::{EventStatus, Fact, Response, ShowAs, Span, Visibility},
    verdict::Verdict,
};

const PAIRS: usize = 200_000;
/// Of each rule set.
const EVENTS: usize = 800;

/// Where people are: far from each other and from the zone that some rules name.
const ZONES: &[Tz] = &[Tz::UTC, Tz::Pacific__Auckland, Tz::America__New_York];

fn scene<'a>(
    fact: &'a Fact,
    (response, calendar): (Response, &'a str),
    addresses: &'a [String],
    zone: Tz,
    same_day: &'a [Scene<'a>],
) -> Scene<'a> {
    Scene { fact, response, calendar, addresses, date: Zones::only(zone).first_date(&fact.span), zone, same_day }
}

/// What came of some pairs.
#[derive(Default)]
struct Seen {
    pairs: usize,
    matched: usize,
    conflicts: usize,
    skipped: usize,
    unknown_codes: usize,
    candidates: usize,
    rules: usize,
}

/// One rule set on many events, each beside another of its day.
fn compare(seed: u64, sum: &mut Seen) {
    let mut dice = Dice(seed);
    let set = rules(&mut dice);
    let naive = Naive::new(&set);
    let addresses = ["eva@ours.example".to_owned()];
    let mut last = fact(&mut dice);
    for _ in 0..EVENTS {
        let fact = fact(&mut dice);
        let calendar = dice.one(&["work", "Work ", "STRASSE", "straße"]);
        let zone = ZONES[dice.roll(ZONES.len())];
        let neighbours = [scene(&last, (Response::Accepted, calendar), &addresses, zone, &[])];
        let scene = scene(&fact, (Response::Accepted, calendar), &addresses, zone, &neighbours);
        let quick: (Verdict, Vec<Asked>) = {
            let verdict = set.judge(&scene);
            let asked = set.ask(&scene, &verdict);
            (verdict, asked)
        };
        let plain = naive.judge(&scene);
        assert_eq!(quick, plain, "seed {seed}: {:#?}", fact.text);
        sum.pairs += 1;
        sum.matched += usize::from(!quick.0.fields.is_empty());
        sum.conflicts += usize::from(quick.0.conflicts().count() > 0);
        sum.skipped += usize::from(quick.0.skip.is_some());
        sum.unknown_codes += usize::from(!quick.0.unknown_codes.is_empty());
        if sum.pairs.is_multiple_of(8) {
            let reader = super::reader::Reader::new(&set, &neighbours[0]);
            sum.candidates += set.index.candidates(&reader).len();
            sum.rules += set.rules.len();
        }
        last = fact;
    }
}

#[test]
fn the_fast_way_and_the_plain_one_agree_on_two_hundred_thousand_pairs() {
    let sets = u64::try_from(PAIRS / EVENTS).expect("small");
    let halves: Vec<Seen> = std::thread::scope(|scope| {
        let half = |half: u64| {
            move || {
                (0..sets).filter(|set| set % 2 == half).fold(Seen::default(), |mut seen, set| {
                    compare(set, &mut seen);
                    seen
                })
            }
        };
        let running: Vec<_> = (0..2).map(|which| scope.spawn(half(which))).collect();
        running.into_iter().map(|one| one.join().expect("they agree")).collect()
    });
    let sum = |of: fn(&Seen) -> usize| halves.iter().map(of).sum::<usize>();
    assert_eq!(sum(|seen| seen.pairs), PAIRS);
    // The pairs are of every kind, and the index leaves rules out.
    for (kind, of) in [
        ("matched", (|seen| seen.matched) as fn(&Seen) -> usize),
        ("conflicts", |seen| seen.conflicts),
        ("skipped", |seen| seen.skipped),
        ("slips", |seen| seen.unknown_codes),
    ] {
        assert!(sum(of) > PAIRS / 20, "{kind}: {}", sum(of));
    }
    assert!(sum(|seen| seen.candidates) * 2 < sum(|seen| seen.rules), "{} of {}", sum(|seen| seen.candidates), sum(|seen| seen.rules));
}

/// Occurrences of one series: as they are, and with something changed.
fn occurrence(dice: &mut Dice, of: &Fact) -> Fact {
    let days = TimeDelta::days(i64::try_from(dice.roll(21)).expect("small"));
    let later = if dice.often(20) { days + TimeDelta::minutes(i64::try_from(30 * dice.roll(48)).expect("small")) } else { days };
    let span = match of.span {
        Span::Timed { start, end, zone } => {
            let longer = TimeDelta::minutes(if dice.often(10) { 240 } else { 0 });
            Span::Timed { start: start + later, end: end + later + longer, zone }
        }
        Span::AllDay { first, until } => Span::AllDay { first: first + days, until: until + days },
    };
    let show_as = if dice.often(10) { ShowAs::Free } else { of.show_as };
    let visibility = if dice.often(5) { Visibility::Private } else { of.visibility };
    let status = if dice.often(5) { EventStatus::Cancelled } else { of.status };
    let ical_uid = if dice.often(5) { "u1".to_owned() } else { of.ical_uid.clone() };
    Fact { span, show_as, visibility, status, ical_uid, recurring: of.recurring || dice.often(5), ..of.clone() }
}

/// Occurrences under one rule set, by one judge and each by itself. Says how many there were, and how many had a verdict already.
fn compare_series(seed: u64) -> (usize, usize) {
    let mut dice = Dice(seed);
    let set = rules(&mut dice);
    let addresses = ["eva@ours.example".to_owned()];
    let home = ZONES[dice.roll(ZONES.len())];
    let series: Vec<Fact> = (0..10).map(|_| fact(&mut dice)).collect();
    let one = |_| {
        let of = dice.roll(series.len());
        occurrence(&mut dice, &series[of])
    };
    let facts: Vec<Fact> = (0..EVENTS).map(one).collect();
    let mut judge = Judge::new(&set);
    let mut told: Vec<Arc<Verdict>> = Vec::new();
    for fact in &facts {
        let calendar = dice.one(&["work", "straße"]);
        let response = if dice.often(10) { Response::Declined } else { Response::Accepted };
        // Most of the time she is at home.
        let zone = if dice.often(5) { ZONES[dice.roll(ZONES.len())] } else { home };
        let scene = scene(fact, (response, calendar), &addresses, zone, &[]);
        let verdict = judge.verdict(&scene);
        assert_eq!(*verdict, set.judge(&scene), "seed {seed}: {fact:#?}");
        told.push(verdict);
    }
    let kept: BTreeSet<_> = told.iter().map(Arc::as_ptr).collect();
    (told.len(), told.len() - kept.len())
}

#[test]
fn occurrences_of_a_series_get_what_each_would_get_by_itself() {
    let (all, known) = (0..60).map(compare_series).fold((0, 0), |sum, (all, known)| (sum.0 + all, sum.1 + known));
    assert!(known > all / 3, "{known} of {all}");
}
