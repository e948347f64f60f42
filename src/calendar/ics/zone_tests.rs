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
        ("W. Europe Standard Time 1", "2026-03-02T08:00:00Z"),
        ("+01:00", "2026-03-02T08:00:00Z"),
        ("-0500", "2026-03-02T14:00:00Z"),
        ("(GMT +01:00)", "2026-03-02T08:00:00Z"),
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

#[test]
fn the_names_that_outlook_shows_are_the_places_in_them() {
    let cases = [
        ("(UTC-05:00) Eastern Time (US & Canada)", "2026-03-02T14:00:00Z"),
        ("(UTC-05:00) Eastern Time (US and Canada)", "2026-03-02T14:00:00Z"),
        ("\"(GMT-08.00) Pacific Time (US + Canada)\"", "2026-03-02T17:00:00Z"),
        ("(GMT-07:00) Arizona", "2026-03-02T16:00:00Z"),
        ("\"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna\"", "2026-03-02T08:00:00Z"),
        ("(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna", "2026-03-02T08:00:00Z"),
        ("\"Amsterdam, Belgrade, Berlin, Brussels, Budapest, Madrid, Paris, Prague, Stockholm\"", "2026-03-02T08:00:00Z"),
        ("\"(GMT+10:00) Canberra, Melbourne, Sydney\"", "2026-03-01T22:00:00Z"),
        ("(UTC) Dublin, Edinburgh, Lisbon, London", "2026-03-02T09:00:00Z"),
        ("(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "2026-03-02T09:00:00Z"),
        ("\"(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi\"", "2026-03-02T01:00:00Z"),
        ("\"(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi\"", "2026-03-02T03:30:00Z"),
        ("(UTC-03:00) Brasilia", "2026-03-02T12:00:00Z"),
        ("(UTC) Coordinated Universal Time", "2026-03-02T09:00:00Z"),
    ];
    for (name, at) in cases {
        assert_eq!(hour("", name), at, "{name}");
    }
    // In summer they keep the clocks of the place, not of the offset.
    let file = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;TZID=\"(UTC-05:00) Eastern Time (US & Canada)\":20260401T090000\nEND:VEVENT\nEND:VCALENDAR\n";
    assert_eq!(starts(&read_in(file.as_bytes(), "2026-03-01", "2026-05-01").expect("a calendar")), ["2026-04-01T13:00:00Z"]);
    for name in ["(UTC+01:00) Atlantis", "(UTC+05:00) Berlin", "Berlin", "Rome, New York", "(UTC+01:00)  "] {
        let answer = at_nine("", name);
        assert!(answer.facts.is_empty() || name.ends_with("  "), "{name}: {:?}", starts(&answer));
    }
}

#[test]
fn a_definition_that_cannot_be_read_leaves_its_zone_to_its_name() {
    let empty = |name: &str, more: &str| format!("BEGIN:VTIMEZONE\nTZID:{name}\n{more}END:VTIMEZONE\n");
    let season = |lines: &str| format!("BEGIN:STANDARD\n{lines}\nEND:STANDARD\n");
    for more in [
        String::new(),
        "X-LIC-LOCATION:Europe/Berlin\n".to_owned(),
        season("DTSTART:20200101T000000\nTZOFFSETTO:+0100"),
        season("TZOFFSETFROM:+0100\nTZOFFSETTO:+0100"),
        season("DTSTART;VALUE=DATE:20200101\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100"),
    ] {
        for name in ["Europe/Berlin", "W. Europe Standard Time"] {
            assert_eq!(hour(&empty(name, &more), name), "2026-03-02T08:00:00Z", "{name} {more}");
        }
        // Nothing else says what this one is.
        let answer = at_nine(&empty("Company", &more), "Company");
        assert_eq!((answer.facts.len(), faults(&answer)[0].0), (0, "unknown-timezone"), "{more}");
    }
    let colons = season("DTSTART:20200101T000000\nTZOFFSETFROM:+01:00\nTZOFFSETTO:+01:00");
    assert_eq!(hour(&empty("Office", &colons), "Office"), "2026-03-02T08:00:00Z");
}

#[test]
fn a_zone_that_changes_its_clocks_at_another_hour_is_the_one_that_agrees_but_for_that_hour() {
    // HCL Notes has Europe change at two in October, which is one.
    let notes = zone("Western/Central Europe", "+0100", "+0200", (("020000", "BYDAY=-1SU;BYMONTH=10"), EUROPE.1));
    let answer = at_nine(&notes, "Western/Central Europe");
    assert_eq!((starts(&answer).concat().as_str(), answer.broken.len()), ("2026-03-02T08:00:00Z", 0));
    assert!(answer.notes[0].contains("changes its clocks at another hour than Europe/Berlin"), "{:?}", answer.notes);
    // One that changes a week later is another one.
    let odd = zone("Office", "+0100", "+0200", (EUROPE.0, "BYDAY=1SU;BYMONTH=4"));
    assert_eq!(faults(&at_nine(&odd, "Office"))[0].0, "unknown-timezone");
}

#[test]
fn a_definition_of_this_year_alone_counts_for_this_year() {
    let season = |kind: &str, at: &str, from: &str, to: &str| {
        format!("BEGIN:{kind}\nDTSTART:{at}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\nEND:{kind}\n")
    };
    let (winter, summer) =
        (season("STANDARD", "20261025T030000", "+0200", "+0100"), season("DAYLIGHT", "20260329T020000", "+0100", "+0200"));
    let own = format!("BEGIN:VTIMEZONE\nTZID:Office\n{winter}{summer}END:VTIMEZONE\n");
    assert_eq!(hour(&own, "Office"), "2026-03-02T08:00:00Z");
}
