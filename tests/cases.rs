//! Further cases of the promises S6 to S20, each through the commands, on both databases.

use serde_json::{Value, json};

use crate::support::{DANA, World, event, on_each_database, text};

fn at(uid: &str, day: u32, (start, end): (&str, &str), title: &str, more: &str) -> String {
    event(uid, &format!("202603{day:02}T{start}00Z"), &format!("202603{day:02}T{end}00Z"), title, more)
}

/// Events of other days, so that one that vanishes is no mass deletion.
fn others() -> Vec<String> {
    [1, 3, 4, 5, 6].map(|day| at(&format!("o{day}"), day, ("0900", "1000"), "[GBX-3] Work", "")).to_vec()
}

fn beside(one: String) -> Vec<String> {
    others().into_iter().chain([one]).collect()
}

fn on(world: &World, date: &str) -> Vec<Value> {
    world.entries().into_iter().filter(|entry| entry["date"] == date).collect()
}

fn id(entry: &Value) -> &str {
    text(entry, "id")
}

fn rewrite(world: &World, file: &str, from: &str, to: &str) {
    let path = world.path(file);
    let old = std::fs::read_to_string(&path).expect("a file");
    assert!(old.contains(from), "{file} has no {from}");
    std::fs::write(path, old.replace(from, to)).expect("written");
}

on_each_database! {
    fn s6_a_record_that_leaves_the_file_is_closed_and_not_forgotten(world: World) {
        world.calendar(&[at("a", 2, ("0900", "1000"), "[GBX-3] Call", ""), at("b", 19, ("0900", "1000"), "[GBX-3] Call", "")]);
        world.sync();
        rewrite(&world, "rules/clients.yaml", "      GBX-3: {name: Data migration, billable: true}\n", "");
        world.sync();
        assert_eq!(world.entries().iter().map(|entry| text(entry, "project")).collect::<Vec<_>>(), ["GBX-3", "GBX-3"]);
        assert!(world.reasons().is_empty(), "it was open when they took place: {:?}", world.reasons());
        world.now("2026-03-25T12:00:00Z");
        world.calendar(&[at("a", 2, ("0900", "1000"), "[GBX-3] Call", ""), at("b", 19, ("0900", "1000"), "[GBX-3] Call", ""), at("c", 24, ("0900", "1000"), "[GBX-3] Call", "")]);
        world.sync();
        assert_eq!(world.reasons(), ["closed-project"]);
    }

    fn s6_a_client_that_was_called_otherwise_for_a_while_is_found_by_its_name(world: World) {
        world.calendar(&[at("a", 2, ("0900", "1000"), "Globex plan", ""), at("b", 3, ("0900", "1000"), "[GBX-3] Call", "")]);
        world.sync();
        let client = || on(&world, "2026-03-02").iter().map(|entry| text(entry, "client").to_owned()).collect::<Vec<_>>();
        assert_eq!(client(), ["globex"]);
        rewrite(&world, "rules/clients.yaml", "  globex:\n", "  globex-co:\n    was: globex\n");
        world.run(&["rules", "reload"]).expect("renamed");
        world.sync();
        assert_eq!(client(), ["globex-co"]);
        rewrite(&world, "rules/clients.yaml", "  globex-co:\n    was: globex\n", "  globex:\n");
        let told = world.json(&["rules", "backtest", "--from", "2026-03-01", "--to", "2026-03-31"]);
        world.run(&["rules", "reload"]).expect("and back");
        world.sync();
        // The closed one goes by the same name, and is evidence of nothing.
        assert_eq!(client(), ["globex"]);
        assert!(told.to_string().contains("globex"), "{told:#}");
    }

    fn s20_a_reload_leaves_a_locked_period_as_it_is(world: World) {
        world.calendar(&[at("a", 2, ("0900", "1000"), "Mystery", ""), at("b", 12, ("0900", "1000"), "Mystery", "")]);
        world.sync();
        world.run(&["periods", "lock", "--through", "2026-03-10"]).expect("locked");
        world.sync();
        let stands = || world.exceptions().into_iter().map(|one| (one["date"].clone(), one["message"].clone())).collect::<Vec<_>>();
        let before = stands();
        std::fs::write(world.path("rules/more.yaml"), "rules:\n  - {id: m, section: overrides, when: {title: {words: [mystery]}}, set: {project: GBX-3}}\n").expect("written");
        assert_eq!(world.json(&["rules", "reload"])["days"], 1);
        world.sync();
        assert_eq!(stands(), before.into_iter().filter(|(date, _)| date == "2026-03-02").collect::<Vec<_>>());
    }

    fn a_project_that_lists_its_tasks_has_no_other(world: World) {
        rewrite(&world, "rules/clients.yaml", "GBX-3: {name: Data migration,", "GBX-3: {name: Data migration, tasks: [Design, Retro], required: [task],");
        world.calendar(&[at("a", 2, ("0900", "1000"), "[GBX-3] Call", ""), at("b", 3, ("0900", "1000"), "[GBX-3] RETRO", ""), at("c", 4, ("0900", "1000"), "[GBX-9] Call", "")]);
        world.sync();
        // Neither a default nor the spelling of a title makes one up.
        let tasks: Vec<_> = world.entries().iter().map(|entry| entry["task"].clone()).collect();
        assert_eq!(tasks, [Value::Null, json!("Retro"), json!("Meeting")]);
        assert_eq!(world.reasons(), ["missing-field"]);
        let set = |fields: &[&str]| world.run(&[&["entries", "set", id(&on(&world, "2026-03-02")[0])][..], fields].concat());
        assert!(set(&["project=GBX-3", "task=Banana"]).expect_err("no such task").contains("GBX-3 has no task Banana; it has Design, Retro"));
        set(&["project=GBX-3", "task=design"]).expect("in any case");
        assert_eq!(text(&on(&world, "2026-03-02")[0], "task"), "Design");
    }

    fn s6_a_renamed_client_and_project_stay_the_same(world: World) {
        world.calendar(&[at("a", 2, ("0900", "1000"), "[GBX-3] Call", ""), at("b", 3, ("0900", "1000"), "Talk", "")]);
        world.sync();
        world.run(&["entries", "approve", id(&on(&world, "2026-03-02")[0])]).expect("approved");
        world.run(&["entries", "set", id(&on(&world, "2026-03-03")[0]), "project=GBX-3"]).expect("assigned");
        rewrite(&world, "rules/clients.yaml", "  globex:\n", "  globex-group:\n    was: globex\n");
        rewrite(&world, "rules/clients.yaml", "      GBX-3: {name: Data migration,", "      GBX-30: {name: Data migration, was: GBX-3,");
        world.sync();
        assert!(world.reasons().is_empty(), "an approved entry of the old name is no difference: {:?}", world.reasons());
        assert_eq!((text(&on(&world, "2026-03-02")[0], "project"), text(&on(&world, "2026-03-03")[0], "project")), ("GBX-3", "GBX-30"));
        assert_eq!(text(&on(&world, "2026-03-03")[0], "client"), "globex-group");
    }

    fn s8_an_event_that_turns_private_loses_its_words(world: World) {
        world.calendar(&beside(at("a", 2, ("0900", "1000"), "[ACME-15] Plan for Zebulon", "DESCRIPTION:Zebulon\r\n")));
        world.sync();
        assert_eq!(text(&on(&world, "2026-03-02")[0], "description"), "Plan for Zebulon");
        world.calendar(&beside(at("a", 2, ("0900", "1000"), "[ACME-15] Plan for Zebulon", "CLASS:PRIVATE\r\n")));
        world.sync();
        assert_eq!(on(&world, "2026-03-02")[0]["description"], Value::Null);
        let kept = world.rows("select title from event_text union all select cause from (select reasons as cause from exception) x union all select provenance from entry union all select body from decision");
        assert!(kept.iter().all(|row| !row.contains("Zebulon")), "{kept:?}");
        if let Ok(book) = std::fs::read(world.path("kalends.db")) {
            assert!(!String::from_utf8_lossy(&book).contains("Zebulon"), "the file itself");
        }
    }

    fn s8_what_waits_for_a_person_holds_no_words_of_the_event(world: World) {
        world.calendar(&beside(at("a", 2, ("0900", "1000"), "[ACME-15] Plan for Zebulon", "")));
        world.sync();
        world.run(&["entries", "approve", id(&on(&world, "2026-03-02")[0])]).expect("approved");
        world.calendar(&beside(at("a", 2, ("0900", "1100"), "[ACME-15] Zebulon again", "")));
        world.sync();
        assert_eq!(world.reasons(), ["changed-after-approval"]);
        let kept = world.rows("select reasons from exception union all select provenance from entry union all select body from decision");
        assert!(kept.iter().all(|row| !row.contains("Zebulon")), "{kept:?}");
    }

    fn s10_what_stands_in_a_locked_period_stays_as_it_is(world: World) {
        world.calendar(&beside(at("a", 2, ("0900", "1000"), "[ACME-15] Plan", "")));
        world.sync();
        let before = on(&world, "2026-03-02");
        world.configure("locked_through: 2026-03-05\n");
        world.calendar(&beside(at("a", 2, ("0900", "1200"), "[ACME-15] Plan", "")));
        world.sync();
        assert_eq!((on(&world, "2026-03-02"), world.reasons()), (before.clone(), vec!["late".to_owned()]));
        world.calendar(&beside(at("a", 10, ("0900", "1000"), "[ACME-15] Plan", "")));
        world.sync();
        assert_eq!((on(&world, "2026-03-02"), on(&world, "2026-03-10").len()), (before.clone(), 0));
        assert_eq!(world.reasons(), ["late"]);
        for command in [vec!["entries", "approve", id(&before[0])], vec!["entries", "set", id(&before[0]), "task=Talk"]] {
            let refused = world.run(&command).expect_err("locked");
            assert!(refused.contains("locked through 2026-03-05"), "{refused}");
        }
    }

    fn s11_a_written_entry_is_edited_and_taken_back_like_any_other(world: World) {
        world.sync();
        let written = world.json(&["entries", "add", "--staff", DANA, "--date", "2026-03-02", "--start", "09:30", "--end", "10:30", "project=GBX-3"]);
        let id = id(&written[0]).to_owned();
        world.run(&["entries", "set", &id, "end=11:30", "task=Writing"]).expect("edited");
        let edited = on(&world, "2026-03-02").remove(0);
        assert_eq!((text(&edited, "id"), &edited["seconds"], text(&edited, "task"), text(&edited, "origin")), (id.as_str(), &json!(7200), "Writing", "manual"));
        world.run(&["entries", "set", &id, "not_work=yes"]).expect("taken back");
        assert!(world.entries().is_empty());
    }

    fn s14_a_full_day_is_held_until_someone_has_seen_it(world: World) {
        let long = |end: &str| vec![at("a", 2, ("0700", "1300"), "[ACME-15] One", ""), at("b", 2, ("1300", end), "[ACME-15] Two", "")];
        world.calendar(&long("1830"));
        world.sync();
        assert_eq!(world.reasons(), ["day-too-full"]);
        assert!(world.entries().iter().all(|entry| entry["held"] == true));
        let question = world.exceptions().remove(0);
        world.run(&["exceptions", "dismiss", id(&question)]).expect("seen");
        assert!(world.entries().iter().all(|entry| entry["held"] == false));
        world.calendar(&long("1845"));
        world.sync();
        assert!(world.reasons().is_empty(), "fifteen minutes more are no news");
        world.calendar(&long("1915"));
        world.sync();
        assert_eq!(world.reasons(), ["day-too-full"]);
    }

    fn s16_an_entry_goes_back_only_if_the_whole_event_moves_past_now_untouched(world: World) {
        let call = |end: &str| vec![event("call", "20260320T110000Z", end, "[ACME-15] Call", "")];
        world.calendar(&call("20260320T113000Z"));
        world.sync();
        assert_eq!(world.entries().len(), 1);
        world.calendar(&call("20260320T123000Z"));
        world.sync();
        assert_eq!(world.entries()[0]["seconds"], 5400, "prolonged past now, it stays");
        let tomorrow = || vec![event("call", "20260321T110000Z", "20260321T113000Z", "[ACME-15] Call", "")];
        world.calendar(&tomorrow());
        world.sync();
        assert!(world.entries().is_empty());
        world.calendar(&call("20260320T113000Z"));
        world.sync();
        let id = id(&world.entries()[0]).to_owned();
        world.run(&["entries", "set", &id, "task=Talk"]).expect("touched");
        world.calendar(&tomorrow());
        world.sync();
        assert_eq!((text(&world.entries()[0], "id"), text(&world.entries()[0], "date")), (id.as_str(), "2026-03-21"));
    }

    fn s18_copies_that_disagree_ask_and_a_skipped_copy_drops_out(world: World) {
        world.calendar(&[at("a", 2, ("0900", "1000"), "[ACME-15] Call", ""), at("b", 3, ("0900", "1000"), "[ACME-15] Plan", "")]);
        world.file("other.ics", &[at("a", 2, ("0900", "1000"), "[GBX-3] Call", ""), at("b", 3, ("0900", "1000"), "[GBX-3] Plan", "TRANSP:TRANSPARENT\r\n")]);
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--file", "other.ics"]).expect("added");
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (2, vec!["conflict".to_owned()]));
        let question = &world.exceptions()[0];
        assert!(text(question, "message").contains("acme") && text(question, "message").contains("globex"), "{question}");
    }

    fn s19_an_all_day_event_makes_no_hours_unless_a_rule_gives_it_some(world: World) {
        let fair = "BEGIN:VEVENT\r\nUID:fair\r\nDTSTART;VALUE=DATE:20260306\r\nDTEND;VALUE=DATE:20260310\r\nSUMMARY:[ACME-15] Trade fair\r\nEND:VEVENT\r\n";
        world.calendar(&[fair.to_owned(), at("b", 9, ("0000", "0100"), "[ACME-15] Night call", "")]);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons().len()), (1, 0));
        let rule = "rules:\n  - {id: fairs, section: tasks, when: {all_day: true, title: {words: [trade fair]}}, hours: 8h}\n";
        std::fs::write(world.path("rules/fairs.yaml"), rule).expect("written");
        world.sync();
        let fair: Vec<_> = world.entries().iter().filter(|entry| entry["seconds"] == 28_800).map(|entry| text(entry, "date").to_owned()).collect();
        assert_eq!(fair, ["2026-03-06", "2026-03-09"], "working days only");
        assert!(world.reasons().is_empty(), "it overlaps nothing: {:?}", world.reasons());
    }

    fn s24_a_rule_may_split_an_event_and_a_person_may_change_a_part(world: World) {
        let rule = "rules:\n  - id: steering\n    section: overrides\n    when: {title: {words: [portfolio steering]}}\n    split: [{project: ACME-15, share: 60}, {project: GBX-3, share: 40, task: Steering}]\n";
        std::fs::write(world.path("rules/splits.yaml"), rule).expect("written");
        world.calendar(&[at("a", 2, ("0900", "1040"), "Portfolio steering", "")]);
        world.sync();
        let legs: Vec<_> = world.entries().iter().map(|entry| (text(entry, "project").to_owned(), entry["seconds"].clone(), text(entry, "task").to_owned())).collect();
        assert_eq!(legs, [("ACME-15".to_owned(), json!(3600), "Meeting".to_owned()), ("GBX-3".to_owned(), json!(2400), "Steering".to_owned())]);
        assert!(world.reasons().is_empty());
        let first = id(&world.entries()[0]).to_owned();
        world.run(&["entries", "set", &first, "project=INT-1"]).expect("changed");
        let legs: Vec<_> = world.entries().iter().map(|entry| (text(entry, "project").to_owned(), entry["seconds"].clone())).collect();
        assert_eq!(legs, [("INT-1".to_owned(), json!(3600)), ("GBX-3".to_owned(), json!(2400))]);
    }

    fn what_began_on_many_days_is_asked_for_at_once(world: World) {
        let rule = "suspicious:\n  - {id: on-leave, text: booked while she was away, when: {same_day: {all_day: true, show_as: out-of-office}}}\n";
        std::fs::write(world.path("rules/leave.yaml"), rule).expect("written");
        let asked = |long: u32, title: &str| {
            let mut events: Vec<_> = (0..long)
                .map(|number| event(&format!("long{number}"), &format!("202602{:02}T220000Z", number + 10), "20260303T020000Z", "[ACME-15] Launch", ""))
                .collect();
            events.push(at("b", 3, ("0900", "1000"), title, ""));
            world.calendar(&events);
            let log = world.log_of(&["sync"]);
            assert!(log.contains("last_date >="), "statements are logged");
            log.matches("(false or e.first_date").count()
        };
        asked(1, "[ACME-15] Call");
        let one = asked(1, "[ACME-15] Longer call");
        asked(9, "[ACME-15] Call");
        assert_eq!(asked(9, "[ACME-15] Longer call"), one);
        assert!(one > 0);
    }

    fn s24_what_else_is_on_that_day_counts(world: World) {
        let rule = "suspicious:\n  - {id: on-leave, text: booked while she was away, when: {same_day: {all_day: true, show_as: out-of-office}}}\n";
        std::fs::write(world.path("rules/leave.yaml"), rule).expect("written");
        let away = "BEGIN:VEVENT\r\nUID:away\r\nDTSTART;VALUE=DATE:20260302\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nSUMMARY:Away\r\nEND:VEVENT\r\n".to_owned();
        world.calendar(&[at("a", 2, ("0900", "1000"), "[ACME-15] Call", ""), at("b", 3, ("0900", "1000"), "[ACME-15] Call", ""), away]);
        world.sync();
        let held: Vec<_> = world.entries().iter().filter(|entry| entry["held"] == true).map(|entry| text(entry, "date").to_owned()).collect();
        assert_eq!((held, world.reasons()), (vec!["2026-03-02".to_owned()], vec!["on-leave".to_owned()]));
    }

    fn s11_time_is_written_up_to_midnight_and_on_her_days_alone(world: World) {
        let add = |date: &str, start: &str, end: &str| world.run(&["entries", "add", "--staff", DANA, "--date", date, "--start", start, "--end", end, "project=ACME-15"]);
        world.sync();
        for end in ["24:00", "00:00"] {
            add("2026-03-02", "22:00", end).expect("added");
        }
        let entries = world.entries();
        assert!(entries.iter().all(|entry| (&entry["seconds"], &entry["date"]) == (&7200.into(), &"2026-03-02".into())), "{entries:?}");
        let id = text(&entries[0], "id").to_owned();
        world.run(&["entries", "set", &id, "end=23:00"]).expect("shorter");
        world.run(&["entries", "set", &id, "end=24:00"]).expect("to midnight");
        assert!(world.entries().iter().any(|entry| entry["id"] == id.as_str() && entry["seconds"] == 7200));
        assert!(add("2026-03-02", "22:00", "25:00").expect_err("no time").contains("no time such as 09:30"));
        world.run(&["staff", "end", DANA, "--on", "2026-03-10"]).expect("ended");
        add("2026-03-10", "09:00", "10:00").expect("her last day");
        for date in ["2026-03-11", "1999-12-31"] {
            let refused = add(date, "09:00", "10:00").expect_err("refused");
            assert!(refused.contains("is none of her days") && refused.contains("2026-03-10"), "{refused}");
        }
    }

    fn s24_what_else_was_on_the_day_on_which_it_began_counts_after_midnight(world: World) {
        let rule = "suspicious:\n  - {id: on-leave, text: booked while she was away, when: {same_day: {all_day: true, show_as: out-of-office}}}\n";
        std::fs::write(world.path("rules/leave.yaml"), rule).expect("written");
        let away = "BEGIN:VEVENT\r\nUID:away\r\nDTSTART;VALUE=DATE:20260302\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nSUMMARY:Away\r\nEND:VEVENT\r\n".to_owned();
        let night =
            "BEGIN:VEVENT\r\nUID:night\r\nDTSTART:20260302T200000Z\r\nDTEND:20260303T020000Z\r\nSUMMARY:[ACME-15] Launch\r\nEND:VEVENT\r\n"
                .to_owned();
        world.calendar(&[away.clone(), night.clone()]);
        world.sync();
        let nights = || world.entries().iter().filter(|entry| entry["held"] == true).map(|entry| text(entry, "date").to_owned()).collect::<Vec<_>>();
        assert_eq!(nights(), ["2026-03-02", "2026-03-03"]);
        // Only the second page is derived again.
        world.calendar(&[away, night, at("b", 3, ("0900", "1000"), "[ACME-15] Call", "")]);
        world.sync();
        assert_eq!(nights(), ["2026-03-02", "2026-03-03"]);
    }

    fn s24_words_of_an_event_make_up_no_client_and_no_project(world: World) {
        let rule = "rules:\n  - {id: words, section: overrides, when: {title: {regex: '^for (?<whom>\\S+)$'}}, set: {project: \"${whom}\"}}\n";
        std::fs::write(world.path("rules/words.yaml"), rule).expect("written");
        world.calendar(&[at("a", 2, ("0900", "1000"), "for GBX-3", ""), at("b", 3, ("0900", "1000"), "for nobody", "")]);
        world.sync();
        let entries: Vec<_> = world.entries().iter().map(|entry| (entry["project"].clone(), entry["held"].clone())).collect();
        assert_eq!((entries, world.reasons()), (vec![(json!("GBX-3"), json!(false)), (json!(null), json!(true))], vec!["unmatched".to_owned()]));
    }

    fn files_dropped_into_a_folder_are_read_whenever_they_changed(world: World) {
        std::fs::create_dir(world.path("drop")).expect("a folder");
        world.run(&["calendar", "add", "folder", "drop"]).expect("added");
        world.file("drop/dana.ics", &[at("a", 2, ("0900", "1000"), "[ACME-15] Call", "")]);
        world.sync();
        assert_eq!(world.entries().len(), 1);
        world.file("drop/dana.ics", &[at("a", 2, ("0900", "1000"), "[ACME-15] Call", ""), at("b", 3, ("0900", "1000"), "[ACME-15] Call", "")]);
        assert_eq!((&world.sync()["entries"], world.json(&["calendar", "list"]).as_array().map(Vec::len)), (&json!(1), Some(2)));
        world.file("drop/stranger.ics", &[]);
        let told = world.run(&["sync"]).expect_err("nobody's");
        assert!(told.contains("drop/stranger.ics: nobody has this name"), "{told}");
        std::fs::remove_file(world.path("drop/stranger.ics")).expect("gone");
        std::fs::remove_file(world.path("drop/dana.ics")).expect("gone");
        assert!(world.run(&["sync"]).is_err());
        assert_eq!((world.entries().len(), world.reasons()), (2, vec!["unreadable-calendar".to_owned()]));
    }

    fn approving_several_tells_of_each_that_was_not(world: World) {
        world.calendar(&[at("a", 2, ("0900", "1000"), "[ACME-15] Call", ""), at("b", 3, ("0900", "1000"), "Something", "")]);
        world.sync();
        let ids: Vec<_> = world.entries().iter().map(|entry| id(entry).to_owned()).collect();
        let out = world.output(&["entries", "approve", &ids[1], &ids[0]]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(1) && told.contains("held by an open exception") && told.contains("1 of 2"), "{told}");
        assert_eq!(world.entries().iter().map(|entry| text(entry, "approval_status")).collect::<Vec<_>>(), ["approved", "pending"]);
    }
}
