//! What is safe to show on a terminal: titles are written by whoever sends an invitation, and a terminal obeys what it reads.

use std::{borrow::Cow, fmt::Write as _};

/// A text whose control characters are written out, as JSON writes them: in a string of JSON they stay what they are.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut chars) = (String::with_capacity(text.len()), text.chars().peekable());
    while let Some(char) = chars.next() {
        let ends_line = char == '\r' && chars.peek() == Some(&'\n');
        if is_obeyed(char) && !ends_line {
            // Writing to a string does not fail.
            let _done = write!(shown, "\\u{:04x}", u32::from(char));
        } else {
            shown.push(char);
        }
    }
    Cow::Owned(shown)
}

/// Controls but line ends and tabs; and what turns the direction of everything after it.
fn is_obeyed(char: char) -> bool {
    let turns = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (char.is_control() && !matches!(char, '\n' | '\t'))
}
