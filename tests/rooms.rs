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
    ("capture", &["calendar", "store"]),
    ("settling", &["rules", "drafting", "store"]),
    ("review", &["settling", "store"]),
    ("cli", &["calendar", "capture", "rules", "drafting", "settling", "store", "review"]),
];
/// Crates with a room of their own.
const CRATES: &[(&str, &[&str])] = &[("sqlx", &["store"]), ("clap", &["cli"]), ("icalendar", &["calendar"]), ("rrule", &["calendar"])];

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

/// The rooms a file names: `crate::room` and the entries of `use crate::{…}`.
fn named(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    ROOMS
        .iter()
        .map(|(room, _)| *room)
        .filter(|room| {
            code.contains(&format!("crate::{room}::")) || code.contains(&format!("\n    {room}::")) && code.contains("use crate::{")
        })
        .collect()
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
