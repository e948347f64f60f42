//! What looks changes nothing, whatever its configuration says: only `sync`, `serve` and `rules reload` make another set active.

use serde_json::{Value, json};

use crate::support::{World, event, on_each_database, text};

/// Everything in the book that a set which became active would change.
fn book(world: &World) -> Vec<Vec<String>> {
    let written = [
        "select digest from active_rule_set",
        "select digest from rule_set order by digest",
        "select digest || cast(number as text) from rule_reload order by number",
        "select cast(count(*) as text) from day where due_at is not null",
        "select cast(count(*) as text) from change",
        "select cast(count(*) as text) from audit",
        "select code from catalog_project order by code",
    ];
    let mut all: Vec<_> = written.into_iter().map(|sql| world.rows(sql)).collect();
    all.push(world.entries().iter().chain(&world.exceptions()).map(Value::to_string).collect());
    all
}

/// A mapped hour, and one that nobody knows, on a day of each of two months.
fn calendar(world: &World) {
    let at = |(number, (day, title)): (usize, (&str, &str))| {
        event(&format!("e{number}"), &format!("{day}T090000Z"), &format!("{day}T095000Z"), title, "")
    };
    let titles = [("20260210", "[ACME-15] Plan"), ("20260302", "[ACME-15] Plan"), ("20260303", "Unknown")];
    world.calendar(&titles.into_iter().enumerate().map(at).collect::<Vec<_>>());
    world.sync();
}

/// What another configuration may say.
const OTHERS: [&str; 3] = ["", "rounding: {minutes: 30, to: up}\n", "locked_through: 2026-02-28\nrounding: {minutes: 15}\n"];

on_each_database! {
    fn no_command_that_looks_makes_another_set_active(world: World) {
        world.configure_lasting("rounding: {minutes: 5, to: up}\n");
        calendar(&world);
        let (entry, question) = (text(&world.entries()[0], "id").to_owned(), text(&world.exceptions()[0], "id").to_owned());
        let span = ["--from", "2026-01-01", "--to", "2026-12-31"];
        let looking: Vec<Vec<&str>> = vec![
            [vec!["rules", "backtest"], span.to_vec()].concat(),
            vec!["rules", "diff", "active", "rules"],
            vec!["rules", "diff", "1", "active"],
            vec!["rules", "suggest"],
            vec!["rules", "explain", &entry],
            vec!["rules", "explain", &question],
            vec!["rules", "test"],
            vec!["rules", "test", "--from-event", &entry],
            vec!["rules", "check", "--history", "90"],
            vec!["rules", "status"],
            vec!["rules", "history"],
            [vec!["entries", "list"], span.to_vec()].concat(),
            vec!["exceptions", "list"],
            vec!["exceptions", "show", &question],
            vec!["calendar", "list"],
            vec!["staff", "list"],
            vec!["audit"],
            vec!["doctor"],
            vec!["job", "digest"],
        ];
        let before = book(&world);
        for lines in OTHERS {
            world.configure_lasting(lines);
            for args in &looking {
                let out = world.output(args);
                assert_ne!(out.status.code(), Some(2), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
                assert_eq!(world.rows("select digest || cast(number as text) from rule_reload order by number"), before[2], "{args:?} with {lines:?}");
            }
            assert_eq!(book(&world), before, "with {lines:?}");
        }
        // Nor do acts: what a person answers follows the set in force.
        world.run(&["exceptions", "resolve", &question, "project=ACME-15"]).expect("answered");
        assert_eq!((&book(&world)[0], &book(&world)[2]), (&before[0], &before[2]));
    }

    fn a_changed_policy_is_part_of_what_a_backtest_tells(world: World) {
        calendar(&world);
        let span = ["rules", "backtest", "--from", "2026-01-01", "--to", "2026-12-31"];
        world.configure_lasting("rounding: {minutes: 30, to: up}\n");
        let told = world.json(&span);
        assert_eq!((&told["changed"], &told["billable_seconds"]), (&json!(3), &json!(2 * 600)), "{told}");
        assert_eq!(told["policy"], json!([{ "what": "rounding", "from": "exact", "to": "to 30 minutes (up), per entry" }]));
        let shown = world.run(&span).expect("told");
        assert!(shown.contains("billable time +0:20 h") && shown.contains("rounding: exact -> to 30 minutes (up), per entry"), "{shown}");
        let moves = told["moves"].as_array().expect("moves");
        let of_project = moves.iter().find(|one| one["from"] == "ACME-15, as it was").expect("it is told");
        assert_eq!((text(of_project, "to"), text(of_project, "cause")), ("ACME-15, rounded otherwise", "house policy"), "{told}");
        world.run(&["rules", "reload"]).expect("active");
        let rounded: Vec<_> = world.entries().iter().map(|entry| entry["rounded_seconds"].clone()).collect();
        assert_eq!(rounded, [json!(3600), json!(3600), json!(3600)]);
        // Months that are open no longer stay as they are; those that would be open again are derived.
        world.configure_lasting("locked_through: 2026-02-28\n");
        let told = world.json(&span);
        assert_eq!((&told["changed"], &told["policy"][1]["to"]), (&json!(2), &json!("2026-02-28")), "{told}");
    }

    fn nothing_is_in_force_before_the_first_sync(world: World) {
        let told = world.run(&["rules", "backtest", "--from", "2026-01-01", "--to", "2026-12-31"]).expect_err("no rules yet");
        assert!(told.contains("no rules are active yet; run: kalends sync"), "{told}");
        assert_eq!(world.rows("select digest from rule_set"), [""; 0]);
    }
}
