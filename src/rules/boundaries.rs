//! Where words begin and end. Between letters they do not, but for scripts that put no space between words.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind};

/// Scripts without spaces, as Unicode has them: ideographs and Hiragana (UAX #29 breaks around each), and those of South East Asia of which
/// only a dictionary knows the words (class SA of UAX #14). Katakana breaks from other letters, and not from Katakana.
const WITHOUT_SPACES: &str =
    r"[\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}]";
const KATAKANA: &str = r"[\p{Katakana}\u{3031}-\u{3035}\u{309B}\u{309C}\u{30A0}\u{30FC}\u{FF70}]";
const MARKS: &str = r"\p{M}";
/// No character below belongs to them.
const FIRST: char = '\u{e00}';

/// Whether a word may begin or end here. Else it is `\b` of patterns: a letter on one side, none on the other.
pub(super) fn is_boundary(text: &str, at: usize) -> bool {
    let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
    is_letter(before) != is_letter(after) || before.zip(after).is_some_and(|(before, after)| parts(before, after))
}

fn is_letter(char: Option<char>) -> bool {
    match char {
        None => false,
        Some(char) if char.is_ascii() => char.is_ascii_alphanumeric() || char == '_',
        Some(char) => regex_syntax::is_word_character(char),
    }
}

static CLASSES: LazyLock<[ClassUnicode; 3]> = LazyLock::new(|| [WITHOUT_SPACES, KATAKANA, MARKS].map(class));

/// Whether a character says so much that two of them make a name.
pub(super) fn is_ideograph(char: char) -> bool {
    char >= FIRST && is_in(&CLASSES[0], char)
}

/// Whether two letters beside each other may be of two words. A mark is part of its letter.
fn parts(before: char, after: char) -> bool {
    if before < FIRST && after < FIRST {
        return false;
    }
    let [without_spaces, katakana, marks] = &*CLASSES;
    let either = |class| is_in(class, before) || is_in(class, after);
    !is_in(marks, after) && (either(without_spaces) || is_in(katakana, before) != is_in(katakana, after))
}

fn class(pattern: &str) -> ClassUnicode {
    match regex_syntax::parse(pattern).map(Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class,
        _ => ClassUnicode::empty(),
    }
}

fn is_in(class: &ClassUnicode, char: char) -> bool {
    let ranges = class.ranges();
    let at = ranges.partition_point(|range| range.end() < char);
    ranges.get(at).is_some_and(|range| range.start() <= char)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_without_spaces_need_none() {
        for (text, word, is_whole) in [
            ("トヨタ会議", "トヨタ", true),
            ("トヨタホーム", "トヨタ", false),
            ("会议TOY-1讨论", "TOY-1", true),
            ("日本語", "日本", true),
            ("ประชุมอักเม", "อักเม", true),
            ("TOY-12", "TOY-1", false),
            ("Pacmeister", "acme", false),
            ("아크메와", "아크메", false),
            ("か\u{3099}", "か", false),
        ] {
            let at = text.find(word).expect("it is there");
            assert_eq!(is_boundary(text, at) && is_boundary(text, at + word.len()), is_whole, "{text}");
        }
    }
}
