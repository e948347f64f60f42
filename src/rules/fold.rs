//! Text as rules compare it: any case, any white space one space. Patterns fold case in the same way, so words mean in `words` what they
//! mean in `regex`. What is found is told in bytes of the text as it was. What is folded is plain before.

use std::{collections::HashMap, sync::LazyLock};

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::plain::Plain;

/// A folded text, and where each of its bytes came from.
pub(super) struct Folded {
    pub(super) text: String,
    /// None where every byte stands where it stood.
    from: Option<Vec<usize>>,
}

impl Folded {
    pub(super) fn new(text: &str) -> Self {
        Self::of_plain(text).unwrap_or_else(|| Self::of_any(text))
    }

    /// Most titles: ASCII in which no white space follows on another.
    fn of_plain(text: &str) -> Option<Self> {
        let is_space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
        let mut after_space = false;
        let plain = text.bytes().all(|byte| {
            let space = is_space(byte);
            let fits = byte.is_ascii() && !(space && after_space);
            after_space = space;
            fits
        });
        let fold = |byte: u8| if is_space(byte) { b' ' } else { byte.to_ascii_lowercase() };
        let folded = plain.then(|| String::from_utf8(text.bytes().map(fold).collect()).ok()).flatten()?;
        Some(Self { text: folded, from: None })
    }

    fn of_any(text: &str) -> Self {
        let (mut folded, mut from) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        for (at, char) in text.char_indices() {
            if char.is_whitespace() && folded.ends_with(' ') {
                continue;
            }
            folded.push(if char.is_whitespace() { ' ' } else { simple(char) });
            from.resize(folded.len(), at);
        }
        from.push(text.len());
        Self { text: folded, from: Some(from) }
    }

    /// Where a byte of the folded text stood.
    pub(super) fn origin(&self, byte: usize) -> usize {
        self.from.as_ref().map_or(byte, |from| from[byte])
    }
}

/// A word or name as it is compared.
pub(super) fn folded(word: &str) -> String {
    Folded::new(&Plain::new(word.trim()).text).text
}

/// One character for all that differ in case alone: `k` for K and for the Kelvin sign.
fn simple(char: char) -> char {
    if char.is_ascii() { char.to_ascii_lowercase() } else { CASED.get(&char).copied().unwrap_or(char) }
}

static CASED: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let has_case = |char: &char| !char.to_lowercase().eq([*char]) || !char.to_uppercase().eq([*char]);
    ('\u{80}'..='\u{1ffff}').filter(has_case).map(|char| (char, least(char))).collect()
});

/// The first of those that Unicode's simple case folding holds to be one.
fn least(char: char) -> char {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(char, char)]);
    class.case_fold_simple();
    class.ranges().first().map_or(char, |range| range.start().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_one_exactly_where_patterns_hold_them_to_be() {
        for char in '\u{0}'..=char::MAX {
            let (mut class, one) = (ClassUnicode::new([ClassUnicodeRange::new(char, char)]), simple(char));
            if char < '\u{3000}' || simple(char) != char || !char.to_lowercase().eq([char]) {
                class.case_fold_simple();
                assert!(class.ranges().iter().flat_map(|range| range.start()..=range.end()).all(|same| simple(same) == one), "{char:?}");
            }
        }
    }

    #[test]
    fn white_space_is_one_space_and_every_byte_knows_where_it_stood() {
        let text = "A\u{a0} \tſß  \u{212a}";
        let folded = Folded::new(text);
        assert_eq!(folded.text, "a sß k");
        let at = |part: &str| folded.origin(folded.text.find(part).expect("it is there"));
        assert_eq!((at("s"), at("k"), folded.origin(folded.text.len())), (5, 11, text.len()));
        assert_eq!(Folded::new("Plain Text\n").text, "plain text ");
    }
}
