//! Where a file stops being YAML: what was probably meant, in words for whoever typed it, and the place where the slip is, which often is
//! a line above the one at which a parser gives up.

/// Where reading stopped.
pub(super) struct Stop<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// In the parser's words.
    pub(super) info: &'a str,
    /// Whether a bracket is open there.
    pub(super) in_brackets: bool,
}

/// What was probably meant, and where it stands.
pub(super) type Slip = (usize, String);

/// A line with the place where it begins.
#[derive(Clone, Copy)]
struct Line<'a> {
    at: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn is_empty(self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }

    /// What it says behind its blanks and dashes, and how far to the right that begins.
    fn content(self) -> (usize, &'a str) {
        let content = self.text.trim_start_matches([' ', '-']);
        let dashed = self.text.len() - content.len();
        // A dash that nothing sets apart is part of what it says.
        let cut = if dashed > 0 && self.text[..dashed].ends_with('-') { dashed - 1 } else { dashed };
        (cut, self.text[cut..].trim_end())
    }

    fn find(self, part: &str) -> Option<usize> {
        self.text.find(part).map(|found| self.at + found)
    }
}

impl<'a> Stop<'a> {
    pub(super) fn slip(&self) -> Option<Slip> {
        let told = |words: &str| self.info.contains(words);
        let here = |label: &str| Some((self.at, label.to_owned()));
        let rest = &self.text[self.at..];
        let before = self.line_here().text.get(..self.at - self.line_here().at).unwrap_or_default().trim_end();
        self.merge().or_else(|| self.odd_blank()).or_else(|| self.tab()).or_else(|| match rest.chars().next() {
            _ if told("escape") => here("in double quotes a backslash begins an escape: use single quotes, where it stays as it is"),
            _ if told("quoted scalar") && told("end of") => here("these quotes are not closed"),
            Some('*') => here(ALIAS),
            _ if told("unknown anchor") => here(ALIAS),
            _ if before.ends_with('*') => Some((self.line_here().at + before.len() - 1, ALIAS.to_owned())),
            _ if told("trailing content") || (told("expected") && before.ends_with(['\'', '"'])) => {
                here("the quotes end before this: put all of the text in them, and write a quote inside single quotes twice")
            }
            Some('@' | '`' | '%') => here("text that begins with this character goes in single quotes"),
            Some('}' | ']') if !self.in_brackets => here("this bracket closes nothing: take it away"),
            _ if told("expected") && before.ends_with(']') => here("`[…]` is a list: put text that begins with `[` in single quotes"),
            Some(':') if self.in_brackets => self.comma(before).or_else(|| told("mapping values").then(|| (self.at, KEY.to_owned()))),
            _ if told("simple key") => self.colon(),
            _ if told("mapping values") => self.dash().or_else(|| self.too_far()).or_else(|| here(KEY)),
            _ if told("',' or") => self.comment().or_else(|| rest.starts_with(['\n', '\r']).then(|| (self.at, UNCLOSED.to_owned()))),
            _ if told("expected key") || told("block collection") || told("expected '-'") => here(UNEVEN),
            _ => None,
        })
    }

    fn lines(&self) -> impl DoubleEndedIterator<Item = Line<'a>> {
        let text = self.text;
        text.split_inclusive('\n')
            .map(move |line| Line { at: line.as_ptr() as usize - text.as_ptr() as usize, text: line.trim_end_matches(['\n', '\r']) })
    }

    fn line_here(&self) -> Line<'a> {
        self.lines().take_while(|line| line.at <= self.at).last().unwrap_or(Line { at: 0, text: "" })
    }

    /// The last line above that says something.
    fn line_above(&self) -> Option<Line<'a>> {
        let here = self.line_here();
        self.lines().take_while(|line| line.at < here.at).filter(|line| !line.is_empty()).last()
    }

    fn merge(&self) -> Option<Slip> {
        let left = self.lines().find(|line| ["<<<<<<< ", "======="].iter().any(|mark| line.text.starts_with(mark)))?;
        Some((
            left.at,
            "a merge was not finished here: keep one side, and take the lines that begin with <<<<<<<, ======= and >>>>>>> away".to_owned(),
        ))
    }

    /// Blanks that look like spaces and are none, as they come with text from pages and word processors.
    fn odd_blank(&self) -> Option<Slip> {
        let lines = self.line_above().into_iter().chain([self.line_here()]);
        let indents = lines.filter_map(|line| {
            let is_odd = |char: char| char.is_whitespace() && !matches!(char, ' ' | '\t');
            let indent = line.text.len() - line.text.trim_start_matches(|char: char| char.is_whitespace() || char == '-').len();
            line.text[..indent].char_indices().find(|(_, char)| is_odd(*char)).map(|(at, char)| (line.at + at, char))
        });
        indents.map(|(at, char)| (at, odd(char))).next()
    }

    fn tab(&self) -> Option<Slip> {
        let told = |words: &str| self.info.contains(words);
        let here = self.line_here();
        match () {
            () if told("valid YAML whitespace") => here.find(":\t").map(|at| (at + 1, "a tab stands here: write a space".to_owned())),
            () if told("tab") || told("Tab") => {
                let tab = self.text[self.at..].find('\t').map_or(self.at, |tab| self.at + tab);
                Some((tab, "a tab stands here: indent with spaces".to_owned()))
            }
            () => None,
        }
    }

    /// The line above was to be a key.
    fn colon(&self) -> Option<Slip> {
        let line = self.line_above()?;
        let (column, content) = line.content();
        let word = content.split([' ', ':']).next().unwrap_or_default();
        let is_glued = content[word.len()..].starts_with(':');
        let label = if is_glued { "write a space behind this colon".to_owned() } else { format!("a colon is missing behind `{word}`") };
        Some((line.at + column + word.len(), label))
    }

    /// `-id: a` above.
    fn dash(&self) -> Option<Slip> {
        let line = self.line_above()?;
        let dash = line.text.len() - line.text.trim_start().len();
        let is_glued = line.text[dash..].strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        is_glued.then(|| (line.at + dash, "write a space behind this dash".to_owned()))
    }

    /// A key that begins further right than that of the line above, which has a value already.
    fn too_far(&self) -> Option<Slip> {
        let (here, above) = (self.line_here(), self.line_above()?);
        let ((column, content), (column_above, content_above)) = (here.content(), above.content());
        let key = content_above.split_once(": ").filter(|(_, value)| !value.trim().is_empty())?.0;
        let is_first = self.at == here.at + column + content.find(':')?;
        (is_first && column > column_above)
            .then(|| (here.at + column, format!("this begins further right than `{key}` above: line them up")))
    }

    /// Two keys of one pair of braces with nothing between them.
    fn comma(&self, before: &str) -> Option<Slip> {
        let pair = before.rsplit(['{', ',', '[']).next()?;
        let (value, key) = pair.split_once(": ")?.1.rsplit_once(' ')?;
        let at = self.at - key.len();
        (!value.trim().is_empty()).then(|| (at, format!("a comma is missing before `{key}`")))
    }

    /// What was to be text is a comment, and so is the bracket that closes.
    fn comment(&self) -> Option<Slip> {
        let lines = [Some(self.line_here()), self.line_above()].into_iter().flatten();
        let hidden = lines
            .filter_map(|line| line.find(" #"))
            .find(|at| self.text[*at..].split('\n').next().is_some_and(|rest| rest.contains(['}', ']'])))?;
        Some((hidden + 1, "` #` begins a comment, which hides the rest of this line: put text that has it in single quotes".to_owned()))
    }
}

/// What is said of a blank that is none.
pub(super) fn odd(char: char) -> String {
    format!("this blank is no space but U+{:04X}: type a space", u32::from(char))
}

const ALIAS: &str = "`*` begins an alias here: put text that begins with it in single quotes";
const KEY: &str = "a `: ` makes a key of what stands before it: put the text in single quotes";
const UNCLOSED: &str = "a bracket was opened and not closed";
const UNEVEN: &str = "this line begins further left or right than those it belongs to: line it up with them";
