//! What `rules check` proves of rules, each with a witness: an event, run through the evaluator, to which that happens; a near miss of which
//! nothing is said; and how it is allowed.

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::support::{DANA, World, event, on_each_database, text};

/// A finding, the rules that have it, rules that nearly have it, and what happens to an event because of it.
struct Case {
    code: &'static str,
    /// `# @` stands where the finding may be allowed.
    wrong: String,
    right: String,
    witness: &'static str,
}

fn case(code: &'static str, wrong: &str, right: &str, witness: &'static str) -> Case {
    let file = |body: &str| format!("our_domains: [northwind.example]\nsections: [a, b]\nrules:\n{body}\n");
    Case { code, wrong: file(wrong), right: file(right), witness }
}

#[expect(clippy::too_many_lines, reason = "a table, one row per finding")]
fn cases() -> Vec<Case> {
    let steering = "  - {id: wide, section: a, when: {title: {words: [steering, board]}}, set: {task: Meeting}}\n";
    let skipped = "  - {id: wide, section: a, when: {attendees: {max: 2}}, skip: small}\n";
    vec![
        case(
            "R003",
            &format!(
                "{steering}  # @\n  - {{id: narrow, section: b, when: {{title: {{words: [portfolio steering]}}}}, set: {{task: Steering}}}}"
            ),
            &format!("{steering}  - {{id: narrow, section: b, when: {{title: {{words: [steer]}}}}, set: {{task: Steering}}}}"),
            "{event: {title: Portfolio steering}, expect: {task: Meeting, by: {task: wide}}}",
        ),
        case(
            "R003",
            &format!("{skipped}  # @\n  - {{id: narrow, section: b, when: {{attendees: {{exactly: 1}}}}, set: {{project: INT-1}}}}"),
            &format!("{skipped}  - {{id: narrow, section: b, when: {{attendees: {{exactly: 3}}}}, set: {{project: INT-1}}}}"),
            "{event: {title: x}, expect: {outcome: skipped, by: wide}}",
        ),
        case(
            "R004",
            "  - {id: one, section: a, when: {title: {words: [retro]}}, set: {project: INT-1}}\n  # @\n  - {id: two, section: a, when: {title: {words: [big retro]}, recurring: true}, set: {project: INT-2}}",
            "  - {id: one, section: a, over: [two], when: {title: {words: [retro]}}, set: {project: INT-1}}\n  - {id: two, section: a, when: {title: {words: [big retro]}, recurring: true}, set: {project: INT-2}}",
            "{event: {title: Big retro, recurring: true}, expect: {outcome: exception, reason: conflict}}",
        ),
        case(
            "R004",
            "  - {id: one, section: a, when: {title: {words: [retro]}, weekday: mon}, set: {project: INT-1}}\n  # @\n  - {id: two, section: a, when: {title: {words: [retro]}, recurring: true}, set: {project: INT-2}}",
            "  - {id: one, section: a, when: {title: {words: [retro]}, recurring: false}, set: {project: INT-1}}\n  - {id: two, section: a, when: {title: {words: [retro]}, recurring: true}, set: {project: INT-2}}",
            "{event: {title: Retro, recurring: true}, expect: {outcome: exception, reason: conflict}}",
        ),
        case(
            "R006",
            "  # @\n  - {id: one, section: a, when: {attendees: {only: our_domains}, guests: {min: 1}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {attendees: {only: our_domains}, guests: {max: 0}}, set: {project: INT-1}}",
            "{event: {title: x, attendees: [eva@northwind.example, tom@acme.example]}, expect: {project: nothing}}",
        ),
        case(
            "R006",
            "  # @\n  - {id: one, section: a, when: {calendar: Work, not: {calendar: [work, home]}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {calendar: [Work, Home], not: {calendar: [home]}}, set: {project: INT-1}}",
            "{event: {title: x, calendar: Work}, expect: {project: nothing}}",
        ),
        case(
            "R007",
            "  # @\n  - {id: one, section: a, when: {title: {regex: 'costs $100'}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {regex: 'costs \\$100'}}, set: {project: INT-1}}",
            "{event: {title: costs $100}, expect: {project: nothing}}",
        ),
        case(
            "R008",
            "  # @\n  - {id: one, section: a, when: {title: {regex: '(urgent)?'}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {regex: '(urgent)+'}}, set: {project: INT-1}}",
            "{event: {title: lunch}, expect: {project: INT-1}}",
        ),
        case(
            "R009",
            "  # @\n  - {id: one, section: a, when: {title: {regex: '^\\d+$'}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {regex: '^ticket \\d+$'}}, set: {project: INT-1}}",
            "{event: {title: '42'}, expect: {project: INT-1}}",
        ),
        case(
            "R010",
            "  # @\n  - {id: one, section: a, when: {title: {regex: '^talk with (?<who>.+)'}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {regex: '^talk with (?<who>.+)'}}, set: {project: INT-1, task: '${who}'}}",
            "{event: {title: Talk with Kim}, expect: {task: nothing}}",
        ),
        case(
            "R013",
            "  # @\n  - {id: one, section: a, when: {title: {words: [robots]}}, set: {project: ACME-12}}",
            "  - {id: one, section: a, until: 2024-12-31, when: {title: {words: [robots]}}, set: {project: ACME-12}}\n  # kalends: allow R013 because of the test\n",
            "{event: {title: Robots}, expect: {outcome: exception, reason: closed-project}}",
        ),
        case(
            "R016",
            "  # @\n  - {id: one, section: a, when: {title: {words: [hiring]}}, set: {project: INT-2, billable: true}}",
            "  - {id: one, section: a, when: {title: {words: [hiring]}}, set: {project: INT-2, billable: false}}",
            "{event: {title: Hiring}, expect: {project: INT-2, billable: true}}",
        ),
        case(
            "R006",
            "  - {id: one, section: a, when: {title: {words: [x]}}, set: {project: INT-1}}\nsuspicious:\n  # @\n  - {id: odd, when: {attendees: {max: 1}, guests: {min: 1}}}",
            "  - {id: one, section: a, when: {title: {words: [x]}}, set: {project: INT-1}}\nsuspicious:\n  - {id: odd, when: {attendees: {max: 2}, guests: {min: 1}}}",
            "{event: {title: x, attendees: [eva@northwind.example, tom@acme.example]}, expect: {outcome: entry}}",
        ),
        case(
            "R007",
            "  - {id: one, section: a, when: {title: {words: [x]}}, set: {project: INT-1}}\nsuspicious:\n  # @\n  - {id: odd, when: {title: {regex: 'for $9'}}}",
            "  - {id: one, section: a, when: {title: {words: [x]}}, set: {project: INT-1}}\nsuspicious:\n  - {id: odd, when: {title: {regex: 'for \\$9'}}}",
            "{event: {title: x for $9}, expect: {outcome: entry}}",
        ),
        case(
            "R017",
            "  - {id: one, section: a, when: {title: {words: [steering]}}, set: {project: ACME-15}}\n  # @\n  - {id: two, section: b, when: {title: {words: [big steering]}}, split: [{project: ACME-15, share: 50}, {project: GBX-3, share: 50}]}",
            "  - {id: two, section: a, when: {title: {words: [big steering]}}, split: [{project: ACME-15, share: 50}, {project: GBX-3, share: 50}]}\n  - {id: one, section: b, when: {title: {words: [small steering]}}, set: {project: ACME-15}}",
            "{event: {title: Big steering}, expect: {project: ACME-15, outcome: exception, reason: conflict}}",
        ),
        case(
            "R018",
            "  - {id: one, section: a, when: {title: {words: [robots]}}, set: {project: INT-1}}\n  # @\n  - {id: two, section: a, over: [one], when: {title: {words: [big robots]}, recurring: true}, set: {project: INT-1, task: Big}}",
            "  - {id: two, section: a, over: [one], when: {title: {words: [big robots]}, recurring: true}, set: {project: INT-2}}\n  - {id: one, section: a, when: {title: {words: [robots]}}, set: {project: INT-1}}",
            "{event: {title: Big robots, recurring: true}, expect: {project: INT-1, by: {project: one}}}",
        ),
        case(
            "R019",
            "  # @\n  - {id: one, section: a, skip: nothing is work}\n  - {id: two, section: b, when: {recurring: true}, set: {project: INT-1}}",
            "  - {id: two, section: a, when: {recurring: true}, set: {project: INT-1}}\n  - {id: one, section: b, skip: nothing is work}",
            "{event: {title: x, recurring: true}, expect: {outcome: skipped, by: one}}",
        ),
        case(
            "R020",
            "  # @\n  - {id: one, section: a, when: {weekday: fri, time: {within: '22:00-04:00'}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {time: {within: '22:00-04:00'}}, set: {project: INT-1}}",
            "{event: {title: x, start: 2026-03-14T01:00}, expect: {project: nothing}}",
        ),
        case(
            "R020",
            "  # @\n  - {id: one, section: a, when: {time: {outside: '20:00-06:00'}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {time: {outside: '06:00-20:00'}}, set: {project: INT-1}}",
            "{event: {title: x, start: 2026-03-14T12:00}, expect: {project: INT-1}}",
        ),
        case(
            "R020",
            "timezone: Europe/Berlin\nrules:\n  # @\n  - {id: one, section: a, when: {time: {within: '02:00-03:00'}}, set: {project: INT-1}}",
            "timezone: Europe/Berlin\nrules:\n  - {id: one, section: a, when: {time: {within: '02:00-04:00'}}, set: {project: INT-1}}",
            "{event: {title: x, start: 2026-03-29T02:30}, expect: {project: nothing}}",
        ),
        case(
            "R021",
            "  # @\n  - {id: one, section: a, when: {title: {regex: \"\\bretro\"}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {regex: '\\bretro'}}, set: {project: INT-1}}",
            "{event: {title: retro}, expect: {project: nothing}}",
        ),
        case(
            "R021",
            "  # @\n  - {id: one, section: a, when: {title: {words: [retro]}}, set: {task: bug #12\n    , project: INT-1}}",
            "  - {id: one, section: a, when: {title: {words: [retro]}}, set: {task: 'bug #12', project: INT-1}} # fine",
            "{event: {title: retro}, expect: {task: bug}}",
        ),
        case(
            "R021",
            "  # @\n  - {id: one, section: a, when: {title: {words: [rеtro]}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {words: [ретро, größe, µm]}}, set: {project: INT-1}}",
            "{event: {title: retro}, expect: {project: nothing}}",
        ),
        case(
            "R021",
            "  # @\n  - {id: one, section: a, when: {title: {words: [\"re\u{200b}tro\"]}}, set: {project: INT-1}}",
            "  - {id: one, section: a, when: {title: {words: [\"big\u{a0}retro\"]}}, set: {project: INT-1}}",
            "{event: {title: retro}, expect: {project: nothing}}",
        ),
    ]
}

fn shipped(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name)).expect("the example")
}

pub(crate) fn kalends(folder: &Path, args: &[&str]) -> Value {
    let out = Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)))
}

/// Codes with their lines, of everything worse than that no test is there.
pub(crate) fn check(clients: &str, rules: &str) -> Vec<(String, u64)> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), clients, rules);
    let found = kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
    let found = found["findings"].as_array().expect("a list").clone();
    let told = found.iter().map(|one| (one["code"].as_str().expect("a code").to_owned(), one["line"].as_u64().expect("a line")));
    told.filter(|(code, _)| code != "R022" && code != "R023").collect()
}

pub(crate) fn write(folder: &Path, clients: &str, rules: &str) {
    std::fs::write(folder.join("clients.yaml"), clients).expect("written");
    std::fs::write(folder.join("rules.yaml"), rules.replace("rules:\ntimezone", "timezone")).expect("written");
}

/// What the tests in a file say otherwise.
pub(crate) fn failures(clients: &str, rules: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), clients, rules);
    let results = kalends(folder.path(), &["rules", "test", "--rules", ".", "--format", "json"]);
    let all = results.as_array().unwrap_or_else(|| panic!("{results:#}")).clone();
    assert!(!all.is_empty(), "no test in {rules}");
    all.into_iter().filter(|one| one["passed"] != true).collect()
}

fn allowed(case: &Case) -> String {
    case.wrong.replace("# @", &format!("# kalends: allow {} because it is shown here", case.code))
}

#[test]
fn each_finding_is_made_of_what_has_it_and_not_of_a_near_miss() {
    let clients = shipped("clients.yaml");
    for case in cases() {
        let found = check(&clients, &case.wrong);
        assert_eq!(found.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), [case.code], "{}", case.wrong);
        let right = check(&clients, &case.right);
        let expected: &[&str] = if case.code == "R013" { &["R013", "R030"] } else { &[] };
        assert_eq!(right.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), expected, "{}", case.right);
    }
}

#[test]
fn each_finding_has_a_witness_and_can_be_allowed() {
    let clients = shipped("clients.yaml");
    for case in cases() {
        let rules = allowed(&case);
        assert_eq!(check(&clients, &rules), [], "{rules}");
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &clients, &format!("{rules}tests:\n  - {}\n", case.witness.replacen('{', "{name: t, ", 1)));
        let results = kalends(folder.path(), &["rules", "test", "--rules", ".", "--format", "json"]);
        assert_eq!(results[0]["passed"], true, "{results:#}\n{rules}");
    }
}

#[test]
fn names_that_say_too_little_are_told_and_weak_ones_are_not() {
    let rules = "our_domains: [northwind.example]\nsections: [a]\nrules:\n  - {id: name, section: a, when: {client_name: {}}, set: {client: '${client}'}}\n";
    let with = |alias: &str| format!("clients:\n  acme: {{name: Acme Robotics, aliases: [{alias}]}}\n  other: {{name: Blue Acme Works}}\n");
    for alias in ["AR", "Support", "Acme"] {
        assert_eq!(check(&with(alias), rules), [("R014".to_owned(), 2)], "{alias}");
        assert_eq!(check(&with(&format!("{{name: {alias}, weak: true}}")), rules), []);
        let folder = tempfile::tempdir().expect("a folder");
        let test = format!("tests:\n  - {{name: t, event: {{title: the {alias} thing}}, expect: {{client: acme}}}}\n");
        write(folder.path(), &with(alias), &format!("{rules}{test}"));
        let results = kalends(folder.path(), &["rules", "test", "--rules", ".", "--format", "json"]);
        assert_eq!(results[0]["passed"], true, "{alias}");
    }
    assert_eq!(check(&with("Robo Works"), rules), []);
    // Two ideographs are a name.
    assert_eq!(check(&with("花王"), rules), []);
    assert_eq!(check(&with("花"), rules), [("R014".to_owned(), 2)]);
}

#[test]
fn an_allowance_needs_a_reason_and_something_to_allow() {
    let clients = shipped("clients.yaml");
    let rule = |comment: &str, beside: &str| {
        format!(
            "sections: [a]\nrules:\n{comment}  - id: one\n    section: a\n    when: {{title: {{regex: '^\\d+$'}}}}{beside}\n    set: {{project: INT-1}}\n  - {{id: two, section: a, when: {{title: {{regex: '^\\d+[ab]$'}}}}, set: {{tags: [x]}}}}\n"
        )
    };
    let found = |rules: &str| check(&clients, rules);
    let both = [("R009".to_owned(), 5), ("R009".to_owned(), 7)];
    assert_eq!(found(&rule("", "")), both);
    // Over the whole rule below it, or one line; never over the next rule.
    assert_eq!(found(&rule("  # kalends: allow R009 because it is one of few\n", "")), [("R009".to_owned(), 8)]);
    assert_eq!(found(&rule("", "  # kalends: allow R009 because it is one of few")), [("R009".to_owned(), 7)]);
    let refused =
        |comment: &str| found(&rule(comment, "")).into_iter().filter(|(code, _)| code == "R030").map(|(_, line)| line).collect::<Vec<_>>();
    assert_eq!(refused("  # kalends: allow R009\n"), [3], "no reason");
    assert_eq!(refused("  # kalends: allow R009 because\n"), [3], "an empty reason");
    assert_eq!(refused("  # kalends: allow R004 because of nothing\n"), [3], "nothing to allow");
    assert_eq!(refused("  # kalends: allow R999 because of nothing\n"), [3], "no such code");
    // In a text it is none, whether it allows something or not.
    for text in [
        "|\n      who pays?\n      # kalends: allow R009 because\n",
        "'who\n      # kalends: allow R009\n      pays?'",
        "\"# kalends: allow R009 because it is text\"",
    ] {
        let said = format!(
            "{}  - {{id: three, section: a, when: {{recurring: true}}, set: {{tags: [x]}}}}\n  - id: four\n    section: a\n    when: {{title: {{regex: '^\\d\\d$'}}}}\n    review: {text}\n",
            rule("", "")
        );
        assert_eq!(found(&said), [both[0].clone(), both[1].clone(), ("R009".to_owned(), 11)], "{said}");
    }
    // What only a book can show may be allowed without one.
    assert_eq!(refused("  # kalends: allow R005 because it is for later\n"), Vec::<u64>::new());
    // What cannot be compiled cannot be allowed.
    let unknown = rule("  # kalends: allow R012 because of nothing\n", "").replace("INT-1", "INT-99");
    assert!(found(&unknown).iter().any(|(code, _)| code == "R012") && found(&unknown).iter().any(|(code, _)| code == "R030"));
}

#[test]
fn what_a_test_expects_has_to_be_something_that_can_come() {
    let found = |expect: &str| {
        let rules = format!(
            "sections: [a]\nrules:\n  - {{id: one, section: a, when: {{title: {{words: [robots]}}}}, set: {{project: ACME-15}}}}\ntests:\n  - {{name: t, event: {{title: Robots}}, expect: {{{expect}}}}}\n"
        );
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &shipped("clients.yaml"), &rules);
        let told = kalends(folder.path(), &["rules", "check", "--rules", ".", "--notes", "--format", "json"]);
        let all = told["findings"].as_array().expect("findings").clone();
        let errors = all.iter().filter(|one| one["level"] == "error");
        errors
            .map(|one| format!("{} {} {}", one["code"].as_str().expect("a code"), one["column"], one["label"].as_str().expect("a label")))
            .collect::<Vec<_>>()
    };
    assert_eq!(found("project: ACME-15, by: {project: one}"), [""; 0]);
    assert_eq!(found("by: {project: [one]}"), [""; 0]);
    assert_eq!(found("by: {client: on}"), ["R012 61 did you mean `one`?"]);
    assert_eq!(found("by: {client: [one, on]}"), ["R012 61 did you mean `one`?"]);
    assert_eq!(found("by: on"), ["R012 52 did you mean `one`?"]);
    assert_eq!(found("by: {clint: one}"), ["Y008 53 did you mean `client`?"]);
    for wrong in [
        "by: [one]",
        "by: 5",
        "by: {}",
        "by: {client: 5}",
        "by: {client: {a: one}}",
        "reason: 5",
        "reason: []",
        "outcome: 5",
        "client: {a: b}",
    ] {
        let told = found(wrong);
        assert!(told.len() == 1 && told[0].starts_with("Y010 "), "{wrong}: {told:?}");
    }
}

#[test]
fn coverage_names_the_rules_and_alternatives_that_no_test_reaches() {
    let rules = "our_domains: [northwind.example]\nsections: [a, b]\nrules:
  - {id: lunch, section: a, when: {title: {words: [lunch]}}, skip: personal}
  - {id: behind, section: b, when: {title: {words: [lunch, dinner]}}, set: {tags: [meal]}}
  - id: both
    section: b
    when:
      all: [{any: [{recurring: true}, {duration: {max: 10m}}]}]
      any: [{title: {words: [retro]}}, {title: {words: [review]}}]
    set: {tags: [talk]}
suspicious:
  - {id: long, when: {duration: {min: 10h}}}
  - {id: late, reason: too-late, when: {time: {within: '20:00-23:00'}}}
  - {id: odd, when: {any: [{title: {words: [retro]}}, {title: {words: [review]}}, {duration: {max: 5m}}]}}
tests:
  - {name: a, event: {title: Lunch}, expect: {outcome: skipped, by: lunch}}
  - {name: b, event: {title: Retro, recurring: true, duration: 11h}, expect: {tags: talk, reason: long}}
";
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &shipped("clients.yaml"), rules);
    let told = kalends(folder.path(), &["rules", "test", "--coverage", "--rules", ".", "--format", "json"]);
    assert!(told["tests"].as_array().expect("tests").iter().all(|test| test["passed"] == true), "{told:#}");
    let of = |one: &Value| {
        (one["rule"].as_str().expect("a rule").to_owned(), one["tests"].as_u64().expect("a number"), one["missed"].to_string())
    };
    let covered: Vec<_> = told["coverage"].as_array().expect("coverage").iter().map(of).collect();
    let row = |rule: &str, tests: u64, missed: &str| (rule.to_owned(), tests, missed.to_owned());
    let both = row("both", 1, "[\"any[1]\",\"all[0].any[1]\"]");
    // The test of `lunch` ends there, though its event would fit `behind` too.
    assert_eq!(
        covered,
        [
            row("lunch", 1, "[]"),
            row("behind", 0, "[]"),
            both,
            row("long", 1, "[]"),
            row("late", 0, "[]"),
            row("odd", 1, "[\"any[1]\",\"any[2]\"]")
        ]
    );
    let out = Command::new(env!("CARGO_BIN_EXE_kalends"))
        .args(["rules", "test", "--coverage", "--rules", "."])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    insta::assert_snapshot!(String::from_utf8_lossy(&out.stdout).replace("./", ""), @r"
    no test reaches behind (rules.yaml:5)
    no test reaches late (rules.yaml:14)
    no test fits any[1] of both (rules.yaml:6)
    no test fits all[0].any[1] of both (rules.yaml:6)
    no test fits any[1] of odd (rules.yaml:15)
    no test fits any[2] of odd (rules.yaml:15)
    4 of 6 rules and 3 of 7 alternatives are tested
    2 tests, 0 failed
    ");
}

#[test]
fn two_tests_of_one_event_that_want_different_things_are_told() {
    let rules = "sections: [a]\nrules:\n  - {id: one, section: a, when: {title: {words: [x]}}, set: {project: INT-1}}\ntests:\n  - {name: a, event: {title: x}, expect: {project: INT-1, by: {project: one}}}\n  - {name: b, event: {title: x}, expect: {project: INT-2}}\n";
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &shipped("clients.yaml"), rules);
    let found = kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
    let told: Vec<_> =
        found["findings"].as_array().expect("a list").iter().map(|one| (&one["code"], &one["level"], &one["line"])).collect();
    assert_eq!(told, [(&Value::from("R022"), &Value::from("warning"), &Value::from(6))], "{found:#}");
}

on_each_database! {
    fn the_book_says_what_never_counts_what_hides_hours_and_what_nobody_names(world: World) {
        let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@northwind.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:tom@acme.example\r\n";
        world.calendar(&[
            event("a", "20260302T090000Z", "20260302T103000Z", "Lunch with Tom", guest),
            event("b", "20260303T090000Z", "20260303T100000Z", "Acme retro", ""),
            event("c", "20260304T090000Z", "20260304T100000Z", "Big Acme retro", ""),
        ]);
        world.sync();
        let rules = "our_domains: [northwind.example]\nsections: [guards, clients, tasks]\nrules:
  - {id: meals, section: guards, when: {title: {words: [lunch]}}, skip: personal}
  - {id: declined, section: guards, when: {my_response: declined}, skip: declined}
  - {id: name, section: clients, when: {client_name: {}}, set: {client: '${client}'}}
  - {id: retro, section: tasks, when: {title: {words: [retro]}}, set: {task: Retro}}
  - {id: big, section: tasks, when: {title: {words: [big]}}, set: {task: Big}}
  - {id: never, section: tasks, when: {title: {words: [never]}}, set: {tags: [never]}}
  # kalends: allow R005 because it is for next year
  - {id: later, section: tasks, when: {title: {words: [later]}}, set: {tags: [later]}}
";
        std::fs::write(world.path("rules/rules.yaml"), rules).expect("written");
        let found = world.json(&["rules", "check", "--history", "30"]);
        let all = found["findings"].as_array().expect("a list").clone();
        let of = |code: &str| {
            let found = all.iter().filter(|one| one["code"] == code);
            found.map(|one| format!("{}: {}", one["message"].as_str().expect("text"), one["label"].as_str().expect("text"))).collect::<Vec<_>>()
        };
        assert_eq!(of("R005"), [
            "`declined` gave nothing from 2026-02-19 to 2026-03-20: none of the 3 events got anything from it",
            // It stands in the way of a wrong task: to take it away is no mere tidying.
            "`big` gave only questions from 2026-02-19 to 2026-03-20: it fits 1 event, and loses every one to `retro`; on 1 event the two disagree, and a person is asked: without it the other one decides there, and nobody is asked",
            "`never` gave nothing from 2026-02-19 to 2026-03-20: none of the 3 events got anything from it",
        ]);
        assert_eq!(of("R024"), ["`meals` may hide billable hours: it skips 1 event (1 h 30 m) that were attended with people of known clients: add `guests: {max: 0}` to its `when`, if these are work"]);
        let unused = of("R023").join("\n");
        assert!(unused.contains("no event points to `globex`") && !unused.contains("`acme`"), "{unused}");
        // Without the book none of this can be said, and what is allowed for it is no mistake.
        let without = world.json(&["rules", "check"]);
        let codes: Vec<_> = without["findings"].as_array().expect("a list").iter().map(|one| one["code"].clone()).collect();
        assert!(["R005", "R024", "R030"].iter().all(|code| !codes.contains(&Value::from(*code))), "{codes:?}");
        let staff = world.json(&["staff", "list"]).to_string();
        assert!(staff.contains(DANA));
    }
}

on_each_database! {
    fn a_test_of_a_person_from_elsewhere_or_with_odd_letters_says_what_her_day_says(world: World) {
        const EVA: &str = "eva@elsewhere.example";
        // Eva is not known as ours: with her alone besides a colleague, everyone else is.
        let rules = "rules:\n  - {id: inner, section: tasks, when: {attendees: {only: our_domains, exactly: 2}}, set: {tags: [inner]}}\n  - {id: noon, section: tasks, when: {time: {within: \"10:00-13:00\"}}, set: {tags: [noon]}}\n";
        std::fs::write(world.path("rules/more.yaml"), rules).expect("written");
        let zoned = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("text").replacen("version: 1\n", "version: 1\ntimezone: Europe/Berlin\n", 1);
        std::fs::write(world.path("rules/rules.yaml"), zoned).expect("written");
        world.run(&["staff", "add", EVA, "--timezone", "UTC", "--first-day", "2026-02-01"]).expect("added");
        let (kim, eva) = ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:kim@northwind.example\r\n", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eva@elsewhere.example\r\n");
        let both = format!("{kim}{eva}ORGANIZER:mailto:kim@northwind.example\r\n");
        let titles = ["[ACME-15] Plan", "[ACME-15] nel\u{85}here", "[ACME-15] ls\u{2028}here", "[ACME-15] bell\u{7} \u{200b}zero"];
        let events = titles.iter().enumerate().map(|(day, title)| {
            let people = if day == 1 { format!("{kim}ORGANIZER:mailto:{EVA}\r\n") } else { both.clone() };
            event(&format!("e{day}"), &format!("2026030{}T093000Z", day + 2), &format!("2026030{}T103000Z", day + 2), title, &people)
        });
        world.file("eva.ics", &events.collect::<Vec<_>>());
        world.run(&["calendar", "add", "ics", "--staff", EVA, "--file", "eva.ics"]).expect("added");
        world.sync();
        let (entries, mut tests) = (world.entries(), String::new());
        assert_eq!(entries.len(), titles.len());
        for entry in &entries {
            let written = world.run(&["rules", "test", "--from-event", text(entry, "id")]).expect("a test");
            let read: Value = serde_json::to_value(serde_yaml::from_str::<serde_yaml::Value>(&written).expect("YAML")).expect("JSON");
            let (event, expect) = (&read[0]["event"], &read[0]["expect"]);
            assert!(titles.contains(&text(event, "title")), "{written}");
            assert_eq!(text(event, "owner"), EVA);
            assert_eq!((text(expect, "tags"), text(expect, "project")), ("inner, noon", "ACME-15"), "{written}");
            assert_eq!(expect["by"]["tags"], serde_json::json!(["inner", "noon"]), "{written}");
            assert_eq!(entry["tags"], serde_json::json!(["inner", "noon"]));
            tests.push_str(&written);
        }
        std::fs::write(world.path("rules/made.yaml"), format!("tests:\n{tests}")).expect("written");
        world.run(&["rules", "check", "--strict"]).expect("nothing to find");
        world.run(&["rules", "test"]).expect("they pass");
    }

    fn a_test_is_written_from_an_event_of_the_book_and_passes(world: World) {
        let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:kim@northwind.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@northwind.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:tom@acme.example\r\nATTENDEE;CUTYPE=ROOM:mailto:room@northwind.example\r\nORGANIZER:mailto:tom@acme.example\r\n";
        let zoned = "BEGIN:VEVENT\r\nUID:z\r\nDTSTART;TZID=Europe/Berlin:20261025T023000\r\nDTEND;TZID=Europe/Berlin:20261025T040000\r\nSUMMARY:yes: [night] #shift\r\nRRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT\r\n";
        world.now("2026-11-20T12:00:00Z");
        world.calendar(&[
            event("a", "20261102T090000Z", "20261102T103000Z", "[ACME-15] Kickoff", guest),
            event("b", "20261103T090000Z", "20261103T100000Z", "Lunch", ""),
            event("c", "20261104T090000Z", "20261104T100000Z", "Secret", "CLASS:PRIVATE\r\n"),
            event("d", "20261105T090000Z", "20261105T100000Z", "Vacation", "TRANSP:TRANSPARENT\r\n"),
            event("e", "20261106T090000Z", "20261106T100000Z", "Sync", "ATTENDEE;PARTSTAT=DECLINED:mailto:dana@northwind.example\r\n"),
            zoned.to_owned(),
            // Made far away: late for her, at noon there.
            "BEGIN:VEVENT\r\nUID:ny\r\nDTSTART;TZID=America/New_York:20261109T140000\r\nDURATION:PT1H\r\nSUMMARY:[GBX-3] Call\r\nEND:VEVENT\r\n".to_owned(),
        ]);
        let late = "rules:\n  - {id: late, section: tasks, when: {time: {outside: \"08:00-18:00\"}}, set: {tags: [late]}}\n";
        std::fs::write(world.path("rules/late.yaml"), late).expect("written");
        world.sync();
        let mut tests = String::new();
        let mut seen = 0;
        for entry in world.entries() {
            let id = entry["id"].as_str().expect("an id").to_owned();
            let written = world.run(&["rules", "test", "--from-event", &id[id.len() - 8..]]).expect("a test");
            assert!(!written.contains("Secret"), "{written}");
            tests.extend(written.lines().map(|line| format!("  {line}\n")));
            seen += 1;
        }
        assert!(seen >= 3, "{tests}");
        assert!(tests.contains("by:\n") && tests.contains("project: ACME-15") && tests.contains("start: 2026-11-09T19:00"), "{tests}");
        assert!(tests.contains("tags: late") && tests.contains("2026-11-09, dana@northwind.example"), "{tests}");
        let counts = ["recurring: true", "resource: true", "visibility: private", "organizer: tom@acme.example"].map(|part| tests.matches(part).count());
        assert_eq!(counts, [2, 1, 1, 1], "{tests}");
        let rules = include_str!("firm/rules.yaml");
        let (head, _) = rules.split_once("\ntests:").expect("tests");
        std::fs::write(world.path("rules/rules.yaml"), format!("{head}\ntests:\n{tests}")).expect("written");
        let results = world.json(&["rules", "test"]);
        let results = results.as_array().expect("results");
        assert_eq!(results.len(), seen);
        assert!(results.iter().all(|result| result["passed"] == true), "{results:#?}\n{tests}");
        // What it prints stands as `fmt` would have it.
        let written = world.run(&["rules", "test", "--from-event", text(&world.entries()[0], "id")]).expect("a test");
        std::fs::write(world.path("rules/even.yaml"), format!("tests:\n{written}")).expect("written");
        let uneven = String::from_utf8(world.output(&["rules", "fmt", "--check"]).stdout).expect("text");
        assert!(uneven.contains("files would change") && !uneven.contains("even.yaml"), "{uneven}\n{written}");
        let refused = world.run(&["rules", "test", "--from-event", "beef"]).expect_err("no such id");
        assert!(refused.contains("no entry, event or exception with this id"), "{refused}");
    }
}
