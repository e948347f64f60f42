//! What holds of every page, whatever calendars say and people do.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    Drafted,
    tests::{Scene, approved, at, monday},
};
use crate::model::{
    decision::{Act, Assignment, Leg, Seen},
    event::Span,
    exception::Reason,
    ids::MeetingId,
    policy::DayLimit,
    residual::Residual,
    verdict::{Suspicion, Verdict},
};

/// One step of people at work on what was drafted.
#[derive(Clone, Debug)]
enum Step {
    /// Everything of the question at this place is seen.
    Dismiss(usize),
    /// The entry at this place is approved, if nothing holds it.
    Approve(usize),
    Assign(usize),
    Split(usize),
    /// The event at this place turns suspicious.
    Doubt(usize),
}

fn step() -> impl proptest::strategy::Strategy<Value = Step> {
    use proptest::prelude::*;
    let steps = [Step::Dismiss as fn(usize) -> Step, Step::Approve, Step::Assign, Step::Split, Step::Doubt];
    (0..steps.len(), 0_usize..8).prop_map(move |(which, place)| steps[which](place))
}

impl Scene {
    /// The pages of some days.
    fn pages(&mut self) -> Drafted {
        let mut all = Drafted::default();
        for date in monday().iter_days().take(5) {
            self.date = date;
            let drafted = self.draft();
            all.entries.extend(drafted.entries);
            all.questions.extend(drafted.questions);
        }
        all
    }

    fn take(&mut self, step: &Step) {
        let pages = self.pages();
        match step {
            Step::Dismiss(place) => {
                let Some(question) = pages.questions.get(place % pages.questions.len().max(1)) else { return };
                for Reason { reason, cause, .. } in question.open.clone() {
                    self.decide(MeetingId(question.subject.id), Act::Dismiss { subject: question.subject.kind, reason, cause });
                }
            }
            Step::Approve(place) => {
                let free: Vec<_> = pages.entries.into_iter().filter(|entry| !entry.body.held).collect();
                let Some(draft) = free.get(place % free.len().max(1)).cloned() else { return };
                self.standing.push(approved(self.staff.id, draft));
            }
            Step::Assign(place) => {
                let meeting = self.events[place % self.events.len()].0.meeting;
                self.decide(meeting, Act::Assign(Assignment { project: Some(Some("ACME-1".into())), ..Assignment::default() }));
            }
            Step::Split(place) => {
                let Some(draft) = pages.entries.get(place % pages.entries.len().max(1)).filter(|draft| draft.key.leg == 0) else { return };
                let Span::Timed { start, end, .. } =
                    self.events.iter().find(|(event, _)| event.meeting == draft.key.meeting).expect("it").0.fact.span
                else {
                    return;
                };
                let leg = |project: Option<&str>| Leg {
                    share: 50,
                    assignment: Assignment { project: project.map(|code| Some(code.into())), ..Assignment::default() },
                    number: None,
                };
                let legs = vec![leg(None), leg(Some("ACME-2"))];
                self.decide(draft.key.meeting, Act::Split { legs, seen: Seen { start, end } });
                self.decisions.last_mut().expect("one").segment = draft.key.segment;
            }
            Step::Doubt(place) => {
                let at = place % self.events.len();
                let suspicion = |reason: &str, when| Suspicion { rule: "r".into(), reason: reason.into(), text: "look".into(), when };
                let long = Residual::Duration { min: Some(8 * 3600), max: None };
                Arc::make_mut(&mut self.events[at].1).suspicions = vec![suspicion("long", long), suspicion("doubt", Residual::Always)];
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_order_of_inputs_gives_the_same_rows(spans in proptest::collection::vec((0_i64..600, 0_i64..200), 1..8), seed in 0_usize..1000) {
        let mut scene = Scene::new();
        for (start, length) in spans {
            let start = at("08:00") + TimeDelta::minutes(start);
            let meeting = scene.event("Same", start, start + TimeDelta::minutes(length));
            scene.decide(meeting, Act::Assign(Assignment { task: Some(Some(length.to_string())), ..Assignment::default() }));
        }
        let before = scene.draft();
        let turn = seed % scene.events.len();
        scene.events.rotate_left(turn);
        scene.decisions.reverse();
        proptest::prop_assert_eq!(scene.draft(), before);
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_held_is_asked_about(
        spans in proptest::collection::vec((0_i64..4_000, 1_i64..2_000, proptest::bool::ANY), 1..4),
        steps in proptest::collection::vec(step(), 0..8),
    ) {
        let mut scene = Scene::new();
        scene.as_of = at("00:00") + TimeDelta::days(9);
        scene.policy.day_limits = vec![DayLimit { rule: "day".into(), reason: "day-too-full".into(), text: "full".into(), min_seconds: 36_000 }];
        for (start, length, known) in spans {
            let (start, end) = (at("00:00") + TimeDelta::minutes(start), at("00:00") + TimeDelta::minutes(start + length));
            if known { scene.event("Known", start, end) } else { scene.judged("Unknown", start, end, Verdict::default()) };
        }
        for step in &steps {
            scene.take(step);
            let pages = scene.pages();
            let asked = |id: uuid::Uuid| pages.questions.iter().any(|one| one.subject.id == id && one.open.iter().any(|reason| reason.holding));
            for entry in pages.entries.iter().filter(|entry| entry.body.held) {
                let day = crate::model::ids::of_day(scene.staff.id, entry.body.date);
                proptest::prop_assert!(asked(entry.key.meeting.0) || asked(day), "{step:?}: {entry:#?}\n{:#?}", pages.questions);
            }
        }
    }
}
