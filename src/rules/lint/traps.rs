//! Traps of YAML and of letters that look alike: what is read is not what was meant, and nobody sees it.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::Findings;
use crate::yaml::{
    block::is_invisible,
    code::{Code, Level},
    diagnostic::{Diagnostic, Source},
    positions::Positions,
};

pub(super) fn traps(source: &Source, positions: &Positions, found: &mut Findings) {
    // What an event says, however odd, is what some calendar said.
    let events = if positions.has_key("tests") { positions.value("tests") } else { 0..0 };
    let mut bytes: Vec<usize> = source.text.char_indices().map(|(at, _)| at).collect();
    bytes.push(source.text.len());
    let at = |index: usize| bytes.get(index).copied().unwrap_or(source.text.len());
    for (event, span) in Parser::new_from_str(&source.text).map_while(Result::ok) {
        if let Event::Scalar(value, style, ..) = event {
            let span = at(span.start.index())..at(span.end.index());
            let is_said = events.contains(&span.start);
            if let Some((level, message, label)) =
                cut(&source.text, &value, style, &span).or_else(|| odd(&value, style).filter(|_| !is_said))
            {
                found.push(source, Diagnostic { level, ..Diagnostic::new(Code::Trap, span, message, label) });
            }
        }
    }
}

/// How bad it is, what it is and what to do.
type Trap = (Level, String, String);

/// A text that ends where nobody meant it to.
fn cut(text: &str, value: &str, style: ScalarStyle, span: &Range<usize>) -> Option<Trap> {
    let rest = text.get(span.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let cut = rest.trim_start().strip_prefix('#').filter(|_| style == ScalarStyle::Plain && rest.starts_with([' ', '\t']))?;
    let cut = cut.starts_with(|char: char| char.is_alphanumeric()).then_some(cut)?;
    let word = cut.split_whitespace().next().unwrap_or_default();
    let label = format!("`#{word}` is a comment here: put the text in quotes, or write `# {word}` if it is one");
    Some((Level::Warning, format!("`{value}` is all that is read"), label))
}

/// A text with something in it that nobody sees.
fn odd(value: &str, style: ScalarStyle) -> Option<Trap> {
    let quoted = style == ScalarStyle::DoubleQuoted;
    if let Some(char) = value.chars().find(|char| char.is_control() && !matches!(char, '\n' | '\t' | '\r')).filter(|_| quoted) {
        let escape = if char == '\u{8}' { "\\b" } else { "a backslash" };
        let label = format!("in double quotes {escape} is a control character: use single quotes, where it stays as it is");
        return Some((Level::Error, "this text has an invisible character".to_owned(), label));
    }
    if let Some(char) = value.chars().find(|char| is_invisible(*char)) {
        let label = format!("U+{:04X} cannot be seen, and no title has it there: type the text anew", u32::from(char));
        return Some((Level::Warning, "this text has an invisible character".to_owned(), label));
    }
    let (word, odd, script) = value.split(|char: char| !char.is_alphabetic()).find_map(look_alike)?;
    let label = format!("`{odd}` is {script}: type the word anew");
    Some((Level::Warning, format!("`{word}` mixes letters that look alike"), label))
}

/// A word in Latin letters with a Greek or Cyrillic one among them.
fn look_alike(word: &str) -> Option<(&str, char, &'static str)> {
    let script = |char: char| match char {
        '\u{370}'..='\u{3ff}' => Some("Greek"),
        '\u{400}'..='\u{52f}' => Some("Cyrillic"),
        _ => None,
    };
    let latin = word.chars().any(|char| char.is_ascii_alphabetic());
    // Micro signs and such stand in words on purpose.
    let odd = word.chars().find(|char| script(*char).is_some() && *char != 'μ').filter(|_| latin)?;
    Some((word, odd, script(odd)?))
}
