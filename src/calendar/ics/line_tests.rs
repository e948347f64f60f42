//! Lines that nobody needs, and lines that are needed and badly written. Neither may cost an hour that was worked.

use super::tests::{faults, spring, starts};

const NINE: &str = "UID:a\nDTSTART;TZID=Europe/Berlin:20260302T090000\nDTEND;TZID=Europe/Berlin:20260302T100000\nSUMMARY:Acme";

#[test]
fn a_line_that_is_not_read_never_costs_its_event() {
    for line in [
        "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=Hauptstr. 1\\; 4041 Linz;X-APPLE-RADIUS=70.58:geo:48.309978,14.283197",
        "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=\"Cafe \"Loewen\"\":geo:1,2",
        "X-APPLE-TRAVEL-START;ROUTING=CAR;X-ADDRESS=\"Street 1\\n10115 Berlin",
        "DESCRIPTION:first\nsecond line",
        "DESCRIPTION:first\nJoin here: https://x.example/a?b=c",
        "ORGANIZER=\"mailto:a@b.example\"",
        "ORGANIZER;CN=Bob",
        "GEO",
        ":x",
        "X-MY PROP;A:1",
        "LOCATION;ALTREP=\"x:y",
        "ATTENDEE;PARTSTAT",
    ] {
        let answer = spring(&[&format!("{NINE}\n{line}")]);
        assert_eq!((starts(&answer).concat().as_str(), answer.broken.len()), ("2026-03-02T08:00:00Z", 0), "{line}");
        assert_eq!(answer.facts[0].text.title, "Acme", "{line}");
    }
}

#[test]
fn a_long_line_that_is_not_read_is_passed_over() {
    let long = "A".repeat(70_000);
    for name in
        ["ATTACH;FMTTYPE=application/pdf;ENCODING=BASE64;VALUE=BINARY", "X-APPLE-EWS-BLOB", "X-ALT-DESC;FMTTYPE=text/html", "DESCRIPTION"]
    {
        let answer = spring(&[&format!("{NINE}\n{name}:{long}")]);
        assert_eq!((starts(&answer).len(), answer.broken.len()), (1, 0), "{name}");
        // Only what is read can be told to be cut.
        assert_eq!(answer.notes.len(), usize::from(name == "DESCRIPTION"), "{name}: {:?}", answer.notes);
    }
    // What is read, and too long to be true, is told, where it stands.
    assert_eq!(faults(&spring(&[&format!("{NINE}\nRDATE:{long}")])), [("bad-event", 8)]);
}

#[test]
fn a_line_that_says_when_is_read_or_told() {
    for line in ["DTSTART;TZID=Europe/Berlin", "DTSTART", "DTSTART;TZID=Europe/Berlin:", "DTSTART=20260302T090000Z"] {
        assert_eq!(faults(&spring(&[&format!("UID:a\n{line}")])), [("bad-event", 3)], "{line}");
    }
    // A zone that is named and has no name is no clock of anybody.
    for line in ["DTSTART;TZID=:20260302T090000", "DTSTART;TZID:20260302T090000", "DTSTART;TZID=\"\":20260302T090000"] {
        assert_eq!(faults(&spring(&[&format!("UID:a\n{line}")])), [("unknown-timezone", 3)], "{line}");
    }
    for line in [
        "DTSTART ;TZID=Europe/Berlin:20260302T090000",
        "dtstart;tzid='Europe/Berlin':20260302T090000",
        "DTSTART;X=a;b;TZID=Europe\\/Berlin:20260302T090000",
    ] {
        assert_eq!(starts(&spring(&[&format!("UID:a\n{line}")])).concat(), "2026-03-02T08:00:00Z", "{line}");
    }
}
