//! Stands before `serde_yaml`: refuses what it would take silently, and remembers where everything stands.
//!
//! `serde_yaml` lets the last of two equal keys win, expands aliases without bound, spends seconds on deep nesting and keeps no
//! positions. All of that is seen here first, in one pass over `saphyr-parser`'s events.

use std::{collections::HashMap, ops::Range};

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{
    code::Code,
    diagnostic::{Diagnostic, Source},
    positions::Positions,
    slips::{Stop, odd},
};

const BYTES_MAX: usize = 8 << 20;
const DEPTH_MAX: usize = 32;

/// A collection that is being read.
struct Open {
    path: String,
    /// Position in a sequence; none in a mapping.
    index: Option<usize>,
    /// The key whose value comes next.
    key: Option<String>,
    seen: HashMap<String, Range<usize>>,
}

/// Checks a file and maps its paths. Findings mean that it must not be read further.
pub(crate) fn pass(source: &Source) -> (Positions, Vec<Diagnostic>) {
    let mut walk = Walk { positions: Positions::default(), findings: Vec::new(), open: Vec::new(), documents: 0 };
    if source.text.len() > BYTES_MAX {
        walk.find(Code::TooLarge, 0..0, "the file is too large", format!("at most {BYTES_MAX} bytes are read"));
        return (walk.positions, walk.findings);
    }
    walk.positions.lines = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    // Positions come in characters, text is cut in bytes.
    let mut bytes: Vec<usize> = source.text.char_indices().map(|(at, _)| at).collect();
    bytes.push(source.text.len());
    let at = |index: usize| bytes.get(index).copied().unwrap_or(source.text.len());
    let is_stray = |char: &char| char.is_control() && !matches!(char, '\n' | '\r' | '\t' | '\u{85}');
    let is_lost = |char: &char| *char == char::REPLACEMENT_CHARACTER;
    if let Some((start, char)) = source.text.char_indices().find(|(_, char)| is_stray(char) || is_lost(char)) {
        let (message, label) = if is_lost(&char) {
            ("this is no UTF-8 text", "a character that is none stands here: save the file as UTF-8".to_owned())
        } else {
            ("a control character stands here", format!("U+{:04X} cannot be seen, and no file may have it: take it away", u32::from(char)))
        };
        walk.find(Code::Syntax, start..start + char.len_utf8(), message, label);
        return (walk.positions, walk.findings);
    }
    for event in Parser::new_from_str(&source.text) {
        match event {
            Ok((event, span)) => walk.take(&event, at(span.start.index())..at(span.end.index())),
            Err(error) => {
                if error.info().contains("ecursion") {
                    let start = at(error.marker().index());
                    walk.find(Code::NestedTooDeep, start..start + 1, "nested too deep", format!("at most {DEPTH_MAX} levels"));
                    break;
                }
                let bracket = walk.open_bracket(&source.text);
                let stop = Stop { text: &source.text, at: at(error.marker().index()), info: error.info(), in_brackets: bracket.is_some() };
                let slip = stop.slip();
                let bracket = bracket.filter(|_| slip.is_none());
                let also = bracket.map(|at| (at..at + 1, "opened here".to_owned()));
                let unclosed = bracket.map(|_| "the bracket before this is not closed".to_owned());
                let (start, label) = slip.unwrap_or_else(|| (stop.at, unclosed.unwrap_or_else(|| error.info().to_owned())));
                let end = start + source.text[start..].chars().next().map_or(1, char::len_utf8);
                if walk.findings.iter().all(|known| known.span.start != start) {
                    walk.findings.push(Diagnostic { also, ..Diagnostic::new(Code::Syntax, start..end, "this is not YAML", label) });
                }
                break;
            }
        }
        if walk.open.len() > DEPTH_MAX || walk.findings.len() > 100 {
            break;
        }
    }
    // A block ends where the next thing begins: what lies between is not its own.
    for span in walk.positions.values.values_mut() {
        let text = source.text.get(span.clone()).unwrap_or_default();
        span.end = span.start + text.trim_end().len().max(text.len().min(1));
    }
    (walk.positions, walk.findings)
}

struct Walk {
    positions: Positions,
    findings: Vec<Diagnostic>,
    open: Vec<Open>,
    documents: usize,
}

impl Walk {
    fn find(&mut self, code: Code, span: Range<usize>, message: &str, label: String) {
        self.findings.push(Diagnostic::new(code, span, message, label));
    }

    fn take(&mut self, event: &Event<'_>, span: Range<usize>) {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.find(
                        Code::SecondDocument,
                        span,
                        "a second document begins here",
                        "one file holds one document: split the file".into(),
                    );
                }
            }
            Event::Alias(_) => self.find(Code::Alias, span, "aliases are not allowed", "write the value out".into()),
            Event::Scalar(value, style, anchor, tag) => {
                self.anchor(*anchor, &span);
                self.positions.texts.push(span.clone());
                if tag.is_some() {
                    self.find(
                        Code::Syntax,
                        span,
                        "`!` begins a tag here, and tags are not allowed",
                        "put text that begins with `!` in single quotes".into(),
                    );
                    return self.skip(value);
                }
                self.scalar(value, *style == ScalarStyle::Plain, span);
            }
            Event::SequenceStart(anchor, _) => self.begin(*anchor, span, Some(0)),
            Event::MappingStart(anchor, _) => self.begin(*anchor, span, None),
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            _ => {}
        }
    }

    /// The innermost bracket that is still open.
    fn open_bracket(&self, text: &str) -> Option<usize> {
        let starts = self.open.iter().rev().filter_map(|open| self.positions.values.get(&open.path)).map(|span| span.start);
        starts.take(1).find(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(['{', '['])))
    }

    /// A key with nothing after it would become an empty list or text, and so go unnoticed.
    fn no_value(&mut self, span: &Range<usize>) {
        let open = self.open.last();
        let key = open.and_then(|open| open.key.as_ref().map(|key| (key.clone(), open.seen.get(key).cloned())));
        let (message, span) = match key {
            Some((key, at)) => (format!("`{key}` has no value"), at.unwrap_or_else(|| span.clone())),
            None => ("an element of a list has no value".to_owned(), span.clone()),
        };
        self.find(Code::NoValue, span, &message, "give it one, or take it away".into());
    }

    fn anchor(&mut self, anchor: usize, span: &Range<usize>) {
        if anchor != 0 {
            self.find(Code::Alias, span.clone(), "anchors are not allowed", "remove the `&name` before it".into());
        }
    }

    fn begin(&mut self, anchor: usize, span: Range<usize>, index: Option<usize>) {
        self.anchor(anchor, &span);
        let path = self.place(span.clone());
        if self.open.len() == DEPTH_MAX {
            self.find(Code::NestedTooDeep, span, "nested too deep", format!("at most {DEPTH_MAX} levels"));
        }
        self.open.push(Open { path, index, key: None, seen: HashMap::new() });
    }

    fn end(&mut self, span: Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        if let Some(value) = self.positions.values.get_mut(&open.path) {
            value.end = span.end.max(value.start);
        }
        self.next();
    }

    fn scalar(&mut self, value: &str, plain: bool, span: Range<usize>) {
        let is_key = self.open.last().is_some_and(|open| open.index.is_none() && open.key.is_none());
        if is_key {
            self.key(value, span);
        } else {
            if plain && !self.open.is_empty() && matches!(value, "" | "~" | "null") {
                self.no_value(&span);
            }
            self.place(span);
            self.next();
        }
    }

    /// Passes over a value or key of which enough was said.
    fn skip(&mut self, value: &str) {
        match self.open.last_mut() {
            Some(open) if open.index.is_none() && open.key.is_none() => open.key = Some(value.to_owned()),
            _ => self.next(),
        }
    }

    fn key(&mut self, key: &str, span: Range<usize>) {
        if let Some(blank) = key.chars().next().filter(|char| char.is_whitespace() && !char.is_ascii()) {
            self.find(Code::Syntax, span.start..span.start + blank.len_utf8(), "this is not YAML", odd(blank));
        }
        let Some(open) = self.open.last_mut() else { return };
        let path = if open.path.is_empty() { key.to_owned() } else { format!("{}.{key}", open.path) };
        open.key = Some(key.to_owned());
        let first = open.seen.insert(key.to_owned(), span.clone());
        if let Some(first) = first {
            let also = Some((first, "first here".to_owned()));
            let message = format!("the key `{key}` stands here twice");
            self.findings.push(Diagnostic { also, ..Diagnostic::new(Code::DuplicateKey, span.clone(), message, "remove or rename one") });
        }
        self.positions.keys.insert(path, span);
    }

    /// Notes where the coming value stands, and gives its path.
    fn place(&mut self, span: Range<usize>) -> String {
        let path = match self.open.last() {
            None => String::new(),
            Some(Open { path, index: Some(index), .. }) => format!("{path}[{index}]"),
            Some(Open { path, key, .. }) if path.is_empty() => key.clone().unwrap_or_default(),
            Some(Open { path, key, .. }) => format!("{path}.{}", key.as_deref().unwrap_or_default()),
        };
        self.positions.values.insert(path.clone(), span);
        path
    }

    /// A value is complete: the next key or element comes.
    fn next(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.key = None;
            open.index = open.index.map(|index| index + 1);
        }
    }
}
