//! Files of any layout that people write: laid out they say the same, are laid out for good, and every comment stays with what it is about.

use std::fmt::Write as _;

use serde_yaml::Value;

use super::{diagnostic::Source, layout::laid_out};

/// Writes one file by a seed. Every key and text is another one, so that it is known again.
struct Writer {
    seed: u64,
    number: usize,
    text: String,
}

impl Writer {
    /// A number below another one (xorshift).
    fn below(&mut self, limit: u64) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from((self.seed >> 11) % limit).unwrap_or_default()
    }

    fn next(&mut self) -> usize {
        self.number += 1;
        self.number
    }

    /// What may stand above a line: an empty one, and a comment in its column.
    fn above(&mut self, column: usize) {
        if self.below(6) == 0 {
            self.text.push('\n');
        }
        if self.below(4) == 0 {
            let number = self.next();
            writeln!(self.text, "{}# over {number}", " ".repeat(column)).expect("text");
        }
    }

    /// The end of a line, with a comment on it or none.
    fn end(&mut self) {
        if self.below(4) == 0 {
            let (gap, number) = (self.below(4) + 1, self.next());
            write!(self.text, "{}# beside {number}", " ".repeat(gap)).expect("text");
        }
        self.text.push('\n');
    }

    /// A value on the rest of this line, or on lines below it, for a key or dash in a column.
    fn value(&mut self, column: usize, depth: usize) {
        match if depth == 0 { 0 } else { self.below(7) } {
            0..=2 => self.scalar(column),
            3 => self.flow(column),
            4 | 5 => {
                self.end();
                let further = self.below(3) * 2;
                self.list(column + further, depth - 1);
            }
            _ => {
                self.end();
                let further = self.below(3) + 1;
                self.map(column + further, depth - 1);
            }
        }
    }

    fn scalar(&mut self, column: usize) {
        let number = self.next();
        let pad = " ".repeat(column + 2);
        match self.below(6) {
            0 => write!(self.text, " 'v{number}  #no'").expect("text"),
            1 => write!(self.text, " \"v{number}\"").expect("text"),
            2 => return writeln!(self.text, " |\n{pad}v{number} # no\n\n{pad}  more").expect("text"),
            3 => return writeln!(self.text, " >-\n{pad}v{number}\n{pad}more").expect("text"),
            _ => write!(self.text, " v{number}").expect("text"),
        }
        self.end();
    }

    fn flow(&mut self, column: usize) {
        let (one, two, three) = (self.next(), self.next(), self.next());
        let breaks = if self.below(3) == 0 { format!("\n{}", " ".repeat(column + 3)) } else { " ".repeat(self.below(2)) };
        write!(self.text, " [v{one},{breaks}{{ k{two}:  v{three} }}]").expect("text");
        self.end();
    }

    fn list(&mut self, column: usize, depth: usize) {
        for _ in 0..=self.below(3) {
            self.above(column);
            write!(self.text, "{}-", " ".repeat(column)).expect("text");
            if depth > 0 && self.below(2) == 0 {
                let number = self.next();
                write!(self.text, " k{number}:").expect("text");
                self.value(column + 2, depth - 1);
                if self.below(2) == 0 {
                    self.map(column + 2, depth - 1);
                }
            } else {
                self.value(column, 0);
            }
        }
    }

    fn map(&mut self, column: usize, depth: usize) {
        for _ in 0..=self.below(3) {
            self.above(column);
            let number = self.next();
            write!(self.text, "{}k{number}:", " ".repeat(column)).expect("text");
            self.value(column, depth);
        }
    }
}

/// Each comment of its own line with the line it stands over; each comment beside something with what that is.
fn comments(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let words = |line: &str| {
        line.split(|char: char| !char.is_alphanumeric()).filter(|word| word.starts_with(['k', 'v'])).map(str::to_owned).collect::<Vec<_>>()
    };
    let of = |(at, line): (usize, &&str)| {
        if let Some(comment) = line.trim_start().strip_prefix("# over ") {
            let about = lines[at..].iter().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
            let indent = |line: &str| line.len() - line.trim_start().len();
            let place = if indent(line) == indent(about) { "over" } else { "askew over" };
            return Some((comment.to_owned(), format!("{place} {}", words(about).first()?)));
        }
        let (before, comment) = line.split_once("# beside ")?;
        Some((comment.to_owned(), format!("beside {}", words(before).last()?)))
    };
    lines.iter().enumerate().filter_map(of).collect()
}

fn even(text: &str) -> String {
    laid_out(&Source::new("a.yaml", text))
        .unwrap_or_else(|_| panic!("it cannot be read:\n{text}"))
        .unwrap_or_else(|stuck| panic!("{stuck:?}:\n{text}"))
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, cases: 300, ..Default::default() })]

    #[test]
    fn layout_is_for_good_and_comments_stay_with_what_they_are_about(seed in 1_u64..) {
        let mut writer = Writer { seed, number: 0, text: String::new() };
        writer.map(0, 4);
        let text = writer.text;
        let out = even(&text);
        let value = |text: &str| serde_yaml::from_str::<Value>(text).expect("YAML");
        assert_eq!(value(&text), value(&out), "\n{text}\n---\n{out}");
        assert_eq!(comments(&text), comments(&out), "\n{text}\n---\n{out}");
        let again = even(&out);
        assert_eq!(again, out, "\n{text}");
    }
}
