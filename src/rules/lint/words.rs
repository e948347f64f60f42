//! Words that were meant as something else: a pattern, a list, a text in quotes. They are taken letter by letter, so that hardly a title has them.

use super::{Findings, Place, patterns::nested};
use crate::{
    rules::syntax::{Many, When, Words},
    yaml::code::{Code, Level},
};

const QUOTES: [char; 9] = ['“', '”', '„', '‘', '’', '‚', '«', '»', '`'];

pub(super) fn words(place: &Place<'_>, when: &When, path: &str, found: &mut Findings) {
    for (path, part) in nested(when, path) {
        words(place, part, &path, found);
    }
    for (key, text) in [("title", &when.title), ("description", &when.description), ("location", &when.location)] {
        let Some(Words { words, not_words, .. }) = text else { continue };
        for (name, list) in [("words", words), ("not_words", not_words)] {
            let path = format!("{path}.{key}.{name}");
            if let Some(list) = list {
                of_list(place, list, &path, found);
            }
        }
    }
}

fn of_list(place: &Place<'_>, list: &Many<String>, path: &str, found: &mut Findings) {
    let is_list = place.source.text.get(place.span(path)).is_some_and(|text| text.starts_with(['[', '-']));
    for (index, word) in list.0.iter().enumerate() {
        let (at, word) = (if is_list { format!("{path}[{index}]") } else { path.to_owned() }, word.trim());
        if let Some(label) = meant(word, is_list) {
            place.complain_at(found, (Code::Trap, Level::Warning), &at, format!("`{word}` is looked for as it stands"), &label);
        }
    }
}

fn meant(word: &str, is_list: bool) -> Option<String> {
    let bare = word.trim_matches(QUOTES);
    if bare.len() < word.len() && word.starts_with(QUOTES) && word.ends_with(QUOTES) {
        return Some(format!("these quotes are none to YAML, and part of the word: write `{bare}`, in '…' if it has to be quoted"));
    }
    if is_pattern(word) {
        return Some(
            "signs of patterns mean themselves here: whole words are found wherever they stand; for a pattern write `regex`".to_owned(),
        );
    }
    // In a list someone put it in quotes, and so means the comma.
    let parts: Vec<&str> = word.split(',').map(str::trim).collect();
    (!is_list && parts.len() > 1 && parts.iter().all(|part| !part.is_empty()))
        .then(|| format!("this is one phrase, with its comma: for one of several write `[{}]`", parts.join(", ")))
}

/// Whether it is written as patterns are elsewhere.
fn is_pattern(word: &str) -> bool {
    let has_letters = |text: &str| text.chars().any(char::is_alphanumeric);
    let in_slashes = word
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
        .is_some_and(|(inner, flags)| has_letters(inner) && matches!(flags, "" | "i" | "g" | "gi" | "ig"));
    let wild = word.starts_with(['*', '^'])
        || word.ends_with(['*', '$'])
        || [".*", "\\b", "\\d", "\\w", "\\s"].iter().any(|sign| word.contains(sign));
    let either = word.split('|').collect::<Vec<_>>();
    let alternatives =
        either.len() > 1 && either.iter().all(|part| part.starts_with(char::is_alphanumeric) && part.ends_with(char::is_alphanumeric));
    has_letters(word) && (in_slashes || wild || alternatives)
}
