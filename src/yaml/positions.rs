//! Where the values and keys of a file stand, by their paths. What fills it, `gate` reads.

use std::{borrow::Cow, collections::HashMap, ops::Range};

/// Where the values of a file stand, by path (`rules[3].when.title`).
#[derive(Debug, Default)]
pub(crate) struct Positions {
    pub(super) values: HashMap<String, Range<usize>>,
    pub(super) keys: HashMap<String, Range<usize>>,
    /// Lists that lost elements: where each one that is left stood.
    lists: HashMap<String, Vec<usize>>,
    /// Where lines begin.
    pub(super) lines: Vec<usize>,
    /// Texts, keys among them, in the order of the file.
    pub(super) texts: Vec<Range<usize>>,
}

impl Positions {
    /// The same, for a file from whose lists elements were taken.
    pub(super) fn without(self, lists: HashMap<String, Vec<usize>>) -> Self {
        Self { lists, ..self }
    }

    /// A path of what was read, as a path of the file.
    fn original<'p>(&self, path: &'p str) -> Cow<'p, str> {
        if self.lists.is_empty() {
            return Cow::Borrowed(path);
        }
        let mut parts = path.split('[');
        let mut original = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (index, rest) = part.split_once(']').unwrap_or((part, ""));
            let stood = self.lists.get(&original).zip(index.parse::<usize>().ok()).and_then(|(stood, index)| stood.get(index));
            let index = stood.map_or_else(|| index.to_owned(), ToString::to_string);
            original = format!("{original}[{index}]{rest}");
        }
        Cow::Owned(original)
    }

    /// Whether a byte is part of a text or key, and so of no comment.
    pub(crate) fn is_in_text(&self, byte: usize) -> bool {
        let next = self.texts.partition_point(|text| text.start <= byte);
        next.checked_sub(1).is_some_and(|last| self.texts[last].contains(&byte))
    }

    /// The line of a byte, from 1.
    pub(crate) fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|start| *start <= byte).max(1)
    }

    /// Where the value at a path stands, or else the nearest one around it.
    pub(crate) fn value(&self, path: &str) -> Range<usize> {
        let original = self.original(path);
        let mut path = original.as_ref();
        loop {
            if let Some(span) = self.values.get(path) {
                return span.clone();
            }
            match path.rfind(['.', '[']) {
                Some(cut) => path = &path[..cut],
                None => return self.values.get("").cloned().unwrap_or(0..0),
            }
        }
    }

    /// Where the value at a path begins: its first character, for what is said about the whole of a long one.
    pub(crate) fn head(&self, path: &str) -> Range<usize> {
        let start = self.value(path).start;
        start..start + 1
    }

    /// Whether the file has this key.
    pub(crate) fn has_key(&self, path: &str) -> bool {
        self.keys.contains_key(self.original(path).as_ref())
    }

    /// Where the key of a path stands, or else its value.
    pub(crate) fn key(&self, path: &str) -> Range<usize> {
        self.keys.get(self.original(path).as_ref()).cloned().unwrap_or_else(|| self.value(path))
    }
}
