//! What was meant as something else, what cannot be asked yet, and rules that meet many others: told in words that say what to do.

use std::fmt::Write as _;

use crate::lint::{kalends, write};

const CLIENTS: &str = "clients:
  acme: {name: Acme, projects: {ACME-15: {name: Support, billable: true, tasks: [Design]}}}
  globex: {name: Globex, projects: {GBX-3: {name: Data, billable: true}}}
";

/// Codes, messages and labels of what is found with a code.
fn found(rules: &str, code: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), CLIENTS, &format!("our_domains: [northwind.example]\nsections: [a, b]\nrules:\n{rules}"));
    let found = kalends(folder.path(), &["rules", "check", "--rules", ".", "--notes", "--format", "json"]);
    let all = found["findings"].as_array().expect("a list");
    let told = |one: &serde_json::Value| format!("{}: {}", one["message"].as_str().expect("text"), one["label"].as_str().expect("text"));
    all.iter().filter(|one| one["code"] == code).map(told).collect()
}

fn tagged(when: &str) -> String {
    format!("  - {{id: one, section: a, when: {when}, set: {{tags: [x]}}}}\n")
}

#[test]
fn words_that_were_meant_as_something_else_are_told() {
    let label = |word: &str| found(&tagged(&format!("{{title: {{words: {word}}}}}")), "R021");
    for pattern in ["'*pitch*'", "['^retro']", "[retro, 'costs$']", "'retro|planning'", "['/retro/i']", "'retro.*'"] {
        let told = label(pattern);
        assert!(told.len() == 1 && told[0].ends_with("for a pattern write `regex`"), "{pattern}: {told:?}");
    }
    assert_eq!(
        label("“big retro”"),
        [
            "`“big retro”` is looked for as it stands: these quotes are none to YAML, and part of the word: write `big retro`, in '…' if it has to be quoted"
        ]
    );
    let several = found(
        "  - id: one\n    section: a\n    when:\n      any:\n        - title:\n            words: retro, planning\n        - recurring: true\n    set: {tags: [x]}\n",
        "R021",
    );
    assert_eq!(
        several,
        ["`retro, planning` is looked for as it stands: this is one phrase, with its comma: for one of several write `[retro, planning]`"]
    );
    for meant in
        ["retro", "[C++, 'C#', '1:1', 'R&D', 'A/B', '$$$', '***']", "['Meyer, Tom']", "'Acme | weekly'", "O’Brien", "'[x]'", "'100 %'"]
    {
        assert_eq!(label(meant), Vec::<String>::new(), "{meant}");
    }
}

#[test]
fn a_flag_that_comes_after_all_rules_is_asked_for_elsewhere() {
    let early = found(
        "  - {id: one, section: a, when: {title: {words: [x]}}, set: {project: GBX-3}}\n  - {id: two, section: b, when: {billable: true}, set: {tags: [x]}}\n",
        "R011",
    );
    assert_eq!(
        early,
        [
            "`two` asks for the billable flag too early: no rule before it sets the billable flag; move it behind one that does; what the project or `defaults` says comes after all rules: ask for that in `suspicious`"
        ]
    );
}

/// Rules of one section, each for a project or task of its own.
fn many(count: usize, when: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, number| {
        writeln!(text, "  - {{id: r{number}, section: a, when: {{{}}}, set: {{task: Task {number}}}}}", when(number)).expect("text");
        text
    })
}

#[test]
fn a_rule_that_can_disagree_with_many_is_told_once() {
    let told = found(&many(50, |_| "title: {words: [weekly]}".to_owned()), "R004");
    assert_eq!(told.len(), 49);
    assert!(
        told[0].starts_with("`r0` and `r1` always disagree on the task: `Task 1` here, `Task 0` at `r0` (rules.yaml:4)"),
        "{}",
        told[0]
    );
    assert_eq!(
        told[5],
        "`r6` can disagree with 6 rules before it: `Task 6` here, `Task 0` at `r0` (rules.yaml:4), `Task 1` at `r1` (rules.yaml:5), `Task 2` at `r2` (rules.yaml:6) and 3 more: what fits this one and one of those is a conflict; say `over: [r6]` in those that shall win, or put this one in another section"
    );
    assert!(
        told[48].starts_with("`r49` can disagree with at least 20 rules before it: ") && told[48].contains(" and others: "),
        "{}",
        told[48]
    );
}

#[test]
fn each_rule_is_held_against_those_it_can_meet_and_no_others() {
    let of = |when: fn(usize) -> String| found(&many(40, when), "R004").len();
    // What keeps them apart, in either order of keys; each meets those of its own calendar, or the one without any.
    assert_eq!(of(|number| format!("title: {{words: [weekly]}}, calendar: C{number}")), 0);
    assert_eq!(of(|number| format!("title: {{words: [weekly]}}, calendar: C{}", number % 20)), 20);
    assert_eq!(
        of(|number| if number == 7 {
            "title: {words: [weekly]}".to_owned()
        } else {
            format!("title: {{words: [weekly]}}, calendar: C{number}")
        }),
        7 - 6 + 32
    );
    assert_eq!(of(|number| format!("title: {{words: [weekly word{number}]}}")), 0);
    // One that is narrower than another one before or behind it.
    assert_eq!(
        of(|number| if number == 39 {
            "title: {words: [weekly]}".to_owned()
        } else {
            format!("title: {{words: [weekly]}}, organizer: o{number}.example")
        }),
        1
    );
    assert_eq!(
        of(|number| if number == 0 {
            "title: {words: [weekly]}".to_owned()
        } else {
            format!("title: {{words: [weekly]}}, client_domain: {{is: {}}}", ["acme", "globex"][number % 2])
        }),
        39
    );
}

#[test]
fn a_rule_is_tested_by_whatever_expects_what_comes_from_it() {
    let with = |expect: &str| {
        let rules = "  - {id: one, section: a, when: {title: {words: [retro]}}, set: {client: acme, task: Retro}}\n  - {id: two, section: b, when: {title: {words: [big retro]}}, set: {tags: [big], billable: false}}\n";
        found(&format!("{rules}tests:\n  - {{name: t, event: {{title: Big retro}}, expect: {expect}}}\n"), "R022")
    };
    assert_eq!(with("{task: Retro, billable: false}"), Vec::<String>::new());
    let unseen =
        |id: &str| format!("no test is about `{id}`: tests reach it, and none expects what comes from it: they would not see it lose");
    assert_eq!(with("{task: Retro}"), [unseen("two")]);
    assert_eq!(with("{description: nothing}"), [unseen("one"), unseen("two")]);
    assert_eq!(with("{outcome: exception, by: {task: one, tags: two}}"), Vec::<String>::new());
}
