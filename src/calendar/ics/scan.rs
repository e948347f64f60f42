//! Looks at the raw bytes of a calendar file before any parser does, and says where its events lie.
//!
//! `icalendar` overflows the stack on nested components and refuses a whole file for one bad line; so nesting and sizes are checked
//! here, and each VEVENT is handed on alone, with the line it began on. Lines are unfolded as bytes, since a fold may cut a character.
//! No meaning is read here.

use std::ops::Range;

use super::{charset, line};

/// Bounds on what a calendar file may ask of us (SEMANTICS S25).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
    pub(crate) events: usize,
    /// Bytes of one unfolded line; a longer description is cut, any other that is read breaks its event.
    pub(crate) line_bytes: usize,
    pub(crate) nesting: usize,
    /// Occurrences of one series.
    pub(crate) occurrences: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, lines: 1_000_000, events: 200_000, line_bytes: 64 << 10, nesting: 8, occurrences: 5_000 }
    }
}

/// What gzip files begin with (RFC 1952 §2.3.1).
pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];

/// Why a file is not read at all. Nothing in the book changes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the file is empty; export the calendar again")]
    Empty,
    #[error("this is a web page, not a calendar; the address probably asks for a sign-in")]
    WebPage,
    #[error("this is data for programs (JSON), not a calendar; copy the address that ends in .ics, or the one that calendars subscribe to")]
    Json,
    #[error("this is packed; unpack it, and take the .ics file that is in it")]
    Packed,
    #[error("this is not a calendar: it does not begin with BEGIN:VCALENDAR")]
    NotACalendar,
    #[error("this is UTF-16, and calendars are UTF-8 (RFC 5545 §3.1.4); save it as UTF-8")]
    Utf16,
    #[error("line {line}: this is vCalendar 1.0, which came before iCalendar; export it as iCalendar 2.0")]
    Version { line: usize },
    #[error("the calendar is cut off: END:VCALENDAR is missing after line {line}")]
    Truncated { line: usize },
    #[error("line {line} ends a {found} where a {open} is open")]
    Unbalanced { line: usize, open: String, found: String },
    #[error("line {line}: components are nested more than {limit} deep")]
    TooDeep { line: usize, limit: usize },
    #[error("the file has more than {limit} {what}")]
    TooLarge { limit: usize, what: &'static str },
}

/// One VEVENT or VTIMEZONE: where its own lines lie, without BEGIN and END.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Component {
    /// Where its BEGIN stands, from 1.
    pub(crate) line: usize,
    /// Bytes of the file; nested components are in it, and are left out when it is read, or not.
    bytes: Range<usize>,
    /// What is wrong with it as a whole, and on which line.
    pub(crate) odd: Option<(usize, Oddity)>,
}

/// Why an event is not handed to a parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Oddity {
    #[error("is longer than we read")]
    LongLine,
    #[error("begins another event inside this one")]
    EventInside,
}

/// One VCALENDAR.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// Its own properties, unfolded.
    pub(crate) header: Vec<String>,
    pub(crate) zones: Vec<Component>,
    pub(crate) events: Vec<Component>,
}

/// A file cut into calendars.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) calendars: Vec<Calendar>,
    pub(crate) notes: Vec<String>,
}

/// Cuts a file into calendars and events.
pub(crate) fn scan(bytes: &[u8], limits: &Limits) -> Result<Scanned, Refused> {
    if bytes.len() > limits.bytes {
        return Err(Refused::TooLarge { limit: limits.bytes, what: "bytes" });
    }
    check_beginning(bytes)?;
    let mut scanner = Scanner { limits, open: Vec::new(), events: 0, scanned: Scanned::default() };
    let mut last = 0;
    for line in Lines::of(bytes) {
        let line_end = line.end;
        last = line.number;
        if line.number > limits.lines {
            return Err(Refused::TooLarge { limit: limits.lines, what: "lines" });
        }
        match scanner.take(bytes, &line) {
            // The end of the file stands where its name is being written.
            Err(Refused::Unbalanced { line, open, found }) if line_end == bytes.len() && open.starts_with(&found) => {
                return Err(Refused::Truncated { line });
            }
            taken => taken?,
        }
    }
    if let Some(line) = foreign(bytes, limits) {
        scanner.scanned.notes.push(format!("line {line}: this is not UTF-8; such lines were read as Windows-1252"));
    }
    if scanner.open.is_empty() && !scanner.scanned.calendars.is_empty() {
        Ok(scanner.scanned)
    } else {
        Err(Refused::Truncated { line: last })
    }
}

/// The first line that is of an old code page.
fn foreign(bytes: &[u8], limits: &Limits) -> Option<usize> {
    // A fold may cut a character, so that the bytes as they stand prove nothing but that all is well.
    std::str::from_utf8(bytes).err()?;
    let is_foreign = |line: &Line| charset::is_foreign(&joined(&bytes[line.bytes.clone()], limits.line_bytes));
    Lines::of(bytes).find(is_foreign).map(|line| line.number)
}

fn check_beginning(bytes: &[u8]) -> Result<(), Refused> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Refused::Utf16);
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    let starts = |with: &str| bytes.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()));
    match () {
        () if bytes.is_empty() => Err(Refused::Empty),
        () if starts("<") => Err(Refused::WebPage),
        () if starts("{") || starts("[") => Err(Refused::Json),
        () if bytes.starts_with(GZIP) || bytes.starts_with(b"PK\x03\x04") => Err(Refused::Packed),
        () if !starts("BEGIN:VCALENDAR") => Err(Refused::NotACalendar),
        () => Ok(()),
    }
}

struct Scanner<'a> {
    limits: &'a Limits,
    open: Vec<String>,
    events: usize,
    scanned: Scanned,
}

impl Scanner<'_> {
    fn take(&mut self, bytes: &[u8], line: &Line) -> Result<(), Refused> {
        let text = &bytes[line.bytes.clone()];
        let is = |with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()));
        let name = |from: usize| String::from_utf8_lossy(&text[from..]).trim().to_ascii_uppercase();
        if is("BEGIN:") {
            return self.begin(line, name(6));
        }
        if is("END:") {
            return self.end(line, &name(4));
        }
        let Some(calendar) = self.scanned.calendars.last_mut() else { return Ok(()) };
        match self.open.as_slice() {
            [_] => {
                let whole = unfolded(text, self.limits.line_bytes);
                if whole.to_ascii_uppercase().trim_end() == "VERSION:1.0" {
                    return Err(Refused::Version { line: line.number });
                }
                calendar.header.push(whole);
            }
            [_, event] if event == "VEVENT" && text.len() > self.limits.line_bytes => self.long(text, line.number),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, line: &Line, name: String) -> Result<(), Refused> {
        if self.open.len() == self.limits.nesting {
            return Err(Refused::TooDeep { line: line.number, limit: self.limits.nesting });
        }
        if self.open.is_empty() {
            self.scanned.calendars.push(Calendar::default());
        }
        if name == "VEVENT" && self.open.iter().any(|open| open == "VEVENT") {
            self.mark(line.number, Oddity::EventInside);
        }
        let new = Component { line: line.number, bytes: line.end..line.end, odd: None };
        if let ([_], Some(calendar)) = (self.open.as_slice(), self.scanned.calendars.last_mut()) {
            match name.as_str() {
                "VEVENT" => {
                    self.events += 1;
                    if self.events > self.limits.events {
                        return Err(Refused::TooLarge { limit: self.limits.events, what: "events" });
                    }
                    calendar.events.push(new);
                }
                "VTIMEZONE" => calendar.zones.push(new),
                _ => {}
            }
        }
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self, line: &Line, found: &str) -> Result<(), Refused> {
        match self.open.pop() {
            Some(open) if open == found => {}
            // What stands after the last calendar is nobody's.
            None => return Ok(()),
            Some(open) => return Err(Refused::Unbalanced { line: line.number, open, found: found.to_owned() }),
        }
        if let ([_], Some(calendar)) = (self.open.as_slice(), self.scanned.calendars.last_mut()) {
            let ended = match found {
                "VEVENT" => calendar.events.last_mut(),
                "VTIMEZONE" => calendar.zones.last_mut(),
                _ => None,
            };
            if let Some(component) = ended {
                component.bytes.end = line.bytes.start;
            }
        }
        Ok(())
    }

    fn mark(&mut self, line: usize, oddity: Oddity) {
        if let Some(event) = self.scanned.calendars.last_mut().and_then(|calendar| calendar.events.last_mut()) {
            event.odd.get_or_insert((line, oddity));
        }
    }

    fn long(&mut self, text: &[u8], number: usize) {
        if !line::is_read(text) {
            // An attachment, or a picture: nobody misses it.
        } else if line::is(text, &["DESCRIPTION"]) {
            let limit = self.limits.line_bytes;
            self.scanned.notes.push(format!("line {number}: the description is longer than {limit} bytes and was cut"));
        } else {
            self.mark(number, Oddity::LongLine);
        }
    }
}

impl Component {
    /// Its unfolded lines; those of nested components only if `nested` says so.
    pub(crate) fn lines(&self, file: &[u8], limits: &Limits, nested: Nested) -> Vec<String> {
        let bytes = &file[self.bytes.clone()];
        let (mut depth, mut lines) = (0_usize, Vec::new());
        for line in Lines::of(bytes) {
            let text = &bytes[line.bytes];
            let is = |with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with.as_bytes()));
            let (begins, ends) = (is("BEGIN:"), is("END:"));
            depth += usize::from(begins);
            if depth == 0 || nested == Nested::Kept {
                lines.push(unfolded(text, limits.line_bytes));
            }
            depth = depth.saturating_sub(usize::from(ends));
        }
        lines
    }
}

/// What becomes of components inside a component: alarms of an event, seasons of a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nested {
    Kept,
    LeftOut,
}

/// One line with its folds.
struct Line {
    /// Where it begins, from 1.
    number: usize,
    bytes: Range<usize>,
    /// Where the next one begins.
    end: usize,
}

/// RFC 5545 §3.1: a line that begins with a space or tab continues the one before. Any line ending is accepted.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    number: usize,
    /// Line feeds, or carriage returns alone where there is no line feed at all.
    ending: u8,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let ending = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
        let at = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        Self { bytes, at, number: 0, ending }
    }

    /// The end of the physical line that begins somewhere.
    fn ends(&self, from: usize) -> usize {
        self.bytes[from..].iter().position(|byte| *byte == self.ending).map_or(self.bytes.len(), |length| from + length + 1)
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            if self.at >= self.bytes.len() {
                return None;
            }
            let start = self.at;
            let mut end = self.ends(start);
            self.number += 1;
            let number = self.number;
            if self.bytes[start..end].trim_ascii().is_empty() {
                self.at = end;
                continue;
            }
            while self.bytes.get(end).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                end = self.ends(end);
                self.number += 1;
            }
            self.at = end;
            let begin = start + self.bytes[start..end].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            return Some(Line { number, bytes: begin..end, end });
        }
    }
}

/// A line without its folds and its ending, at most so many bytes of it. RFC 5545 §3.1 allows no control characters in text, and
/// PostgreSQL keeps no NUL; one is dropped wherever it stands.
fn unfolded(folded: &[u8], limit: usize) -> String {
    charset::decoded(joined(folded, limit), limit)
}

fn joined(folded: &[u8], limit: usize) -> Vec<u8> {
    let mut whole: Vec<u8> = Vec::with_capacity(folded.len().min(limit));
    for part in folded.split(|byte| *byte == b'\n') {
        let part = part.strip_suffix(b"\r").unwrap_or(part);
        let part = if whole.is_empty() { part } else { part.get(1..).unwrap_or_default() };
        whole.extend(part.iter().filter(|byte| **byte != 0 && **byte != b'\r'));
        if whole.len() > limit {
            whole.truncate(limit);
            break;
        }
    }
    whole
}
