//! Files laid out evenly: indents, spaces, quotes and the breaking of long lines. What they say stays, comments too.

use std::{collections::HashMap, ops::Range};

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_yaml::Value;

use super::{
    diagnostic::{Diagnostic, Source},
    gate,
    reindent::reindented,
};

const COLUMNS_MAX: usize = 180;
/// The second one changes what little the first moved.
const PASSES_MAX: usize = 4;

/// Why a file cannot be laid out: it would say something else then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// Where, in bytes.
    pub(crate) at: usize,
    /// And what to do.
    pub(crate) why: &'static str,
}

/// The file as it ought to look, or why it stays as it is.
///
/// # Errors
/// What stands in the way of reading it.
pub(crate) fn laid_out(source: &Source) -> Result<Result<String, Stuck>, Vec<Diagnostic>> {
    let (_, findings) = gate::pass(source);
    if !findings.is_empty() {
        return Err(findings);
    }
    if source.text.trim().is_empty() {
        return Ok(Ok(source.text.to_string()));
    }
    let text = settled(&source.text);
    Ok(if says_the_same(&source.text, &text) { Ok(text) } else { Err(stuck(&source.text, &text)) })
}

/// Laid out until nothing changes any more: where a comment stands decides what it belongs to, and layout moves it.
fn settled(before: &str) -> String {
    let mut text = reindented(before);
    for _ in 0..PASSES_MAX {
        let next = with_gaps(before, &pretty_yaml::format_text(&text, &options()).unwrap_or_default());
        if next == text {
            break;
        }
        text = next;
    }
    text
}

/// What Kalends writes, as it ought to look.
pub(crate) fn even(text: String) -> String {
    match laid_out(&Source::new("", &text)) {
        Ok(Ok(even)) => even,
        _ => text,
    }
}

fn options() -> FormatOptions {
    let language = LanguageOptions { brace_spacing: false, trailing_comma: false, ..LanguageOptions::default() };
    FormatOptions { layout: LayoutOptions { print_width: COLUMNS_MAX, ..LayoutOptions::default() }, language }
}

/// Whether layout leaves a character where it is.
fn is_kept(char: char) -> bool {
    !char.is_whitespace() && !"\"',".contains(char)
}

/// With as much room before comments as they had: people line them up.
fn with_gaps(before: &str, after: &str) -> String {
    // Each `#` behind spaces, by how many characters that are kept stand before it.
    let mut gaps: HashMap<usize, usize> = HashMap::new();
    let (mut kept, mut spaces) = (0, 0);
    for char in before.chars() {
        if char == '#' && spaces > 1 {
            gaps.insert(kept, spaces);
        }
        spaces = if char == ' ' { spaces + 1 } else { 0 };
        kept += usize::from(is_kept(char));
    }
    let (mut text, mut kept) = (String::with_capacity(before.len()), 0);
    for char in after.chars() {
        let is_behind = text.ends_with(' ') && !text.trim_end_matches(' ').ends_with('\n');
        if let Some(gap) = gaps.get(&kept).filter(|_| char == '#' && is_behind) {
            text.truncate(text.trim_end_matches(' ').len());
            text.extend(std::iter::repeat_n(' ', *gap));
        }
        text.push(char);
        kept += usize::from(is_kept(char));
    }
    text
}

/// Equal values, and every character but those of layout where it was: so no comment is lost.
fn says_the_same(before: &str, after: &str) -> bool {
    let value = |text: &str| serde_yaml::from_str::<Value>(text).ok();
    let bare = |text: &str| text.chars().filter(|char| is_kept(*char)).collect::<String>();
    value(before).is_some_and(|before| Some(before) == value(after)) && bare(before) == bare(after)
}

/// The first text that would change, or else the first character that would go.
fn stuck(before: &str, after: &str) -> Stuck {
    let changed = texts(before).into_iter().zip(texts(after)).find(|((one, ..), (other, ..))| one != other);
    if let Some(((_, style, span), _)) = changed {
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return Stuck { at: span.start, why: "this text would change: write it on one line, in quotes" };
        }
        let text = before.get(span.clone()).unwrap_or_default();
        let end = text.split_inclusive('\n').scan(0, |end, line| Some((std::mem::replace(end, *end + line.len()), line)));
        let mut ends = end.map(|(start, line)| (start + line.trim_end().len(), line.trim_end_matches('\n'))).zip(text.lines());
        let spaces = ends.find_map(|((at, _), line)| line.ends_with([' ', '\t']).then_some(at));
        return match spaces {
            Some(at) => Stuck {
                at: span.start + at,
                why: "the spaces at the end of this line would go: take them away, or write the text in double quotes",
            },
            None => {
                Stuck { at: span.start, why: "the empty lines behind this text would go: write it in double quotes, with `\\n` for each" }
            }
        };
    }
    let mut left = after.chars().filter(|char| is_kept(*char));
    let gone = before.char_indices().filter(|(_, char)| is_kept(*char)).find(|(_, char)| left.next() != Some(*char));
    match gone {
        Some((at, '?')) => Stuck { at, why: "the `?` before this key would go: write the key without it, as `key: value`" },
        Some((at, _)) => Stuck { at, why: "this would go: write it in another way" },
        None => Stuck { at: before.len(), why: "something would come behind this: end the file here" },
    }
}

/// Texts and keys in the order of the file, each with its style and place.
fn texts(text: &str) -> Vec<(String, ScalarStyle, Range<usize>)> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let read = |(event, span): (Event<'_>, Span)| match event {
        Event::Scalar(value, style, ..) => Some((value.into_owned(), style, at(span.start.index())..at(span.end.index()))),
        _ => None,
    };
    Parser::new_from_str(text).map_while(Result::ok).filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_mended_and_nothing_else() {
        let text = "# first\nrules:\n- { id: a,   when: {title: {regex: '^\\d+ #1'}} }   # last\n\n\n\n- id:   b\n  review: 'who''s?'\n";
        let out = laid_out(&Source::new("a.yaml", text)).expect("it can be read").expect("laid out");
        assert_eq!(out, "# first\nrules:\n  - {id: a, when: {title: {regex: '^\\d+ #1'}}}   # last\n\n  - id: b\n    review: 'who''s?'\n");
        assert_eq!(laid_out(&Source::new("a.yaml", &out)).expect("it can be read").as_deref(), Ok(out.as_str()));
    }

    #[test]
    fn what_cannot_be_laid_out_is_said_where_it_stands() {
        let stuck = |text: &str| {
            let source = Source::new("a.yaml", text);
            let stuck = laid_out(&source).expect("it can be read").expect_err("stuck");
            (source.position(stuck.at), stuck.why.split([' ', ':']).nth(1).expect("words"))
        };
        assert_eq!(stuck("b: é\na: |\n  x\n  y  \n  z\n"), ((4, 4), "spaces"));
        assert_eq!(stuck("a: |-\n  x\n   \n  y \n"), ((3, 1), "spaces"));
        assert_eq!(stuck("a: |+\n  x\n\n\nb: c\n"), ((2, 3), "empty"));
        assert_eq!(stuck("a:\n  ? b\n  : c\n"), ((2, 3), "`?`"));
    }

    #[test]
    fn what_would_read_otherwise_is_told_apart() {
        assert!(says_the_same("a: 'x'  # why\n", "a: \"x\" # why\n"));
        for other in ["a: x\n", "a: y # why\n", "a: x # wh\n", "b: x # why\n", "a: [x] # why\n", "a: {\n"] {
            assert!(!says_the_same("a: x # why\n", other), "{other}");
        }
    }
}
