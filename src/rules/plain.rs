//! Text before it is compared: accents composed, and apostrophes and hyphens as keyboards have them, since phones and word processors put
//! others in their place. Where each byte stood is kept, so what is found is told in bytes of the text as it was.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, char::canonical_combining_class, is_nfc_quick};

/// A text as it is compared, and where each of its bytes came from.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    pub(super) text: Cow<'a, str>,
    /// None where every byte stands where it stood.
    from: Option<Vec<usize>>,
}

impl<'a> Plain<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self::of(text, plain)
    }

    /// With accents composed, and every other character as it is.
    pub(super) fn composed(text: &'a str) -> Self {
        Self::of(text, std::convert::identity)
    }

    fn of(text: &'a str, each: fn(char) -> char) -> Self {
        let stays = |char: char| char.is_ascii() || (each(char) == char && is_nfc_quick(std::iter::once(char)) == IsNormalized::Yes);
        if text.chars().all(stays) {
            return Self { text: Cow::Borrowed(text), from: None };
        }
        let (mut made, mut from) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        for (start, group) in groups(text) {
            let composed: String = group.nfc().collect();
            // What stays is told to the character; of what is composed, every byte stands where it begins.
            let is_kept = composed == group;
            for (at, char) in composed.char_indices() {
                made.push(each(char));
                from.resize(made.len(), start + if is_kept { at } else { 0 });
            }
        }
        from.push(text.len());
        Self { text: Cow::Owned(made), from: Some(from) }
    }

    /// Where a byte of it stood.
    pub(super) fn origin(&self, byte: usize) -> usize {
        self.from.as_ref().map_or(byte, |from| from[byte])
    }

    /// Where a part of it stood.
    pub(super) fn span(&self, (start, end): (usize, usize)) -> (usize, usize) {
        (self.origin(start), self.origin(end))
    }
}

/// A typographic character as it is typed.
fn plain(char: char) -> char {
    match char {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{2010}' | '\u{2011}' => '-',
        _ => char,
    }
}

/// A text in parts that compose apart from each other, with where each begins.
fn groups(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let joins = |char: char| {
        !char.is_ascii() && (canonical_combining_class(char) != 0 || is_nfc_quick(std::iter::once(char)) == IsNormalized::Maybe)
    };
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest;
        let part = &text[start..];
        let next = part.char_indices().skip(1).find(|(_, char)| !joins(*char)).map_or(part.len(), |(at, _)| at);
        rest = start + next;
        (!part.is_empty()).then(|| (start, &part[..next]))
    })
}

/// A pattern as it is typed, but for its sets of characters: what stands in those is meant as it stands.
pub(super) fn plain_pattern(pattern: &str) -> String {
    let (mut made, mut depth, mut is_escaped) = (String::with_capacity(pattern.len()), 0_usize, false);
    for char in Plain::composed(pattern).text.chars() {
        match char {
            _ if is_escaped => {}
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_escaped = char == '\\' && !is_escaped;
        made.push(if depth == 0 { plain(char) } else { char });
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_composed_knows_where_it_stood() {
        let text = "Mu\u{308}ller’s x\u{323}\u{301} e\u{301}";
        let plain = Plain::new(text);
        assert_eq!(plain.text, "Müller's x\u{323}\u{301} é");
        let stood = |part: &str| {
            let at = plain.text.find(part).expect("it is there");
            let (start, end) = plain.span((at, at + part.len()));
            &text[start..end]
        };
        for part in ["M", "ü", "ller's", "x\u{323}", "\u{301}", "é", "Müller's x"] {
            assert_eq!(stood(part).nfc().collect::<String>().replace('’', "'"), part);
        }
        assert_eq!(Plain::composed("a’b").text, "a’b");
        assert!(matches!(Plain::new("plain – Größe").text, Cow::Borrowed(_)));
        assert_eq!(Plain::new("\u{1112}\u{1161}\u{11ab}").text, "한");
    }

    #[test]
    fn a_set_of_characters_is_left_as_it_stands() {
        assert_eq!(plain_pattern("O’Brien|e‑mail"), "O'Brien|e-mail");
        assert_eq!(plain_pattern(r"[‐-―]\[’[^’]"), r"[‐-―]\['[^’]");
    }
}
