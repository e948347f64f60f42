//! Every message a person reads, as it is read. A changed message is a changed snapshot.

use std::{
    fmt::Write as _,
    process::{Command, Output},
};

use crate::support::{DANA, World, event, text};

/// Ids differ from run to run: the end of one as tables show it, or all of it.
fn masked(text: &str) -> String {
    let uuid = regex::Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").expect("a pattern");
    let short = regex::Regex::new(r"\b(?:[0-9a-f]{12}|[0-9a-f]{8})\b").expect("a pattern");
    let digits = |captures: &regex::Captures<'_>| {
        let found = captures[0].to_owned();
        if found.chars().all(|char| char.is_ascii_digit()) && found.starts_with("2026") { found } else { "x".repeat(found.len()) }
    };
    short.replace_all(&uuid.replace_all(text, "[id]"), digits).into_owned()
}

/// A command and all it says.
fn said(world: &World, args: &[&str]) -> String {
    let out = world.output(args);
    told(&format!("$ kalends {}", args.join(" ")), &out, &world.path("").display().to_string())
}

fn told(head: &str, out: &Output, folder: &str) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(folder, "").trim_end().to_owned();
    let mut told = head.to_owned();
    for part in [text(&out.stdout), text(&out.stderr)] {
        if !part.is_empty() {
            write!(told, "\n{part}").expect("text");
        }
    }
    format!("{}\n[{}]\n", masked(&told), out.status.code().unwrap_or(-1))
}

/// Tables fit a terminal of 80 columns; what names a file or an id in full may not.
fn fits(text: &str) {
    for line in text.lines().filter(|line| !line.contains('`') && !line.starts_with('$')) {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
}

fn short(id: &str) -> &str {
    &id[id.len() - 8..]
}

fn many_reasons() -> Vec<String> {
    let day = |uid: &str, day: u32, start: &str, end: &str, title: &str, more: &str| {
        event(uid, &format!("202603{day:02}T{start}00Z"), &format!("202603{day:02}T{end}00Z"), title, more)
    };
    let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:omar@globex.example\r\n";
    let mate = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:kim@northwind.example\r\n";
    vec![
        day("anchor", 1, "0900", "1000", "[GBX-3] Fine", ""),
        day("unmatched", 2, "0900", "1000", "Something", ""),
        day("conflict", 2, "1000", "1100", "[ACME-15] Call", guest),
        day("missing", 2, "1100", "1200", "Sync", guest),
        day("typo", 2, "1200", "1300", "[ACME-51] Call", ""),
        day("twice", 3, "0900", "1000", "[GBX-3] Twice", ""),
        day("again", 3, "0900", "1000", "[GBX-3] Twice", ""),
        day("over", 3, "0930", "1030", "[GBX-3] Overlap", ""),
        day("back", 3, "1200", "1100", "[GBX-3] Backwards", ""),
        day("long", 4, "0800", "1830", "[GBX-3] Long", ""),
        day("maybe", 5, "0900", "1000", "[GBX-3] Maybe", "STATUS:TENTATIVE\r\n"),
        day("own", 5, "1000", "1100", "[GBX-3] Prep", mate),
        day("private", 6, "0900", "1000", "Secret", "CLASS:PRIVATE\r\n"),
        day("closed", 7, "0900", "1000", "[ACME-12] Old", ""),
        day("name", 8, "0900", "1000", "Acme", ""),
        event("broken", "soon", "later", "Never", ""),
    ]
}

#[test]
fn a_day_at_the_desk() {
    let world = World::new("kalends.db".to_owned());
    let rules = std::fs::read_to_string(world.path("rules/clients.yaml")).expect("rules").replace("until: 2026-06-30", "until: 2026-03-06");
    std::fs::write(world.path("rules/clients.yaml"), rules).expect("written");
    world.calendar(&many_reasons());
    let mut all = String::new();
    for args in [
        &["sync"][..],
        &["sync"],
        &["staff", "list"],
        &["calendar", "list"],
        &["entries", "list", "--from", "2026-03-01", "--to", "2026-03-31"],
        &["exceptions", "list"],
        &["db", "check"],
        &["db", "migrate"],
    ] {
        all.push_str(&said(&world, args));
    }
    fits(&all);
    for exception in world.exceptions() {
        let shown = said(&world, &["exceptions", "show", short(text(&exception, "id"))]);
        all.push_str(&shown);
    }
    insta::assert_snapshot!("a_day_at_the_desk", all);
}

#[test]
fn what_changes_under_work_that_was_done() {
    let world = World::new("kalends.db".to_owned());
    let calls: Vec<String> = (2..8)
        .map(|day| event(&format!("c{day}"), &format!("2026030{day}T090000Z"), &format!("2026030{day}T100000Z"), "[GBX-3] Call", ""))
        .collect();
    world.calendar(&calls);
    world.sync();
    let ids: Vec<String> = world.entries().iter().map(|entry| short(text(entry, "id")).to_owned()).collect();
    let mut all = String::new();
    all.push_str(&said(&world, &["entries", "approve", &ids[0]]));
    all.push_str(&said(&world, &["entries", "set", &ids[1], "end=10:30"]));
    all.push_str(&said(&world, &["entries", "set", &ids[2], "task=Talk", "billable=no"]));
    let mut moved = calls.clone();
    moved[0] = moved[0].replace("T100000Z", "T110000Z");
    moved[1] = moved[1].replace("20260303T", "20260310T");
    moved.remove(2);
    moved.push(event("late", "20260302T140000Z", "20260302T150000Z", "[GBX-3] Late", ""));
    world.calendar(&moved);
    world.now("2026-03-21T12:00:00Z");
    all.push_str(&said(&world, &["sync"]));
    all.push_str(&said(&world, &["exceptions", "list"]));
    world.calendar(&[]);
    all.push_str(&said(&world, &["sync"]));
    all.push_str(&said(&world, &["exceptions", "list"]));
    let calendar = world.json(&["calendar", "list"]);
    all.push_str(&said(&world, &["calendar", "accept-removals", short(text(&calendar[0], "id"))]));
    all.push_str(&said(&world, &["exceptions", "list"]));
    all.push_str(&said(&world, &["exceptions", "list", "--status", "cleared"]));
    fits(&all);
    insta::assert_snapshot!("what_changes_under_work_that_was_done", all);
}

#[test]
fn what_is_refused() {
    let world = World::new("kalends.db".to_owned());
    world.calendar(&[
        event("a", "20260302T090000Z", "20260302T100000Z", "[GBX-3] Call", ""),
        event("b", "20260303T090000Z", "20260303T100000Z", "Something", ""),
    ]);
    world.sync();
    let ids: Vec<String> = world.entries().iter().map(|entry| short(text(entry, "id")).to_owned()).collect();
    let (fine, held) = (ids[0].as_str(), ids[1].as_str());
    let question = short(text(&world.exceptions()[0], "id")).to_owned();
    let mut all = String::new();
    for args in [
        &["entries", "approve", held][..],
        &["entries", "approve", "beef"],
        &["entries", "approve", "x"],
        &["entries", "set", fine, "client=acmee"],
        &["entries", "set", fine, "project=GBX-4"],
        &["entries", "set", fine, "billable=maybe"],
        &["entries", "set", fine, "colour=red"],
        &["entries", "set", fine, "task"],
        &["entries", "set", fine, "start=late"],
        &["entries", "set", fine, "start=11:00"],
        &["entries", "set", fine, "when=later"],
        &["entries", "set", fine, "end=10:00"],
        &["entries", "add", "--staff", DANA, "--date", "2026-03-04", "--start", "10:00", "--end", "09:00"],
        &["entries", "list", "--from", "2026-03-01", "--to", "2026-03-31", "--staff", "dan@northwind.example"],
        &["entries", "list", "--from", "2026-03-01", "--to", "2026-03-31", "--staff", "someone@else.example"],
        &["exceptions", "dismiss", &question],
        &["exceptions", "resolve", &question, "project=NOPE-1"],
        &["exceptions", "show", "beef"],
        &["staff", "add", DANA],
        &["staff", "add", "nobody"],
        &["staff", "add", "kim@northwind.example", "--timezone", "Berlin"],
        &["staff", "add", "kim@northwind.example", "--working", "mon=25h"],
        &["calendar", "add", "ics", "--staff", DANA, "--file", "none.ics"],
        &["calendar", "accept-removals", "beef"],
        &["sync", "--calendar", "beef"],
        &["rules", "explain", "beef"],
        &["init", "."],
        &["entries", "approve", fine],
        &["entries", "set", fine, "task=Talk"],
        &["--config", "none.yaml", "entries", "list", "--from", "2026-03-01", "--to", "2026-03-31"],
    ] {
        all.push_str(&said(&world, args));
    }
    world.configure("locked_through: 2026-03-31\n");
    world.sync();
    all.push_str(&said(&world, &["entries", "add", "--staff", DANA, "--date", "2026-03-04", "--start", "09:00", "--end", "10:00"]));
    insta::assert_snapshot!("what_is_refused", all);
}

#[test]
fn what_is_wrong_with_a_configuration() {
    let world = World::new("kalends.db".to_owned());
    let mut all = String::new();
    for bad in [
        "databse: book.db\nfour_eyes: maybe\nlocked_through: yesterday\n",
        "database: postgres://book:secret@db/time\n",
        "database: a.db\ndatabase_file: b\n",
        "database_file: none\n",
        "rounding: {minutes: 15, to: sideways, every: day}\n",
        "rules:\n",
        "rules: [\n",
    ] {
        std::fs::write(world.path("kalends.yaml"), bad).expect("written");
        writeln!(all, "--- {}", bad.trim_end().replace('\n', "\n    ").replace("secret", "******")).expect("text");
        all.push_str(&said(&world, &["staff", "list"]));
    }
    assert!(!all.contains("secret"), "{all}");
    insta::assert_snapshot!("what_is_wrong_with_a_configuration", all);
}

#[test]
fn what_is_wrong_with_a_calendar_file() {
    let world = World::new("kalends.db".to_owned());
    let one = |lines: &str| format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    let files = [
        ("a web page", "<!DOCTYPE html><html>".to_owned()),
        ("nothing", String::new()),
        ("something else", "hello".to_owned()),
        ("cut off", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n".to_owned()),
        ("nested", format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:X\r\n".repeat(4_000))),
        ("crossed", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n".to_owned()),
        ("no start", one("SUMMARY:x")),
        ("no date", one("DTSTART:20261332T000000Z")),
        ("no zone", one("DTSTART;TZID=Middle Earth:20260302T090000")),
        ("every second", one("DTSTART:20260302T090000Z\r\nRRULE:FREQ=SECONDLY")),
        ("no rule", one("DTSTART:20260302T090000Z\r\nRRULE:FREQ=SOMETIMES")),
        ("no property", one("DTSTART:20260302T090000Z\r\nDTEND;TZID=Europe/Berlin")),
        ("date and time", one("DTSTART:20260302T090000Z\r\nDTEND;VALUE=DATE:20260303")),
        ("no duration", one("DTSTART:20260302T090000Z\r\nDURATION:1h")),
    ];
    let mut all = String::new();
    for (name, text) in files {
        std::fs::write(world.path("x.ics"), text).expect("written");
        writeln!(all, "--- {name}").expect("text");
        all.push_str(&said(&world, &["calendar", "preview", "x.ics", "--from", "2026-03-01", "--to", "2026-04-01", "--timezone", "UTC"]));
    }
    insta::assert_snapshot!("what_is_wrong_with_a_calendar_file", all);
}

const CLIENTS: &str = "clients:
  acme:
    name: Acme
    domains: [acme.example]
    projects:
      ACME-1: {name: One, billable: true}
      ACME-2: {name: Two, billable: true, tasks: [Design, Review]}
  globex:
    name: Globex
    projects:
      GBX-1: {name: Three, billable: true}
";

fn check(folder: &std::path::Path, name: &str, clients: &str, rules: &str, more: &str) -> String {
    for (file, text) in [("clients.yaml", clients), ("rules.yaml", rules), ("more.yaml", more)] {
        std::fs::write(folder.join(file), text).expect("written");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
    let out = command.args(["rules", "check", "--rules", "."]).current_dir(folder).output().expect("it runs");
    told(&format!("--- {name}"), &out, "./")
}

/// A rule in a file that is otherwise right.
fn rule(body: &str) -> String {
    format!("sections: [a, b]\nrules:\n  - id: one\n    section: a\n    {body}\n")
}

#[test]
fn what_is_wrong_with_rule_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let of_rules = [
        ("unknown key", rule("when: {titel: {words: [x]}}\n    set: {client: acme}")),
        ("wrong type", rule("when: {recurring: sometimes}\n    set: {client: acme}")),
        ("unknown word", rule("when: {my_response: [acepted]}\n    set: {client: acme}")),
        ("missing key", "sections: [a]\nrules:\n  - {id: one, set: {client: acme}}\n  - {section: a, set: {client: acme}}\n".to_owned()),
        ("duplicate key", rule("when: {recurring: true}\n    when: {recurring: false}\n    set: {client: acme}")),
        ("duplicate id", format!("{}  - {{id: one, section: b, set: {{client: acme}}}}\n", rule("set: {client: acme}"))),
        ("unknown section", rule("set: {client: acme}").replace("section: a", "section: aa")),
        ("duplicate section", rule("set: {client: acme}").replace("[a, b]", "[a, b, a]")),
        ("unknown client", rule("set: {client: acmee}")),
        ("unknown project", rule("set: {project: ACME-3}")),
        ("project of another", rule("set: {client: acme, project: GBX-1}")),
        ("unknown task", rule("set: {project: ACME-2, task: Desing}")),
        ("unknown rule", rule("over: two\n    set: {client: acme}")),
        ("bad pattern", rule("when: {title: {regex: '(open'}}\n    set: {client: acme}")),
        ("pattern that matches everything", rule("when: {title: {regex: 'x*'}}\n    set: {client: acme}")),
        ("nothing gives it", rule("when: {title: {regex: '(?<who>\\w+)'}}\n    set: {task: '${whom}'}")),
        ("code without codes", rule("when: {client_domain: {in: attendees}}\n    set: {project: '${code}'}")),
        ("rest as a task", rule("when: {project_code: {in: title}}\n    set: {task: '${rest}'}")),
        ("never closed", rule("set: {task: '${word'}")),
        ("no effect", rule("when: {recurring: true}")),
        ("empty set", rule("set: {}")),
        ("skip and set", rule("skip: no\n    set: {client: acme}")),
        ("no duration", rule("when: {duration: {min: long}}\n    set: {client: acme}")),
        ("min above max", rule("when: {attendees: {min: 5, max: 2}}\n    set: {client: acme}")),
        ("no time", rule("when: {time: {outside: nine to five}}\n    set: {client: acme}")),
        ("no weekday", rule("when: {weekday: [mon, noday]}\n    set: {client: acme}")),
        ("unknown place", rule("when: {project_code: {in: [titel]}}\n    set: {project: '${code}'}")),
        ("asks for nothing", rule("when: {title: {}, attendees: {}}\n    set: {client: acme}")),
        ("empty list", rule("when: {calendar: []}\n    set: {client: acme}")),
        ("too deep", rule("when: {not: {not: {not: {not: {not: {not: {recurring: true}}}}}}}\n    set: {client: acme}")),
        ("read before set", rule("when: {client: acme}\n    set: {task: x}")),
        ("shares", rule("split: [{client: acme, share: 60}, {client: globex, share: 30}]")),
        ("split beside client", rule("set: {client: acme}\n    split: [{client: acme, share: 60}, {client: globex, share: 40}]")),
        ("ends before it begins", rule("from: 2026-03-01\n    until: 2026-02-01\n    set: {client: acme}")),
        ("no hours", rule("hours: all\n    when: {all_day: true}")),
        ("unknown zone", format!("timezone: Europe/Berln\n{}", rule("set: {client: acme}"))),
        ("unknown version", format!("version: 2\n{}", rule("set: {client: acme}"))),
        ("own domain", format!("our_domains: [acme.example]\n{}", rule("set: {client: acme}"))),
        ("reserved reason", "suspicious:\n  - {id: overlap, text: x, when: {recurring: true}}\n".to_owned()),
        ("no reason", "suspicious:\n  - {id: Too Long, when: {duration: {min: 10h}}}\n".to_owned()),
        ("holds everything", "suspicious:\n  - {id: all, text: x, when: {}}\n".to_owned()),
        ("two questions", "suspicious:\n  - {id: full, when: {day_total: {min: 10h}, recurring: true}}\n".to_owned()),
        ("a test of nothing", format!("{}tests:\n  - {{name: t, event: {{title: x}}, expect: {{}}}}\n", rule("set: {client: acme}"))),
        (
            "a test of what cannot be",
            format!(
                "{}tests:\n  - name: t\n    event: {{title: x, start: noon}}\n    expect: {{cleint: acme, outcome: entri, reason: unmached, by: {{client: oen}}}}\n",
                rule("set: {client: acme}")
            ),
        ),
        ("alias", "sections: &s [a]\nrules: []\n".to_owned()),
        ("second document", "sections: [a]\n---\nsections: [b]\n".to_owned()),
        ("tab", "sections: [a]\nrules:\n\t- {id: one}\n".to_owned()),
        ("not YAML", "sections: [a\nrules: []\n".to_owned()),
        ("no value", "sections:\nrules: []\n".to_owned()),
        ("byte order mark", format!("\u{feff}{}", rule("set: {client: acmee}"))),
    ];
    let mut all = String::new();
    for (name, rules) in of_rules {
        all.push_str(&check(folder.path(), name, CLIENTS, &rules, "rules: []\n"));
    }
    all.push_str(&check(
        folder.path(),
        "header elsewhere",
        CLIENTS,
        &rule("set: {client: acme}"),
        "sections: [c]\nour_domains: [x.example]\n",
    ));
    let broken = "rules:\n  - {id: two, section: a, set: {client: nobody}}\n";
    all.push_str(&check(
        folder.path(),
        "several files at once",
        &CLIENTS.replace("name: Globex", "nmae: Globex"),
        &rule("set: {cilent: acme}"),
        broken,
    ));
    insta::assert_snapshot!("what_is_wrong_with_rule_files", all);
}

#[test]
fn what_is_wrong_with_a_catalog() {
    let folder = tempfile::tempdir().expect("a folder");
    let right = rule("set: {client: acme}");
    let of_clients = [
        ("code twice", CLIENTS.replace("GBX-1", "acme-1")),
        ("name twice", CLIENTS.replace("name: Globex", "name: Globex\n    aliases: [acme]")),
        ("free mail", CLIENTS.replace("[acme.example]", "[gmail.com]")),
        ("no domain", CLIENTS.replace("[acme.example]", "[tom@acme.example]")),
        ("no address", CLIENTS.replace("name: Globex", "name: Globex\n    addresses: [globex.example]")),
        ("reused key", CLIENTS.replace("name: Globex", "name: Globex\n    was: acme")),
        (
            "ends before it begins",
            CLIENTS.replace("{name: One, billable: true}", "{name: One, billable: true, from: 2026-02-01, until: 2026-01-01}"),
        ),
        ("wrong flag", CLIENTS.replace("{name: One, billable: true}", "{name: One, billable: yes}")),
        ("wrong kind", CLIENTS.replace("{name: One, billable: true}", "{name: One, billable: true, kind: deliveries}")),
        ("unknown field", format!("required: [client, projct]\n{CLIENTS}")),
    ];
    let mut all = String::new();
    for (name, clients) in of_clients {
        all.push_str(&check(folder.path(), name, &clients, &right, "rules: []\n"));
    }
    insta::assert_snapshot!("what_is_wrong_with_a_catalog", all);
}

#[test]
fn a_test_that_fails_is_told_field_by_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let tests = "tests:\n  - name: two fields are off\n    event: {title: Call}\n    expect: {client: globex, task: Talk, outcome: exception, reason: unmatched, by: {client: other}}\n";
    std::fs::write(folder.path().join("clients.yaml"), CLIENTS).expect("written");
    let rules = format!("{}  - {{id: other, section: b, set: {{tags: x}}}}\n{tests}", rule("set: {client: acme, project: ACME-1}"));
    std::fs::write(folder.path().join("rules.yaml"), rules).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
    let out = command.args(["rules", "test", "--rules", "."]).current_dir(folder.path()).output().expect("it runs");
    insta::assert_snapshot!(told("$ kalends rules test", &out, "./"));
}
