//! What is written when what ought to stand differs from what does.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::difference::{entries, exceptions};
use crate::model::{
    entry::{Body, Draft, Entry, EntryKey, EntryStatus, Origin, Provenance},
    exception::{Exception, ExceptionStatus, Question, Reason, Subject, SubjectKind},
    ids::{EventId, MeetingId, StaffId, fresh},
};

fn now() -> DateTime<Utc> {
    "2026-03-09T09:00:00Z".parse().expect("an instant")
}

fn draft() -> Draft {
    let body = Body {
        date: now().date_naive(),
        start: now(),
        end: now() + TimeDelta::hours(1),
        timezone: chrono_tz::UTC,
        seconds: 3600,
        rounded_seconds: 3600,
        client: Some("acme".into()),
        project: None,
        task: None,
        billable: None,
        tags: vec![],
        description: None,
        held: true,
        origin: Origin::Calendar,
        external_ref: None,
        event: None,
    };
    Draft { key: EntryKey { meeting: MeetingId(fresh()), segment: 0, leg: 0 }, body, provenance: Provenance::default() }
}

fn standing(draft: &Draft, status: EntryStatus) -> Entry {
    let mut entry = entries(StaffId(fresh()), vec![draft.clone()], &[]).remove(0);
    entry.status = status;
    entry
}

#[test]
fn the_same_again_writes_nothing() {
    let draft = draft();
    let entry = standing(&draft, EntryStatus::Draft);
    let copy = Draft { body: Body { event: Some(EventId(fresh())), ..draft.body.clone() }, ..draft };
    assert_eq!(entries(entry.staff, vec![copy], &[entry]), []);
}

#[test]
fn a_moved_entry_keeps_its_identity() {
    let mut draft = draft();
    let entry = standing(&draft, EntryStatus::Draft);
    draft.body.date = draft.body.date.succ_opt().expect("a date");
    let rows = entries(entry.staff, vec![draft], std::slice::from_ref(&entry));
    assert_eq!((rows.len(), rows[0].id, rows[0].version), (1, entry.id, 2));
}

#[test]
fn what_is_no_longer_derived_is_void_once_and_settled_time_stays() {
    let draft = draft();
    let entry = standing(&draft, EntryStatus::Draft);
    let void = entries(entry.staff, vec![], &[entry]).remove(0);
    assert_eq!((void.status, void.body.held), (EntryStatus::Void, false));
    assert_eq!(entries(void.staff, vec![], std::slice::from_ref(&void)), []);
    assert_eq!(entries(void.staff, vec![], &[standing(&draft, EntryStatus::Approved)]), []);
    assert_eq!(entries(void.staff, vec![draft], &[void])[0].status, EntryStatus::Draft);
}

fn question(reason: &str) -> Question {
    let reason = Reason { reason: reason.into(), holding: true, cause: json!({}), evidence: json!(null), message: "why".into() };
    let subject = Subject { kind: SubjectKind::Meeting, id: fresh(), segment: 0 };
    Question { subject, date: now().date_naive(), open: vec![reason], dismissed: vec![] }
}

fn ask(derived: Vec<Question>, standing: &[Exception]) -> Vec<Exception> {
    exceptions(StaffId(fresh()), derived, standing, |_| None, (None, now()))
}

#[test]
fn a_question_opens_stays_and_clears() {
    let question = question("unmatched");
    let open = ask(vec![question.clone()], &[]);
    assert_eq!(open[0].status, ExceptionStatus::Open);
    assert_eq!(ask(vec![question.clone()], &open), []);
    let cleared = ask(vec![], &open);
    assert_eq!((cleared[0].status, cleared[0].id, cleared[0].reasons.len()), (ExceptionStatus::Cleared, open[0].id, 1));
    assert_eq!(ask(vec![], &cleared), []);
    assert_eq!(ask(vec![question], &cleared)[0].status, ExceptionStatus::Open);
}

#[test]
fn what_a_person_dismissed_is_dismissed_and_questions_about_calendars_are_not_settlings() {
    let mut question = question("overlap");
    let open = ask(vec![question.clone()], &[]);
    question.dismissed = std::mem::take(&mut question.open);
    assert_eq!(ask(vec![question], &open)[0].status, ExceptionStatus::Dismissed);
    let mut about_calendar = open[0].clone();
    about_calendar.subject.kind = SubjectKind::Calendar;
    assert_eq!(ask(vec![], &[about_calendar]), []);
}
