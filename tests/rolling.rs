//! Feeds that show a range of days which rolls on (S7), and events that share one UID (S2): what leaves the range took place all the same.

use chrono::{Datelike, Days, NaiveDate};

use crate::support::{World, event, on_each_database, text};

const TITLE: &str = "[ACME-15] Stand-up";

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 23).expect("a date")
}

/// The working days from `back` days before one to a week after it; none before the first.
fn shown(today: NaiveDate, back: u64) -> impl Iterator<Item = NaiveDate> {
    let days = (today - Days::new(back)).iter_days().take_while(move |day| *day <= today + Days::new(7));
    days.filter(|day| day.weekday().number_from_monday() < 6 && monday() <= *day)
}

/// An hour of a day.
fn hour(uid: &str, day: NaiveDate, hour: u32, more: &str) -> String {
    let at = |hour: u32| format!("{}T{hour:02}0000Z", day.format("%Y%m%d"));
    event(uid, &at(hour), &at(hour + 1), TITLE, more)
}

/// An hour of a day in March.
fn on(uid: &str, day: u32, start: u32, title: &str, more: &str) -> String {
    event(uid, &format!("202603{day:02}T{start:02}0000Z"), &format!("202603{day:02}T{:02}0000Z", start + 1), title, more)
}

fn weekly(more: &str) -> String {
    on("s", 2, 9, "[ACME-15] Weekly", more)
}

/// Reads what a feed says on each evening of two weeks.
fn evenings(world: &World, says: impl Fn(NaiveDate) -> Vec<String>) {
    for today in monday().iter_days().take(11) {
        world.now(&format!("{today}T20:00:00Z"));
        world.calendar(&says(today));
        world.sync();
    }
}

/// Day, hour, project, and status of what stands.
fn standing(world: &World) -> Vec<String> {
    let line = |entry: &serde_json::Value| {
        let (start, held) = (text(entry, "start"), if entry["held"] == true { "!" } else { "" });
        format!("{} {} {} {}{held}", &start[8..10], &start[11..13], text(entry, "project"), text(entry, "status"))
    };
    let mut all: Vec<_> = world.entries().iter().map(line).collect();
    all.sort();
    all
}

fn ids(world: &World) -> Vec<String> {
    world.entries().iter().map(|entry| text(entry, "id").to_owned()).collect()
}

fn submit(world: &World) {
    let ids = ids(world);
    world.run(&[&["entries", "submit"][..], &ids.iter().map(String::as_str).collect::<Vec<_>>()].concat()).expect("submitted");
}

on_each_database! {
    fn s7_a_day_that_rolls_out_of_a_feed_is_not_the_one_that_rolls_in(world: World) {
        // Nine days took place; all of one UID, and all that are named by their place in a series.
        let place = |day: NaiveDate| format!("RECURRENCE-ID:{}T090000Z\r\n", day.format("%Y%m%d"));
        evenings(&world, |today| {
            let alone = shown(today, 0).map(|day| hour("alone", day, 9, &place(day)));
            let beside = shown(today, 0).map(|day| hour("beside", day, 11, &place(day).replace("T09", "T11")));
            let shared = shown(today, 0).map(|day| hour("shared", day, 14, ""));
            alone.chain(beside).chain(shared).collect()
        });
        assert_eq!((world.entries().len(), world.reasons().len()), (3 * 9, 0));
    }

    fn s7_what_leaves_a_feed_day_by_day_stands_beside_an_old_series(world: World) {
        let old = event("w", "20240101T130000Z", "20240101T140000Z", "[ACME-15] Yearly", "RRULE:FREQ=YEARLY\r\n");
        evenings(&world, |today| {
            let place = |day: NaiveDate| format!("RECURRENCE-ID:{}T110000Z\r\n", day.format("%Y%m%d"));
            let singles = shown(today, 1).map(|day| hour(&day.to_string(), day, 9, ""));
            singles.chain(shown(today, 0).map(|day| hour("r", day, 11, &place(day)))).chain([old.clone()]).collect()
        });
        assert_eq!((world.entries().len(), world.reasons().len()), (2 * 9, 0));
    }

    fn s2_an_occurrence_in_step_with_its_series_is_its_own(world: World) {
        world.now("2026-03-31T18:00:00Z");
        world.calendar(&[weekly("RRULE:FREQ=WEEKLY;COUNT=3\r\n")]);
        world.sync();
        submit(&world);
        // One is taken out and the series goes on for longer, in one reading; then its last one likewise.
        world.now("2026-03-31T19:00:00Z");
        world.calendar(&[weekly("RRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE:20260309T090000Z\r\n")]);
        world.sync();
        let first = ["02 09 ACME-15 submitted", "09 09 ACME-15 submitted", "16 09 ACME-15 submitted", "23 09 ACME-15 draft"];
        assert_eq!((standing(&world), world.reasons()), (first.map(str::to_owned).to_vec(), vec!["deleted-after-edit".to_owned()]));
        world.now("2026-03-31T20:00:00Z");
        world.calendar(&[weekly("RRULE:FREQ=WEEKLY;COUNT=5\r\nEXDATE:20260309T090000Z,20260323T090000Z\r\n")]);
        world.sync();
        let last = ["02 09 ACME-15 submitted", "09 09 ACME-15 submitted", "16 09 ACME-15 submitted", "30 09 ACME-15 draft"];
        assert_eq!(standing(&world), last);
    }

    fn s2_events_of_one_uid_keep_their_decisions_in_whatever_order(world: World) {
        let (a, b, c) = (on("u", 16, 9, "[ACME-15] A", ""), on("u", 16, 13, "[ACME-15] B", ""), on("u", 17, 13, "[ACME-15] C", ""));
        world.calendar(&[a.clone(), b.clone(), c.clone()]);
        world.sync();
        let entry = |hour: &str| world.entries().iter().find(|entry| text(entry, "start")[11..].starts_with(hour)).expect("an entry").clone();
        world.run(&["entries", "set", text(&entry("09"), "id"), "project=ACME-12"]).expect("set");
        let before = world.entries();
        let orders = [[&b, &c, &a], [&c, &a, &b], [&a, &b, &c]];
        for (time, events) in orders.iter().enumerate() {
            world.now(&format!("2026-03-20T1{}:00:00Z", time + 3));
            world.calendar(&events.map(Clone::clone));
            world.sync();
            assert_eq!(world.entries(), before);
        }
        // The first one drops out, and another comes.
        submit(&world);
        world.now("2026-03-20T17:00:00Z");
        world.calendar(&[b, c, on("u", 18, 13, "[ACME-15] D", "")]);
        world.sync();
        let all = ["16 09 ACME-12 submitted", "16 13 ACME-15 submitted", "17 13 ACME-15 submitted", "18 13 ACME-15 draft"];
        assert_eq!((standing(&world), world.reasons().len()), (all.map(str::to_owned).to_vec(), 0));
        // Only one is left; then it is moved.
        for (time, event) in [(18, on("u", 18, 13, "[ACME-15] D", "")), (19, on("u", 19, 15, "[ACME-15] D", ""))] {
            world.now(&format!("2026-03-20T{time}:00:00Z"));
            world.calendar(&[event]);
            world.sync();
        }
        let moved = [&all[..3], &["19 15 ACME-15 draft"]].concat();
        assert_eq!(standing(&world), moved);
    }

    fn s4_rows_that_are_numbered_by_their_sequence_all_count(world: World) {
        let row = |number: u32| on("u", 9 + number, 9, &format!("[ACME-15] Shift {number}"), &format!("SEQUENCE:{number}\r\n"));
        world.calendar(&(0..6).map(row).collect::<Vec<_>>());
        world.sync();
        assert_eq!((world.entries().len(), world.reasons().len()), (6, 0));
    }

    fn s7_what_shares_a_uid_is_counted_one_by_one(world: World) {
        let all: Vec<_> = (5..17).map(|day| on("u", day, 9, &format!("[ACME-15] Visit {day}"), "")).collect();
        world.calendar(&all);
        world.sync();
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[all[0].clone(), all[11].clone()]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (12, vec!["mass-deletion".to_owned()]));
    }
}
