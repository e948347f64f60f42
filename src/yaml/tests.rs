//! What the gate refuses, and how it says so.

use serde::Deserialize;

use super::{diagnostic::Source, read};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct House {
    #[serde(default)]
    rooms: Vec<Room>,
    #[serde(default)]
    floors: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Room {
    name: String,
    #[serde(default)]
    warm: bool,
}

fn codes(text: &str) -> Vec<(&'static str, usize, usize)> {
    let source = Source::new("house.yaml", text);
    let findings = read::<House>(&source).map(drop).expect_err("findings");
    findings.iter().map(|finding| (finding.code.as_str(), finding.position(&source).0, finding.position(&source).1)).collect()
}

#[test]
fn a_good_file_is_read_with_its_positions() {
    let source = Source::new("house.yaml", "\u{feff}rooms:\n  - name: hall\n    warm: true\n");
    let (house, positions) = read::<House>(&source).expect("a house");
    assert_eq!((house.rooms[0].name.as_str(), house.rooms[0].warm, house.floors), ("hall", true, 0));
    assert_eq!(positions.value("rooms[0].name"), 17..21);
}

#[test]
fn every_problem_is_reported_at_once_where_it_stands() {
    let found = codes("rooms:\n  - nmae: hall\n    warm: no\nfloors: many\n");
    assert_eq!(found, [("Y008", 2, 5), ("Y010", 3, 11), ("Y010", 4, 9)]);
}

#[test]
fn a_broken_element_hides_none_of_those_after_it() {
    let found = codes("rooms:\n  - {warm: true}\n  - {name: hall}\n  - {warm: false}\n  - {name: loft, warm: hot}\n");
    assert_eq!(found, [("Y009", 2, 5), ("Y009", 4, 5), ("Y010", 5, 24)]);
}

#[test]
fn a_key_without_a_value_is_no_empty_list() {
    assert_eq!(codes("rooms:\nfloors: 2\n"), [("Y007", 1, 1)]);
    assert_eq!(codes("rooms: ~\n"), [("Y007", 1, 1)]);
    assert!(read::<House>(&Source::new("house.yaml", "# nothing yet\n")).is_ok());
}

#[test]
fn equal_keys_are_shown_at_both_places() {
    let text = "floors: 1\nrooms: []\nfloors: 2\n";
    assert_eq!(codes(text), [("Y006", 3, 1)]);
    let source = Source::new("house.yaml", text);
    let drawn = read::<House>(&source).expect_err("findings")[0].draw(&source, super::diagnostic::Paint::Plain);
    assert!(drawn.contains("first here") && drawn.contains("house.yaml:3:1"), "{drawn}");
}

#[test]
fn aliases_second_documents_tabs_and_depth_are_refused() {
    assert_eq!(codes("rooms: &a []\n")[0].0, "Y004");
    assert_eq!(codes("floors: 1\n---\nfloors: 2\n")[0].0, "Y005");
    assert_eq!(codes("rooms:\n\t- name: x\n")[0].0, "Y001");
    assert!(matches!(codes(&"[".repeat(100_000))[0].0, "Y003" | "Y001"));
}

#[test]
fn a_near_miss_names_what_was_meant() {
    let source = Source::new("house.yaml", "flors: 1\n");
    assert_eq!(read::<House>(&source).expect_err("findings")[0].label, "did you mean `floors`?");
}

#[test]
fn common_slips_are_told_where_they_are() {
    let slip = |text: &str| {
        let source = Source::new("house.yaml", text);
        let found = read::<House>(&source).map(drop).expect_err("findings");
        let (line, column) = found[0].position(&source);
        (line, column, found[0].label.clone())
    };
    let cases = [
        ("rooms:\n  - name: hall\n    warm:true\nfloors: 2\n", (3, 9), "a space behind this colon"),
        ("rooms:\n  - name: hall\n    warm true\nfloors: 2\n", (3, 9), "a colon is missing behind `warm`"),
        ("rooms:\n  - name: hall\n      warm: true\n", (3, 7), "further right than `name` above"),
        ("rooms:\n  -name: hall\n    warm: true\n", (2, 3), "a space behind this dash"),
        ("rooms:\n  - name: hall\n\u{a0}   warm: true\n", (3, 1), "U+00A0"),
        ("rooms:\n  - name: hall\n\u{a0}   warm: true\n    name: x\n", (3, 1), "U+00A0"),
        ("rooms:\n<<<<<<< HEAD\n  - name: hall\n=======\n  - name: loft\n>>>>>>> branch\n", (2, 1), "a merge was not finished"),
        ("rooms:\n  - {name: *}\n", (2, 12), "`*` begins an alias"),
        ("rooms:\n  - {name: hall}}\n", (2, 17), "closes nothing"),
        ("rooms:\n  - {name: hall #12}\n", (2, 17), "begins a comment"),
        ("rooms:\n  - {name: hall warm: true}\n", (2, 17), "a comma is missing before `warm`"),
        ("rooms:\n  - name: \"hall\n", (2, 11), "not closed"),
        ("rooms:\n  - name:\thall\n", (2, 10), "a tab"),
    ];
    for (text, at, label) in cases {
        let (line, column, told) = slip(text);
        assert!((line, column) == at && told.contains(label), "{text}\n{line}:{column} {told}");
    }
}
