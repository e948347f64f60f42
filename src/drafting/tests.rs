//! What a staff-day becomes.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::{Drafted, Page, draft_day};
use crate::model::{
    catalog::{Catalog, Client, Field, Project, ProjectKind},
    day::Zones,
    decision::{Act, Assignment, Decision, EditedTime, Leg, Seen, Written},
    entry::{Entry, EntryKey, EntryStatus, Origin},
    event::{Event, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    exception::SubjectKind,
    ids::{CalendarId, DecisionId, EntryId, EventId, MeetingId, StaffId, fresh},
    policy::{DayLimit, Policy, RoundPer, RoundTo, Rounding},
    staff::Staff,
    verdict::{Claim, Skip, Verdict},
};

pub(super) fn at(time: &str) -> DateTime<Utc> {
    format!("2026-03-09T{time}:00Z").parse().expect("an instant")
}

pub(super) fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date")
}

pub(super) struct Scene {
    pub(super) staff: Staff,
    pub(super) date: NaiveDate,
    pub(super) events: Vec<(Event, Arc<Verdict>)>,
    catalog: Catalog,
    pub(super) policy: Policy,
    pub(super) decisions: Vec<Decision>,
    pub(super) standing: Vec<Entry>,
    pub(super) as_of: DateTime<Utc>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let project = |code: &str, until| Project {
            code: code.into(),
            name: code.into(),
            kind: ProjectKind::Delivery,
            billable: true,
            from: None,
            until,
            required: None,
            tasks: vec![],
            was: vec![],
        };
        let projects = [("ACME-1", None), ("ACME-2", NaiveDate::from_ymd_opt(2026, 1, 31))]
            .map(|(code, until)| (code.to_owned(), project(code, until)));
        let acme = Client {
            key: "acme".into(),
            name: "Acme".into(),
            aliases: vec![],
            domains: vec![],
            addresses: vec![],
            projects: projects.into(),
            was: vec![],
            own: false,
            closed: false,
        };
        Self {
            staff: Staff {
                id: StaffId(fresh()),
                name: "Eva".into(),
                addresses: vec!["eva@ourfirm.example".into()],
                zones: Zones::only(chrono_tz::UTC),
                working: crate::model::staff::Working::default(),
                first_day: NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date"),
                last_day: None,
            },
            date: monday(),
            events: vec![],
            catalog: Catalog { clients: [("acme".to_owned(), acme)].into(), required: vec![Field::Client, Field::Project] },
            policy: Policy::default(),
            decisions: vec![],
            standing: vec![],
            as_of: at("23:59") + TimeDelta::days(3),
        }
    }

    /// An event of an hour or so, on ACME-1 by rule.
    pub(super) fn event(&mut self, title: &str, start: DateTime<Utc>, end: DateTime<Utc>) -> MeetingId {
        let mut verdict = Verdict::default();
        verdict.fields.insert(Field::Project, Claim { value: "ACME-1".into(), rule: "codes".into(), evidence: Vec::new().into() });
        self.judged(title, start, end, verdict)
    }

    pub(super) fn judged(&mut self, title: &str, start: DateTime<Utc>, end: DateTime<Utc>, verdict: Verdict) -> MeetingId {
        let id = EventId(fresh());
        let meeting = MeetingId(fresh());
        let fact = Fact {
            provider_id: id.to_string(),
            ical_uid: id.to_string(),
            recurring: false,
            original_start: None,
            span: Span::Timed { start, end, zone: chrono_tz::UTC },
            status: EventStatus::Confirmed,
            show_as: ShowAs::Busy,
            visibility: Visibility::Public,
            text: Text { title: title.into(), ..Text::default() }.into(),
        };
        let event = Event {
            id,
            staff: self.staff.id,
            calendar: CalendarId(fresh()),
            calendar_order: 0,
            calendar_name: "Work".into(),
            meeting,
            fact,
            response: Response::Accepted,
            revision: 1,
            first_seen: at("00:00"),
            placed_at: at("00:00"),
            removed_at: None,
        };
        self.events.push((event, verdict.into()));
        meeting
    }

    pub(super) fn decide(&mut self, meeting: MeetingId, act: Act) {
        let at = at("20:00") + TimeDelta::minutes(i64::try_from(self.decisions.len()).expect("few"));
        self.decisions.push(Decision {
            id: DecisionId(fresh()),
            staff: self.staff.id,
            subject: meeting.0,
            segment: 0,
            entry: None,
            act,
            why: None,
            batch: None,
            actor: "rita".into(),
            at,
        });
    }

    pub(super) fn draft(&self) -> Drafted {
        let Self { staff, date, events, catalog, policy, decisions, standing, as_of } = self;
        draft_day(&Page { staff, date: *date, events, catalog, policy, decisions, standing, as_of: *as_of })
    }

    /// Puts what is drafted into the book as approved.
    fn approve(&mut self) {
        self.standing = self.draft().entries.into_iter().map(|draft| approved(self.staff.id, draft)).collect();
    }
}

fn reasons(drafted: &Drafted) -> Vec<Vec<&str>> {
    drafted.questions.iter().map(|question| question.open.iter().map(|reason| reason.reason.as_str()).collect()).collect()
}

#[test]
fn a_matched_event_is_a_draft_with_its_client_and_no_question() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    let drafted = scene.draft();
    let body = &drafted.entries[0].body;
    assert_eq!((body.seconds, body.client.as_deref(), body.billable, body.held), (3600, Some("acme"), Some(true), false));
    assert!(drafted.questions.is_empty());
}

#[test]
fn time_that_was_seen_is_never_invisible() {
    let mut scene = Scene::new();
    scene.judged("Sync", at("09:00"), at("10:00"), Verdict::default());
    let drafted = scene.draft();
    assert!(drafted.entries[0].body.held);
    assert_eq!(reasons(&drafted), [["unmatched"]]);
}

#[test]
fn a_skipped_event_makes_no_time() {
    let mut scene = Scene::new();
    let skip = Some(Skip { rule: "lunch".into(), why: "personal".into(), counts_as: None });
    scene.judged("Lunch", at("12:00"), at("13:00"), Verdict { skip, ..Verdict::default() });
    assert_eq!(scene.draft(), Drafted::default());
}

#[test]
fn nothing_is_drafted_before_its_end_and_the_page_says_when_to_look_again() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.as_of = at("09:30");
    let drafted = scene.draft();
    assert!(drafted.entries.is_empty());
    assert_eq!(drafted.next_at, Some(at("10:00")));
}

#[test]
fn an_entry_once_drafted_stays_if_its_event_is_prolonged() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.approve();
    scene.standing[0].status = EntryStatus::Draft;
    scene.events[0].0.fact.span = Span::Timed { start: at("09:00"), end: at("12:00"), zone: chrono_tz::UTC };
    scene.as_of = at("11:00");
    assert_eq!(scene.draft().entries[0].body.seconds, 3 * 3600);
}

#[test]
fn a_meeting_over_midnight_is_one_segment_a_day() {
    let mut scene = Scene::new();
    let meeting = scene.event("Release", at("22:00"), at("22:00") + TimeDelta::hours(4));
    assert_eq!(scene.draft().entries[0].body.seconds, 2 * 3600);
    scene.date = scene.date.succ_opt().expect("a date");
    let second = scene.draft().entries.remove(0);
    assert_eq!((second.key, second.body.seconds), (EntryKey { meeting, segment: 1, leg: 0 }, 2 * 3600));
}

#[test]
fn copies_on_two_calendars_are_one_entry_and_disagreement_is_a_conflict() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    let mut copy = scene.events[0].clone();
    copy.0.id = EventId(fresh());
    copy.0.calendar_order = 1;
    scene.events.push(copy);
    assert_eq!((scene.draft().entries.len(), scene.draft().questions.len()), (1, 0));
    Arc::make_mut(&mut scene.events[1].1)
        .fields
        .insert(Field::Project, Claim { value: "ACME-2".into(), rule: "names".into(), evidence: Vec::new().into() });
    assert_eq!(reasons(&scene.draft()), [["conflict"]]);
}

#[test]
fn copies_with_different_starts_are_not_joined() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    let mut copy = scene.events[0].clone();
    copy.0.id = EventId(fresh());
    copy.0.fact.span = Span::Timed { start: at("14:00"), end: at("15:00"), zone: chrono_tz::UTC };
    scene.events.push(copy);
    assert_eq!(scene.draft().entries.len(), 2);
}

#[test]
fn a_decision_wins_over_a_rule_and_answers_the_question() {
    let mut scene = Scene::new();
    let meeting = scene.judged("Sync", at("09:00"), at("10:00"), Verdict::default());
    scene.decide(meeting, Act::Assign(Assignment { project: Some(Some("ACME-1".into())), ..Assignment::default() }));
    let drafted = scene.draft();
    assert_eq!(drafted.entries[0].body.client.as_deref(), Some("acme"));
    assert!(drafted.questions.is_empty() && !drafted.entries[0].body.held);
}

#[test]
fn what_is_not_work_has_no_entry() {
    let mut scene = Scene::new();
    let meeting = scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.decide(meeting, Act::NotWork);
    assert!(scene.draft().entries.is_empty());
}

#[test]
fn a_closed_project_is_asked_about() {
    let mut scene = Scene::new();
    let meeting = scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.decide(meeting, Act::Assign(Assignment { project: Some(Some("ACME-2".into())), ..Assignment::default() }));
    assert_eq!(reasons(&scene.draft()), [["closed-project"]]);
}

#[test]
fn one_overlap_is_raised_per_entry_that_starts_inside_another_and_touching_is_none() {
    let mut scene = Scene::new();
    scene.event("A", at("09:00"), at("11:00"));
    scene.event("B", at("10:00"), at("12:00"));
    scene.event("C", at("12:00"), at("13:00"));
    assert_eq!(reasons(&scene.draft()), [["overlap"]]);
}

#[test]
fn the_same_time_and_title_twice_is_a_duplicate_and_no_overlap() {
    let mut scene = Scene::new();
    scene.event("Acme  Weekly", at("09:00"), at("10:00"));
    scene.event("acme weekly", at("09:00"), at("10:00"));
    assert_eq!(reasons(&scene.draft()), [["duplicate"]]);
}

#[test]
fn a_dismissal_holds_for_its_cause_and_no_longer() {
    let mut scene = Scene::new();
    scene.event("A", at("09:00"), at("11:00"));
    let later = scene.event("B", at("10:00"), at("12:00"));
    let raised = scene.draft().questions[0].open[0].clone();
    scene.decide(later, Act::Dismiss { subject: SubjectKind::Meeting, reason: raised.reason, cause: raised.cause });
    let seen = scene.draft();
    assert!(seen.entries.iter().all(|entry| !entry.body.held) && seen.questions[0].open.is_empty());
    scene.events[1].0.fact.span = Span::Timed { start: at("10:30"), end: at("12:00"), zone: chrono_tz::UTC };
    assert_eq!(reasons(&scene.draft()), [["overlap"]]);
}

#[test]
fn approved_time_never_changes_silently() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.approve();
    assert_eq!((scene.draft().entries.len(), scene.draft().questions.len()), (0, 0));
    scene.events[0].0.fact.span = Span::Timed { start: at("09:00"), end: at("11:00"), zone: chrono_tz::UTC };
    assert_eq!(reasons(&scene.draft()), [["changed-after-approval"]]);
    assert!(scene.draft().entries.is_empty());
}

#[test]
fn time_that_comes_after_the_day_was_approved_is_held_as_late() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.approve();
    scene.event("Found later", at("15:00"), at("16:00"));
    scene.events[1].0.first_seen = at("22:00");
    let drafted = scene.draft();
    assert!(drafted.entries[0].body.held);
    assert_eq!(reasons(&drafted), [["late"]]);
}

#[test]
fn in_a_locked_period_nothing_is_drafted() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.policy.locked_through = Some(monday());
    let drafted = scene.draft();
    assert!(drafted.entries.is_empty());
    assert_eq!(reasons(&drafted), [["late"]]);
}

#[test]
fn a_vanished_event_voids_an_untouched_draft_and_keeps_a_touched_one() {
    let mut scene = Scene::new();
    let meeting = scene.event("Kickoff", at("09:00"), at("10:00"));
    scene.events[0].0.removed_at = Some(at("22:00"));
    assert_eq!(scene.draft(), Drafted::default());
    scene.decide(meeting, Act::Assign(Assignment { task: Some(Some("Review".into())), ..Assignment::default() }));
    let drafted = scene.draft();
    assert!(drafted.entries[0].body.held);
    assert_eq!(reasons(&drafted), [["deleted-after-edit"]]);
}

#[test]
fn an_edited_time_asks_once_its_event_moves_and_follow_takes_the_new_time() {
    let mut scene = Scene::new();
    let meeting = scene.event("Kickoff", at("09:00"), at("10:00"));
    let seen = Seen { start: at("09:00"), end: at("10:00") };
    scene.decide(meeting, Act::Time(EditedTime { start: at("09:00"), end: at("10:30"), seen }));
    assert_eq!((scene.draft().entries[0].body.seconds, scene.draft().questions.len()), (5400, 0));
    scene.events[0].0.fact.span = Span::Timed { start: at("14:00"), end: at("15:00"), zone: chrono_tz::UTC };
    assert_eq!((scene.draft().entries.len(), reasons(&scene.draft())), (1, vec![vec!["edit-outdated"]]));
    scene.decide(meeting, Act::Follow);
    assert_eq!((scene.draft().entries[0].body.start, scene.draft().questions.len()), (at("14:00"), 0));
}

#[test]
fn split_legs_keep_their_shares_end_to_end() {
    let mut scene = Scene::new();
    let meeting = scene.event("Steering", at("09:00"), at("10:00"));
    let leg = |share| Leg { share, assignment: Assignment::default(), number: None };
    scene.decide(meeting, Act::Split { legs: vec![leg(1), leg(1), leg(1)], seen: Seen { start: at("09:00"), end: at("10:00") } });
    let entries = scene.draft().entries;
    assert_eq!(entries.iter().map(|entry| entry.body.seconds).collect::<Vec<_>>(), [1200, 1200, 1200]);
    assert_eq!(entries[0].body.end, entries[1].body.start);
}

#[test]
fn a_written_entry_comes_back_unchanged_and_counts() {
    let mut scene = Scene::new();
    scene.event("Kickoff", at("09:00"), at("10:00"));
    let written = Written {
        start: at("08:30"),
        end: at("09:30"),
        timezone: chrono_tz::UTC,
        date: monday(),
        assignment: Assignment { project: Some(Some("ACME-1".into())), ..Assignment::default() },
        origin: Origin::Manual,
        external_ref: None,
    };
    scene.decide(MeetingId(fresh()), Act::Write(written));
    let drafted = scene.draft();
    assert_eq!(drafted.entries.iter().filter(|entry| entry.body.origin == Origin::Manual && entry.body.seconds == 3600).count(), 1);
    assert_eq!(reasons(&drafted), [["overlap"]]);
}

#[test]
fn a_day_too_full_is_asked_again_thirty_minutes_above_what_was_seen() {
    let mut scene = Scene::new();
    scene.policy.day_limits =
        vec![DayLimit { rule: "full".into(), reason: "day-too-full".into(), text: "more than 2 h".into(), min_seconds: 7200 }];
    scene.event("A", at("09:00"), at("11:00"));
    let question = scene.draft().questions.remove(0);
    let cause = json!({ "seconds": 7200 });
    scene.decide(MeetingId(question.subject.id), Act::Dismiss { subject: SubjectKind::Day, reason: "day-too-full".into(), cause });
    assert!(scene.draft().questions[0].open.is_empty());
    scene.event("B", at("12:00"), at("12:30"));
    assert_eq!(reasons(&scene.draft()), [["day-too-full"]]);
}

#[test]
fn rounding_by_the_day_gives_the_rounded_total_by_largest_remainder() {
    let mut scene = Scene::new();
    scene.policy.rounding = Rounding { minutes: 15, per: RoundPer::Day, to: RoundTo::Up };
    scene.event("A", at("09:00"), at("09:20"));
    scene.event("B", at("10:00"), at("10:20"));
    let rounded: i64 = scene.draft().entries.iter().map(|entry| entry.body.rounded_seconds).sum();
    assert_eq!(rounded, 45 * 60);
}

#[test]
fn swapped_times_make_an_entry_of_no_time_and_a_question() {
    let mut scene = Scene::new();
    scene.event("Odd", at("10:00"), at("09:00"));
    let drafted = scene.draft();
    assert_eq!((drafted.entries[0].body.seconds, reasons(&drafted)), (0, vec![vec!["time-reversed"]]));
}

pub(super) fn approved(staff: StaffId, draft: crate::model::entry::Draft) -> Entry {
    Entry {
        id: EntryId(fresh()),
        version: 1,
        staff,
        key: draft.key,
        status: EntryStatus::Approved,
        approved_at: Some(at("21:00")),
        submitted: None,
        body: draft.body,
        provenance: draft.provenance,
    }
}
