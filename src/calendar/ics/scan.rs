//! Looks at the raw bytes of a calendar file before any parser does, and cuts it into events.
//!
//! `icalendar` overflows the stack on nested components and refuses a whole file for one bad line; so nesting and sizes are checked
//! here, and each VEVENT is handed on alone, with the line it began on. No meaning is read here.

/// Bounds on what a calendar file may ask of us (SEMANTICS S25).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
    pub(crate) events: usize,
    /// Bytes of one unfolded line; a longer description is cut, any other line breaks its event.
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

/// Why a file is not read at all. Nothing in the book changes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the file is empty; export the calendar again")]
    Empty,
    #[error("this is a web page, not a calendar; the address probably asks for a sign-in")]
    WebPage,
    #[error("this is not a calendar: it does not begin with BEGIN:VCALENDAR")]
    NotACalendar,
    #[error("the calendar is cut off: END:VCALENDAR is missing after line {line}")]
    Truncated { line: usize },
    #[error("line {line} ends a {found} where a {open} is open")]
    Unbalanced { line: usize, open: String, found: String },
    #[error("line {line}: components are nested more than {limit} deep")]
    TooDeep { line: usize, limit: usize },
    #[error("the file has more than {limit} {what}")]
    TooLarge { limit: usize, what: &'static str },
}

/// One VEVENT: its own unfolded lines, without nested alarms.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Component {
    /// Where BEGIN:VEVENT stands, from 1.
    pub(crate) line: usize,
    pub(crate) lines: Vec<String>,
    /// The first line over the limit that could not be cut.
    pub(crate) too_long: Option<usize>,
}

/// A file cut into events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) events: Vec<Component>,
    /// Properties of the calendar itself.
    pub(crate) header: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// Cuts a file into events.
pub(crate) fn scan(bytes: &[u8], limits: &Limits) -> Result<Scanned, Refused> {
    if bytes.len() > limits.bytes {
        return Err(Refused::TooLarge { limit: limits.bytes, what: "bytes" });
    }
    // RFC 5545 §3.1 allows no control characters in text, and PostgreSQL keeps no NUL; one is dropped wherever it stands.
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    let text = text.trim_start_matches('\u{feff}').trim_start();
    check_beginning(text)?;
    let mut scanner = Scanner { limits, open: Vec::new(), done: false, scanned: Scanned::default() };
    let mut last = 0;
    for (number, line) in Unfolded::new(text) {
        last = number;
        if number > limits.lines {
            return Err(Refused::TooLarge { limit: limits.lines, what: "lines" });
        }
        scanner.take(number, line)?;
    }
    if scanner.done && scanner.open.is_empty() { Ok(scanner.scanned) } else { Err(Refused::Truncated { line: last }) }
}

fn check_beginning(text: &str) -> Result<(), Refused> {
    let starts = |with: &str| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    match () {
        () if text.is_empty() => Err(Refused::Empty),
        () if starts("<!doctype") || starts("<html") || starts("<?xml") || starts("<head") => Err(Refused::WebPage),
        () if !starts("BEGIN:VCALENDAR") => Err(Refused::NotACalendar),
        () => Ok(()),
    }
}

struct Scanner<'a> {
    limits: &'a Limits,
    open: Vec<String>,
    done: bool,
    scanned: Scanned,
}

impl Scanner<'_> {
    fn take(&mut self, number: usize, line: String) -> Result<(), Refused> {
        let upper = line.get(..6).unwrap_or(&line).to_ascii_uppercase();
        if upper == "BEGIN:" {
            return self.begin(number, line[6..].trim().to_ascii_uppercase());
        }
        if upper.starts_with("END:") {
            return self.end(number, &line[4..].trim().to_ascii_uppercase());
        }
        match self.open.as_slice() {
            [_] => self.scanned.header.push(line),
            [_, event] if event == "VEVENT" => self.property(number, line),
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, line: usize, name: String) -> Result<(), Refused> {
        if self.open.len() == self.limits.nesting {
            return Err(Refused::TooDeep { line, limit: self.limits.nesting });
        }
        if self.open.len() == 1 && name == "VEVENT" {
            if self.scanned.events.len() == self.limits.events {
                return Err(Refused::TooLarge { limit: self.limits.events, what: "events" });
            }
            self.scanned.events.push(Component { line, ..Component::default() });
        }
        self.open.push(name);
        Ok(())
    }

    fn end(&mut self, line: usize, found: &str) -> Result<(), Refused> {
        match self.open.pop() {
            Some(open) if open == found => {
                self.done |= self.open.is_empty();
                Ok(())
            }
            open => Err(Refused::Unbalanced { line, open: open.unwrap_or_else(|| "calendar".into()), found: found.to_owned() }),
        }
    }

    fn property(&mut self, number: usize, mut line: String) {
        let Some(event) = self.scanned.events.last_mut() else { return };
        if line.len() > self.limits.line_bytes {
            if line.get(..11).is_some_and(|head| head.eq_ignore_ascii_case("DESCRIPTION")) {
                line.truncate(line.floor_char_boundary(self.limits.line_bytes));
                self.scanned
                    .notes
                    .push(format!("line {number}: the description is longer than {} bytes and was cut", self.limits.line_bytes));
            } else {
                event.too_long.get_or_insert(number);
                return;
            }
        }
        event.lines.push(line);
    }
}

/// RFC 5545 §3.1: a line that begins with a space or tab continues the one before. Any line ending is accepted.
struct Unfolded<'a> {
    rest: std::iter::Peekable<std::iter::Enumerate<std::str::Split<'a, char>>>,
}

impl<'a> Unfolded<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.split('\n').enumerate().peekable() }
    }
}

impl Iterator for Unfolded<'_> {
    type Item = (usize, String);

    fn next(&mut self) -> Option<Self::Item> {
        let (index, first) = self.rest.find(|(_, line)| !line.trim().is_empty())?;
        let mut line = first.trim_end_matches('\r').to_owned();
        while let Some((_, next)) = self.rest.next_if(|(_, next)| next.starts_with([' ', '\t'])) {
            line.push_str(next[1..].trim_end_matches('\r'));
        }
        Some((index + 1, line))
    }
}
