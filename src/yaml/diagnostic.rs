//! What is wrong with a file, where, and what to do: drawn like a compiler's message.

use std::{fmt, ops::Range, sync::Arc};

use annotate_snippets::{AnnotationKind, Renderer, Snippet};

use super::code::{Code, Level};

/// A file as it was read. The name is shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    /// Shared: each of many findings has it with it.
    pub(crate) text: Arc<str>,
}

impl Source {
    /// Without the byte order mark that some editors put first, which would become part of the first key.
    pub(crate) fn new(name: impl Into<String>, text: &str) -> Self {
        Self { name: name.into(), text: text.trim_start_matches('\u{feff}').into() }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
        (before.matches('\n').count() + 1, column + 1)
    }
}

/// Whether a drawing has colours: only a terminal shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Coloured,
}

/// One finding about one place in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) code: Code,
    pub(crate) level: Level,
    pub(crate) message: String,
    /// Bytes of the file's text.
    pub(crate) span: Range<usize>,
    /// What is said beside the caret.
    pub(crate) label: String,
    /// Another place that belongs to it.
    pub(crate) also: Option<(Range<usize>, String)>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { code, level: code.level(), message: message.into(), span, label: label.into(), also: None }
    }

    /// Line and column of where it is, both from 1.
    pub(crate) fn position(&self, source: &Source) -> (usize, usize) {
        source.position(self.span.start)
    }

    /// Draws it with its line, its caret and its position.
    pub(crate) fn draw(&self, source: &Source, paint: Paint) -> String {
        let end = source.text.len();
        let within = |span: &Range<usize>| span.start.min(end)..span.end.clamp(span.start.min(end), end);
        let mut snippet = Snippet::source(&*source.text)
            .path(&source.name)
            .annotation(AnnotationKind::Primary.span(within(&self.span)).label(&self.label));
        if let Some((span, label)) = &self.also {
            snippet = snippet.annotation(AnnotationKind::Context.span(within(span)).label(label));
        }
        let level = match self.level {
            Level::Error => annotate_snippets::Level::ERROR,
            Level::Warning => annotate_snippets::Level::WARNING,
            Level::Note => annotate_snippets::Level::NOTE,
        };
        let report = [level.primary_title(&self.message).id(self.code.as_str()).element(snippet)];
        let renderer = match paint {
            Paint::Plain => Renderer::plain(),
            Paint::Coloured => Renderer::styled(),
        };
        renderer.render(&report)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}: {}", self.level.as_str(), self.code, self.message, self.label)
    }
}
