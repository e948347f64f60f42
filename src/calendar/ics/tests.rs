//! Calendar files, trap by trap.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;

use super::{Limits, Refused, read};
use crate::{
    calendar::{Answer, Window},
    model::event::{EventStatus, Response, Span},
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(super) fn read_in(bytes: &[u8], from: &str, until: &str) -> Result<Answer, Refused> {
    let window = Window { from: at(&format!("{from}T00:00:00Z")), until: at(&format!("{until}T00:00:00Z")) };
    read(bytes, &window, Berlin, &Limits::default())
}

/// The events in March and April 2026.
pub(super) fn spring(events: &[&str]) -> Answer {
    let events: Vec<_> = events.iter().map(|event| event.replace('\n', "\r\n")).collect();
    let events = format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", events.join("\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n"));
    let file = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
    read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar")
}

pub(super) fn starts(answer: &Answer) -> Vec<String> {
    answer.facts.iter().map(|fact| fact.span.moment().to_string()).collect()
}

pub(super) fn faults(answer: &Answer) -> Vec<(&str, usize)> {
    answer.broken.iter().map(|broken| (broken.reason, broken.line)).collect()
}

#[test]
fn a_weekly_series_keeps_its_clock_time_over_the_change_of_clocks() {
    let answer =
        spring(&["UID:a\nDTSTART;TZID=Europe/Berlin:20260323T090000\nDTEND;TZID=Europe/Berlin:20260323T100000\nRRULE:FREQ=WEEKLY;COUNT=2"]);
    assert_eq!(starts(&answer), ["2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z"]);
    assert_eq!(answer.facts[0].provider_id, "a#2026-03-23T08:00:00Z");
}

#[test]
fn excluded_moved_and_cancelled_instances_are_what_they_say() {
    let answer = spring(&[
        "UID:a\nDTSTART;TZID=Europe/Berlin:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20260303T090000",
        "UID:a\nRECURRENCE-ID:20260304T080000Z\nSEQUENCE:1\nDTSTART:20260304T150000Z\nDTEND:20260304T160000Z",
        "UID:a\nRECURRENCE-ID;TZID=Europe/Berlin:20260305T090000\nSTATUS:CANCELLED\nDTSTART;TZID=Europe/Berlin:20260305T090000\nDURATION:PT1H",
    ]);
    assert_eq!(starts(&answer), ["2026-03-02T08:00:00Z", "2026-03-04T15:00:00Z", "2026-03-05T08:00:00Z"]);
    assert_eq!(answer.facts[1].provider_id, "a#2026-03-04T08:00:00Z");
    assert_eq!(answer.facts[2].status, EventStatus::Cancelled);
}

#[test]
fn until_means_the_same_in_utc_in_local_time_and_as_a_date() {
    for until in ["20260304T080000Z", "20260304T090000", "20260304"] {
        let event = format!("UID:a\nDTSTART;TZID=Europe/Berlin:20260302T090000\nRRULE:FREQ=DAILY;UNTIL={until}");
        assert_eq!(starts(&spring(&[&event])).len(), 3, "{until}");
    }
}

#[test]
fn an_all_day_event_has_dates_and_no_midnights() {
    let answer = spring(&["UID:a\nDTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260331"]);
    let date = |text: &str| text.parse().expect("a date");
    assert_eq!(answer.facts[0].span, Span::AllDay { first: date("2026-03-29"), until: date("2026-03-31") });
}

#[test]
fn a_time_that_the_change_of_clocks_skips_is_read_with_the_offset_before_it() {
    let answer = spring(&["UID:a\nDTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3"]);
    assert_eq!(starts(&answer), ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
}

#[test]
fn floating_times_are_the_persons() {
    assert_eq!(starts(&spring(&["UID:a\nDTSTART:20260302T090000"])), ["2026-03-02T08:00:00Z"]);
}

#[test]
fn one_broken_event_leaves_the_others_alone() {
    let answer =
        spring(&["UID:bad\nDTSTART:soon", "UID:lost\nDTSTART;TZID=Mars/Base:20260302T090000", "UID:good\nDTSTART:20260302T090000Z"]);
    assert_eq!(starts(&answer).len(), 1);
    assert_eq!(faults(&answer), [("bad-event", 3), ("unknown-timezone", 7)]);
}

#[test]
fn repetition_by_the_second_is_refused_at_once() {
    let answer = spring(&["UID:a\nDTSTART:19700101T000000Z\nRRULE:FREQ=SECONDLY"]);
    assert_eq!(faults(&answer), [("bad-event", 3)]);
}

#[test]
fn a_rule_that_never_falls_on_a_date_ends() {
    let answer = spring(&["UID:a\nDTSTART:20200101T000000Z\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]);
    assert!(answer.facts.is_empty());
}

#[test]
fn a_rule_with_foreign_characters_is_refused_and_does_not_panic() {
    let answer = spring(&[
        "UID:a\nDTSTART:20260302T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=-1éR",
        "UID:b\nDTSTART:20260302T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=M",
    ]);
    assert_eq!(faults(&answer), [("bad-event", 3), ("bad-event", 8)]);
}

#[test]
fn swapped_times_are_kept_for_a_person_to_see() {
    let answer = spring(&["UID:a\nDTSTART:20260302T100000Z\nDTEND:20260302T090000Z"]);
    assert!(matches!(answer.facts[0].span, Span::Timed { start, end, .. } if end < start));
}

#[test]
fn escapes_folds_people_and_rooms_are_read() {
    let answer = spring(&[
        "UID:a\nDTSTART:20260302T100000Z\nSUMMARY:Acme\\, plan\n ning\nCATEGORIES:a\\,b,c\nATTENDEE;CN=\"Tom, A\";PARTSTAT=DECLINED:MAILTO:Tom@Acme.com\nATTENDEE;CUTYPE=ROOM:mailto:r@x.com",
    ]);
    let text = &answer.facts[0].text;
    assert_eq!((text.title.as_str(), text.categories.as_slice()), ("Acme, planning", ["a,b".to_owned(), "c".to_owned()].as_slice()));
    assert_eq!((text.attendees[0].email.as_str(), text.attendees[0].name.as_deref()), ("tom@acme.com", Some("Tom, A")));
    assert!(text.attendees[1].resource && !text.attendees[0].resource);
}

#[test]
fn who_sends_someone_else_does_not_come() {
    let answer = spring(&["UID:a\nDTSTART:20260302T100000Z\nATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:t@x.com\":mailto:d@x.com"]);
    assert_eq!(answer.facts[0].text.attendees[0].response, Response::Declined);
}

#[test]
fn lines_of_an_old_code_page_are_read_and_told() {
    let file = |title: &[u8]| {
        let (head, tail) =
            ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T100000Z\r\nSUMMARY:", "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        [head.as_bytes(), title, tail.as_bytes()].concat()
    };
    let read = |title: &[u8]| {
        let answer = read_in(&file(title), "2026-03-01", "2026-05-01").expect("a calendar");
        (answer.facts[0].text.title.clone(), answer.notes)
    };
    let note = "line 5: this is not UTF-8; such lines were read as Windows-1252";
    assert_eq!(read(b"Z\xfcrich \x80 5"), ("Zürich € 5".to_owned(), vec![note.to_owned()]));
    // A fold may cut a character, and a program one of a line of UTF-8.
    assert_eq!(read(b"Z\xc3\r\n \xbcrich"), ("Zürich".to_owned(), vec![]));
    assert_eq!(read(b"Z\xc3\xbcrich \xc3"), ("Zürich \u{fffd}".to_owned(), vec![]));
}

#[test]
fn an_all_day_event_of_outlook_may_have_the_persons_midnights_in_utc() {
    let marked = |start: &str, end: &str| {
        let answer = spring(&[&format!("UID:a\nDTSTART:{start}\nDTEND:{end}\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE")]);
        match answer.facts[0].span {
            Span::AllDay { first, until } => format!("{first} {until}"),
            Span::Timed { start, .. } => start.to_string(),
        }
    };
    assert_eq!(marked("20260301T230000Z", "20260302T230000Z"), "2026-03-02 2026-03-03");
    assert_eq!(marked("20260328T230000Z", "20260329T220000Z"), "2026-03-29 2026-03-30");
    assert_eq!(marked("20260302T000000Z", "20260303T000000Z"), "2026-03-02 2026-03-03");
    assert_eq!(marked("20260301T230000Z", "20260302T220000Z"), "2026-03-01 23:00:00 UTC");
}

#[test]
fn what_is_not_a_calendar_is_refused_with_its_reason() {
    let refused = |bytes: &[u8]| read_in(bytes, "2026-03-01", "2026-05-01").expect_err("refused");
    assert_eq!(refused(b""), Refused::Empty);
    assert_eq!(refused(b"<!DOCTYPE html><html>"), Refused::WebPage);
    for page in [b"<!-- portal --><html>".as_slice(), b"<meta http-equiv=refresh>", b" <?xml version='1.0'?>"] {
        assert_eq!(refused(page), Refused::WebPage);
    }
    assert_eq!([refused(b"{\"error\": 1}"), refused(b"[]")], [Refused::Json, Refused::Json]);
    assert_eq!([refused(b"PK\x03\x04"), refused(&[0x1f, 0x8b, 8])], [Refused::Packed, Refused::Packed]);
    assert_eq!(refused(b"hello"), Refused::NotACalendar);
    assert_eq!(refused(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n"), Refused::Truncated { line: 3 });
    assert_eq!(refused(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nEND:VEV"), Refused::Truncated { line: 4 });
    assert!(matches!(refused("BEGIN:VCALENDAR\n".repeat(2_500).as_bytes()), Refused::TooDeep { line: 9, .. }));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(cut in 0_usize..300, with in proptest::collection::vec(proptest::num::u8::ANY, 0..20)) {
        let mut bytes = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Europe/Berlin:20260302T090000\r\nDURATION:P1DT2H\r\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20260504\r\nEXDATE:20260303T090000Z\r\nATTENDEE;CN=\"x\":mailto:a@b.c\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".to_vec();
        let cut = cut.min(bytes.len());
        bytes.splice(cut..(cut + with.len() / 2).min(bytes.len()), with);
        let _outcome = read_in(&bytes, "2026-03-01", "2026-05-01");
    }
}
