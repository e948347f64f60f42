//! Events that their calendars move, name anew or take away under what people did (S2, S7): nothing counts twice, and nothing is forgotten.

use crate::support::{World, event, on_each_database, text};

fn meeting(more: &str) -> String {
    event("k", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", more)
}

fn series(first: u32, weekday: &str) -> String {
    let more = format!("RRULE:FREQ=WEEKLY;BYDAY={weekday};COUNT=3\r\n");
    event("s", &format!("202603{first:02}T090000Z"), &format!("202603{first:02}T120000Z"), "[ACME-15] Workshop", &more)
}

/// Some calendars that name their events anew each time.
fn named(time: u32) -> Vec<String> {
    let one = |day: u32| {
        let (start, end) = (format!("202603{day:02}T090000Z"), format!("202603{day:02}T100000Z"));
        event(&format!("{time}-{day}"), &start, &end, &format!("[ACME-15] Talk {day}"), "")
    };
    (2..8).map(one).collect()
}

fn approve(world: &World) {
    let ids: Vec<String> = world.entries().iter().map(|entry| text(entry, "id").to_owned()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.run(&[&["entries", "approve"][..], &ids].concat()).expect("approved");
}

/// What stands, as day and status.
fn standing(world: &World) -> Vec<String> {
    let mut all: Vec<_> = world.entries().iter().map(|entry| format!("{} {}", &text(entry, "date")[8..], text(entry, "status"))).collect();
    all.sort();
    all
}

on_each_database! {
    fn s2_a_series_moved_to_another_weekday_never_doubles_approved_time(world: World) {
        world.calendar(&[series(2, "MO")]);
        world.sync();
        approve(&world);
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[series(3, "TU")]);
        world.sync();
        assert_eq!(standing(&world), ["02 approved", "09 approved", "16 approved"]);
        assert_eq!(world.reasons(), ["changed-after-approval"; 3]);
    }

    fn s2_a_calendar_that_names_its_events_anew_each_time_says_the_same(world: World) {
        world.calendar(&named(1));
        world.sync();
        let before = world.entries();
        for time in 2..5 {
            world.now(&format!("2026-03-20T1{time}:00:00Z"));
            world.calendar(&named(time));
            world.sync();
            assert_eq!((world.entries(), world.reasons().len()), (before.clone(), 0));
        }
        // One that is gone is gone, and one that is new is new.
        world.now("2026-03-20T18:00:00Z");
        let other = event("other", "20260302T090000Z", "20260302T100000Z", "[GBX-3] Call", "");
        world.calendar(&[&named(9)[1..], &[other]].concat());
        world.sync();
        assert_eq!((world.entries().len(), world.reasons().len()), (6, 0));
        assert_eq!(world.entries().iter().filter(|entry| entry["project"] == "GBX-3").count(), 1);
    }

    fn s7_what_someone_worked_on_keeps_its_values_when_its_event_is_skipped(world: World) {
        let changes = [
            ("ATTENDEE;PARTSTAT=DECLINED:mailto:dana@northwind.example\r\n", "skip-not-attended skips its event now (not attended), after someone worked on it"),
            ("TRANSP:TRANSPARENT\r\n", "skip-personal skips its event now (not working time), after someone worked on it"),
            ("STATUS:CANCELLED\r\n", "its event was deleted or called off after someone worked on it"),
        ];
        world.calendar(&[meeting("")]);
        world.sync();
        let entry = world.entries().remove(0);
        world.run(&["entries", "set", text(&entry, "id"), "task=Planning"]).expect("set");
        for (number, (more, message)) in (1..).zip(changes) {
            world.now(&format!("2026-03-20T1{number}:10:00Z"));
            world.calendar(&[meeting(more)]);
            world.sync();
            let entry = world.entries().remove(0);
            assert_eq!((&entry["project"], &entry["task"], &entry["held"]), (&"ACME-15".into(), &"Planning".into(), &true.into()), "{more}");
            let questions = world.json(&["exceptions", "list"]);
            assert_eq!((questions.as_array().map(Vec::len), text(&questions[0], "message")), (Some(1), message));
            world.now(&format!("2026-03-20T1{number}:20:00Z"));
            world.calendar(&[meeting("")]);
            world.sync();
            assert_eq!((&world.entries()[0]["held"], world.reasons().len()), (&false.into(), 0), "{more}");
        }
    }

    fn s3_what_is_asked_about_an_entry_that_moved_stands_on_its_new_day(world: World) {
        world.calendar(&[meeting("")]);
        world.sync();
        let entry = world.entries().remove(0);
        world.run(&["entries", "submit", text(&entry, "id")]).expect("submitted");
        for day in ["06", "04"] {
            world.calendar(&[meeting("").replace("20260302", &format!("202603{day}"))]);
            world.sync();
            let (entries, questions) = (world.entries(), world.exceptions());
            assert_eq!(text(&entries[0], "date"), format!("2026-03-{day}"));
            assert_eq!((questions.len(), text(&questions[0], "date")), (1, text(&entries[0], "date")));
        }
    }

    fn s7_what_nobody_worked_on_goes_when_its_event_is_skipped(world: World) {
        world.calendar(&[meeting("")]);
        world.sync();
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[meeting("TRANSP:TRANSPARENT\r\n")]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons().len()), (0, 0));
    }
}
