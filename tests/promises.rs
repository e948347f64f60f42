//! What the book promises (S1 to S24), each through the commands, on both databases.

use crate::support::{DANA, World, event, on_each_database, text};

fn kickoff(start: &str, end: &str) -> String {
    event("kickoff", start, end, "[ACME-15] Kickoff", "")
}

fn at_nine() -> String {
    kickoff("20260302T090000Z", "20260302T100000Z")
}

fn others() -> Vec<String> {
    [1, 3, 4, 5, 6]
        .into_iter()
        .map(|day| event(&format!("o{day}"), &format!("2026030{day}T090000Z"), &format!("2026030{day}T100000Z"), "[GBX-3] Work", ""))
        .collect()
}

/// So many hours ago by the machine's own clock.
#[expect(clippy::disallowed_methods, reason = "a clock that stands still hides what this is for")]
fn ago(hours: i64) -> String {
    (chrono::Utc::now() - chrono::TimeDelta::hours(hours)).format("%Y%m%dT%H%M%SZ").to_string()
}

/// The calendar with the kickoff, so that one missing event is not a mass deletion.
fn with(one: Option<String>) -> Vec<String> {
    one.into_iter().chain(others()).collect()
}

fn kickoff_entry(world: &World) -> Option<serde_json::Value> {
    world.entries().into_iter().find(|entry| entry["project"] == "ACME-15")
}

on_each_database! {
    fn s1_s5_a_second_run_writes_nothing(world: World) {
        world.calendar(&with(Some(at_nine())));
        let first = world.sync();
        assert_eq!((first["entries"].clone(), world.entries().len()), (6.into(), 6));
        let (entries, exceptions) = (world.entries(), world.exceptions());
        let second = world.sync();
        assert_eq!((&second["entries"], &second["exceptions"], &second["days"]), (&0.into(), &0.into(), &0.into()));
        assert_eq!((world.entries(), world.exceptions()), (entries, exceptions));
    }

    fn s2_a_copy_on_another_calendar_is_one_meeting(world: World) {
        world.calendar(&[at_nine()]);
        world.file("copy.ics", &[at_nine()]);
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--file", "copy.ics"]).expect("added");
        world.sync();
        assert_eq!(world.entries().len(), 1);
        assert!(world.reasons().is_empty());
    }

    fn s3_a_moved_event_moves_its_entry(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        let before = kickoff_entry(&world).expect("an entry");
        world.calendar(&with(Some(kickoff("20260310T140000Z", "20260310T150000Z"))));
        world.sync();
        let after = kickoff_entry(&world).expect("an entry");
        assert_eq!((text(&after, "id"), text(&after, "date")), (text(&before, "id"), "2026-03-10"));
        assert_eq!(world.entries().len(), 6);
    }

    fn s4_time_that_was_seen_is_never_invisible(world: World) {
        world.calendar(&[event("x", "20260302T090000Z", "20260302T100000Z", "Something", "")]);
        world.sync();
        let entries = world.entries();
        assert_eq!((entries.len(), &entries[0]["held"], &entries[0]["client"]), (1, &true.into(), &serde_json::Value::Null));
        assert_eq!(world.exceptions().len(), 1);
        assert_eq!(text(&world.exceptions()[0], "reason"), "unmatched");
        let refused = world.run(&["entries", "approve", text(&entries[0], "id")]).expect_err("held");
        assert!(refused.contains("held by an open exception"), "{refused}");
    }

    fn s7_a_vanished_event_voids_its_untouched_draft(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        world.calendar(&with(None));
        world.sync();
        assert!(kickoff_entry(&world).is_none());
        let void = world.json(&["entries", "list", "--from", "2026-03-02", "--to", "2026-03-02", "--status", "void"]);
        assert_eq!(void.as_array().map(Vec::len), Some(1));
    }

    fn s7_a_mass_deletion_waits_for_a_person(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        world.calendar(&[]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (6, vec!["mass-deletion".to_owned()]));
        let calendars = world.json(&["calendar", "list"]);
        world.run(&["calendar", "accept-removals", text(&calendars[0], "id")]).expect("accepted");
        assert!(world.entries().is_empty() && world.reasons().is_empty());
    }

    fn s7_three_equal_answers_an_hour_apart_are_believed(world: World) {
        world.calendar(&with(None));
        world.sync();
        world.calendar(&[]);
        for hour in ["12", "13", "14"] {
            assert_eq!(world.entries().len(), 5);
            world.now(&format!("2026-03-20T{hour}:00:00Z"));
            world.sync();
        }
        assert!(world.entries().is_empty() && world.reasons().is_empty());
    }

    fn s7_an_edited_entry_asks_when_its_event_goes(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        world.run(&["entries", "set", text(&kickoff_entry(&world).expect("one"), "id"), "task=Talk"]).expect("set");
        world.calendar(&with(None));
        world.sync();
        assert_eq!(text(&kickoff_entry(&world).expect("still there"), "task"), "Talk");
        assert_eq!(world.reasons(), ["deleted-after-edit"]);
    }

    fn s8_of_a_private_event_no_words_are_kept(world: World) {
        world.calendar(&[event("p", "20260302T090000Z", "20260302T100000Z", "Secret illness", "CLASS:PRIVATE\r\n")]);
        world.sync();
        let entries = world.entries();
        assert_eq!((entries.len(), &entries[0]["description"]), (1, &serde_json::Value::Null));
        assert!(!world.reasons().contains(&"unmatched".to_owned()));
        if let Ok(book) = std::fs::read(world.path("kalends.db")) {
            assert!(!String::from_utf8_lossy(&book).contains("Secret illness"));
        }
    }

    fn s10_time_that_comes_late_to_an_approved_day_asks(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        world.run(&["entries", "approve", text(&kickoff_entry(&world).expect("one"), "id")]).expect("approved");
        world.now("2026-03-21T12:00:00Z");
        let mut events = with(Some(at_nine()));
        events.push(event("late", "20260302T130000Z", "20260302T140000Z", "[GBX-3] Call", ""));
        world.calendar(&events);
        world.sync();
        assert_eq!(world.reasons(), ["late"]);
    }

    fn s10_in_a_locked_period_nothing_is_drafted(world: World) {
        world.configure("locked_through: 2026-03-31\n");
        world.calendar(&[at_nine()]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (0, vec!["late".to_owned()]));
    }

    fn s11_a_written_entry_counts_and_stays(world: World) {
        world.calendar(&[at_nine()]);
        world.sync();
        world.run(&["entries", "add", "--staff", DANA, "--date", "2026-03-02", "--start", "09:30", "--end", "10:30", "project=GBX-3"]).expect("added");
        world.sync();
        let written = world.entries().into_iter().find(|entry| entry["origin"] == "manual").expect("written");
        assert_eq!((text(&written, "client"), &written["seconds"]), ("globex", &3600.into()));
        assert_eq!(world.reasons(), ["overlap"]);
    }

    fn s12_what_follows_the_meeting_and_when_stays(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        let id = text(&kickoff_entry(&world).expect("one"), "id").to_owned();
        world.run(&["entries", "set", &id, "task=Talk", "end=10:30"]).expect("set");
        world.calendar(&with(Some(kickoff("20260310T140000Z", "20260310T150000Z"))));
        world.sync();
        let pinned = kickoff_entry(&world).expect("one");
        assert_eq!((text(&pinned, "date"), text(&pinned, "task"), &pinned["seconds"]), ("2026-03-02", "Talk", &5400.into()));
        assert_eq!(world.reasons(), ["edit-outdated"]);
        world.run(&["entries", "set", &id, "when=follow"]).expect("followed");
        let moved = kickoff_entry(&world).expect("one");
        assert_eq!((text(&moved, "date"), text(&moved, "task"), text(&moved, "id")), ("2026-03-10", "Talk", id.as_str()));
        assert!(world.reasons().is_empty());
    }

    fn s14_a_dismissal_holds_for_its_cause_and_no_other(world: World) {
        let call = |end: &str| event("call", "20260302T093000Z", end, "[GBX-3] Call", "");
        world.calendar(&[at_nine(), call("20260302T103000Z")]);
        world.sync();
        assert_eq!(world.reasons(), ["overlap"]);
        world.run(&["exceptions", "dismiss", text(&world.exceptions()[0], "id")]).expect("dismissed");
        assert!(world.entries().iter().all(|entry| entry["held"] == false));
        world.calendar(&[at_nine(), call("20260302T104500Z")]);
        world.sync();
        assert_eq!(world.reasons(), ["overlap"]);
    }

    fn s14_what_lacks_required_fields_is_not_dismissed(world: World) {
        world.calendar(&[event("x", "20260302T090000Z", "20260302T100000Z", "Something", "")]);
        world.sync();
        let id = text(&world.exceptions()[0], "id").to_owned();
        let refused = world.run(&["exceptions", "dismiss", &id]).expect_err("refused");
        assert!(refused.contains("--not-work"), "{refused}");
        world.run(&["exceptions", "resolve", &id, "project=ACME-15"]).expect("assigned");
        assert_eq!((world.reasons().len(), &world.entries()[0]["held"]), (0, &false.into()));
    }

    fn s9_approved_time_never_changes_silently(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        let id = text(&kickoff_entry(&world).expect("one"), "id").to_owned();
        world.run(&["entries", "approve", &id]).expect("approved");
        let approved = kickoff_entry(&world).expect("one");
        world.calendar(&with(Some(kickoff("20260310T140000Z", "20260310T150000Z"))));
        world.sync();
        assert_eq!(kickoff_entry(&world), Some(approved));
        assert_eq!(world.reasons(), ["changed-after-approval"]);
        let refused = world.run(&["entries", "set", &id, "task=Talk"]).expect_err("settled");
        assert!(refused.contains("a reviewer reopens it first"), "{refused}");
    }

    fn s16_what_is_to_come_is_no_entry(world: World) {
        world.calendar(&[kickoff("20260320T130000Z", "20260320T140000Z")]);
        world.sync();
        assert!(world.entries().is_empty());
        world.now("2026-03-20T14:00:00Z");
        world.sync();
        assert_eq!(world.entries().len(), 1);
    }

    fn s16_a_sync_settles_what_it_has_just_read(world: World) {
        world.real_time();
        world.calendar(&[kickoff(&ago(3), &ago(2))]);
        let told = world.sync();
        assert!(told["days"].as_i64().is_some_and(|days| days > 0), "{told:#}");
        assert!(!world.entries().is_empty());
    }

    fn s17_exact_and_rounded_seconds_are_kept(world: World) {
        world.configure("rounding: {minutes: 15, to: up}\n");
        world.calendar(&[kickoff("20260302T090000Z", "20260302T095000Z")]);
        world.sync();
        let entry = &world.entries()[0];
        assert_eq!((&entry["seconds"], &entry["rounded_seconds"]), (&3000.into(), &3600.into()));
    }

    fn s17_s4_time_that_is_held_takes_no_share_of_a_rounded_day(world: World) {
        world.configure_lasting("rounding: {minutes: 15, per: day, to: up}\n");
        let at = |uid: &str, from: &str, until: &str, more: &str| {
            event(uid, &format!("20260302T{from}00Z"), &format!("20260302T{until}00Z"), "[ACME-15] Work", more)
        };
        let free = [at("a", "0900", "0910", ""), at("b", "1000", "1010", "")];
        let held = at("c", "1200", "1201", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\r\n");
        world.calendar(&[free[0].clone(), free[1].clone(), held]);
        world.sync();
        let rounded = || {
            let mut all = world.entries();
            all.sort_by_key(|entry| text(entry, "start").to_owned());
            all.iter().map(|entry| entry["rounded_seconds"].as_i64().expect("seconds")).collect::<Vec<_>>()
        };
        // 20 minutes are half an hour, and 21 as well: the minute that is held adds nothing to it.
        assert_eq!((rounded(), world.entries()[2]["held"].clone()), (vec![900, 900, 0], true.into()));
        for entry in world.entries().iter().filter(|entry| entry["held"] == false) {
            world.run(&["entries", "approve", text(entry, "id")]).expect("approved");
        }
        let asked = world.exceptions().remove(0);
        world.run(&["exceptions", "dismiss", text(&asked, "id")]).expect("it was work");
        assert_eq!(rounded(), [900, 900, 0]);
        world.run(&["exceptions", "undo", text(&asked, "id")]).expect("taken back");
        world.run(&["exceptions", "dismiss", text(&asked, "id"), "--not-work"]).expect("no work");
        assert_eq!(rounded(), [900, 900]);
    }

    fn s18_duplicates_and_overlaps_hold_the_later(world: World) {
        world.calendar(&[at_nine(), event("other", "20260302T090000Z", "20260302T100000Z", "[acme-15]  kickoff", "")]);
        world.sync();
        assert_eq!(world.reasons(), ["duplicate"]);
        assert_eq!(world.entries().iter().filter(|entry| entry["held"] == true).count(), 1);
    }

    fn s20_nothing_before_the_first_day_becomes_time(world: World) {
        world.now("2026-02-10T12:00:00Z");
        world.calendar(&[event("old", "20260130T090000Z", "20260130T100000Z", "[ACME-15] Old", ""), event("new", "20260202T090000Z", "20260202T100000Z", "[ACME-15] New", "")]);
        world.sync();
        let dates: Vec<_> = world.entries().iter().map(|entry| text(entry, "date").to_owned()).collect();
        assert_eq!(dates, ["2026-02-02"]);
    }

    fn s20_a_rule_change_derives_only_days_that_read_differently(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        let rules = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("rules");
        std::fs::write(world.path("rules/rules.yaml"), format!("{rules}\n# a comment\n")).expect("written");
        let quiet = world.sync();
        assert_eq!((&quiet["days"], &quiet["entries"]), (&0.into(), &0.into()));
        // What the files promise changes with them.
        std::fs::write(world.path("rules/rules.yaml"), rules.replace("task: kickoff,", "task: Opening,")).expect("written");
        std::fs::write(world.path("rules/more.yaml"), "rules:\n  - id: kickoffs\n    section: tasks\n    when: {title: {words: [kickoff]}}\n    set: {task: Opening}\n").expect("written");
        let loud = world.sync();
        assert_eq!((&loud["days"], &loud["entries"]), (&1.into(), &1.into()));
        assert_eq!(text(&kickoff_entry(&world).expect("one"), "task"), "Opening");
    }

    fn s21_many_events_come_in_batches_and_all_of_them(world: World) {
        let many: Vec<_> = (0..4500).map(|n| event(&format!("m{n}"), &format!("202603{:02}T{:02}{:02}00Z", 1 + n % 18, n / 18 % 24, n / 432 % 60), &format!("202603{:02}T{:02}{:02}30Z", 1 + n % 18, n / 18 % 24, n / 432 % 60), "[ACME-15] x", "")).collect();
        world.calendar(&many);
        assert_eq!(world.sync()["calendars"][0]["saved"], 4500);
        assert_eq!(world.sync()["calendars"][0]["saved"], 0);
    }

    fn s23_on_a_calendar_of_another_only_what_she_is_invited_to_counts(world: World) {
        let invited = format!("ATTENDEE;PARTSTAT=ACCEPTED:mailto:{DANA}\r\n");
        world.file("team.ics", &[event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Mine", &invited), event("b", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Not mine", "")]);
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--file", "team.ics", "--owner", "team@northwind.example"]).expect("added");
        world.sync();
        assert_eq!(world.entries().len(), 1);
    }

    fn s24_evidence_that_disagrees_about_the_client_asks(world: World) {
        let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:omar@globex.example\r\n";
        world.calendar(&[event("c", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Call", guest)]);
        world.sync();
        assert_eq!(world.reasons(), ["conflict"]);
    }

    fn s15_an_event_over_midnight_is_an_entry_on_each_day(world: World) {
        world.calendar(&[kickoff("20260302T220000Z", "20260303T013000Z")]);
        world.sync();
        let dates: Vec<_> = world.entries().iter().map(|entry| (text(entry, "date").to_owned(), entry["seconds"].clone())).collect();
        assert_eq!(dates, [("2026-03-02".to_owned(), 7200.into()), ("2026-03-03".to_owned(), 5400.into())]);
    }

    fn bad_files_lose_nothing(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        for bad in ["<!doctype html><html></html>", "", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:x\r\n"] {
            std::fs::write(world.path("work.ics"), bad).expect("written");
            assert!(world.run(&["sync"]).is_err(), "{bad}");
            assert_eq!((world.entries().len(), world.reasons()), (6, vec!["unreadable-calendar".to_owned()]), "{bad}");
        }
        world.calendar(&with(Some(at_nine())));
        world.sync();
        assert!(world.reasons().is_empty());
    }

    fn broken_rules_leave_the_old_ones_in_force(world: World) {
        world.calendar(&[at_nine()]);
        world.sync();
        std::fs::write(world.path("rules/more.yaml"), "rule: []\n").expect("written");
        world.calendar(&with(Some(at_nine())));
        assert!(world.run(&["sync"]).is_err());
        assert_eq!(world.entries().len(), 6);
    }
}

on_each_database! {
    fn hostile_files_end_in_one_message_and_lose_nothing(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        let nested = format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:VEVENT\r\n".repeat(3_000));
        std::fs::write(world.path("work.ics"), nested).expect("written");
        assert!(world.run(&["sync"]).is_err());
        assert_eq!(world.entries().len(), 6);
        let odd = [
            event("nul", "20260302T110000Z", "20260302T120000Z", "[GBX-3] nul \0 inside", ""),
            event("often", "20260302T130000Z", "20260302T140000Z", "[GBX-3] often", "RRULE:FREQ=SECONDLY\r\n"),
            event("long", "20260302T150000Z", "20260302T160000Z", &format!("[GBX-3] {}", "ä".repeat(30_000)), ""),
            event("back", "20260302T180000Z", "20260302T170000Z", "[GBX-3] back", ""),
        ];
        world.calendar(&odd.into_iter().chain(with(Some(at_nine()))).collect::<Vec<_>>());
        world.sync();
        assert!(world.reasons().contains(&"bad-event".to_owned()), "{:?}", world.reasons());
        assert!(world.reasons().contains(&"time-reversed".to_owned()), "{:?}", world.reasons());
        assert!(kickoff_entry(&world).is_some());
    }

    fn rule_files_that_cannot_be_read_say_so_and_change_nothing(world: World) {
        world.calendar(&[at_nine()]);
        world.sync();
        let brackets = "[".repeat(100_000);
        let bomb = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n";
        for (bad, said) in [(brackets.as_str(), "nested too deep"), (bomb, "alias"), ("\trules: []\n", "yaml"), ("rules:\n  - id: a\n    id: b\n", "twice")] {
            std::fs::write(world.path("rules/bad.yaml"), bad).expect("written");
            let told = world.run(&["sync"]).expect_err("refused");
            assert!(told.to_lowercase().contains(said), "{said}: {}", told.chars().take(600).collect::<String>());
            assert_eq!(world.entries().len(), 1);
        }
        let out = world.output(&["rules", "check"]);
        assert_eq!(out.status.code(), Some(3));
    }
}

on_each_database! {
    fn s13_many_at_once_write_each_thing_once(world: World) {
        world.calendar(&with(Some(at_nine())));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| world.run(&["sync"]));
            }
        });
        world.sync();
        assert_eq!(world.entries().len(), 6);
        let quiet = world.sync();
        assert_eq!((&quiet["entries"], &quiet["exceptions"]), (&0.into(), &0.into()));
    }

    fn s9_nobody_approves_her_own_time(world: World) {
        world.calendar(&[at_nine()]);
        world.sync();
        let text_of = std::fs::read_to_string(world.path("kalends.yaml")).expect("read").replace("four_eyes: false", "four_eyes: true");
        std::fs::write(world.path("kalends.yaml"), text_of).expect("written");
        let approve = |actor: &str| {
            let id = text(&world.entries()[0], "id").to_owned();
            world.output_as(actor, &["entries", "approve", &id])
        };
        assert!(!approve(DANA).status.success());
        assert!(approve("ben@northwind.example").status.success());
        assert_eq!(text(&world.entries()[0], "approval_status"), "approved");
    }

    fn s12_both_keeps_the_edit_and_drafts_the_new_time(world: World) {
        world.calendar(&with(Some(at_nine())));
        world.sync();
        let id = text(&kickoff_entry(&world).expect("one"), "id").to_owned();
        world.run(&["entries", "set", &id, "end=10:30"]).expect("set");
        world.calendar(&with(Some(kickoff("20260310T140000Z", "20260310T150000Z"))));
        world.sync();
        world.run(&["entries", "set", &id, "when=both"]).expect("both");
        let mut dates: Vec<_> = world.entries().iter().filter(|entry| entry["project"] == "ACME-15").map(|entry| text(entry, "date").to_owned()).collect();
        dates.sort();
        assert_eq!(dates, ["2026-03-02", "2026-03-10"]);
        assert!(world.reasons().is_empty(), "{:?}", world.reasons());
        world.sync();
        assert_eq!(world.entries().len(), 7);
    }

    fn s2_a_series_moved_by_its_organiser_keeps_its_entries(world: World) {
        let weekly = |hour: &str| event("weekly", &format!("20260302T{hour}0000Z"), &format!("20260302T{hour}3000Z"), "[ACME-15] Weekly", "RRULE:FREQ=WEEKLY;COUNT=3\r\n");
        world.calendar(&[weekly("09")]);
        world.sync();
        let before: Vec<_> = world.entries().iter().map(|entry| text(entry, "id").to_owned()).collect();
        world.calendar(&[weekly("11")]);
        world.sync();
        let after: Vec<_> = world.entries().iter().map(|entry| text(entry, "id").to_owned()).collect();
        assert_eq!((before.len(), before), (3, after));
        assert!(world.reasons().is_empty());
    }
}
