//! What a pass makes of the difference between two answers of a calendar.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use std::collections::HashSet;

use super::{
    covered::Covered,
    guard::{Ruling, judge},
    reconcile::{Changes, Known, Said, reconcile},
};
use crate::{
    calendar::Window,
    model::{
        day::Zones,
        event::{Event, EventStatus, Fact, Moment, Response, ShowAs, Span, Text, Visibility},
        ids::{CalendarId, StaffId, fresh},
        staff::{Calendar, Held, Privacy, Whose},
    },
    store::events::Live,
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn now() -> DateTime<Utc> {
    at("2026-03-10T12:00:00Z")
}

fn single(uid: &str, start: &str) -> Fact {
    let start = at(start);
    Fact {
        provider_id: uid.into(),
        ical_uid: uid.into(),
        recurring: false,
        original_start: None,
        span: Span::Timed { start, end: start + TimeDelta::hours(1), zone: chrono_tz::Europe::Berlin },
        status: EventStatus::Confirmed,
        show_as: ShowAs::Busy,
        visibility: Visibility::Public,
        text: Text { title: format!("Meeting {uid}"), ..Text::default() }.into(),
    }
}

fn occurrence(uid: &str, start: &str) -> Fact {
    Fact { provider_id: format!("{uid}#{start}"), recurring: true, original_start: Some(Moment::At(at(start))), ..single(uid, start) }
}

struct Scene {
    calendar: Calendar,
    zones: Zones,
    events: Vec<Event>,
}

impl Scene {
    fn new() -> Self {
        let calendar = Calendar {
            id: CalendarId(fresh()),
            staff: StaffId(fresh()),
            name: "Work".into(),
            location: "work.ics".into(),
            connection: None,
            owner: "eva@ourfirm.example".into(),
            whose: Whose::Mine,
            privacy: Privacy::Full,
            position: 0,
        };
        Self { calendar, zones: Zones::only(chrono_tz::Europe::Berlin), events: Vec::new() }
    }

    fn pass(&mut self, facts: Vec<Fact>) -> Changes {
        let changes = self.compare(facts, &[], &[]);
        for event in &changes.save {
            self.events.retain(|known| known.id != event.id);
            self.events.push(event.clone());
        }
        changes
    }

    fn compare(&self, facts: Vec<Fact>, siblings: &[Event], unread: &[&str]) -> Changes {
        let known = Known { calendar: &self.calendar, zones: &self.zones, events: &self.events, siblings, removed: &HashSet::new() };
        let said = Said {
            facts: facts.into_iter().map(|fact| (fact, Response::Accepted)).collect(),
            unread: unread.iter().map(|&uid| uid.to_owned()).collect::<HashSet<_>>(),
            covered: Covered::all(Window { from: at("2026-01-10T00:00:00Z"), until: at("2026-05-10T00:00:00Z") }),
        };
        reconcile(&known, said, now())
    }
}

#[test]
fn the_same_answer_twice_changes_nothing() {
    let mut scene = Scene::new();
    let facts = || vec![single("a", "2026-03-09T09:00:00Z"), occurrence("b", "2026-03-09T11:00:00Z")];
    assert_eq!(scene.pass(facts()).save.len(), 2);
    let again = scene.pass(facts());
    assert!(again.save.is_empty() && again.vanished.is_empty() && again.due.is_empty());
}

#[test]
fn a_series_moved_by_its_organiser_keeps_its_meetings() {
    let mut scene = Scene::new();
    let before = scene.pass(vec![occurrence("b", "2026-03-09T11:00:00Z")]);
    let after = scene.pass(vec![occurrence("b", "2026-03-09T14:00:00Z")]);
    assert!(after.vanished.is_empty());
    assert_eq!((after.save[0].id, after.save[0].meeting), (before.save[0].id, before.save[0].meeting));
    assert_eq!(after.save[0].fact.provider_id, "b#2026-03-09T14:00:00Z");
}

#[test]
fn a_copy_on_another_calendar_is_the_same_meeting() {
    let mut first = Scene::new();
    let there = first.pass(vec![single("a", "2026-03-09T09:00:00Z")]).save;
    let here = Scene::new().compare(vec![single("a", "2026-03-09T09:00:00Z")], &there, &[]).save;
    assert_eq!(here[0].meeting, there[0].meeting);
    assert_ne!(here[0].id, there[0].id);
}

#[test]
fn a_moved_event_marks_the_day_it_left_and_the_day_it_reached() {
    let mut scene = Scene::new();
    scene.pass(vec![single("a", "2026-03-09T09:00:00Z")]);
    let moved = scene.pass(vec![single("a", "2026-03-11T09:00:00Z")]);
    let date = |day| NaiveDate::from_ymd_opt(2026, 3, day).expect("a date");
    assert_eq!(moved.due.into_iter().collect::<Vec<_>>(), [date(9), date(11)]);
}

#[test]
fn an_unreadable_event_is_skipped_and_not_absent() {
    let mut scene = Scene::new();
    scene.pass(vec![single("a", "2026-03-09T09:00:00Z")]);
    assert!(scene.compare(vec![], &[], &["a"]).vanished.is_empty());
}

#[test]
fn absence_outside_the_covered_span_removes_nothing() {
    let mut scene = Scene::new();
    scene.pass(vec![single("old", "2026-01-01T09:00:00Z"), single("new", "2026-02-01T09:00:00Z")]);
    let vanished = scene.compare(vec![], &[], &[]).vanished;
    assert_eq!(vanished.iter().map(|event| event.fact.ical_uid.as_str()).collect::<Vec<_>>(), ["new"]);
}

#[test]
fn a_tombstone_that_returns_is_the_same_meeting() {
    let mut scene = Scene::new();
    let first = scene.pass(vec![single("a", "2026-03-09T09:00:00Z")]).save;
    let mut gone = scene.compare(vec![], &[], &[]);
    gone.remove(&scene.zones, now());
    scene.events = gone.save;
    let back = scene.pass(vec![single("a", "2026-03-09T09:00:00Z")]).save;
    assert_eq!((back[0].meeting, back[0].removed_at), (first[0].meeting, None));
}

fn live(count: usize) -> Vec<Live> {
    let mut scene = Scene::new();
    scene.pass((0..count).map(|n| single(&format!("e{n}"), "2026-03-09T09:00:00Z")).collect()).save.iter().map(Live::from).collect()
}

#[test]
fn three_may_go_without_a_question_and_four_of_fifteen_may_not() {
    let events = live(15);
    let known: Vec<_> = events.iter().collect();
    assert_eq!(judge(&events[..3], &known, None, now()), Ruling::Believe);
    assert!(matches!(judge(&events[..4], &known, None, now()), Ruling::Hold(held) if held.meetings == 4));
}

#[test]
fn a_fifth_of_many_may_go_without_a_question() {
    let events = live(50);
    let known: Vec<_> = events.iter().collect();
    assert_eq!(judge(&events[..10], &known, None, now()), Ruling::Believe);
    assert!(matches!(judge(&events[..11], &known, None, now()), Ruling::Hold(_)));
}

#[test]
fn all_at_once_is_held_however_few_they_are() {
    let events = live(2);
    assert!(matches!(judge(&events, &events.iter().collect::<Vec<_>>(), None, now()), Ruling::Hold(_)));
}

#[test]
fn a_series_counts_as_one_meeting() {
    let mut scene = Scene::new();
    let mut facts: Vec<_> = (1..9).map(|day| occurrence("series", &format!("2026-03-0{day}T09:00:00Z"))).collect();
    facts.extend([single("a", "2026-03-09T09:00:00Z"), single("b", "2026-03-09T10:00:00Z")]);
    let events = scene.pass(facts).save;
    let vanished: Vec<Live> = events.iter().filter(|event| event.fact.recurring).map(Live::from).collect();
    let events: Vec<Live> = events.iter().map(Live::from).collect();
    assert_eq!(judge(&vanished, &events.iter().collect::<Vec<_>>(), None, now()), Ruling::Believe);
}

#[test]
fn three_equal_answers_an_hour_apart_are_believed_and_quick_ones_are_not() {
    let events = live(6);
    let known: Vec<_> = events.iter().collect();
    let answer = |held: Option<&Held>, minutes| judge(&events, &known, held, now() + TimeDelta::minutes(minutes));
    let Ruling::Hold(first) = answer(None, 0) else { panic!("the first answer is held") };
    let Ruling::Hold(quick) = answer(Some(&first), 10) else { panic!("a quick repetition is held") };
    assert_eq!(quick.answers, 1);
    let Ruling::Hold(second) = answer(Some(&quick), 60) else { panic!("the second is held") };
    assert_eq!(answer(Some(&second), 121), Ruling::Believe);
}

#[test]
fn an_accepted_deletion_is_believed_once_and_another_one_is_asked_again() {
    let events = live(6);
    let known: Vec<_> = events.iter().collect();
    let Ruling::Hold(held) = judge(&events, &known, None, now()) else { panic!("held") };
    let accepted = Held { accepted: true, ..held };
    assert_eq!(judge(&events, &known, Some(&accepted), now()), Ruling::Believe);
    assert!(matches!(judge(&events[..5], &known, Some(&accepted), now()), Ruling::Hold(_)));
}
