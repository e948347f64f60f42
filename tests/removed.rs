//! Calendars that were removed (S2, S7): what they said stands until another one speaks of it, and is never there twice.

use serde_json::json;

use crate::{
    connecting::{accounts, connect},
    support::{DANA, World, event, on_each_database, text},
};

fn kickoff(day: u32, time: &str) -> String {
    event("k", &format!("202603{day:02}T{time}0000Z"), &format!("202603{day:02}T{time}3000Z"), "[ACME-15] Kickoff", "")
}

fn daily(time: &str) -> String {
    event("s", &format!("20260309T{time}0000Z"), &format!("20260309T{time}3000Z"), "[ACME-15] Daily", "RRULE:FREQ=DAILY;COUNT=3\r\n")
}

fn standing() -> String {
    event("z", "20260223T090000Z", "20260223T100000Z", "[GBX-3] Standing", "")
}

fn add(world: &World, file: &str) {
    world.run(&["calendar", "add", "ics", "--staff", DANA, "--file", file]).expect("added");
}

/// Removes the calendar that was added first of those still there.
fn remove(world: &World) {
    let calendars = world.json(&["calendar", "list"]);
    let one = calendars.as_array().expect("a list").iter().find(|one| one["removed_at"].is_null()).expect("a calendar").clone();
    world.run(&["calendar", "remove", text(&one, "id")]).expect("removed");
}

/// Removes the calendar and adds it again, with other events in it.
fn add_again(world: &World, events: &[String]) {
    remove(world);
    world.sync();
    world.now("2026-03-20T13:00:00Z");
    world.calendar(events);
    add(world, "work.ics");
    world.sync();
}

/// The entries of a project, by start.
fn starts(world: &World, project: &str) -> Vec<String> {
    let mut starts: Vec<_> =
        world.entries().iter().filter(|entry| entry["project"] == project).map(|entry| text(entry, "start")[8..16].to_owned()).collect();
    starts.sort();
    starts
}

/// A kickoff on two calendars, of which the first is removed.
fn one_of_two_is_removed(world: &World) {
    world.calendar(&[kickoff(2, "09"), standing()]);
    world.file("other.ics", &[kickoff(2, "09"), standing()]);
    add(world, "other.ics");
    world.sync();
    remove(world);
}

on_each_database! {
    fn s2_a_calendar_added_again_moves_what_moved(world: World) {
        world.calendar(&[kickoff(2, "09"), standing()]);
        world.sync();
        let id = || world.entries().iter().find(|entry| entry["project"] == "ACME-15").map(|entry| text(entry, "id").to_owned());
        let before = id();
        for (day, time) in [(2, "09"), (2, "14"), (3, "09")] {
            add_again(&world, &[kickoff(day, time), standing()]);
            assert_eq!((starts(&world, "ACME-15"), id()), (vec![format!("{day:02}T{time}:00")], before.clone()));
            assert_eq!((starts(&world, "GBX-3").len(), world.reasons().len()), (1, 0));
        }
    }

    fn s2_a_calendar_added_again_never_doubles_approved_time(world: World) {
        world.calendar(&[kickoff(2, "09"), event("y", "20260302T120000Z", "20260302T130000Z", "[GBX-3] Call", ""), standing()]);
        world.sync();
        let kickoff_entry = world.entries().into_iter().find(|entry| entry["project"] == "ACME-15").expect("an entry");
        world.run(&["entries", "approve", text(&kickoff_entry, "id")]).expect("approved");
        add_again(&world, &[kickoff(3, "09"), event("y", "20260302T120000Z", "20260302T130000Z", "[GBX-3] Call", ""), standing()]);
        // What else is on that day was known before it was approved, and is not late.
        assert_eq!((starts(&world, "ACME-15"), world.reasons()), (vec!["02T09:00".to_owned()], vec!["changed-after-approval".to_owned()]));
    }

    fn s2_a_series_moved_while_its_calendar_was_away_keeps_its_entries(world: World) {
        world.calendar(&[daily("09"), standing()]);
        world.sync();
        let first = world.entries().into_iter().find(|entry| text(entry, "date") == "2026-03-09").expect("an entry");
        world.run(&["entries", "approve", text(&first, "id")]).expect("approved");
        add_again(&world, &[daily("11"), standing()]);
        assert_eq!(starts(&world, "ACME-15"), ["09T09:00", "10T11:00", "11T11:00"]);
        assert_eq!(world.reasons(), ["changed-after-approval"]);
    }

    fn s7_what_a_removed_calendar_said_stands_until_another_speaks_of_it(world: World) {
        one_of_two_is_removed(&world);
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), ["02T09:00"]);
        world.now("2026-03-20T13:00:00Z");
        world.file("other.ics", &[kickoff(3, "10"), standing()]);
        world.sync();
        assert_eq!((starts(&world, "ACME-15"), world.reasons().len()), (vec!["03T10:00".to_owned()], 0));
        world.file("other.ics", &[standing()]);
        world.sync();
        assert_eq!((starts(&world, "ACME-15").len(), starts(&world, "GBX-3").len()), (0, 1));
    }

    fn s7_an_event_deleted_everywhere_it_is_read_is_gone(world: World) {
        one_of_two_is_removed(&world);
        world.now("2026-03-20T13:00:00Z");
        world.file("other.ics", &[standing()]);
        world.sync();
        assert_eq!((starts(&world, "ACME-15").len(), starts(&world, "GBX-3").len(), world.reasons().len()), (0, 1, 0));
    }

    fn s7_what_another_calendar_says_of_a_meeting_counts_once_its_own_is_removed(world: World) {
        world.calendar(&[kickoff(2, "09"), standing()]);
        world.sync();
        world.file("other.ics", &[kickoff(3, "14"), standing()]);
        add(&world, "other.ics");
        world.sync();
        remove(&world);
        world.sync();
        assert_eq!((starts(&world, "ACME-15"), starts(&world, "GBX-3").len()), (vec!["03T14:00".to_owned()], 1));
    }

    fn s7_a_connection_that_is_removed_takes_its_calendars_along_and_brings_them_back(world: World) {
        let firm = accounts(&world);
        let at = |time: &str| json!({ "dateTime": format!("2026-03-02T{time}:00Z"), "timeZone": "UTC" });
        let _kept = firm.google.add(&firm.at_google, &json!({ "iCalUID": "k", "summary": "[ACME-15] Kickoff", "start": at("09:00"), "end": at("09:30") }));
        world.calendar(&[kickoff(2, "09"), standing()]);
        connect(&world, &["google"]).expect("connected");
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), ["02T09:00"]);
        let connection = world.json(&["connections", "list"])[0].clone();
        world.run(&["connections", "remove", text(&connection, "id")]).expect("removed");
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[kickoff(2, "11"), standing()]);
        firm.google.clear_requests();
        world.sync();
        assert_eq!((starts(&world, "ACME-15"), firm.google.requests().len()), (vec!["02T11:00".to_owned()], 0));
        world.run(&["doctor"]).expect("nothing is wrong");
        world.calendar(&[standing()]);
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), Vec::<String>::new());
        // Connected again, it speaks for itself.
        connect(&world, &["google"]).expect("connected again");
        world.now("2026-03-20T14:00:00Z");
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), ["02T09:00"]);
    }
}
