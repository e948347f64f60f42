//! Who may import whom. A line that breaks this table is in the wrong room.

use std::{fs, path::Path};

/// A room and those it may name besides the model, the clock and the reading of files people write.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("yaml", &[]),
    ("rules", &[]),
    ("drafting", &[]),
    ("calendar", &[]),
    ("store", &[]),
    ("grants", &["calendar", "store"]),
    ("capture", &["calendar", "store"]),
    ("settling", &["rules", "drafting", "store"]),
    ("review", &["settling", "store"]),
    ("daemon", &["calendar", "grants", "capture", "rules", "drafting", "settling", "store", "review"]),
    ("web", &["calendar", "grants", "capture", "rules", "drafting", "settling", "store", "review"]),
    ("cli", &["calendar", "grants", "capture", "rules", "drafting", "settling", "store", "review", "daemon", "web"]),
];
/// Crates with a room of their own.
const CRATES: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("clap", &["cli"]),
    ("reqwest", &["calendar"]),
    ("oauth2", &["grants"]),
    ("axum", &["web"]),
    ("lettre", &["daemon"]),
    ("icalendar", &["calendar"]),
    ("rrule", &["calendar"]),
    ("serde_yaml", &["yaml", "rules", "settling"]),
];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).expect("readable")));
        }
    }
}

/// The rooms a file names outside its tests: after `crate::`, and at the top level of `use crate::{…}`.
fn named(text: &str) -> Vec<&'static str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            names.extend(top_level(list));
        } else {
            names.push(word(rest));
        }
    }
    ROOMS.iter().map(|(room, _)| *room).filter(|room| names.contains(room)).collect()
}

fn word(text: &str) -> &str {
    text.split(|char: char| !char.is_alphanumeric() && char != '_').next().unwrap_or_default()
}

/// The first word of each item of a list in braces.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut words) = (0, 0, Vec::new());
    for (at, char) in list.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => {
                words.push(word(list[start..at].trim_start()));
                return words;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                words.push(word(list[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    words
}

#[test]
fn the_reading_of_imports_sees_every_form() {
    assert_eq!(named("use crate::store::Tx;"), ["store"]);
    assert_eq!(named("use crate::{\n    model::{day::Zones, ids},\n    rules::{self, RuleSet},\n};"), ["model", "rules"]);
    assert_eq!(named("let x = crate::settling::scene();"), ["settling"]);
    assert!(named("use crate::{app::App};\n#[cfg(test)]\nuse crate::store::Tx;").is_empty());
}

#[test]
fn every_room_imports_only_what_the_design_allows() {
    for (room, allowed) in ROOMS {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut files);
        for (file, text) in files.iter().filter(|(file, _)| !file.ends_with("tests.rs")) {
            for other in named(text).into_iter().filter(|other| other != room && !["model", "yaml"].contains(other)) {
                assert!(allowed.contains(&other), "{file} is in {room} and names {other}");
            }
            assert!(*room != "model" || !text.contains("crate::yaml"), "{file}: the model imports nothing of ours");
            for (name, rooms) in CRATES {
                assert!(rooms.contains(room) || !text.contains(&format!("{name}::")), "{file} names {name}");
            }
        }
    }
}
