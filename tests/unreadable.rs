//! Events that cannot be read: who is told of them, what of, and for how long (S4, S14).

use crate::support::{World, event, on_each_database, text};

fn fine(day: u32) -> String {
    event(&format!("fine-{day}"), &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), "[ACME-15] Call", "")
}

/// An event in a zone that nobody knows.
fn broken(uid: &str, start: &str, end: &str, more: &str) -> String {
    let zoned = event(uid, start, end, "[ACME-15] Secret workshop", more);
    zoned.replace("DTSTART:", "DTSTART;TZID=Company Zone:").replace("DTEND:", "DTEND;TZID=Company Zone:")
}

fn workshop() -> String {
    broken("bad", "20260318T090000", "20260318T120000", "")
}

on_each_database! {
    fn s14_a_dismissed_question_about_an_unreadable_event_stays_so_wherever_it_stands(world: World) {
        let long = format!("LOCATION:{}\r\n", "x".repeat(70_000));
        let odd = event("odd", "20260317T090000Z", "20260317T100000Z", "[ACME-15] Odd", &long);
        world.calendar(&[workshop(), odd.clone()]);
        world.sync();
        let asked = world.exceptions();
        assert_eq!(asked.iter().map(|one| text(one, "date")).collect::<Vec<_>>(), ["2026-03-17", "2026-03-18"]);
        let (told, id) = (text(&asked[1], "message"), text(&asked[1], "id"));
        assert!(told.contains("what begins on 2026-03-18 at 09:00 cannot be read (line 3)") && !told.contains("workshop"), "{told}");
        let out = world.output(&["doctor"]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(!out.status.success() && said.contains("2 events of work of dana@northwind.example cannot be read"), "{said}");
        for one in &asked {
            world.run(&["exceptions", "dismiss", text(one, "id")]).expect("dismissed");
        }
        assert!(world.output(&["doctor"]).status.success());
        // Something else comes before it.
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[fine(16), workshop(), odd]);
        world.sync();
        assert_eq!((world.exceptions().len(), world.entries().len()), (0, 1));
        // Put on another day it is another matter.
        world.now("2026-03-20T14:00:00Z");
        world.calendar(&[fine(16), workshop().replace("20260318", "20260319")]);
        world.sync();
        let again = world.exceptions();
        assert_eq!((again.len(), text(&again[0], "id"), text(&again[0], "date")), (1, id, "2026-03-19"));
    }

    fn s4_what_cannot_be_read_and_is_long_over_is_not_asked(world: World) {
        let hourly = |rule: &str, start: &str| event(rule, &format!("{start}T090000Z"), &format!("{start}T091500Z"), "x", &format!("RRULE:{rule}\r\n"));
        let over = [
            broken("old", "20140318T090000", "20140318T120000", ""),
            broken("weekly", "20130318T090000", "20130318T120000", "RRULE:FREQ=WEEKLY;UNTIL=20131231T000000Z\r\n"),
            broken("later", "20290318T090000", "20290318T120000", ""),
            event("garbage", "20130318T090000Z", "20130318T100000Z", "x", "EXDATE:someday\r\n"),
            hourly("FREQ=MINUTELY;COUNT=4", "20120301"),
            hourly("FREQ=HOURLY;UNTIL=20120301T170000Z", "20120301"),
            hourly("FREQ=HOURLY;COUNT=3", "20260105").replace("DTSTART:", "DTSTART;TZID=Europe/Berlin:"),
        ];
        world.calendar(&[&over[..], &[fine(16)]].concat());
        world.sync();
        assert_eq!((world.reasons().len(), world.entries().len()), (0, 1));
        // What goes on is asked, and what was moved away from a day of the window, too.
        let moved = "RECURRENCE-ID:20260316T130000Z\r\n";
        let goes_on = [
            fine(16),
            broken("endless", "20130318T090000", "20130318T120000", "RRULE:FREQ=WEEKLY\r\n"),
            broken("rare", "20130131T090000", "20130131T120000", "RRULE:FREQ=MONTHLY;COUNT=80\r\n"),
            event("s", "20260302T130000Z", "20260302T140000Z", "[ACME-15] Weekly", "RRULE:FREQ=WEEKLY;COUNT=3\r\n"),
            broken("s", "20140318T090000", "20140318T120000", moved),
        ];
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&goes_on);
        world.sync();
        assert_eq!(world.reasons(), ["unknown-timezone"; 3]);
    }
}
