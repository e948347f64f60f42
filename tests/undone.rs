//! Taking back (S12): what answered one question and nothing else, and what was done last to an entry, also where that took it out. What
//! is joined or divided keeps its sum.

use crate::support::{World, event, on_each_database, text};

/// Projects with their times, hours and billable flags.
fn lines(world: &World) -> Vec<String> {
    let mut lines: Vec<_> = world
        .entries()
        .iter()
        .map(|one| {
            format!(
                "{}-{} {} {} {}",
                &text(one, "start")[11..16],
                &text(one, "end")[11..16],
                one["seconds"].as_i64().map_or(0, |seconds| seconds / 60),
                text(one, "project"),
                one["billable"]
            )
        })
        .collect();
    lines.sort();
    lines
}

fn id(world: &World, start: &str) -> String {
    let found = world.entries().into_iter().find(|one| &text(one, "start")[11..16] == start);
    text(&found.expect("an entry"), "id").to_owned()
}

fn drafted(world: &World, events: &[(&str, &str, &str)]) {
    let at = |time: &str| format!("20260302T{}00Z", time.replace(':', ""));
    let event = |(from, until, title): &(&str, &str, &str)| event(from, &at(from), &at(until), title, "");
    world.calendar(&events.iter().map(event).collect::<Vec<_>>());
    world.sync();
}

fn asked(world: &World) -> String {
    text(world.exceptions().first().expect("a question"), "id").to_owned()
}

fn run(world: &World, args: &[&str]) -> String {
    world.run(args).unwrap_or_else(|told| panic!("{args:?}: {told}"))
}

on_each_database! {
    fn s12_undo_of_a_question_takes_back_its_answer_and_not_what_came_after(world: World) {
        drafted(&world, &[("09:00", "10:00", "Something")]);
        let (question, entry) = (asked(&world), id(&world, "09:00"));
        run(&world, &["exceptions", "resolve", &question, "project=GBX-3"]);
        run(&world, &["entries", "set", &entry, "billable=no"]);
        run(&world, &["exceptions", "undo", &question]);
        assert_eq!((lines(&world), world.reasons()), (vec!["09:00-10:00 60 - false".to_owned()], vec!["unmatched".to_owned()]));
        // Where something else answers it too, it says what to do.
        run(&world, &["exceptions", "resolve", &question, "project=GBX-3"]);
        run(&world, &["entries", "set", &entry, "project=ACME-15"]);
        let told = world.run(&["exceptions", "undo", &question]).expect_err("answered twice");
        assert!(told.contains("entries undo"), "{told}");
        run(&world, &["entries", "undo", &entry]);
        assert_eq!(lines(&world), ["09:00-10:00 60 GBX-3 false"]);
        run(&world, &["exceptions", "undo", &question]);
        assert_eq!(world.reasons(), ["unmatched"]);
    }

    fn s12_undo_of_an_overlap_leaves_what_was_edited_since(world: World) {
        drafted(&world, &[("09:00", "10:00", "[ACME-15] First"), ("09:30", "11:00", "[GBX-3] Second")]);
        let question = asked(&world);
        run(&world, &["exceptions", "resolve", &question, "--overlap", "split"]);
        run(&world, &["entries", "set", &id(&world, "09:00"), "billable=no"]);
        run(&world, &["exceptions", "undo", &question]);
        assert_eq!((lines(&world), world.reasons()), (vec!["09:00-10:00 60 ACME-15 false".to_owned(), "09:30-11:00 90 GBX-3 true".to_owned()], vec!["overlap".to_owned()]));
    }

    fn s12_what_was_done_last_to_an_entry_is_taken_back(world: World) {
        drafted(&world, &[("09:00", "10:00", "[ACME-15] One"), ("10:00", "12:00", "[GBX-3] Two")]);
        let (one, two, before) = (id(&world, "09:00"), id(&world, "10:00"), lines(&world));
        let acts = [
            vec!["set", one.as_str(), "not_work=yes"],
            vec!["split", &one, "50:project=ACME-15", "50:project=INT-2"],
            vec!["merge", &one, "--into", &two],
            vec!["set", &one, "end=09:30"],
        ];
        for act in acts {
            run(&world, &[&["entries"], act.as_slice()].concat());
            assert_ne!(lines(&world), before, "{act:?}");
            run(&world, &["entries", "undo", &one]);
            assert_eq!(lines(&world), before, "{act:?}");
        }
        assert!(world.run(&["entries", "undo", &one]).expect_err("nothing").contains("nothing of yours"));
        run(&world, &["entries", "set", &one, "not_work=yes"]);
        assert!(world.run(&["entries", "set", &one, "task=Talk"]).expect_err("gone").contains("entries undo"));
        // A written entry comes back too, and that it was written is no change of it.
        run(&world, &["entries", "add", "--staff", crate::support::DANA, "--date", "2026-03-03", "--start", "09:00", "--end", "10:00", "project=INT-1"]);
        let written = id(&world, "09:00");
        assert!(world.run(&["entries", "undo", &written]).is_err());
        run(&world, &["entries", "set", &written, "not_work=yes"]);
        run(&world, &["entries", "undo", &written]);
        assert_eq!(lines(&world), ["09:00-10:00 60 INT-1 false", "10:00-12:00 120 GBX-3 true"]);
    }

    fn s12_a_part_is_divided_by_itself(world: World) {
        drafted(&world, &[("09:00", "10:00", "[ACME-15] Work")]);
        run(&world, &["entries", "split", &id(&world, "09:00"), "60:project=ACME-15", "40:project=GBX-3"]);
        let (first, other) = (id(&world, "09:00"), id(&world, "09:36"));
        run(&world, &["entries", "split", &first, "50:project=ACME-15", "50:project=INT-2"]);
        assert_eq!(lines(&world), ["09:00-09:18 18 ACME-15 true", "09:18-09:36 18 INT-2 false", "09:36-10:00 24 GBX-3 true"]);
        // The others stay who they are, and are changed alone as before.
        assert_eq!((id(&world, "09:00"), id(&world, "09:36")), (first.clone(), other.clone()));
        run(&world, &["entries", "set", &other, "billable=no"]);
        run(&world, &["entries", "set", &id(&world, "09:18"), "end=09:30"]);
        assert_eq!(lines(&world), ["09:00-09:18 18 ACME-15 true", "09:18-09:30 12 INT-2 false", "09:30-10:00 30 GBX-3 false"]);
        run(&world, &["entries", "split", &id(&world, "09:18"), "1", "2:project=INT-1"]);
        assert_eq!(lines(&world), ["09:00-09:18 18 ACME-15 true", "09:18-09:22 4 INT-2 false", "09:22-09:30 8 INT-1 false", "09:30-10:00 30 GBX-3 false"]);
        run(&world, &["entries", "undo", &other]);
        assert_eq!(lines(&world).len(), 3);
    }

    fn s12_a_split_is_taken_back_while_none_of_its_parts_is_on_its_way(world: World) {
        drafted(&world, &[("09:00", "10:00", "[ACME-15] Work")]);
        run(&world, &["entries", "split", &id(&world, "09:00"), "50:project=ACME-15", "50:project=GBX-3"]);
        let (first, second) = (id(&world, "09:00"), id(&world, "09:30"));
        assert!(world.run(&["entries", "merge", &first, "--into", &second]).expect_err("parts").contains("parts of one meeting"));
        run(&world, &["entries", "approve", &second]);
        let told = world.run(&["entries", "undo", &first]).expect_err("approved");
        assert!(told.contains("reviewer reopens it first"), "{told}");
        run(&world, &["entries", "reopen", &second, "--why", "wrong"]);
        run(&world, &["entries", "undo", &first]);
        assert_eq!(lines(&world), ["09:00-10:00 60 ACME-15 true"]);
    }

    fn s12_an_overlap_with_what_was_joined_says_what_to_do(world: World) {
        drafted(&world, &[("09:00", "10:00", "[ACME-15] One"), ("10:00", "11:00", "[ACME-15] Two"), ("10:30", "11:30", "[GBX-3] Call")]);
        run(&world, &["entries", "merge", &id(&world, "10:00"), "--into", &id(&world, "09:00")]);
        let (question, before) = (asked(&world), lines(&world));
        for way in ["this", "split"] {
            let told = world.run(&["exceptions", "resolve", &question, "--overlap", way]).expect_err("of which part");
            assert!(told.contains("joined from several"), "{told}");
            assert_eq!(lines(&world), before);
        }
        run(&world, &["exceptions", "resolve", &question, "--overlap", "other"]);
        assert_eq!(lines(&world), ["09:00-11:00 120 ACME-15 true", "11:00-11:30 30 GBX-3 true"]);
    }

    fn s12_what_was_joined_keeps_its_sum(world: World) {
        drafted(&world, &[("09:00", "12:00", "[ACME-15] Morning"), ("13:00", "14:00", "[GBX-3] After"), ("14:00", "14:30", "[GBX-3] Call")]);
        let (before, whole) = (lines(&world), "09:00-14:00 240 ACME-15 true".to_owned());
        let (target, after) = (id(&world, "09:00"), id(&world, "13:00"));
        run(&world, &["entries", "merge", &after, "--into", &target]);
        for act in [vec!["split", &target, "50:project=ACME-15", "50:project=GBX-3"], vec!["set", &target, "end=15:00"], vec!["set", &target, "start=10:30"]] {
            let told = world.run(&[&["entries"], act.as_slice()].concat()).expect_err("of which part");
            assert!(told.contains("joined from several") && told.contains("entries undo"), "{told}");
            assert_eq!(lines(&world)[0], whole);
        }
        run(&world, &["entries", "set", &target, "task=Talk"]);
        run(&world, &["entries", "undo", &target]);
        // What was no work was so as a whole, and comes back as a whole.
        run(&world, &["entries", "set", &target, "not_work=yes"]);
        assert_eq!(lines(&world), ["14:00-14:30 30 GBX-3 true"]);
        run(&world, &["entries", "undo", &target]);
        assert_eq!(lines(&world)[0], whole);
        run(&world, &["entries", "undo", &target]);
        assert_eq!(lines(&world), before);
        // Without a gap it can become longer.
        run(&world, &["entries", "merge", &id(&world, "14:00"), "--into", &after]);
        run(&world, &["entries", "set", &after, "end=15:00"]);
        assert_eq!(lines(&world)[1], "13:00-15:00 120 GBX-3 true");
    }
}
