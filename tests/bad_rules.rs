//! Rule files that do harm, or try to: each is told with its line, in bounded time; and a book goes on with the rules it had.

use std::{
    fmt::Write as _,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{World, event, on_each_database};

/// Of one file, in a debug build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(10);

fn check(rules: &[u8]) -> (Output, Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rules.yaml"), rules).expect("written");
    let began = Instant::now();
    let out = kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
    (out, began.elapsed())
}

fn kalends(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs")
}

fn rule(body: &str) -> String {
    format!("sections: [a]\nrules:\n  - id: one\n    section: a\n    {body}\n")
}

/// Code, line and column of the first finding.
fn first(rules: &[u8], name: &str) -> (String, u64, u64) {
    let (out, took) = check(rules);
    assert!(took < TIME_MAX, "{name} took {took:?}");
    assert_eq!(out.status.code(), Some(3), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    let found: Value = serde_json::from_slice(&out.stdout).expect("findings");
    let one = &found["findings"][0];
    (one["code"].as_str().expect("a code").to_owned(), one["line"].as_u64().expect("a line"), one["column"].as_u64().expect("a column"))
}

#[test]
fn what_yaml_would_take_silently_or_tell_badly_is_told_where_it_stands() {
    let set = "set: {tags: [x]}";
    let aliases = (0..30).fold("a0: &a0 [x]\n".to_owned(), |sum, level| {
        let (this, last) = (level + 1, level);
        format!("{sum}a{this}: &a{this} [*a{last}, *a{last}]\n")
    });
    let many = format!("rules: [{}]\nsections: &s [{}]\n", "*s, ".repeat(2_000), "x, ".repeat(2_000));
    let mut wrong = Vec::new();
    for (name, rules, code, line, column) in [
        ("an unknown field", rule("sett: {tags: [x]}"), "Y008", 5, 5),
        ("a wrong type", rule(&format!("when: {{calendar: 5}}\n    {set}")), "Y010", 5, 22),
        ("a bad enum", rule(&format!("when: {{status: gone}}\n    {set}")), "Y011", 5, 20),
        ("a missing field", "sections: [a]\nrules:\n  - {section: a, set: {tags: [x]}}\n".to_owned(), "Y009", 3, 5),
        ("a key twice in a rule", rule(&format!("{set}\n    {set}")), "Y006", 6, 5),
        ("a key twice in a map", "sections: [a]\nsections: [b]\n".to_owned(), "Y006", 2, 1),
        ("an anchor twice", "sections: &a [x]\ndefaults: {task: &a x}\n".to_owned(), "Y004", 1, 14),
        ("billable: no", rule("set: {billable: no}"), "Y010", 5, 21),
        ("id: null", rule(set).replace("id: one", "id:"), "Y007", 3, 5),
        ("id: ~", rule(set).replace("id: one", "id: ~"), "Y007", 3, 5),
        ("id: ''", rule(set).replace("id: one", "id: ''"), "R002", 3, 9),
        ("rules: null", "sections: [a]\nrules:\n".to_owned(), "Y007", 2, 1),
        ("a byte order mark before a mistake", format!("\u{feff}{}", rule("sett: {tags: [x]}")), "Y008", 5, 5),
        ("a tab", rule("\tset: {tags: [x]}"), "Y001", 5, 5),
        ("100,000 brackets", "[".repeat(100_000), "Y003", 1, 256),
        ("100,000 braces", "{a: ".repeat(100_000), "Y003", 1, 1021),
        (
            "nesting of 300",
            rule(&format!("when: {}{{recurring: true}}{}\n    {set}", "{not: ".repeat(300), "}".repeat(300))),
            "Y003",
            5,
            185,
        ),
        ("a billion laughs", aliases, "Y004", 1, 9),
        ("2,000 aliases of 2,000", many, "Y001", 1, 9),
        ("more than 8 MiB", format!("# {}\n", "x".repeat(9 << 20)), "Y002", 1, 1),
        ("a second document", "sections: [a]\n---\nrules: []\n".to_owned(), "Y005", 2, 1),
        ("a tag", rule("set: {task: !!binary x}"), "Y001", 5, 26),
        ("control characters", rule("set: {task: a\u{1}b}"), "Y001", 5, 18),
        ("a sign-in page", "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n".to_owned(), "Y010", 1, 1),
        ("a list", "- one\n- two\n".to_owned(), "Y010", 1, 1),
        ("a word", "hello\n".to_owned(), "Y010", 1, 1),
    ] {
        let found = first(rules.as_bytes(), name);
        if found != (code.to_owned(), line, column) {
            wrong.push((name, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn line_ends_and_marks_of_editors_change_nothing() {
    let rules = rule("when: {recurring: true}\n    set: {tags: [x]}");
    for text in [rules.clone(), rules.replace('\n', "\r\n"), format!("\u{feff}{rules}"), format!("\u{feff}{}", rules.replace('\n', "\r\n"))]
    {
        let (out, _) = check(text.as_bytes());
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    }
    // Text in another encoding is refused as a whole, and no part of it is taken.
    let (out, _) = check(b"sections: [caf\xe9]\n");
    assert_eq!(out.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&out.stdout).contains("no UTF-8"), "{}", String::from_utf8_lossy(&out.stdout));
}

/// Rules that say nothing of each other are not all held against each other, and patterns of which nothing stands in a title are not
/// compiled to be told so: 3,000 of them took 40 seconds, or 2.5 GB.
#[cfg(target_os = "linux")]
#[test]
fn thousands_of_rules_are_checked_in_bounded_time_and_room() {
    let (all, tags) = (3000, "tags: [t@]");
    let kinds = [
        ("alternatives", all, "{any: [{title: {words: [w@]}}, {location: {words: [l@]}}]}", tags),
        ("words that are not there", all, "{title: {not_words: [w@]}, attendees: {exactly: #}}", tags),
        ("one word in many", all, "{title: {words: [w#]}, duration: {min: @m}}", tags),
        ("patterns", all, "{title: {regex: '^proj@[- ]\\d+ \\w+'}}", tags),
        // These are all held against each other, but where each stands is not looked up to say nothing of it.
        ("one word in all", 1200, "{title: {words: [shared, w@]}, guests: {min: #}}", "task: T@"),
    ];
    for (name, count, when, set) in kinds {
        let folder = tempfile::tempdir().expect("a folder");
        let mut rules = String::new();
        for at in 1..=count {
            let [when, set] = [when, set].map(|text| text.replace('@', &at.to_string()).replace('#', &(at % 30 + 1).to_string()));
            writeln!(rules, "  - {{id: r{at}, section: a, when: {when}, set: {{{set}}}}}").expect("text");
        }
        let text = format!(
            "sections: [a]\nrules:\n{rules}tests:\n  - {{name: t, event: {{title: proj7 12 x}}, expect: {{outcome: exception}}}}\n"
        );
        std::fs::write(folder.path().join("rules.yaml"), text).expect("written");
        let began = Instant::now();
        let limited = format!("ulimit -v 1000000; exec {} rules check --rules .", env!("CARGO_BIN_EXE_kalends"));
        let out = Command::new("sh").args(["-c", &limited]).current_dir(folder.path()).output().expect("it runs");
        assert!(out.status.success(), "{name}: {:?} {}", out.status, String::from_utf8_lossy(&out.stderr));
        assert!(began.elapsed() < TIME_MAX, "{name} took {:?}", began.elapsed());
    }
}

#[test]
fn patterns_are_bounded_in_size_and_matched_in_bounded_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let title = format!("{}!", "a".repeat(100_000));
    std::fs::write(folder.path().join("event.json"), serde_json::json!({ "title": title }).to_string()).expect("written");
    for pattern in ["(a*)*b", "(a+)+$", "(a|aa)+$", "(a|a?)+b", "(.*)*x", "(?:a?){100}a{100}b", "([a-z]+)*[0-9]", "^(a+)+!x$"] {
        let rules = rule(&format!("when: {{title: {{regex: 'z{pattern}|{pattern}'}}}}\n    set: {{tags: [x]}}"));
        std::fs::write(folder.path().join("rules.yaml"), rules).expect("written");
        let began = Instant::now();
        let out = kalends(folder.path(), &["rules", "explain", "--event", "event.json", "--rules", "."]);
        assert!(out.status.success(), "{pattern}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(began.elapsed() < TIME_MAX, "{pattern} took {:?}", began.elapsed());
    }
    for (pattern, code) in [
        ("(?:a{1000}){1000}", "R025"),
        (r"\w{500}{20}", "R025"),
        (r"(a)\1", "R025"),
        ("(?=a)", "R025"),
        ("(?<!a)b", "R025"),
        ("a{2,1}", "R025"),
        ("[z-a]", "R025"),
        ("*a", "R025"),
        ("(?P<n>a)(?P<n>b)", "R025"),
    ] {
        let rules = rule(&format!("when: {{title: {{regex: '{pattern}'}}}}\n    set: {{tags: [x]}}"));
        assert_eq!(first(rules.as_bytes(), pattern), (code.to_owned(), 5, 27), "{pattern}");
    }
}

on_each_database! {
    fn bad_rules_change_nothing_in_a_book(world: World) {
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", "")]);
        world.sync();
        let before = world.entries();
        let good = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("rules");
        let behind = "  - id: all\n    section: guards\n    skip: nothing is work\n";
        let always = good.replacen("rules:\n", &format!("rules:\n{behind}"), 1);
        for (name, bad, code) in
            [("not YAML", "rules: [".to_owned(), "Y001"), ("an unknown key", format!("{good}\nzzz: 1\n"), "Y008"), ("everything is skipped", always, "R019")]
        {
            std::fs::write(world.path("rules/rules.yaml"), &bad).expect("written");
            world.calendar(&[
                event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", ""),
                event("b", "20260303T090000Z", "20260303T100000Z", &format!("[ACME-15] {name}"), ""),
            ]);
            let out = world.output(&["sync"]);
            let told = String::from_utf8_lossy(&out.stderr).into_owned();
            assert!(told.contains(&format!("[{code}]")), "{name}: {told}");
            let after = world.entries();
            assert!(after.contains(&before[0]), "{name}: what stood is gone: {after:#?}");
        }
        std::fs::write(world.path("rules/rules.yaml"), good).expect("written");
        world.sync();
        assert_eq!(world.entries().len(), 2);
    }
}
