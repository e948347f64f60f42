//! Patterns of `regex:` rules: checked when the files are read, compiled when a title first needs them.

use std::sync::OnceLock;

use regex::{Match, Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::{
    lexicon::{Lexicon, WordId},
    plain::{Plain, plain_pattern},
    reader::Scan,
};

/// Bytes a compiled pattern may take.
const BYTES_MAX: usize = 1 << 20;
/// A pattern of so few steps is far below that; a longer one is compiled at once, to be sure.
const STEPS_SURE: usize = 4_000;

/// A pattern, in any case.
#[derive(Debug)]
pub(super) struct Pattern {
    written: Compiled,
    /// With apostrophes and hyphens as they are typed, where it has others.
    typed: Option<Compiled>,
    names: Vec<String>,
    needs: Option<Vec<WordId>>,
}

#[derive(Debug)]
struct Compiled {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

/// Where a pattern and its named groups matched, in bytes of the text as it was.
pub(super) struct Fit {
    pub(super) whole: (usize, usize),
    pub(super) groups: Vec<(String, (usize, usize))>,
}

impl Pattern {
    /// What it cannot do without becomes part of the lexicon.
    ///
    /// # Errors
    /// Why it is no pattern.
    pub(super) fn new(text: &str, lexicon: &mut Lexicon) -> Result<Self, String> {
        let read = |any_case: bool| {
            let read = regex_syntax::ParserBuilder::new().case_insensitive(any_case).build().parse(text);
            read.map_err(|error| error.to_string())
        };
        let (exact, folded) = (read(false)?, read(true)?);
        let written = Compiled::new(Plain::composed(text).text.into_owned());
        let typed = Some(plain_pattern(text)).filter(|typed| *typed != written.text).map(Compiled::new);
        let mut pattern = Self { written, typed, names: Vec::new(), needs: None };
        pattern.needs = needs(&exact).map(|texts| texts.iter().map(|text| lexicon.add(text)).collect());
        names(&exact, &mut pattern.names);
        if steps(&folded) > STEPS_SURE {
            pattern.written.regex = compile(text).map(|regex| OnceLock::from(Some(regex))).map_err(|error| error.to_string())?;
        }
        Ok(pattern)
    }

    /// Matches as it stands, or with apostrophes and hyphens on both sides as they are typed. Nothing is compiled where a text lacks what
    /// the pattern cannot do without.
    pub(super) fn fit(&self, scan: &Scan<'_>) -> Option<Fit> {
        if self.needs.as_ref().is_some_and(|needs| !scan.has_part(needs)) {
            return None;
        }
        let text = Plain::composed(scan.text);
        self.fit_of(&self.written, &text).or_else(|| {
            let plain = Plain::new(scan.text);
            let differs = self.typed.is_some() || plain.text != text.text;
            differs.then(|| self.fit_of(self.typed.as_ref().unwrap_or(&self.written), &plain)).flatten()
        })
    }

    fn fit_of(&self, pattern: &Compiled, plain: &Plain<'_>) -> Option<Fit> {
        let captures = pattern.regex()?.captures(&plain.text)?;
        let span = |part: Match<'_>| plain.span((part.start(), part.end()));
        let groups = self.names.iter().filter_map(|name| Some((name.clone(), span(captures.name(name)?))));
        Some(Fit { whole: span(captures.get(0)?), groups: groups.collect() })
    }

    /// Its named groups.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Texts of which one stands in everything that it fits; none where there are no such.
    pub(super) fn needs(&self) -> Option<&[WordId]> {
        self.needs.as_deref()
    }
}

impl Compiled {
    fn new(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(BYTES_MAX).build()
}

/// Groups that have a name.
pub(super) fn names(hir: &Hir, found: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            found.extend(capture.name.as_ref().map(ToString::to_string));
            names(&capture.sub, found);
        }
        HirKind::Repetition(repetition) => names(&repetition.sub, found),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| names(part, found)),
        _ => {}
    }
}

/// About how large it becomes: repetitions are written out, and a class counts by its ranges.
fn steps(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => 2 * class.ranges().len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Capture(capture) => 2 + steps(&capture.sub),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min + 1).max(1) as usize;
            steps(&repetition.sub).saturating_mul(times).saturating_add(1)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(steps).fold(1, usize::saturating_add),
    }
}

/// The longest text that must be there, or several of which one must. A space may be any white space and says too little alone.
fn needs(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok().filter(|text| text.trim().len() > 1)?;
            Some(vec![text.trim().to_owned()])
        }
        HirKind::Capture(capture) => needs(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needs(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(needs).max_by_key(|texts| texts.iter().map(String::len).min()),
        HirKind::Alternation(parts) => parts.iter().map(needs).collect::<Option<Vec<_>>>().map(|each| each.concat()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_there_is_known_where_something_must() {
        let needs = |text: &str| needs(&regex_syntax::parse(text).expect("a pattern"));
        assert_eq!(needs(r"^interview:?\s*(?<who>\w+)"), Some(vec!["interview".to_owned()]));
        assert_eq!(needs(r"\b(sprint|retro)\b \d+"), Some(vec!["sprint".to_owned(), "retro".to_owned()]));
        assert_eq!((needs("a?"), needs(r"\w+ \d"), needs("(abc|x)"), needs("[Kk]elly")), (None, None, None, Some(vec!["elly".to_owned()])));
    }

    #[test]
    fn a_pattern_that_grows_too_large_is_refused_though_it_is_compiled_late() {
        for (text, fits) in [
            (r"\w{2}", true),
            (r"\w{20}", true),
            (".{1000}", true),
            (r"\pL{3}", true),
            (r"\w{5000}", false),
            (r"(\w{50}){50}", false),
            ("(?:[a-z]{100}){900}", false),
            (&"x".repeat(999), true),
        ] {
            let read = Pattern::new(text, &mut Lexicon::default());
            assert_eq!(read.is_ok(), fits, "{text}");
            assert_eq!(read.is_ok_and(|pattern| pattern.written.regex().is_some()), fits, "{text}");
        }
    }
}
