//! Rules that RFC 5545 forbids and programs write all the same: never more time than there is, and none lost.

use super::tests::{faults, read_in, spring, starts};

fn days(rule: &str) -> Vec<String> {
    let answer = spring(&[&format!("UID:a\nDTSTART;TZID=Europe/Berlin:20260302T090000\nDURATION:PT1H\nRRULE:{rule}")]);
    assert!(answer.broken.is_empty(), "{rule}: {:?}", answer.broken);
    starts(&answer).into_iter().map(|start| start[5..10].to_owned()).collect()
}

#[test]
fn a_number_before_a_weekday_has_no_meaning_outside_of_months_and_years() {
    let mondays = ["03-02", "03-09", "03-16"];
    for rule in ["FREQ=WEEKLY;BYDAY=1MO;COUNT=3", "FREQ=WEEKLY;BYDAY=-1MO;COUNT=3", "FREQ=DAILY;BYDAY=+2MO;COUNT=3"] {
        assert_eq!(days(rule), mondays, "{rule}");
    }
    assert_eq!(days("FREQ=WEEKLY;BYDAY=MO,1WE;COUNT=4"), ["03-02", "03-04", "03-09", "03-11"]);
    assert_eq!(days("FREQ=WEEKLY;INTERVAL=2;BYDAY=1MO,3WE;COUNT=4"), ["03-02", "03-04", "03-16", "03-18"]);
    assert_eq!(days("FREQ=MONTHLY;BYDAY=1MO;COUNT=2"), ["03-02", "04-06"]);
    assert_eq!(days("FREQ=YEARLY;BYMONTH=3,4;BYDAY=1MO;COUNT=2"), ["03-02", "04-06"]);
    // The tenth week of 2026 begins on 2 March.
    assert_eq!(days("FREQ=YEARLY;BYWEEKNO=10;BYDAY=1MO,2TU;COUNT=2"), ["03-02", "03-03"]);
}

#[test]
fn a_rule_without_words_is_none_and_a_negative_count_no_count() {
    assert_eq!(days(""), ["03-02"]);
    assert_eq!(days("FREQ=WEEKLY;UNTIL=20260309T225959Z;COUNT=-1"), ["03-02", "03-09"]);
    assert_eq!(faults(&spring(&["UID:a\nDTSTART:20260302T090000Z\nRRULE:FREQ=WEEKLY;COUNT=0"])), [("bad-event", 3)]);
}

#[test]
fn what_repeats_by_the_hour_is_refused_only_where_it_meets_a_change_of_clocks() {
    // Berlin changes on 29 March, within the window.
    let hourly = |start: &str, rule: &str| {
        let answer = spring(&[&format!("UID:a\nDTSTART;TZID=Europe/Berlin:{start}\nDURATION:PT1H\nRRULE:FREQ=HOURLY;{rule}")]);
        (starts(&answer).len(), answer.broken.len())
    };
    assert_eq!(hourly("20260302T090000", "COUNT=3"), (3, 0));
    assert_eq!(hourly("20260302T090000", "UNTIL=20260302T100000Z"), (3, 0));
    assert_eq!(hourly("20120104T090000", "COUNT=3"), (0, 0));
    assert_eq!(hourly("20120104T090000", "UNTIL=20120301T100000Z"), (0, 0));
    assert_eq!(hourly("20260330T090000", "INTERVAL=2;COUNT=3"), (3, 0));
    for rule in ["COUNT=9", "UNTIL=20260329T070000Z", "BYHOUR=23,4"] {
        assert_eq!(hourly("20260328T220000", rule), (0, 1), "{rule}");
    }
    // It met one before the window, and its count goes on.
    let file = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Europe/Berlin:20260328T090000\r\nRRULE:FREQ=HOURLY;COUNT=90\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(read_in(file, "2026-03-30", "2026-05-01").expect("a calendar").broken.len(), 1);
}
