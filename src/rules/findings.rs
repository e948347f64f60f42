//! What is wrong with rule files: collected while they are read, told all at once.

use std::ops::Range;

use crate::yaml::{
    code::{Code, Level},
    diagnostic::{Diagnostic, Source},
    positions::Positions,
};

/// Everything found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<(Source, Diagnostic)>);

impl Findings {
    /// Notes the findings of one file, and hands on what could be read of it.
    pub(super) fn keep<T>(&mut self, source: &Source, (read, found): (Option<T>, Vec<Diagnostic>)) -> Option<T> {
        self.0.extend(found.into_iter().map(|one| (source.clone(), one)));
        read
    }

    pub(super) fn push(&mut self, source: &Source, finding: Diagnostic) {
        self.0.push((source.clone(), finding));
    }

    /// Whether something was found that keeps the files from being taken.
    pub(super) fn have_errors(&self) -> bool {
        self.0.iter().any(|(_, finding)| finding.level == Level::Error)
    }

    /// Where a value could not be read, nothing is left around it: that is no finding of its own.
    fn drop_echoes(&mut self) {
        let unread: Vec<_> = self.unread().map(|(of, one)| (of.name.clone(), one.span.clone())).collect();
        self.0.retain(|(of, one)| {
            let holds =
                |(name, span): &(String, Range<usize>)| *name == of.name && one.span.start <= span.start && span.end <= one.span.end;
            !matches!(one.code, Code::NoEffect | Code::WrongValue) || !unread.iter().any(holds)
        });
    }

    fn unread(&self) -> impl Iterator<Item = &(Source, Diagnostic)> {
        self.0.iter().filter(|(_, one)| matches!(one.code, Code::UnknownKey | Code::MissingKey | Code::WrongType | Code::UnknownWord))
    }

    /// Whether something could not be read.
    pub(super) fn have_unread(&self) -> bool {
        self.unread().next().is_some()
    }

    /// Whether something inside a span could not be read.
    pub(super) fn hide_part_of(&self, source: &Source, span: &Range<usize>) -> bool {
        self.unread().any(|(of, one)| of.name == source.name && span.contains(&one.span.start))
    }

    /// In the order of the files, and in each of its lines.
    pub(super) fn into_vec(mut self) -> Vec<(Source, Diagnostic)> {
        self.drop_echoes();
        self.0.sort_by(|(one, a), (other, b)| (&one.name, a.span.start).cmp(&(&other.name, b.span.start)));
        self.0
    }
}

/// One place in one file, to complain about.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) source: &'a Source,
    pub(super) positions: &'a Positions,
    pub(super) path: &'a str,
}

impl Place<'_> {
    /// Where something below it stands.
    pub(super) fn span(&self, below: &str) -> Range<usize> {
        self.positions.value(&self.path_of(below))
    }

    fn path_of(&self, below: &str) -> String {
        match (self.path, below) {
            ("", below) => below.to_owned(),
            (path, "") => path.to_owned(),
            (path, below) => format!("{path}.{below}"),
        }
    }

    /// Says what is wrong with the value at a path below.
    pub(super) fn complain(&self, findings: &mut Findings, code: Code, below: &str, message: String, label: &str) {
        self.add(findings, code, self.span(below), message, label);
    }

    /// Says what is wrong with a key below.
    pub(super) fn complain_of_key(&self, findings: &mut Findings, code: Code, below: &str, message: String, label: &str) {
        self.add(findings, code, self.positions.key(&self.path_of(below)), message, label);
    }

    /// The same, at another level than is usual.
    pub(super) fn complain_at(&self, findings: &mut Findings, (code, level): (Code, Level), below: &str, message: String, label: &str) {
        findings.push(self.source, Diagnostic { level, ..Diagnostic::new(code, self.span(below), message, label) });
    }

    fn add(&self, findings: &mut Findings, code: Code, span: Range<usize>, message: String, label: &str) {
        findings.push(self.source, Diagnostic::new(code, span, message, label));
    }
}

/// The name that was probably meant.
pub(super) fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let lower = word.to_lowercase();
    let distance = |one: &str| strsim::damerau_levenshtein(&one.to_lowercase(), &lower);
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|one| (distance(one), *one));
    known.dedup();
    match known.first() {
        Some(near) if distance(near) <= 2 => format!("did you mean `{near}`?"),
        Some(_) if known.len() > 8 => format!("known: {} and {} more", known[..8].join(", "), known.len() - 8),
        Some(_) => format!("known: {}", known.join(", ")),
        None => "there are none".to_owned(),
    }
}
