//! Lists that begin in the column of their key, moved in by two. Written so, it cannot be seen whether a comment behind the list belongs
//! to its last element or to the next key; moved in, its column says it.

use std::ops::Range;

use saphyr_parser::{Event, Parser};

/// A collection that is open while the file is read.
struct Open {
    /// Its column, if it is a mapping without brackets.
    column: Option<usize>,
    has_brackets: bool,
    /// The line in which a list begins that stands in the column of its key.
    list: Option<usize>,
}

/// The same file with its lists further in than their keys.
pub(super) fn reindented(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut shifts = vec![0; lines.len()];
    for list in lists(text) {
        let column = indent(lines[list.start]);
        let comments = lines[list.end..].iter().take_while(|line| is_of(line, column)).count();
        shifts[list.start..list.end + comments].iter_mut().for_each(|shift| *shift += 2);
    }
    let moved = |(line, shift): (&&str, &usize)| if line.trim().is_empty() { (*line).to_owned() } else { " ".repeat(*shift) + line };
    lines.iter().zip(&shifts).map(moved).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a line behind a list is a comment on its last element.
fn is_of(line: &str, column: usize) -> bool {
    line.trim_start().starts_with('#') && indent(line) > column
}

/// The lines of every list that begins in the column of its key.
fn lists(text: &str) -> Vec<Range<usize>> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let line = |byte: usize| ends.partition_point(|end| *end < byte);
    let column = |byte: usize| byte - text[..byte].rfind('\n').map_or(0, |end| end + 1);
    let (mut open, mut found, mut last): (Vec<Open>, Vec<Range<usize>>, usize) = (Vec::new(), Vec::new(), 0);
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        let Range { start, end } = at(span.start.index())..at(span.end.index());
        let has_brackets = text[start..].starts_with(['[', '{']);
        match event {
            Event::MappingStart(..) => {
                open.push(Open { column: (!has_brackets).then(|| column(start)), has_brackets, list: None });
            }
            Event::SequenceStart(..) => {
                // What comes next is the first dash; the parser says where its element begins.
                let dash = behind_key(text, last).filter(|_| !has_brackets);
                let is_in_column = |dash: &usize| open.last().is_some_and(|outer| outer.column == Some(column(*dash)));
                let begins = dash.filter(is_in_column).map(line);
                open.push(Open { column: None, has_brackets, list: begins });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let closed = open.pop();
                if closed.as_ref().is_some_and(|closed| closed.has_brackets) {
                    last = last.max(end);
                }
                found.extend(closed.and_then(|closed| closed.list).map(|start| start..line(last.saturating_sub(1)) + 1));
            }
            // What a text ends with may be the lines behind it.
            Event::Scalar(..) => last = last.max(start + text[start..end].trim_end().len()),
            _ => {}
        }
    }
    found
}

/// Where a value begins that stands below its key, which ends before a byte.
fn behind_key(text: &str, end: usize) -> Option<usize> {
    let mut at = end + text[end..].len() - text[end..].trim_start_matches([' ', '\t']).len();
    at += text[at..].strip_prefix(':').map(|_| 1)?;
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if !text[at..].starts_with('#') {
            return text[at..].starts_with('-').then_some(at);
        }
        at += text[at..].find('\n')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_the_column_of_their_key_move_in_with_their_comments() {
        for (before, after) in [
            ("a:\n- x\n# of b\nb: y\n", "a:\n  - x\n# of b\nb: y\n"),
            ("a:\n- x\n # of x\n\n# of b\nb: y\n", "a:\n  - x\n   # of x\n\n# of b\nb: y\n"),
            ("a:\n  - x\nb:\n- y:\n  - z\n# of c\nc: 1\n", "a:\n  - x\nb:\n  - y:\n      - z\n# of c\nc: 1\n"),
            ("# é\na:\n- |\n  x\n\n  y\n\n# of c\nc: [\n- 1]\n", "# é\na:\n  - |\n    x\n\n    y\n\n# of c\nc: [\n- 1]\n"),
            ("a: # why\n# of x\n- b: 1\n  c: 1\n- [2,\n  3]\n", "a: # why\n# of x\n  - b: 1\n    c: 1\n  - [2,\n    3]\n"),
        ] {
            assert_eq!(reindented(before), after);
        }
    }
}
