//! What repeats, what replaces one of many, and what is called off: traps of real files, one by one.

use chrono::TimeDelta;

use super::tests::{faults, read_in, spring, starts};
use crate::{
    calendar::Answer,
    model::event::{EventStatus, Span},
};

fn days(answer: &Answer) -> Vec<String> {
    starts(answer).into_iter().map(|start| start[..10].to_owned()).collect()
}

fn length(answer: &Answer, index: usize) -> TimeDelta {
    match answer.facts[index].span {
        Span::Timed { start, end, .. } => end - start,
        Span::AllDay { first, until } => until - first,
    }
}

fn titles(answer: &Answer) -> Vec<&str> {
    answer.facts.iter().map(|fact| fact.text.title.as_str()).collect()
}

#[test]
fn positions_week_starts_and_several_rules() {
    let monthly = "UID:a\nDTSTART:20260331T090000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2";
    assert_eq!(days(&spring(&[monthly])), ["2026-03-31", "2026-04-30"]);
    // The two of RFC 5545 §3.8.5.3 that differ by nothing but WKST, moved to the Sunday of this year.
    let fortnightly = |wkst| format!("UID:a\nDTSTART:20260303T090000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST={wkst}");
    assert_eq!(days(&spring(&[&fortnightly("MO")])), ["2026-03-03", "2026-03-08", "2026-03-17", "2026-03-22"]);
    assert_eq!(days(&spring(&[&fortnightly("SU")])), ["2026-03-03", "2026-03-15", "2026-03-17", "2026-03-29"]);
    let two = "UID:a\nDTSTART:20260302T090000Z\nRRULE:FREQ=DAILY;COUNT=2\nRRULE:FREQ=WEEKLY;COUNT=2";
    assert_eq!(days(&spring(&[two])), ["2026-03-02", "2026-03-03", "2026-03-09"]);
}

#[test]
fn the_start_is_the_first_occurrence_also_where_the_rule_does_not_name_it() {
    let weekly = |more: &str| format!("UID:a\nDTSTART:20260304T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO{more}");
    let until = |last: &str| weekly(&format!(";UNTIL={last}T235959Z"));
    assert_eq!(days(&spring(&[&weekly(";COUNT=3")])), ["2026-03-04", "2026-03-09", "2026-03-16"]);
    assert_eq!(days(&spring(&[&weekly(";COUNT=1")])), ["2026-03-04"]);
    assert_eq!(days(&spring(&[&until("20260310")])), ["2026-03-04", "2026-03-09"]);
    // Taken out by name; by a rule; and a series that ended before it began.
    assert_eq!(days(&spring(&[&format!("{}\nEXDATE:20260304T090000Z", weekly(";COUNT=2"))])), ["2026-03-09"]);
    assert_eq!(days(&spring(&[&format!("{}\nEXRULE:FREQ=WEEKLY;BYDAY=WE", weekly(";COUNT=2"))])), ["2026-03-09"]);
    assert!(days(&spring(&[&until("20260301")])).is_empty());
}

#[test]
fn the_29th_of_february_comes_in_leap_years_alone() {
    let file =
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20240229\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let answer = read_in(file, "2024-01-01", "2033-01-01").expect("a calendar");
    assert_eq!(starts(&answer), ["2024-02-29", "2028-02-29", "2032-02-29"]);
}

#[test]
fn a_birthday_of_1604_and_the_ends_of_time_are_read() {
    // Apple writes birthdays without a year so.
    let birthday = "UID:a\nDTSTART;VALUE=DATE:16040315\nRRULE:FREQ=YEARLY";
    assert_eq!(starts(&spring(&[birthday])), ["2026-03-15"]);
    let answer = spring(&["UID:b\nDTSTART:00010101T000000Z", "UID:c\nDTSTART:99991231T235959Z\nDURATION:P9D"]);
    assert_eq!((answer.facts.len(), answer.broken.len()), (0, 0));
}

#[test]
fn added_dates_have_zones_and_periods_their_own_length() {
    let answer = spring(&[
        "UID:a\nDTSTART:20260302T090000Z\nDURATION:PT1H\nRDATE;TZID=Europe/Berlin:20260304T090000,20260305T090000\nRDATE;VALUE=PERIOD:20260306T090000Z/PT30M,20260307T090000Z/20260307T110000Z",
    ]);
    assert_eq!(
        starts(&answer),
        ["2026-03-02T09:00:00Z", "2026-03-04T08:00:00Z", "2026-03-05T08:00:00Z", "2026-03-06T09:00:00Z", "2026-03-07T09:00:00Z"]
    );
    let minutes: Vec<_> = (0..5).map(|index| length(&answer, index).num_minutes()).collect();
    assert_eq!(minutes, [60, 60, 60, 30, 120]);
}

#[test]
fn excluded_dates_come_as_lists_as_dates_and_by_rule() {
    let daily = "UID:a\nDTSTART;TZID=Europe/Berlin:20260302T090000\nRRULE:FREQ=DAILY;COUNT=5\n";
    for out in ["EXDATE:20260303T080000Z,20260305T080000Z", "EXDATE;VALUE=DATE:20260303,20260305", "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=9"] {
        let left = days(&spring(&[&format!("{daily}{out}")]));
        let ought =
            if out.starts_with("EXRULE") { ["2026-03-03", "2026-03-05"].as_slice() } else { &["2026-03-02", "2026-03-04", "2026-03-06"] };
        assert_eq!(left, ought, "{out}");
    }
}

#[test]
fn of_two_replacements_the_highest_sequence_counts_wherever_it_stands() {
    let replaced = |sequence: u8, title: &str| {
        format!("UID:a\nRECURRENCE-ID:20260303T090000Z\nSEQUENCE:{sequence}\nSUMMARY:{title}\nDTSTART:20260303T110000Z\nDURATION:PT1H")
    };
    let series = "UID:a\nSUMMARY:series\nDTSTART:20260302T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2";
    for order in [[2, 1], [1, 2]] {
        let [first, second] = order.map(|sequence| replaced(sequence, &format!("version {sequence}")));
        assert_eq!(titles(&spring(&[&first, series, &second])), ["series", "version 2"]);
    }
}

#[test]
fn of_two_replacements_with_one_sequence_the_one_written_last_counts() {
    let replaced = |stamp: &str, title: &str| {
        format!(
            "UID:a\nRECURRENCE-ID:20260303T090000Z\nSEQUENCE:1\nDTSTAMP:{stamp}\nSUMMARY:{title}\nDTSTART:20260303T110000Z\nDURATION:PT1H"
        )
    };
    let series = "UID:a\nSUMMARY:series\nDTSTART:20260302T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2";
    let (new, old) = (replaced("20260320T120000Z", "new"), replaced("20260301T120000Z", "old"));
    for order in [[&new, &old], [&old, &new]] {
        assert_eq!(titles(&spring(&[order[0], series, order[1]])), ["series", "new"]);
    }
    // Where that is when the file was written, it is when they were changed.
    let changed = |event: &str, at: &str| format!("{}\nLAST-MODIFIED:{at}", event.replace("20260301T", "20260320T"));
    let (new, old) = (changed(&new, "20260319T000000Z"), changed(&old, "20260311T000000Z"));
    assert_eq!(titles(&spring(&[&new, series, &old])), ["series", "new"]);
}

#[test]
fn this_and_all_that_follow_move_and_are_renamed_together() {
    let answer = spring(&[
        "UID:a\nSUMMARY:old\nDTSTART:20260302T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4",
        "UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260304T090000Z\nSUMMARY:new\nDTSTART:20260304T100000Z\nDURATION:PT2H",
    ]);
    assert_eq!(starts(&answer)[1..], ["2026-03-03T09:00:00Z", "2026-03-04T10:00:00Z", "2026-03-05T10:00:00Z"]);
    assert_eq!(titles(&answer), ["old", "old", "new", "new"]);
    assert_eq!(length(&answer, 3), TimeDelta::hours(2));
}

#[test]
fn a_replacement_whose_series_is_not_in_the_file_stands_for_itself() {
    let answer = spring(&["UID:a\nRECURRENCE-ID:20260303T090000Z\nSUMMARY:alone\nDTSTART:20260304T090000Z\nDURATION:PT1H"]);
    assert_eq!((starts(&answer).concat().as_str(), titles(&answer)[0]), ("2026-03-04T09:00:00Z", "alone"));
    assert_eq!(answer.facts[0].provider_id, "a#2026-03-03T09:00:00Z");
}

#[test]
fn a_file_that_calls_off_calls_off_all_it_names() {
    let file = b"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let answer = read_in(file, "2026-03-01", "2026-05-01").expect("a calendar");
    assert_eq!(answer.facts[0].status, EventStatus::Cancelled);
}

#[test]
fn of_two_events_with_one_uid_no_time_is_lost() {
    let same = ["UID:a\nSUMMARY:one\nDTSTART:20260302T090000Z", "UID:a\nSUMMARY:two\nDTSTART:20260302T090000Z"];
    assert_eq!(titles(&spring(&same)), ["two"]);
    let apart = ["UID:a\nSUMMARY:one\nDTSTART:20260302T090000Z", "UID:a\nSUMMARY:two\nDTSTART:20260303T090000Z"];
    let answer = spring(&apart);
    assert_eq!(titles(&answer), ["one", "two"]);
    assert_ne!(answer.facts[0].provider_id, answer.facts[1].provider_id);
    assert!(answer.notes[0].contains("same UID"), "{:?}", answer.notes);
}

#[test]
fn an_event_without_uid_is_known_by_what_it_says_not_by_when_it_was_written() {
    let id = |lines: &str| spring(&[lines]).facts[0].provider_id.clone();
    let before = id("DTSTAMP:20260101T000000Z\nSUMMARY:x\nDTSTART:20260302T090000Z");
    assert_eq!(before, id("SUMMARY:x\nDTSTART:20260302T090000Z\nDTSTAMP:20260202T000000Z\nSEQUENCE:3"));
    assert_ne!(before, id("DTSTAMP:20260101T000000Z\nSUMMARY:y\nDTSTART:20260302T090000Z"));
}

#[test]
fn when_a_file_was_written_is_no_change() {
    let event = |stamp: &str| spring(&[&format!("UID:a\nDTSTAMP:{stamp}\nLAST-MODIFIED:{stamp}\nDTSTART:20260302T090000Z")]).facts;
    assert_eq!(event("20260101T000000Z"), event("20260202T000000Z"));
}

#[test]
fn a_day_of_duration_is_nominal_and_hours_are_exact_over_the_change_of_clocks() {
    // Berlin goes from 02:00 to 03:00 on 29 March 2026: that day has 23 hours.
    let over = |lasts: &str| spring(&[&format!("UID:a\nDTSTART;TZID=Europe/Berlin:20260328T120000\n{lasts}")]);
    assert_eq!(length(&over("DURATION:P1D"), 0), TimeDelta::hours(23));
    assert_eq!(length(&over("DURATION:PT24H"), 0), TimeDelta::hours(24));
    assert_eq!(length(&over("DTEND;TZID=Europe/Berlin:20260329T120000"), 0), TimeDelta::hours(23));
}

#[test]
fn a_time_that_comes_twice_is_the_first_of_both() {
    let file = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Europe/Berlin:20261025T023000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let answer = read_in(file, "2026-10-01", "2026-11-01").expect("a calendar");
    assert_eq!(starts(&answer), ["2026-10-25T00:30:00Z"]);
}

#[test]
fn without_an_end_a_date_lasts_its_day_and_a_time_takes_none() {
    assert_eq!(length(&spring(&["UID:a\nDTSTART;VALUE=DATE:20260302"]), 0), TimeDelta::days(1));
    assert_eq!(length(&spring(&["UID:a\nDTSTART:20260302T090000Z"]), 0), TimeDelta::zero());
}

#[test]
fn outlook_says_what_is_all_day_and_how_busy() {
    let midnights = "UID:a\nDTSTART;TZID=Europe/Berlin:20260302T000000\nDTEND;TZID=Europe/Berlin:20260304T000000\n";
    let all_day = |fact: &crate::model::event::Fact| matches!(fact.span, Span::AllDay { .. });
    assert!(all_day(&spring(&[&format!("{midnights}X-MICROSOFT-CDO-ALLDAYEVENT:TRUE")]).facts[0]));
    assert!(!all_day(&spring(&[&format!("{midnights}X-MICROSOFT-CDO-ALLDAYEVENT:FALSE")]).facts[0]));
    let shown =
        |word: &str| format!("{:?}", spring(&[&format!("{midnights}TRANSP:OPAQUE\nX-MICROSOFT-CDO-BUSYSTATUS:{word}")]).facts[0].show_as);
    assert_eq!([shown("FREE"), shown("OOF"), shown("BUSY")], ["Free", "OutOfOffice", "Busy"]);
}

#[test]
fn a_series_far_beyond_reason_is_refused_and_names_its_line() {
    let answer = spring(&["UID:a\nDTSTART:19000101T090000Z\nRRULE:FREQ=HOURLY;COUNT=900000", "UID:b\nDTSTART:20260302T090000Z"]);
    assert_eq!((starts(&answer).len(), faults(&answer)), (1, vec![("bad-event", 3)]));
}
