//! What others wrote does nothing to a terminal.

use crate::support::{World, event};

/// A title that renames the window, clears the clipboard and turns what follows around.
const TITLE: &str = "Some\u{1b}]0;owned\u{7}thing \u{1b}]52;c;AAAA\u{7}\u{9b}8m \u{202e}back";

#[test]
fn control_characters_of_a_title_are_written_out() {
    let world = World::new("kalends.db".to_owned());
    world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", TITLE, "")]);
    world.sync();
    let id = world.entries()[0]["id"].as_str().expect("an id").to_owned();
    let asked = world.exceptions()[0]["id"].as_str().expect("an id").to_owned();
    let preview = ["calendar", "preview", "work.ics", "--from", "2026-03-01", "--to", "2026-03-31", "--timezone", "UTC"];
    for args in [
        vec!["rules", "explain", &id],
        preview.to_vec(),
        vec!["entries", "list", "--from", "2026-03-01", "--to", "2026-03-31"],
        vec!["exceptions", "show", &asked],
    ] {
        let told = world.run(&args).expect("told");
        assert!(!told.chars().any(|char| (char.is_control() && char != '\n') || char == '\u{202e}'), "{args:?}: {told:?}");
    }
    assert!(world.run(&preview).expect("told").contains("\\u001b]0;owned\\u0007thing"));
    let shown = world.json(&preview);
    assert_eq!(shown[0]["title"], TITLE, "programs read it as it is");
}
