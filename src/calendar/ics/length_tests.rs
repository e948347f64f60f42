//! How long an event is whose start and end are written on different clocks.

use chrono::{DateTime, Utc};

use super::tests::{read_in, spring, starts};
use crate::{calendar::Answer, model::event::Span};

fn minutes(answer: &Answer) -> Vec<i64> {
    let length = |fact: &crate::model::event::Fact| match fact.span {
        Span::Timed { start, end, .. } => (end - start).num_minutes(),
        Span::AllDay { .. } => 0,
    };
    answer.facts.iter().map(length).collect()
}

fn weekly(start: &str, end: &str) -> Vec<i64> {
    minutes(&spring(&[&format!("UID:a\nDTSTART{start}\nDTEND{end}\nRRULE:FREQ=WEEKLY;COUNT=3")]))
}

#[test]
fn a_series_is_as_long_after_the_change_of_clocks_as_before_it_whatever_clock_its_end_is_written_on() {
    assert_eq!(weekly(";TZID=Europe/Berlin:20260323T100000", ":20260323T110000Z"), [120, 120, 120]);
    assert_eq!(weekly(":20260323T090000Z", ";TZID=Europe/Berlin:20260323T120000"), [120, 120, 120]);
    assert_eq!(weekly(";TZID=Europe/Berlin:20260323T100000", ";TZID=Etc/GMT-3:20260323T140000"), [120, 120, 120]);
    assert_eq!(weekly(";TZID=Europe/Berlin:20260323T220000", ":20260324T010000Z"), [240, 240, 240]);
    // Between two places it is as long as their clocks say: New York changed on 8 March.
    let flight =
        "UID:a\nDTSTART;TZID=Europe/Berlin:20260323T100000\nDTEND;TZID=America/New_York:20260323T130000\nRRULE:FREQ=WEEKLY;COUNT=2";
    assert_eq!(minutes(&spring(&[flight])), [480, 540]);
}

/// What a person in New York sees.
fn in_new_york(events: &str) -> Answer {
    let file = format!("BEGIN:VCALENDAR\nX-WR-TIMEZONE:America/New_York\n{events}END:VCALENDAR\n");
    read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar")
}

#[test]
fn an_end_without_a_zone_is_on_the_clock_of_its_start() {
    let event = |start: &str, end: &str| minutes(&in_new_york(&format!("BEGIN:VEVENT\nUID:a\nDTSTART{start}\nDTEND:{end}\nEND:VEVENT\n")));
    assert_eq!(event(";TZID=Europe/Berlin:20260316T150000", "20260316T160000"), [60]);
    assert_eq!(event(";TZID=Asia/Tokyo:20260316T150000", "20260316T160000"), [60]);
    assert_eq!(event(":20260316T150000", "20260316T160000"), [60]);
    assert_eq!(event(":20260316T150000", "20260316T200000Z"), [60]);
}

#[test]
fn dates_without_a_zone_are_on_the_clock_of_their_series() {
    let answer = in_new_york(
        "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260303T090000\n\
         RDATE:20260306T090000\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260304T090000\n\
         DTSTART;TZID=Europe/Berlin:20260304T110000\nDURATION:PT1H\nEND:VEVENT\n",
    );
    let at = |text: &str| text.parse::<DateTime<Utc>>().expect("an instant").to_rfc3339();
    let expected = ["2026-03-02T08:00:00Z", "2026-03-04T10:00:00Z", "2026-03-06T08:00:00Z"].map(at);
    assert_eq!(starts(&answer).iter().map(|start| at(start)).collect::<Vec<_>>(), expected);
}
