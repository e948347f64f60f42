//! Events that their calendars move, name anew or take away under what people did (S2, S7): nothing counts twice, and nothing is forgotten.

use crate::support::{DANA, World, event, on_each_database, text};

fn meeting(more: &str) -> String {
    event("k", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", more)
}

fn series(first: u32, weekday: &str) -> String {
    let more = format!("RRULE:FREQ=WEEKLY;BYDAY={weekday};COUNT=3\r\n");
    event("s", &format!("202603{first:02}T090000Z"), &format!("202603{first:02}T120000Z"), "[ACME-15] Workshop", &more)
}

fn all_day(uid: &str, day: u32, title: &str) -> String {
    let date = |day: u32| format!("202603{day:02}");
    event(uid, &date(day), &date(day + 1), title, "").replace("DTSTART:", "DTSTART;VALUE=DATE:").replace("DTEND:", "DTEND;VALUE=DATE:")
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

    fn s7_what_someone_worked_on_stays_when_its_event_lasts_all_day(world: World) {
        let title = |day: u32| format!("[ACME-15] Talk {day}");
        let timed = |day: u32| event(&format!("{day}"), &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), &title(day), "");
        world.calendar(&[timed(2), timed(3), timed(4), timed(5)]);
        world.sync();
        let acts: [&[&str]; 3] = [&["set", "task=Planning"], &["set", "start=10:00", "end=10:30"], &["split", "60:project=ACME-15", "40:project=GBX-3"]];
        for (entry, act) in world.entries().iter().zip(acts) {
            world.run(&[&["entries", act[0], text(entry, "id")][..], &act[1..]].concat()).expect("done");
        }
        let spans = |world: &World| -> Vec<_> { world.entries().iter().map(|entry| (entry["start"].clone(), entry["end"].clone(), entry["project"].clone())).collect() };
        let before = spans(&world);
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[2, 3, 4, 5].map(|day| all_day(&format!("{day}"), day, &title(day))));
        world.sync();
        // Nobody worked on the last one.
        assert_eq!((spans(&world), world.reasons()), (before[..4].to_vec(), vec!["deleted-after-edit".to_owned(); 3]));
        for question in world.json(&["exceptions", "list"]).as_array().expect("a list") {
            world.run(&["exceptions", "dismiss", text(question, "id"), "--not-work"]).expect("dismissed");
        }
        assert_eq!((world.entries().len(), world.reasons().len()), (0, 0));
    }

    fn s9_what_was_submitted_is_so_again_when_its_calendar_says_it_again(world: World) {
        let on = |day: u32| event("k", &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), "[ACME-15] Kickoff", "");
        world.calendar(&[on(4)]);
        world.sync();
        let id = text(&world.entries()[0], "id").to_owned();
        world.run(&["entries", "submit", &id]).expect("submitted");
        for (hour, day, stands, asked) in [(13, 5, "05 draft", 1), (14, 4, "04 submitted", 0)] {
            world.now(&format!("2026-03-20T{hour}:00:00Z"));
            world.calendar(&[on(day)]);
            world.sync();
            assert_eq!((standing(&world), world.reasons().len()), (vec![stands.to_owned()], asked));
        }
        let acts = world.json(&["audit", &id]);
        assert!(acts.as_array().expect("rows").iter().any(|row| row["act"] == "submitted" && row["actor"] == "kalends"), "{acts}");
        // Who takes it back has taken it back.
        world.run(&["entries", "withdraw", &id]).expect("withdrawn");
        for (hour, day) in [(17, 5), (18, 4)] {
            world.now(&format!("2026-03-20T{hour}:00:00Z"));
            world.calendar(&[on(day)]);
            world.sync();
        }
        assert_eq!(standing(&world), ["04 draft"]);
    }

    fn s10_a_submitted_entry_stays_in_its_locked_period(world: World) {
        let on = |day: u32| event("k", &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), "[ACME-15] Kickoff", "");
        world.calendar(&[on(4)]);
        world.sync();
        world.run(&["entries", "submit", text(&world.entries()[0], "id")]).expect("submitted");
        world.run(&["periods", "lock", "--through", "2026-03-08"]).expect("locked");
        for (hour, day) in [(13, 10), (14, 4)] {
            world.now(&format!("2026-03-20T{hour}:00:00Z"));
            world.calendar(&[on(day)]);
            world.sync();
            assert_eq!(standing(&world), ["04 submitted"]);
        }
        assert!(world.reasons().is_empty());
    }

    fn s19_hours_of_an_all_day_event_take_the_time_that_a_person_gives(world: World) {
        let rule = "rules:\n  - {id: fair, section: overrides, when: {all_day: true, title: {words: [fair]}}, set: {project: INT-1}, hours: 8h}\n";
        std::fs::write(world.path("rules/fair.yaml"), rule).expect("written");
        world.calendar(&[all_day("f", 2, "Spring fair")]);
        world.sync();
        let id = text(&world.entries()[0], "id").to_owned();
        assert_eq!(world.entries()[0]["seconds"], 28_800);
        world.run(&["entries", "set", &id, "start=09:00", "end=12:00"]).expect("set");
        let there = |world: &World| (text(&world.entries()[0], "start")[11..16].to_owned(), world.entries()[0]["seconds"].clone());
        assert_eq!(there(&world), ("09:00".to_owned(), 10_800.into()));
        world.run(&["entries", "split", &id, "50:project=INT-1", "50:project=INT-2"]).expect("split");
        let seconds: Vec<_> = world.entries().iter().map(|entry| entry["seconds"].as_i64()).collect();
        assert_eq!((seconds, world.reasons().len()), (vec![Some(5400); 2], 0));
    }

    fn s7_a_feed_that_shows_so_much_of_the_past_takes_nothing_away(world: World) {
        let weekly = event("w", "20250106T080000Z", "20250106T083000Z", "[ACME-15] Weekly", "RRULE:FREQ=WEEKLY\r\n");
        let one = |day: u32| event(&format!("{day}"), &format!("202603{day:02}T120000Z"), &format!("202603{day:02}T130000Z"), &format!("[GBX-3] Call {day}"), "");
        let singles = |world: &World| world.entries().iter().filter(|entry| entry["project"] == "GBX-3").count();
        let calls = |days: &[u32]| -> Vec<String> { days.iter().map(|day| one(*day)).chain([weekly.clone()]).collect() };
        world.calendar(&calls(&[2, 4, 6, 10, 13, 17, 19]));
        world.sync();
        assert_eq!(singles(&world), 7);
        // The oldest leave the feed one by one.
        for (hour, days) in [(13, &[4, 6, 10, 13, 17, 19][..]), (14, &[10, 13, 17, 19])] {
            world.now(&format!("2026-03-20T{hour}:00:00Z"));
            world.calendar(&calls(days));
            world.sync();
            assert_eq!((singles(&world), world.reasons().len()), (7, 0));
        }
        // One between others, and a recent one, were taken away.
        for (hour, days, left) in [(15, &[10, 17, 19][..], 6), (16, &[10, 17], 5)] {
            world.now(&format!("2026-03-20T{hour}:00:00Z"));
            world.calendar(&calls(days));
            world.sync();
            assert_eq!((singles(&world), world.reasons().len()), (left, 0));
        }
    }

    fn s18_a_copy_without_words_leaves_it_to_one_that_has_some(world: World) {
        let private = "CLASS:PRIVATE\r\n";
        world.calendar(&[meeting(private)]);
        world.sync();
        world.file("other.ics", &[meeting("")]);
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--file", "other.ics"]).expect("added");
        world.sync();
        let entries = world.entries();
        assert_eq!((entries.len(), &entries[0]["project"], &entries[0]["held"]), (1, &"ACME-15".into(), &false.into()));
    }
}
