//! Commands as a person types them.

use std::process::{Command, Output};

fn kalends(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes files into a folder of their own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
    BEGIN:VEVENT\r\nUID:weekly\r\nSUMMARY:Acme weekly\r\nDTSTART;TZID=Europe/Berlin:20260323T090000\r\nDTEND;TZID=Europe/Berlin:20260323T100000\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:weekly\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260330T090000\r\nSEQUENCE:1\r\nSTATUS:CANCELLED\r\nSUMMARY:Acme weekly\r\nDTSTART;TZID=Europe/Berlin:20260330T090000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:fair\r\nSUMMARY:Trade fair\r\nTRANSP:TRANSPARENT\r\nDTSTART;VALUE=DATE:20260324\r\nDTEND;VALUE=DATE:20260326\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:broken\r\nSUMMARY:Never\r\nDTSTART:soon\r\nEND:VEVENT\r\n\
    END:VCALENDAR\r\n";

fn preview(format: &str, file: &str) -> Output {
    kalends(&["calendar", "preview", file, "--from", "2026-03-23", "--to", "2026-04-01", "--timezone", "Europe/Berlin", "--format", format])
}

#[test]
fn preview_prints_the_good_events_and_tells_of_the_broken_one() {
    let folder = folder(&[("work.ics", CALENDAR)]);
    let file = folder.path().join("work.ics");
    let out = preview("table", &file.display().to_string());
    assert_eq!(out.status.code(), Some(3));
    insta::assert_snapshot!(text(&out.stdout), @"
     date            time         title        status
     Mon 2026-03-23  09:00-10:00  Acme weekly  confirmed
     Mon 2026-03-30  09:00-10:00  Acme weekly  cancelled
     Tue 2026-03-24  all day      Trade fair   confirmed
    3 occurrences, times in Europe/Berlin
    ");
    let told = text(&out.stderr).replace(&file.display().to_string(), "work.ics");
    insta::assert_snapshot!(told, @"bad-event: work.ics: line 26: DTSTART `soon` is not a date or time");
}

#[test]
fn preview_as_json_has_the_documented_fields() {
    let folder = folder(&[("work.ics", CALENDAR)]);
    let out = preview("json", &folder.path().join("work.ics").display().to_string());
    let events: Vec<serde_json::Value> = serde_json::from_slice(&out.stdout).expect("an array");
    let fair = events.iter().find(|event| event["uid"] == "fair").expect("the fair");
    let expected = serde_json::json!({
        "uid": "fair", "start": "2026-03-24", "end": "2026-03-26", "all_day": true, "status": "confirmed",
        "transparency": "transparent", "title": "Trade fair", "original_start": null,
    });
    assert_eq!(*fair, expected);
}

#[test]
fn what_is_not_a_calendar_fails_with_one_clear_line() {
    let folder = folder(&[
        ("page.ics", "<!DOCTYPE html>"),
        ("empty.ics", ""),
        ("cut.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n"),
        ("deep.ics", &"BEGIN:A\n".repeat(3000).replacen('A', "VCALENDAR", 1)),
    ]);
    for (name, why) in [
        ("page.ics", "web page"),
        ("empty.ics", "empty"),
        ("cut.ics", "cut off"),
        ("deep.ics", "nested more than 8 deep"),
        ("gone.ics", "cannot read"),
    ] {
        let out = preview("table", &folder.path().join(name).display().to_string());
        let told = text(&out.stderr);
        assert!(out.status.code() == Some(1) && told.contains(why) && told.lines().count() == 1, "{name}: {told}");
    }
}

#[test]
fn the_shipped_rules_have_no_findings_and_pass_their_own_tests() {
    for command in ["check", "test"] {
        let out = kalends(&["rules", command]);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    }
}

#[test]
fn the_demo_shows_hours_drafts_and_questions_and_writes_nothing_the_second_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = || Command::new(env!("CARGO_BIN_EXE_kalends")).arg("demo").current_dir(folder.path()).output().expect("it runs");
    let first = text(&demo().stdout);
    let parts = ["Hours per client", "Drafts of the week", "Exceptions by reason", "One of them explained", "Try next"];
    let asked =
        ["unknown-code", "unmatched", "missing-field", "closed-project", "duplicate", "overlap", "day-too-full", "internal-billable"];
    let also = ["low-confidence", "private", "review", "tentative", "too-long", "unknown-guest", "while-away"];
    for part in parts.iter().chain(&asked).chain(&also) {
        assert!(first.contains(part), "{part} is missing:\n{first}");
    }
    assert!(first.lines().all(|line| line.chars().count() <= 80 || line.contains("target/")), "{first}");
    let second = text(&demo().stdout);
    assert!(second.contains("this run wrote 0 entries and 0 exceptions"), "{second}");
}

#[test]
fn explain_names_the_rule_its_place_and_the_words() {
    let folder = folder(&[("event.json", r#"{"title": "[ACME-15] kickoff with Globex", "attendees": ["omar@globex.example"]}"#)]);
    let run = |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder.path()).output().expect("it runs");
    assert!(run(&["init", "."]).status.success());
    insta::assert_snapshot!(text(&run(&["rules", "explain", "--event", "event.json"]).stdout));
}
