//! What stands apart or cannot be read, and still has its place in a series.

use super::tests::{faults, read_in, spring, starts};
use crate::calendar::Answer;

const DAILY: &str = "UID:s\nDTSTART;TZID=Europe/Berlin:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3";
const REPLACED: &str = "UID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20260303T090000";

/// Events of a file, each in a calendar of its own.
fn apart(events: &[&str]) -> Answer {
    let calendar = |event: &&str| format!("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n");
    read_in(events.iter().map(calendar).collect::<String>().as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar")
}

#[test]
fn an_occurrence_whose_override_cannot_be_read_is_unread() {
    let moved = format!("{REPLACED}\nDTSTART;TZID=Mars/Base:20260303T110000");
    for event in [&moved, &format!("{REPLACED}\nDTSTART:soon"), &format!("{REPLACED}\nDTSTART:20260303T110000Z\nDTEND:soon")] {
        let answer = spring(&[DAILY, event]);
        assert_eq!(starts(&answer), ["2026-03-02T08:00:00Z", "2026-03-04T08:00:00Z"], "{event}");
        let broken = &answer.broken[0];
        assert_eq!((broken.key.as_str(), broken.uid.as_deref(), broken.line), ("s#2026-03-03T08:00:00Z", None, 9));
        assert_eq!(broken.at.map(|at| at.to_string()).as_deref(), Some("2026-03-03T08:00:00Z"));
    }
    // Where it stood is written in a zone that nobody knows, too: by the clock of its series, and nothing of that is called absent.
    let answer = spring(&[DAILY, &moved.replace("Europe/Berlin", "Mars/Base")]);
    assert_eq!((starts(&answer).len(), answer.broken[0].uid.as_deref()), (2, Some("s")));
    let answer = spring(&[DAILY, &moved.replace("20260303T090000", "soon")]);
    assert_eq!((starts(&answer).len(), answer.broken[0].uid.as_deref(), answer.broken[0].at), (3, Some("s"), None));
}

#[test]
fn what_cannot_be_read_stands_for_all_that_it_replaced() {
    let later = "UID:s\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260303T090000\nDTSTART:soon";
    let answer = spring(&[DAILY, later]);
    assert_eq!((starts(&answer), answer.broken[0].uid.as_deref()), (vec!["2026-03-02T08:00:00Z".to_owned()], Some("s")));
    // An older word does not count in its place, a newer one does.
    let said = |sequence: u32, start: &str| format!("{REPLACED}\nSEQUENCE:{sequence}\nDTSTART:{start}");
    assert_eq!(starts(&spring(&[DAILY, &said(1, "20260303T150000Z"), &said(2, "soon")])).len(), 2);
    assert_eq!(starts(&spring(&[DAILY, &said(2, "20260303T150000Z"), &said(1, "soon")]))[1], "2026-03-03T15:00:00Z");
    let master = |sequence: u32, start: &str| format!("UID:m\nSEQUENCE:{sequence}\nDTSTART:{start}");
    assert!(starts(&spring(&[&master(1, "20260303T150000Z"), &master(2, "soon")])).is_empty());
    assert_eq!(starts(&spring(&[&master(2, "20260303T150000Z"), &master(1, "soon")])).len(), 1);
}

#[test]
fn components_of_one_uid_belong_together_in_whatever_calendars_of_a_file() {
    let moved = format!("{REPLACED}\nSEQUENCE:1\nDTSTART:20260303T060000Z\nDURATION:PT1H");
    for events in [[DAILY, &moved], [&moved, DAILY]] {
        assert_eq!(starts(&apart(&events)), ["2026-03-02T08:00:00Z", "2026-03-03T06:00:00Z", "2026-03-04T08:00:00Z"]);
    }
    let version = |sequence: u32, hour: u32| format!("UID:k\nSEQUENCE:{sequence}\nDTSTART:20260302T{hour:02}0000Z");
    for events in [[version(0, 9), version(2, 7)], [version(2, 7), version(0, 9)]] {
        assert_eq!(starts(&apart(&[&events[0], &events[1]])), ["2026-03-02T07:00:00Z"]);
    }
    // Zones and floating times are those of the calendar they stand in.
    let file = "BEGIN:VCALENDAR\nX-WR-TIMEZONE:America/New_York\nBEGIN:VEVENT\nUID:s\nDTSTART:20260302T090000\nRRULE:FREQ=DAILY;COUNT=2\n\
        END:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\nX-WR-TIMEZONE:Asia/Tokyo\nBEGIN:VEVENT\nUID:s\nRECURRENCE-ID:20260303T230000\n\
        DTSTART:20260304T090000\nEND:VEVENT\nEND:VCALENDAR\n";
    let answer = read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar");
    assert_eq!(starts(&answer), ["2026-03-02T14:00:00Z", "2026-03-04T00:00:00Z"]);
}

#[test]
fn the_later_part_of_a_series_that_google_split_is_of_the_same_series() {
    let part = |uid: &str, more: &str| format!("UID:{uid}\nDTSTART:20260304T090000Z{more}");
    let answer = spring(&[&part("abc_R20260304T090000@google.com", "\nRRULE:FREQ=DAILY;COUNT=2")]);
    let fact = &answer.facts[0];
    assert_eq!(
        (fact.ical_uid.as_str(), fact.provider_id.as_str()),
        ("abc@google.com", "abc_R20260304T090000@google.com#2026-03-04T09:00:00Z")
    );
    let answer = spring(&[&part("abc_R20260304T090000@google.com", ""), &part("abc_Report@google.com", "")]);
    assert!(answer.facts.iter().any(|fact| fact.ical_uid == "abc@google.com" && fact.original_start.is_some()));
    assert!(answer.facts.iter().any(|fact| fact.ical_uid == "abc_Report@google.com" && fact.original_start.is_none()));
    assert!(faults(&answer).is_empty());
}
