//! Every way a file can name a zone, and what each becomes (SEMANTICS S15): an IANA zone, or an event that is broken and says so.

use super::tests::{faults, read_in, starts};
use crate::calendar::Answer;

/// One event at nine in the morning of Monday 2 March 2026, in a file with more lines before it.
fn at_nine(before: &str, tzid: &str) -> Answer {
    let before = before.replace('\n', "\r\n");
    let file = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{before}BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID={tzid}:20260302T090000\r\nDURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar")
}

fn hour(before: &str, tzid: &str) -> String {
    starts(&at_nine(before, tzid)).concat()
}

/// The seasons of a VTIMEZONE: winter from November or October, summer from March.
fn zone(name: &str, winter: &str, summer: &str, (to_winter, to_summer): Seasons) -> String {
    let (at, rule) = to_winter;
    format!(
        "BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:16010101T{at}\nTZOFFSETFROM:{summer}\nTZOFFSETTO:{winter}\nRRULE:FREQ=YEARLY;{rule}\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:{winter}\nTZOFFSETTO:{summer}\nRRULE:FREQ=YEARLY;{to_summer}\nEND:DAYLIGHT\nEND:VTIMEZONE\n"
    )
}

/// When winter comes by the clock, by which rule, and by which summer does, at two.
type Seasons = ((&'static str, &'static str), &'static str);
const EUROPE: Seasons = (("030000", "BYDAY=-1SU;BYMONTH=10"), "BYDAY=-1SU;BYMONTH=3");
const AMERICA: Seasons = (("020000", "BYDAY=1SU;BYMONTH=11"), "BYDAY=2SU;BYMONTH=3");

#[test]
fn names_of_iana_and_windows_and_plain_offsets_are_known() {
    let cases = [
        ("Europe/Berlin", "2026-03-02T08:00:00Z"),
        ("europe/berlin", "2026-03-02T08:00:00Z"),
        ("\"Europe/Berlin\"", "2026-03-02T08:00:00Z"),
        ("/mozilla.org/20050126_1/America/Argentina/Salta", "2026-03-02T12:00:00Z"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "2026-03-02T08:00:00Z"),
        ("W. Europe Standard Time", "2026-03-02T08:00:00Z"),
        ("Pacific Standard Time", "2026-03-02T17:00:00Z"),
        ("India Standard Time", "2026-03-02T03:30:00Z"),
        ("UTC+2", "2026-03-02T07:00:00Z"),
        ("\"GMT+05:30\"", "2026-03-02T03:30:00Z"),
        ("UTC", "2026-03-02T09:00:00Z"),
    ];
    for (name, at) in cases {
        let answer = at_nine("", name);
        assert_eq!((starts(&answer).concat().as_str(), faults(&answer).len()), (at, usize::from(at.is_empty())), "{name}");
    }
}

#[test]
fn the_word_of_outlook_for_utc_breaks_no_line_although_it_has_colons() {
    assert_eq!(hour("", "tzone://Microsoft/Utc"), "2026-03-02T09:00:00Z");
}

#[test]
fn a_zone_of_the_files_own_is_the_iana_zone_with_the_same_clock_changes() {
    let own = zone("Customized Time Zone", "-0500", "-0400", AMERICA);
    let answer = at_nine(&own, "Customized Time Zone");
    assert_eq!(starts(&answer), ["2026-03-02T14:00:00Z"]);
    let own = zone("Berlin office", "+0100", "+0200", EUROPE);
    assert_eq!(hour(&own, "Berlin office"), "2026-03-02T08:00:00Z");
}

#[test]
fn a_zone_that_no_place_on_earth_keeps_is_refused_and_never_utc() {
    let own = zone("Moon base", "+0117", "+0217", EUROPE);
    let answer = at_nine(&own, "Moon base");
    assert!(answer.facts.is_empty());
    assert_eq!(faults(&answer)[0].0, "unknown-timezone");
    for name in ["tzone://Microsoft/Custom", "Mars/Base", "Customized Time Zone", "UTC+25"] {
        let answer = at_nine("", name);
        assert_eq!((answer.facts.len(), faults(&answer)[0].0), (0, "unknown-timezone"), "{name}");
    }
}

#[test]
fn a_full_name_stands_for_itself_although_the_file_defines_it_otherwise_and_that_is_told() {
    let answer = at_nine(&zone("Europe/Berlin", "-0500", "-0400", AMERICA), "Europe/Berlin");
    assert_eq!(starts(&answer), ["2026-03-02T08:00:00Z"]);
    assert!(answer.notes[0].contains("Europe/Berlin is defined with other clock changes"), "{:?}", answer.notes);
}

#[test]
fn of_a_short_name_the_definition_counts() {
    // In IANA, EST never changes its clocks; Outlook's does.
    let own = zone("EST", "-0500", "-0400", AMERICA);
    let file = format!(
        "BEGIN:VCALENDAR\r\n{}BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=EST:20260401T090000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        own.replace('\n', "\r\n")
    );
    let answer = read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar");
    assert_eq!(starts(&answer), ["2026-04-01T13:00:00Z"]);
}

#[test]
fn the_zone_of_the_whole_file_is_that_of_its_floating_times() {
    let file = "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:America/New_York\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T090000\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nDTSTART:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let answer = read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar");
    assert_eq!(starts(&answer), ["2026-03-02T09:00:00Z", "2026-03-02T14:00:00Z"]);
}
