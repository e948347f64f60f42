//! What a backtest says is, row for row, what applying the change then does; and it writes nothing itself.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{World, event, on_each_database, text};

/// Entries by id, each as it reads.
fn book(world: &World) -> BTreeMap<String, Value> {
    world.entries().into_iter().map(|entry| (text(&entry, "id").to_owned(), entry)).collect()
}

fn open(world: &World) -> BTreeMap<String, Vec<Value>> {
    world.exceptions().into_iter().map(|one| (text(&one, "id").to_owned(), one["reasons"].as_array().expect("reasons").clone())).collect()
}

/// What a reader or a report sees of an entry; a list says of a void one that it is not there.
fn meaning(entry: &Value) -> Value {
    let names = ["date", "start", "end", "client", "project", "task", "billable", "tags", "description", "status", "held", "version"];
    names.iter().map(|name| ((*name).to_owned(), entry[name].clone())).collect::<serde_json::Map<_, _>>().into()
}

fn write(world: &World, folder: &str, extra: &str) {
    std::fs::create_dir_all(world.path(folder)).expect("a folder");
    for name in ["rules.yaml", "clients.yaml"] {
        std::fs::copy(world.path("rules").join(name), world.path(folder).join(name)).expect("copied");
    }
    std::fs::write(world.path(folder).join("more.yaml"), extra).expect("written");
}

/// Rule files one after the other, each with another effect: a word, a task, a flag, a project, a skip, a split, a question, hours.
fn variants() -> Vec<String> {
    let rule = |id: &str, when: &str, effect: &str| format!("rules:\n  - {{id: {id}, section: overrides, when: {when}, {effect}}}\n");
    vec![
        rule("a", "{title: {words: [weekly]}}", "set: {project: GBX-3}"),
        rule("b", "{title: {words: [weekly]}}", "set: {project: ACME-15}"),
        rule("c", "{title: {words: [planning]}}", "skip: not ours"),
        rule("d", "{title: {words: [work]}}", "set: {task: Craft}"),
        rule("e", "{title: {words: [work]}}", "set: {billable: false}"),
        rule("f", "{title: {words: [review]}}", "review: look at it"),
        rule("g", "{title: {words: [review]}}", "split: [{share: 50, project: ACME-15}, {share: 50, project: GBX-3}]"),
        "suspicious:\n  - {id: short, reason: too-short, text: short, when: {duration: {max: 30m}}}\n".to_owned(),
        "rules: []\n".to_owned(),
    ]
}

fn calendar(world: &World) {
    let titles = ["Borealis weekly", "[ACME-15] Work", "Planning", "Globex review", "[GBX-3] Work", "Something"];
    let events: Vec<_> = (0..36)
        .map(|number: usize| {
            let (day, hour) = (2 + number / 3, 8 + 2 * (number % 3));
            let end = if number.is_multiple_of(5) { "2000" } else { "5900" };
            event(
                &format!("e{number}"),
                &format!("202603{day:02}T{hour:02}0000Z"),
                &format!("202603{day:02}T{hour:02}{end}Z"),
                titles[number % 6],
                "",
            )
        })
        .collect();
    world.calendar(&events);
}

on_each_database! {
    fn what_a_backtest_says_is_what_then_happens(world: World) {
        calendar(&world);
        world.sync();
        // Some of it has gone further: submitted and approved weeks are part of the promise.
        let ids: Vec<String> = world.entries().iter().filter(|entry| entry["held"] == false).map(|entry| text(entry, "id").to_owned()).collect();
        world.run(&["entries", "submit", &ids[0], &ids[1]]).expect("submitted");
        world.run(&["entries", "approve", &ids[2], &ids[3]]).expect("approved");
        let mut touched = 0;
        for extra in variants() {
            write(&world, "tried", &extra);
            let (before, asked) = (book(&world), open(&world));
            let told = world.json(&["rules", "backtest", "--from", "2026-03-01", "--to", "2026-03-31", "--rules", "tried"]);
            assert_eq!((book(&world), open(&world)), (before.clone(), asked.clone()), "it wrote something");
            std::fs::write(world.path("rules/more.yaml"), &extra).expect("written");
            world.sync();
            let after = book(&world);
            let mut expected: BTreeMap<String, Value> = before.iter().map(|(id, entry)| (id.clone(), meaning(entry))).collect();
            let mut new = Vec::new();
            for row in told["rows"].as_array().expect("rows") {
                let id = text(&row["after"], "id").to_owned();
                match (row["before"].is_null(), row["after"]["status"] == "void") {
                    (true, _) => new.push(meaning(&row["after"])),
                    (false, true) => drop(expected.remove(&id)),
                    (false, false) => drop(expected.insert(id, meaning(&row["after"]))),
                }
            }
            touched += told["rows"].as_array().expect("rows").len();
            // What is new gets its id when it is written; everything else is the same to the field.
            let (known, fresh): (Vec<_>, Vec<_>) = after.iter().partition(|(id, _)| expected.contains_key(*id));
            assert_eq!(known.into_iter().map(|(id, entry)| (id.clone(), meaning(entry))).collect::<BTreeMap<_, _>>(), expected, "{extra}");
            let mut fresh: Vec<_> = fresh.into_iter().map(|(_, entry)| meaning(entry).to_string()).collect();
            let mut new: Vec<_> = new.iter().map(ToString::to_string).collect();
            fresh.sort();
            new.sort();
            assert_eq!(fresh, new, "{extra}");
            let now = open(&world);
            for one in told["exceptions"].as_array().expect("exceptions").iter().filter(|one| !one["before"].is_null()) {
                let stands = now.get(text(one, "id"));
                assert_eq!(stands, (one["after"] == "open").then(|| one["reasons"].as_array().expect("reasons")), "{extra}");
            }
            let opened = told["exceptions"].as_array().expect("exceptions").iter().filter(|one| one["before"].is_null() && one["after"] == "open").count();
            assert_eq!(now.keys().filter(|id| !asked.contains_key(*id) && !told["exceptions"].as_array().expect("rows").iter().any(|one| one["id"] == **id)).count(), opened, "{extra}");
        }
        assert!(touched > 40, "only {touched} rows were touched");
    }

    fn a_change_that_is_too_large_is_said_by_the_exit_code(world: World) {
        calendar(&world);
        world.sync();
        write(&world, "tried", &variants()[0]);
        let span = ["rules", "backtest", "--from", "2026-03-01", "--to", "2026-03-31", "--rules", "tried"];
        let over = world.output(&[&span[..], &["--max-changed", "2%"]].concat());
        assert_eq!(over.status.code(), Some(3), "{}", String::from_utf8_lossy(&over.stderr));
        assert!(String::from_utf8_lossy(&over.stderr).contains("more than 2 %"));
        let told = world.run(&[&span[..], &["--max-changed", "50"]].concat()).expect("it fits");
        assert!(told.contains("Nothing was written.") && told.contains("GBX-3"), "{told}");
        write(&world, "tried", "rules:\n  - {id: x, section: nowhere, set: {task: y}}\n");
        assert_eq!(world.output(&span).status.code(), Some(3));
    }
}
