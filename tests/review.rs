//! What people may do to entries and questions (S9 to S14), through the commands, on both databases.

use serde_json::Value;

use crate::support::{DANA, World, event, on_each_database, text};

fn entry_titled(world: &World, project: &str) -> Value {
    world.entries().into_iter().find(|entry| entry["project"] == project).expect("an entry")
}

fn one(world: &World) -> String {
    world.calendar(&[event("k", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", "")]);
    world.sync();
    text(&entry_titled(world, "ACME-15"), "id").to_owned()
}

fn status(world: &World, id: &str) -> String {
    let all = world.json(&["entries", "list", "--from", "2026-01-01", "--to", "2026-12-31"]);
    let found = all.as_array().expect("a list").iter().find(|entry| entry["id"] == id).cloned();
    found.map_or_else(|| "void".to_owned(), |entry| text(&entry, "status").to_owned())
}

fn asked(world: &World, reason: &str) -> String {
    let found = world.exceptions().into_iter().find(|one| one["reason"] == reason);
    text(&found.expect("a question"), "id").to_owned()
}

fn two_that_overlap(world: &World) {
    world.calendar(&[
        event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] First", ""),
        event("b", "20260302T093000Z", "20260302T110000Z", "[GBX-3] Second", ""),
    ]);
    world.sync();
}

/// An hour or so on one project.
fn half(uid: &str, start: &str, end: &str) -> String {
    let on_second = |time: &str| format!("20260302T{}00Z", time.replace(':', ""));
    event(uid, &on_second(start), &on_second(end), "[ACME-15] Work", "")
}

fn id_at(world: &World, start: &str) -> String {
    let found = world.entries().into_iter().find(|entry| text(entry, "start")[11..16] == *start);
    text(&found.expect("an entry"), "id").to_owned()
}

fn two_apart(world: &World) -> [String; 2] {
    world.calendar(&[half("a", "09:00", "10:00"), half("b", "10:30", "11:30")]);
    world.sync();
    ["09:00", "10:30"].map(|start| id_at(world, start))
}

fn hours(world: &World) -> Vec<(String, String, String)> {
    let mut all: Vec<_> = world
        .entries()
        .iter()
        .map(|entry| (text(entry, "project").to_owned(), text(entry, "start")[11..16].to_owned(), text(entry, "end")[11..16].to_owned()))
        .collect();
    all.sort();
    all
}

on_each_database! {
    fn an_entry_goes_its_way_and_back_as_long_as_it_is_not_exported(world: World) {
        let id = one(&world);
        for (command, after) in [("submit", "submitted"), ("withdraw", "draft"), ("submit", "submitted")] {
            world.run(&["entries", command, &id]).expect("done");
            assert_eq!(status(&world, &id), after);
        }
        assert!(world.run(&["entries", "reject", &id, "--why", " "]).expect_err("no reason").contains("needs a reason"));
        world.run(&["entries", "reject", &id, "--why", "which task?"]).expect("rejected");
        assert_eq!(status(&world, &id), "rejected");
        world.run(&["entries", "edit", &id, "task=Talk"]).expect("mended");
        assert_eq!(status(&world, &id), "draft");
        world.run(&["entries", "approve", &id]).expect("approved");
        assert!(world.run(&["entries", "submit", &id]).expect_err("too late").contains("approved already"));
        world.run(&["entries", "reopen", &id, "--why", "wrong task"]).expect("reopened");
        assert_eq!(status(&world, &id), "draft");
        let done = world.json(&["audit", &id]);
        let acts: Vec<_> = done.as_array().expect("rows").iter().map(|row| text(row, "act")).collect();
        assert_eq!(acts, ["reopen", "approve", "change", "reject", "submit", "withdraw", "submit"]);
        assert_eq!(text(&done[0], "why"), "wrong task");
        world.run(&["audit", "--verify"]).expect("unbroken");
    }

    fn s9_what_is_submitted_and_moves_is_a_draft_again_and_asks(world: World) {
        let id = one(&world);
        world.run(&["entries", "submit", &id]).expect("submitted");
        world.calendar(&[event("k", "20260302T090000Z", "20260302T103000Z", "[ACME-15] Kickoff", "")]);
        world.sync();
        assert_eq!((status(&world, &id), world.reasons()), ("draft".to_owned(), vec!["changed-after-submission".to_owned()]));
        assert_eq!(entry_titled(&world, "ACME-15")["seconds"], 5400);
        // It goes on asking, whatever else is derived meanwhile, until a person says that it is right.
        world.sync();
        assert!(world.run(&["entries", "submit", &id]).expect_err("held").contains("held"));
        world.run(&["exceptions", "dismiss", &asked(&world, "changed-after-submission"), "--why", "it took longer"]).expect("seen");
        world.run(&["entries", "submit", &id]).expect("submitted");
        assert!(world.reasons().is_empty());
        let done = world.json(&["audit", &id]);
        assert!(done.as_array().expect("rows").iter().any(|row| row["act"] == "returned" && row["actor"] == "kalends"));
    }

    fn s12_an_answer_is_taken_back_by_its_author(world: World) {
        world.calendar(&[event("x", "20260302T090000Z", "20260302T100000Z", "Something", "")]);
        world.sync();
        let id = asked(&world, "unmatched");
        world.run(&["exceptions", "resolve", &id, "project=ACME-15"]).expect("answered");
        assert!(world.exceptions().is_empty());
        let told = world.run(&["exceptions", "show", &id]).expect("shown");
        assert!(told.contains("resolved"), "{told}");
        world.run(&["exceptions", "undo", &id]).expect("taken back");
        assert_eq!((world.reasons(), &world.entries()[0]["project"]), (vec!["unmatched".to_owned()], &Value::Null));
        assert!(world.run(&["exceptions", "show", &id]).expect("shown").contains("reopened"));
        assert!(world.run(&["exceptions", "undo", &id]).expect_err("nothing").contains("still open"));
    }

    fn an_overlap_has_four_ways_out(world: World) {
        let ways = [
            ("this", [("ACME-15", "09:00", "09:30"), ("GBX-3", "09:30", "11:00")]),
            ("other", [("ACME-15", "09:00", "10:00"), ("GBX-3", "10:00", "11:00")]),
            ("split", [("ACME-15", "09:00", "09:45"), ("GBX-3", "09:45", "11:00")]),
            ("prorate", [("ACME-15", "09:00", "09:48"), ("GBX-3", "09:48", "11:00")]),
        ];
        two_that_overlap(&world);
        for (way, after) in ways {
            let id = asked(&world, "overlap");
            world.run(&["exceptions", "resolve", &id, "--overlap", way]).expect("settled");
            assert!(world.reasons().is_empty(), "{way}");
            let after: Vec<_> = after.iter().map(|(project, start, end)| ((*project).to_owned(), (*start).to_owned(), (*end).to_owned())).collect();
            assert_eq!(hours(&world), after, "{way}");
            world.run(&["exceptions", "undo", &id]).expect("taken back");
        }
    }

    fn an_entry_is_split_and_two_are_joined(world: World) {
        let id = one(&world);
        world.run(&["entries", "split", &id, "75:project=ACME-15", "25:project=GBX-3"]).expect("split");
        assert_eq!(hours(&world), [("ACME-15".into(), "09:00".into(), "09:45".into()), ("GBX-3".into(), "09:45".into(), "10:00".into())]);
        world.calendar(&[
            event("m", "20260303T090000Z", "20260303T100000Z", "[ACME-15] First half", ""),
            event("n", "20260303T100000Z", "20260303T110000Z", "[ACME-15] Second half", ""),
            event("k", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", ""),
        ]);
        world.sync();
        let on_third: Vec<_> = world.entries().into_iter().filter(|entry| entry["date"] == "2026-03-03").collect();
        world.run(&["entries", "merge", text(&on_third[1], "id"), "--into", text(&on_third[0], "id")]).expect("joined");
        let left: Vec<_> = world.entries().into_iter().filter(|entry| entry["date"] == "2026-03-03").collect();
        assert_eq!((left.len(), &left[0]["seconds"]), (1, &7200.into()));
    }

    fn s9_a_merged_entry_goes_its_way_as_one(world: World) {
        let [first, second] = two_apart(&world);
        world.run(&["entries", "merge", &second, "--into", &first]).expect("joined");
        let one = || hours(&world) == [("ACME-15".to_owned(), "09:00".to_owned(), "11:30".to_owned())] && world.entries()[0]["seconds"] == 7200;
        for (command, after) in [("submit", "submitted"), ("withdraw", "draft"), ("submit", "submitted"), ("approve", "approved")] {
            world.run(&["entries", command, &first]).expect("done");
            assert_eq!((status(&world, &first).as_str(), one(), world.reasons().len()), (after, true, 0), "{command}");
        }
        // Derived again with something else on that day, it stays one.
        world.now("2026-03-20T13:00:00Z");
        let other = event("c", "20260302T140000Z", "20260302T150000Z", "[GBX-3] Call", "");
        world.calendar(&[half("a", "09:00", "10:00"), half("b", "10:30", "11:30"), other]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (2, vec!["late".to_owned()]));
        let call = entry_titled(&world, "GBX-3");
        let refused = world.run(&["entries", "merge", text(&call, "id"), "--into", &first]).expect_err("approved");
        assert!(refused.contains("reviewer reopens it first"), "{refused}");
        assert_eq!(world.entries().len(), 2);
    }

    fn s9_a_merged_entry_submits_itself(world: World) {
        let [first, second] = two_apart(&world);
        world.run(&["entries", "merge", &second, "--into", &first]).expect("joined");
        world.run(&["job", "submit"]).expect("submitted");
        assert_eq!((status(&world, &first).as_str(), world.entries().len()), ("submitted", 1));
        world.run(&["entries", "approve", &first]).expect("approved");
        assert_eq!((status(&world, &first).as_str(), world.entries().len(), world.reasons().len()), ("approved", 1, 0));
    }

    fn s12_what_is_merged_covers_all_of_it_once(world: World) {
        let events = [half("a", "09:00", "10:00"), half("b", "10:30", "11:30"), event("c", "20260302T100000Z", "20260302T104500Z", "Who knows", "")];
        world.calendar(&events);
        world.sync();
        let at = |start: &str| id_at(&world, start);
        let (a, b, c) = (at("09:00"), at("10:30"), at("10:00"));
        world.run(&["entries", "merge", &c, "--into", &b]).expect("joined");
        world.run(&["entries", "merge", &b, "--into", &a]).expect("joined");
        assert_eq!((world.entries().len(), &world.entries()[0]["seconds"], world.reasons().len()), (1, &9000.into(), 0));
        assert!(world.run(&["entries", "merge", &a, "--into", &b]).expect_err("gone").contains("stands no more"));
    }

    fn s12_where_the_parts_of_a_merge_go_is_asked(world: World) {
        let b = || half("b", "10:30", "11:30");
        let (a, z) = (half("a", "09:00", "10:00"), event("z", "20260227T200000Z", "20260227T210000Z", "[GBX-3] Call", ""));
        world.calendar(&[a.clone(), b(), z.clone()]);
        world.sync();
        let [first, second] = ["09:00", "10:30"].map(|start| id_at(&world, start));
        world.run(&["entries", "merge", &second, "--into", &first]).expect("joined");
        let next_day = |uid| event(uid, "20260303T103000Z", "20260303T113000Z", "[ACME-15] Work", "");
        let later = [
            (vec![a.clone(), next_day("b")], "edit-outdated"),
            (vec![a.clone(), half("b", "15:30", "16:30")], "edit-outdated"),
            (vec![a.clone(), half("b", "10:30", "15:30")], "edit-outdated"),
            (vec![a.clone()], "deleted-after-edit"),
            (vec![next_day("a"), b()], "edit-outdated"),
            (vec![half("a", "09:00", "09:15"), b()], "edit-outdated"),
            (vec![b()], "deleted-after-edit"),
        ];
        for (events, reason) in later {
            world.calendar(&[events.clone(), vec![z.clone()]].concat());
            world.sync();
            let merged = entry_titled(&world, "ACME-15");
            assert_eq!((&merged["seconds"], &merged["held"], world.entries().len()), (&7200.into(), &true.into(), 2), "{events:?}");
            assert_eq!(world.reasons(), [reason], "{events:?}");
            assert!(world.run(&["entries", "submit", &first]).expect_err("held").contains("held"));
            world.calendar(&[a.clone(), b(), z.clone()]);
            world.sync();
            assert!(world.reasons().is_empty(), "{events:?}");
        }
        // An answer lets it go on: kept as it was, or back on its own.
        world.calendar(&[a, next_day("b"), z]);
        world.sync();
        let question = asked(&world, "edit-outdated");
        world.run(&["exceptions", "resolve", &question, "when=keep"]).expect("kept");
        assert_eq!((world.entries().len(), &entry_titled(&world, "ACME-15")["held"], world.reasons().len()), (2, &false.into(), 0));
        world.run(&["exceptions", "undo", &question]).expect("taken back");
        world.run(&["exceptions", "resolve", &question, "when=follow"]).expect("followed");
        assert_eq!((hours(&world).len(), &entry_titled(&world, "ACME-15")["seconds"], world.reasons().len()), (3, &3600.into(), 0));
        assert_eq!(status(&world, &second), "draft");
    }

    fn s12_entries_of_two_days_are_not_merged(world: World) {
        world.calendar(&[half("a", "09:00", "10:00"), event("b", "20260303T103000Z", "20260303T113000Z", "[GBX-3] Call", "")]);
        world.sync();
        let [first, second] = ["09:00", "10:30"].map(|start| id_at(&world, start));
        let refused = world.run(&["entries", "merge", &second, "--into", &first]).expect_err("two days");
        assert!(refused.contains("only entries of one day are merged"), "{refused}");
        world.calendar(&[half("a", "09:00", "10:00"), half("b", "14:00", "15:00")]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons().len()), (2, 0));
    }

    fn s4_what_is_left_of_a_night_asks_when_its_evening_was_merged(world: World) {
        let evening = event("a", "20260302T200000Z", "20260302T220000Z", "[ACME-15] Work", "");
        world.calendar(&[evening, event("b", "20260302T220000Z", "20260303T020000Z", "Who knows", "")]);
        world.sync();
        let [first, second] = ["20:00", "22:00"].map(|start| id_at(&world, start));
        world.run(&["entries", "merge", &second, "--into", &first]).expect("joined");
        assert_eq!((world.reasons(), &entry_titled(&world, "ACME-15")["held"]), (vec!["unmatched".to_owned()], &false.into()));
        world.run(&["exceptions", "resolve", &asked(&world, "unmatched"), "project=GBX-3"]).expect("answered");
        assert_eq!((&entry_titled(&world, "GBX-3")["seconds"], world.reasons().len()), (&7200.into(), 0));
    }

    fn s10_a_locked_period_takes_no_act(world: World) {
        let id = one(&world);
        world.run(&["periods", "lock", "--through", "2026-03-15", "--staff", DANA, "--why", "billed"]).expect("locked");
        assert!(world.run(&["entries", "set", &id, "task=Talk"]).expect_err("locked").contains("locked through 2026-03-15"));
        assert!(world.run(&["entries", "approve", &id]).expect_err("locked").contains("locked through"));
        world.calendar(&[
            event("k", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", ""),
            event("late", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Late", ""),
            event("open", "20260316T090000Z", "20260316T100000Z", "[ACME-15] Open", ""),
        ]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (2, vec!["late".to_owned()]));
    }

    fn s9_four_eyes_see_what_one_person_approves(world: World) {
        let id = one(&world);
        let config = std::fs::read_to_string(world.path("kalends.yaml")).expect("the configuration");
        std::fs::write(world.path("kalends.yaml"), config.replace("four_eyes: false", "four_eyes: true")).expect("written");
        let own = world.output_as(DANA, &["entries", "approve", &id]);
        assert!(!own.status.success() && String::from_utf8_lossy(&own.stderr).contains("your own time"));
        assert!(world.output_as("eva@northwind.example", &["entries", "approve", &id]).status.success());
    }

    fn a_question_is_put_off_handed_over_and_seen_by_whom_it_was_closed(world: World) {
        world.calendar(&[event("x", "20260302T090000Z", "20260302T100000Z", "Something", "")]);
        world.sync();
        let id = asked(&world, "unmatched");
        world.run(&["exceptions", "snooze", &id, "--until", "2026-03-25"]).expect("put off");
        assert!(world.run(&["exceptions", "show", &id]).expect("shown").contains("snoozed"));
        world.run(&["exceptions", "snooze", &id]).expect("back");
        world.run(&["exceptions", "assign", &id, "--to", DANA]).expect("handed over");
        assert!(world.run(&["exceptions", "show", &id]).expect("shown").contains("assigned"));
        world.run(&["exceptions", "dismiss", &id, "--not-work"]).expect("no work");
        assert!(world.run(&["exceptions", "show", &id]).expect("shown").contains("resolved"));
        assert!(world.run(&["exceptions", "snooze", &id]).expect_err("closed").contains("not open"));
    }

    fn of_conflicting_acts_at_once_each_counts_once_or_is_refused(world: World) {
        let events: Vec<_> = (0..10).map(|n| event(&format!("e{n}"), &format!("202603{:02}T090000Z", n + 2), &format!("202603{:02}T100000Z", n + 2), "[ACME-15] Work", "")).collect();
        world.calendar(&events);
        world.sync();
        let ids: Vec<String> = world.entries().iter().map(|entry| text(entry, "id").to_owned()).collect();
        world.run(&[&["entries", "submit"], ids.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat()).expect("submitted");
        let world = &world;
        // Two reviewers, ten entries, ten turns each: one approves what the other sends back.
        let outcomes: Vec<bool> = std::thread::scope(|scope| {
            let turn = |number: usize| {
                let (id, who) = (&ids[number / 2 % 10], if number.is_multiple_of(2) { "eva@northwind.example" } else { "kim@northwind.example" });
                scope.spawn(move || {
                    let args: &[&str] = if number.is_multiple_of(2) { &["entries", "approve", id] } else { &["entries", "reject", id, "--why", "again"] };
                    world.output_as(who, args).status.success()
                })
            };
            (0..20).map(|round| (0..10).map(|n| turn(round * 10 + n)).collect::<Vec<_>>()).flat_map(|turns| turns.into_iter().map(|turn| turn.join().expect("it ran")).collect::<Vec<_>>()).collect()
        });
        assert_eq!(outcomes.len(), 200);
        // Each entry was decided once: approved or sent back, and never both.
        assert_eq!(outcomes.iter().filter(|done| **done).count(), 10);
        let rows = world.json(&["audit"]);
        let decided: Vec<_> = rows.as_array().expect("rows").iter().filter(|row| ["approve", "reject"].contains(&text(row, "act"))).collect();
        assert_eq!(decided.len(), 10);
        for id in &ids {
            assert!(["approved", "rejected"].contains(&status(world, id).as_str()));
        }
    }
}
