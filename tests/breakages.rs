//! The shipped rules, broken in forty ways: each time what is said must tell an ops person what to do. The transcript is a snapshot.

use std::{fmt::Write as _, path::Path, process::Command};

/// How the rules are broken: what it is called, the code that tells of it, the file, and what is put in place of what.
type Breakage = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// What YAML makes of things that people type.
const OF_YAML: &[Breakage] = &[
    ("a key twice", "Y006", "rules.yaml", "    when: {status: cancelled}\n", "    when: {status: cancelled}\n    when: {show_as: free}\n"),
    ("billable: no", "Y010", "overrides.yaml", "set: {project: GBX-9}", "set: {project: GBX-9, billable: no}"),
    ("an id without a value", "Y007", "rules.yaml", "id: skip-cancelled", "id:"),
    ("rules without a value", "Y007", "internal.yaml", "rules:\n  - id: one-on-one", "rules:\nsuspicious:\n  - id: one-on-one"),
    ("a task cut short", "R021", "internal.yaml", "task: Conference}", "task: Conference #1\n      }"),
    (
        "\\b in double quotes",
        "R021",
        "overrides.yaml",
        r"'^Initech (?<task>Design|Review|Workshop)\b'",
        r#""^Initech (?<task>Design|Review|Workshop)\b""#,
    ),
    ("\\d in double quotes", "Y001", "internal.yaml", r"'^interview:?\s*(?<candidate>\w+)'", r#""^interview \d+ (?<candidate>\w+)""#),
    ("brackets without quotes", "Y010", "overrides.yaml", "task: Campaign}\n", "task: [Campaign]}\n"),
    (
        "brackets and more",
        "Y001",
        "overrides.yaml",
        "set: {project: ACME-15, task: Campaign}\n\ntests",
        "set:\n      project: ACME-15\n      task: [Q2] Campaign\n\ntests",
    ),
    ("an @ without quotes", "Y001", "rules.yaml", "our_domains: [northwind.example]", "our_domains: [@northwind.example]"),
    ("stars without quotes", "Y001", "rules.yaml", "[lunch, dentist, gym, school run]", "[lunch, *gym*]"),
    ("a colon in a title", "Y010", "overrides.yaml", "{words: [spring campaign]}", "{words: [Campaign: spring]}"),
    (
        "a tab",
        "Y001",
        "rules.yaml",
        "    section: guards\n    when: {status: cancelled}",
        "    section: guards\n\twhen: {status: cancelled}",
    ),
    ("one column too far left", "Y001", "rules.yaml", "    when: {status: cancelled}", "   when: {status: cancelled}"),
    ("a bracket left open", "Y001", "rules.yaml", "set: {task: \"${word}\"}", "set: {task: \"${word}\""),
    ("an anchor", "Y004", "rules.yaml", "sections: [guards,", "sections: &all [guards,"),
    ("true as a word", "Y010", "rules.yaml", "[kickoff, workshop, retro, handover, review]", "[kickoff, true, 42]"),
];

/// What is wrong by the letter of the rules.
const OF_NAMES: &[Breakage] = &[
    ("a key misspelt", "Y008", "rules.yaml", "when: {status: cancelled}", "when: {stauts: cancelled}"),
    ("a word misspelt", "Y011", "rules.yaml", "[declined, not_invited]", "[declined, not_invitd]"),
    (
        "an expectation misspelt",
        "Y008",
        "internal.yaml",
        "expect: {outcome: entry, project: INT-3, billable: false,",
        "expect: {outcome: entry, projct: INT-3, billable: false,",
    ),
    ("a rule twice", "R001", "internal.yaml", "id: interviews", "id: one-on-one"),
    ("a name of two clients", "R001", "clients.yaml", "- Globex Corp", "- Acme"),
    ("no duration", "R002", "internal.yaml", "duration: {max: 30m}", "duration: {max: half an hour}"),
    ("a code with a slip", "R012", "overrides.yaml", "{project: ACME-15, share: 60}", "{project: ACME-51, share: 60}"),
    ("a section with a slip", "R012", "internal.yaml", "id: training\n    section: internal", "id: training\n    section: intern"),
    ("a gap with a slip", "R010", "internal.yaml", "Interview ${candidate}", "Interview ${candidat}"),
    ("asked too early", "R011", "rules.yaml", "when: {show_as: free}", "when: {show_as: free, client: unset, project: acme}"),
    ("shares of 90", "R017", "overrides.yaml", "share: 40", "share: 30"),
    ("over a rule that is not there", "R018", "overrides.yaml", "over: client-by-name", "over: client-by-nam"),
    ("a header in another file", "R026", "internal.yaml", "rules:\n", "our_domains: [northwind.example]\nrules:\n"),
    ("a pattern left open", "R025", "internal.yaml", r"(?<candidate>\w+)'", r"(?<candidate>\w+'"),
    ("a reason of kalends", "R028", "suspicious.yaml", "{id: tentative,", "{id: overlap,"),
];

/// What is right by the letter, and cannot be meant.
const OF_SENSE: &[Breakage] = &[
    (
        "a rule that never counts",
        "R003",
        "internal.yaml",
        "tests:\n",
        "  - id: our-retro\n    section: internal\n    when: {attendees: {only: our_domains, max: 4}, client: unset, title: {words: [retro]}}\n    set: {project: INT-1}\n\ntests:\n",
    ),
    (
        "two that disagree",
        "R004",
        "internal.yaml",
        "  - id: conference ",
        "  - id: courses\n    section: internal\n    when: {categories: [Learning], client: unset}\n    set: {project: INT-2}\n  - id: conference ",
    ),
    (
        "nobody can be there",
        "R006",
        "internal.yaml",
        "attendees: {only: our_domains, exactly: 2}",
        "attendees: {only: our_domains, max: 1}",
    ),
    ("a dollar in a pattern", "R007", "internal.yaml", r"'^interview:?\s*(?<candidate>\w+)'", r"'interview $500 (?<candidate>\w+)'"),
    ("a pattern of nothing", "R008", "internal.yaml", r"'^interview:?\s*(?<candidate>\w+)'", r"'(?<candidate>\w*)'"),
    ("a project that ended", "R013", "overrides.yaml", "set: {project: GBX-9}", "set: {project: ACME-12}"),
    ("an everyday alias", "R014", "clients.yaml", "- {name: GX, weak: true}", "- GX"),
    ("free mail", "R015", "clients.yaml", "domains: [globex.example]", "domains: [globex.example, gmail.com]"),
    (
        "billable against the catalog",
        "R016",
        "internal.yaml",
        "set: {project: INT-3, task: Training}",
        "set: {project: INT-3, task: Training, billable: true}",
    ),
    ("everything is skipped", "R019", "rules.yaml", "    when: {show_as: free}\n", ""),
    ("the night", "R020", "rules.yaml", "{outside: \"08:00-19:00\"}", "{outside: \"19:00-08:00\"}"),
    ("a letter of another alphabet", "R021", "rules.yaml", "[kickoff, workshop,", "[kickоff, workshop,"),
    (
        "two tests at odds",
        "R022",
        "internal.yaml",
        "  - name: our own meeting",
        "  - name: training is no training\n    event: {title: Rust course, categories: [Learning]}\n    expect: {outcome: skipped}\n  - name: our own meeting",
    ),
    (
        "allowed without a reason",
        "R030",
        "overrides.yaml",
        "allow R013 because days of that spring can still be derived again",
        "allow R013",
    ),
];

fn rules() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// The shipped files, one of them broken.
fn broken((name, _, file, from, to): &Breakage) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for shipped in std::fs::read_dir(rules()).expect("the example").map(|file| file.expect("a file").path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&shipped).expect("text");
        let is_broken = shipped.file_name().is_some_and(|shipped| shipped == *file);
        assert!(!is_broken || text.contains(from), "{name}: `{from}` is not in {file}");
        let text = if is_broken { text.replacen(from, to, 1) } else { text };
        std::fs::write(folder.path().join(shipped.file_name().expect("a name")), text).expect("written");
    }
    folder
}

fn check(folder: &Path, more: &[&str]) -> std::process::Output {
    let args = [&["rules", "check", "--rules", "."][..], more].concat();
    Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs")
}

#[test]
fn the_shipped_rules_are_without_a_finding() {
    let out = check(&rules(), &["--notes", "--strict"]);
    let told = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && told.contains(": no findings."), "{told}");
}

#[test]
fn each_breakage_of_the_shipped_rules_is_told_with_what_to_do() {
    let mut all = String::new();
    for breakage in [OF_YAML, OF_NAMES, OF_SENSE].concat() {
        let folder = broken(&breakage);
        let out = check(folder.path(), &[]);
        let told = String::from_utf8_lossy(&out.stderr).replace("./", "");
        assert!(told.contains(&format!("[{}]", breakage.1)), "{}: no {} in\n{told}", breakage.0, breakage.1);
        writeln!(all, "--- {}\n{}\n", breakage.0, told.trim_end()).expect("text");
    }
    insta::assert_snapshot!("the_shipped_rules_broken", all);
}

#[test]
fn code_scanning_and_pull_requests_are_told_the_same() {
    let folder = broken(&OF_SENSE[1]);
    let out = check(folder.path(), &["--format", "github"]);
    assert_eq!(out.status.code(), Some(0), "a warning");
    assert_eq!(check(folder.path(), &["--strict"]).status.code(), Some(3));
    insta::assert_snapshot!("for_a_pull_request", String::from_utf8_lossy(&out.stdout));
    let out = check(broken(&OF_YAML[0]).path(), &["--format", "sarif"]);
    assert_eq!(out.status.code(), Some(3));
    insta::assert_snapshot!("for_code_scanning", String::from_utf8_lossy(&out.stdout));
    let other = Command::new(env!("CARGO_BIN_EXE_kalends")).args(["rules", "test", "--format", "sarif"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&other.stderr), "error: only `rules check` prints this format\n");
}

#[test]
fn names_and_messages_are_escaped_for_a_pull_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("100%, a:b");
    std::fs::create_dir(&inner).expect("a folder");
    std::fs::write(inner.join("rules.yaml"), "sections: [a]\nrules:\n  - {id: \"x\\n::error::50%\", section: a, set: {}}\n")
        .expect("written");
    let out = Command::new(env!("CARGO_BIN_EXE_kalends"))
        .args(["rules", "check", "--rules", "100%, a:b", "--format", "github"])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&out.stdout);
    assert!(told.lines().all(|line| line.starts_with("::error file=100%25%2C a%3Ab/rules.yaml,line=")), "{told}");
}
