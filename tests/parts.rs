//! One of several parts of a meeting (S12): what is done to it is done to it alone, and no time is lost by that.

use crate::support::{World, event, on_each_database, text};

/// Projects with their times.
fn lines(world: &World) -> Vec<String> {
    let line =
        |entry: &serde_json::Value| format!("{} {}-{}", text(entry, "project"), &text(entry, "start")[11..16], &text(entry, "end")[11..16]);
    let mut lines: Vec<_> = world.entries().iter().map(line).collect();
    lines.sort_by_key(|line| line.rsplit(' ').next().map(str::to_owned));
    lines
}

fn id(world: &World, project: &str) -> String {
    let found = world.entries().into_iter().find(|entry| entry["project"] == project);
    text(&found.expect("an entry"), "id").to_owned()
}

fn drafted(world: &World, title: &str) {
    world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", title, "")]);
    world.sync();
}

fn divided(world: &World) -> [String; 2] {
    drafted(world, "[ACME-15] Work");
    world.run(&["entries", "split", &id(world, "ACME-15"), "50:project=ACME-15", "50:project=GBX-3"]).expect("split");
    ["ACME-15", "GBX-3"].map(|project| id(world, project))
}

fn set(world: &World, id: &str, field: &str) {
    world.run(&["entries", "set", id, field]).expect("set");
}

on_each_database! {
    fn s12_the_time_of_a_part_is_its_borders(world: World) {
        let [first, second] = divided(&world);
        set(&world, &second, "end=12:00");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:30", "GBX-3 09:30-12:00"]);
        set(&world, &first, "end=09:45");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:45", "GBX-3 09:45-12:00"]);
        set(&world, &first, "start=08:00");
        assert_eq!(lines(&world), ["ACME-15 08:00-09:45", "GBX-3 09:45-12:00"]);
        for (id, field) in [(&first, "end=12:00"), (&second, "start=08:00")] {
            assert!(world.run(&["entries", "set", id, field]).expect_err("nothing left").contains("move the border"), "{field}");
        }
        world.sync();
        assert_eq!((lines(&world), world.reasons().len()), (vec!["ACME-15 08:00-09:45".to_owned(), "GBX-3 09:45-12:00".to_owned()], 0));
        world.run(&["entries", "submit", &first, &second]).expect("submitted");
    }

    fn s12_a_part_is_divided_alone(world: World) {
        let [_, second] = divided(&world);
        world.run(&["entries", "split", &second, "2:project=INT-1", "1:task=Rest"]).expect("split");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:30", "INT-1 09:30-09:50", "GBX-3 09:50-10:00"]);
        world.run(&["entries", "submit", &id(&world, "INT-1")]).expect("submitted");
        assert!(world.run(&["entries", "split", &id(&world, "ACME-15"), "1:project=INT-1", "1:project=GBX-3"]).expect_err("settled").contains("move the border"));
    }

    fn s12_what_a_part_is_for_is_said_of_it_alone(world: World) {
        let [_, second] = divided(&world);
        let told = world.run(&["entries", "set", &second, "project=INT-1"]).expect("set");
        assert!(told.contains("2 entries"), "{told}");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:30", "INT-1 09:30-10:00"]);
        set(&world, &second, "not_work=yes");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:30"]);
        set(&world, &id(&world, "ACME-15"), "end=09:15");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:15"]);
        set(&world, &id(&world, "ACME-15"), "not_work=yes");
        assert!(world.entries().is_empty() && world.reasons().is_empty());
    }

    fn s12_a_part_of_a_split_by_rule_is_changed_alone(world: World) {
        let rule = "rules:\n  - id: steering\n    section: overrides\n    when: {title: {words: [portfolio steering]}}\n    split: [{project: ACME-15, share: 75}, {project: GBX-3, share: 25}]\n";
        std::fs::write(world.path("rules/splits.yaml"), rule).expect("written");
        drafted(&world, "Portfolio steering");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:45", "GBX-3 09:45-10:00"]);
        set(&world, &id(&world, "GBX-3"), "project=INT-1");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:45", "INT-1 09:45-10:00"]);
        set(&world, &id(&world, "INT-1"), "end=10:30");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:45", "INT-1 09:45-10:30"]);
    }

    fn s4_what_lies_beside_a_gap_changes_alone(world: World) {
        let call = event("b", "20260302T092000Z", "20260302T094000Z", "[GBX-3] Call", "");
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Work", ""), call]);
        world.sync();
        let asked = text(&world.exceptions()[0], "id").to_owned();
        world.run(&["exceptions", "resolve", &asked, "--overlap", "this"]).expect("settled");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:20", "GBX-3 09:20-09:40", "ACME-15 09:40-10:00"]);
        let first = id(&world, "ACME-15");
        set(&world, &first, "end=09:15");
        assert_eq!(lines(&world), ["ACME-15 09:00-09:15", "GBX-3 09:20-09:40", "ACME-15 09:40-10:00"]);
        assert!(world.run(&["entries", "set", &first, "end=09:30"]).expect_err("into another").contains("move the border"));
        set(&world, &first, "task=Talk");
        assert_eq!(world.entries().iter().filter(|entry| entry["task"] == "Talk").count(), 2);
        set(&world, &first, "not_work=yes");
        assert_eq!(lines(&world), ["GBX-3 09:20-09:40", "ACME-15 09:40-10:00"]);
    }

    fn s12_parts_are_not_merged(world: World) {
        let [first, second] = divided(&world);
        let other = event("b", "20260302T110000Z", "20260302T120000Z", "[INT-1] Talk", "");
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Work", ""), other]);
        world.sync();
        let whole = id(&world, "INT-1");
        for (from, into) in [(&whole, &first), (&second, &whole)] {
            assert!(world.run(&["entries", "merge", from, "--into", into]).expect_err("parts").contains("one of several parts"));
        }
        assert_eq!(lines(&world).len(), 3);
    }
}
