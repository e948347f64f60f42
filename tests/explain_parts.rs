//! `rules explain` of one entry of several, and of what people did: about exactly that one, and held by what is asked of it.

use serde_json::Value;

use crate::support::{World, event, on_each_database, text};

fn explained(world: &World, of: &Value) -> (Value, String) {
    let id = text(of, "id");
    (world.json(&["rules", "explain", id]), world.run(&["rules", "explain", id]).expect("told"))
}

fn of_project(world: &World, project: &str) -> Value {
    world.entries().into_iter().find(|one| one["project"] == project && one["status"] != "void").expect("an entry")
}

fn reasons(why: &Value) -> Vec<&str> {
    why["reasons"].as_array().expect("a list").iter().map(|one| text(one, "reason")).collect()
}

fn only(world: &World, reason: &str) -> Value {
    let all: Vec<_> = world.exceptions().into_iter().filter(|one| one["reasons"].to_string().contains(reason)).collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

on_each_database! {
    fn a_part_of_a_split_is_explained_by_itself(world: World) {
        world.now("2026-07-20T12:00:00Z");
        let rule = "rules:\n  - {id: sp, section: overrides, when: {title: {words: [steering]}}, split: [{project: ACME-15, share: 60}, {project: ACME-12, share: 40, task: Handover}]}\n";
        std::fs::write(world.path("rules/splits.yaml"), rule).expect("written");
        world.calendar(&[event("a", "20260706T090000Z", "20260706T100000Z", "Portfolio steering", "")]);
        world.sync();
        let (first, second) = (of_project(&world, "ACME-15"), of_project(&world, "ACME-12"));
        for (entry, part, task, why_held) in [(&first, 1, "Meeting", vec![]), (&second, 2, "Handover", vec!["closed-project"])] {
            let (why, told) = explained(&world, entry);
            assert_eq!((why["entries"].as_array().map(Vec::len), &why["entries"][0]["id"]), (Some(1), &entry["id"]), "{why:#}");
            assert_eq!((&why["fields"]["project"]["value"], &why["fields"]["task"]["value"]), (&entry["project"], &task.into()), "{why:#}");
            assert_eq!((&why["entries"][0]["part"], &why["entries"][0]["seconds"]), (&part.into(), &entry["seconds"]), "{why:#}");
            assert_eq!((reasons(&why), why["outcome"] == "exception"), (why_held.clone(), !why_held.is_empty()), "{why:#}");
            assert_eq!(entry["held"], !why_held.is_empty());
            assert!(told.contains(&format!("part {part} of 2")) && told.contains("60 % ACME-15, 40 % ACME-12"), "{told}");
        }
        // The question is about the part that asks it; the event is all of it.
        let (why, told) = explained(&world, &only(&world, "closed-project"));
        assert_eq!((reasons(&why), why["entries"].as_array().map(Vec::len), &why["entries"][0]["id"]), (vec!["closed-project"], Some(1), &second["id"]), "{why:#}");
        assert!(told.contains("open") && told.contains(&format!("draft {}", &text(&second, "id")[28..])), "{told}");
        let whole = world.json(&["rules", "explain", text(&first, "event")]);
        assert_eq!((whole["entries"].as_array().map(Vec::len), reasons(&whole)), (Some(2), vec!["closed-project"]), "{whole:#}");
    }

    fn each_day_of_a_night_is_explained_by_itself(world: World) {
        let night = |title: &str| world.calendar(&[event("night", "20260302T200000Z", "20260303T113000Z", title, "")]);
        night("[ACME-15] Release");
        world.sync();
        let on = |date: &str| world.entries().into_iter().find(|one| one["date"] == date).expect("an entry");
        let (evening, morning) = (explained(&world, &on("2026-03-02")), explained(&world, &on("2026-03-03")));
        assert_eq!((reasons(&evening.0), reasons(&morning.0)), (vec![], vec!["day-too-full", "too-long"]), "{:#} {:#}", evening.0, morning.0);
        assert!(morning.1.contains("Tue 2026-03-03 00:00-11:30, 11:30 h  part 2 of 2"), "{}", morning.1);
        // Of a night that nobody knows the first day asks, and both are held by that.
        night("Release");
        world.sync();
        let asked = only(&world, "unmatched");
        for date in ["2026-03-02", "2026-03-03"] {
            let (why, _) = explained(&world, &on(date));
            let unmatched = why["reasons"].as_array().expect("a list").iter().find(|one| one["reason"] == "unmatched").expect("asked");
            assert_eq!((&unmatched["exception"], &why["entries"][0]["date"]), (&asked["id"], &date.into()), "{why:#}");
        }
        let (why, _) = explained(&world, &asked);
        assert_eq!((reasons(&why), &why["entries"][0]["date"], why["entries"].as_array().map(Vec::len)), (vec!["unmatched"], &"2026-03-02".into(), Some(1)), "{why:#}");
    }

    fn what_people_did_is_told_beside_what_rules_say(world: World) {
        world.calendar(&[
            event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Plan", ""),
            event("b", "20260302T100000Z", "20260302T110000Z", "Who knows", ""),
            event("c", "20260303T090000Z", "20260303T100000Z", "[GBX-3] Build", ""),
        ]);
        world.sync();
        let (known, other) = (of_project(&world, "ACME-15"), of_project(&world, "GBX-3"));
        let question = only(&world, "unmatched");
        let entry = world.entries().into_iter().find(|one| one["client"].is_null()).expect("an entry");
        world.run(&["exceptions", "resolve", text(&question, "id"), "project=ACME-15"]).expect("answered");
        let (why, told) = explained(&world, &question);
        assert_eq!((why["outcome"].as_str(), &why["reasons"][0]["status"], &why["entries"][0]["id"]), (Some("entry"), &"cleared".into(), &entry["id"]), "{why:#}");
        assert!(told.contains("answered by ops@northwind.example") && told.contains("said what it is for: project"), "{told}");
        let (why, told) = explained(&world, &entry);
        assert_eq!((why["outcome"].as_str(), reasons(&why), &why["decisions"][0]["kind"]), (Some("entry"), vec![], &"assign".into()), "{why:#}");
        assert!(told.contains("by a person's decision"), "{told}");

        world.run(&["entries", "set", text(&other, "id"), "project=GBX-9"]).expect("set");
        let (why, told) = explained(&world, &other);
        assert_eq!((&why["fields"]["project"]["value"], &why["fields"]["project"]["rules_say"]["value"], &why["fields"]["project"]["rules_say"]["rule"]), (&"GBX-9".into(), &"GBX-3".into(), &"code-in-title".into()), "{why:#}");
        assert!(told.contains("rules say: project GBX-3"), "{told}");

        world.run(&["entries", "merge", text(&entry, "id"), "--into", text(&known, "id")]).expect("joined");
        let (why, told) = explained(&world, &entry);
        assert_eq!((why["outcome"].as_str(), &why["entries"][0]["status"]), (Some("none"), &"void".into()), "{why:#}");
        assert!(told.contains("it was joined into another entry"), "{told}");
        let (why, told) = explained(&world, &known);
        assert_eq!((why["outcome"].as_str(), &why["entries"][0]["seconds"]), (Some("entry"), &7200.into()), "{why:#}");
        assert!(told.contains("joined others into it"), "{told}");
    }

    fn what_makes_no_time_any_more_says_why(world: World) {
        world.calendar(&[
            event("a", "20260302T150000Z", "20260302T160000Z", "[ACME-15] Plan", ""),
            event("b", "20260302T110000Z", "20260302T120000Z", "Who knows", ""),
            event("c", "20260303T090000Z", "20260303T100000Z", "[GBX-3] Build", ""),
        ]);
        world.sync();
        let (gone, skipped, asked) = (of_project(&world, "ACME-15"), of_project(&world, "GBX-3"), only(&world, "unmatched"));
        let entry = world.entries().into_iter().find(|one| one["client"].is_null()).expect("an entry");
        world.run(&["entries", "set", text(&entry, "id"), "not_work=yes"]).expect("answered");
        std::fs::write(world.path("rules/more.yaml"), "rules:\n  - {id: no-build, section: guards, when: {title: {words: [build]}}, skip: not ours}\n").expect("written");
        world.calendar(&[
            event("b", "20260302T110000Z", "20260302T120000Z", "Who knows", ""),
            event("c", "20260303T090000Z", "20260303T100000Z", "[GBX-3] Build", ""),
        ]);
        world.run(&["rules", "reload", "--force"]).expect("active");
        world.sync();
        let of = |entry: &Value| explained(&world, entry).1;
        assert!(of(&gone).contains("the event was deleted or called off"), "{}", of(&gone));
        assert!(of(&skipped).contains("no-build skips its event (not ours)"), "{}", of(&skipped));
        assert!(of(&asked).contains("answered by ops@northwind.example"), "{}", of(&asked));
        assert!(of(&entry).contains("ops@northwind.example said that it is no work"), "{}", of(&entry));
    }

    fn the_other_entry_is_named_and_days_are_counted_as_people_do(world: World) {
        let all_day = |uid: &str, first: &str, until: &str| {
            format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART;VALUE=DATE:{first}\r\nDTEND;VALUE=DATE:{until}\r\nSUMMARY:Fair\r\nEND:VEVENT\r\n")
        };
        std::fs::write(world.path("rules/more.yaml"), "rules:\n  - {id: fair, section: overrides, when: {title: {words: [fair]}}, set: {project: INT-2}, hours: 8h}\n").expect("written");
        world.calendar(&[
            event("a", "20260302T090000Z", "20260302T103000Z", "[ACME-15] Plan", ""),
            event("b", "20260302T100000Z", "20260302T110000Z", "[GBX-3] Build", "CLASS:PRIVATE\r\n"),
            all_day("one", "20260303", "20260304"),
            all_day("two", "20260304", "20260306"),
        ]);
        world.sync();
        let plan = of_project(&world, "ACME-15");
        let (why, told) = explained(&world, &only(&world, "overlap"));
        let overlap = why["reasons"].as_array().expect("a list").iter().find(|one| one["reason"] == "overlap").expect("asked");
        assert_eq!(overlap["other"], plan["id"], "{why:#}");
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("which is draft {} of ACME-15", &text(&plan, "id")[28..])), "{told}");
        assert!(told.contains("it is private: rules see its times and its calendar, and no words"), "{told}");
        let fairs = |date: &str| world.entries().into_iter().find(|one| one["date"] == date).expect("an entry");
        let (one, two) = (explained(&world, &fairs("2026-03-03")).1, explained(&world, &fairs("2026-03-04")).1);
        assert!(one.contains("Tue 2026-03-03, all day") && one.contains("Tue 2026-03-03, 8:00 h"), "{one}");
        assert!(two.contains("Wed 2026-03-04 to Thu 2026-03-05, all day") && two.contains("part 1 of 2"), "{two}");
    }
}
