//! What comes from outside, as any book can keep it. PostgreSQL takes no NUL in a text and no long text in an index, JSON may name half a
//! character, and a page may hold a byte that is no UTF-8: none of that is worth a calendar that is read no more.

use std::{borrow::Cow, sync::Arc};

use super::{Answer, Broken, Page};
use crate::model::{
    event::{Attendee, Fact, Text},
    ids,
};

/// The longest name of an event, in bytes, that is kept as it is; a longer one is known by its digest.
const NAME_MAX: usize = 1_000;
/// What stands for a character that is none, in a text and in JSON.
const INSTEAD: &str = "\u{fffd}";
const INSTEAD_ESCAPED: &str = "\\ufffd";

/// JSON whose texts can be kept.
pub(super) fn json(body: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body));
    if !text.contains("\\u") && !text.contains('\0') {
        return text;
    }
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text.as_ref());
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        kept.push_str(before);
        let (escape, after) = first_escape(escaped);
        kept.push_str(escape);
        rest = after;
    }
    kept.push_str(rest);
    Cow::Owned(kept.replace('\0', INSTEAD))
}

/// The escape a text begins with, or what stands for it, and what follows.
fn first_escape(text: &str) -> (&str, &str) {
    let unit =
        |at: usize| text.get(at..at + 6).filter(|text| text.starts_with("\\u")).and_then(|text| u16::from_str_radix(&text[2..], 16).ok());
    let split = |at: usize| text.split_at_checked(at).unwrap_or((text, ""));
    match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => split(12),
        (Some(0 | 0xd800..=0xdfff), _) => (INSTEAD_ESCAPED, split(6).1),
        (Some(_), _) => split(6),
        // The backslash and what it stands before, which may be another one; what is no escape is for the parser to refuse.
        (None, _) => split(1 + text[1..].chars().next().map_or(0, char::len_utf8)),
    }
}

impl Answer {
    /// The same, as it can be kept.
    pub(crate) fn cleaned(mut self) -> Self {
        self.facts.iter_mut().for_each(fact);
        self.broken.iter_mut().for_each(broken);
        self
    }
}

impl Page {
    /// The same, as it can be kept.
    pub(crate) fn cleaned(mut self) -> Self {
        self.told.iter_mut().for_each(|told| fact(&mut told.fact));
        self.broken.iter_mut().for_each(broken);
        self
    }
}

fn fact(fact: &mut Fact) {
    name(&mut fact.provider_id);
    name(&mut fact.ical_uid);
    // Shared by the occurrences of a series, and almost never odd: looked at before it is copied.
    if is_odd(&fact.text) {
        each(Arc::make_mut(&mut fact.text), words);
    }
}

fn broken(broken: &mut Broken) {
    name(&mut broken.key);
    broken.uid.iter_mut().for_each(name);
    words(&mut broken.message);
}

fn name(name: &mut String) {
    words(name);
    if name.len() > NAME_MAX {
        *name = format!("digest:{}", ids::digest(name));
    }
}

fn words(words: &mut String) {
    if words.contains('\0') {
        *words = words.replace('\0', INSTEAD);
    }
}

fn is_odd(text: &Text) -> bool {
    let has = |text: &String| text.contains('\0');
    let Text { title, description, location, organizer, attendees, categories, colour, event_type, conference } = text;
    let single = [organizer, colour, event_type, conference].into_iter().flatten().any(has);
    let people = attendees.iter().any(|one| has(&one.email) || one.name.as_ref().is_some_and(has));
    single || people || [title, description, location].into_iter().chain(categories).any(has)
}

fn each(text: &mut Text, mut act: impl FnMut(&mut String)) {
    let Text { title, description, location, organizer, attendees, categories, colour, event_type, conference } = text;
    [title, description, location].into_iter().for_each(&mut act);
    [organizer, colour, event_type, conference].into_iter().flatten().for_each(&mut act);
    categories.iter_mut().for_each(&mut act);
    for Attendee { email, name, .. } in attendees {
        act(email);
        name.iter_mut().for_each(&mut act);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_what_is_whole_and_loses_no_more_than_what_is_not() {
        let read = |body: &[u8]| serde_json::from_str::<String>(&json(body)).expect("a text");
        assert_eq!((read(br#""plain""#), read(b"\xef\xbb\xbf\"marked\"")), ("plain".to_owned(), "marked".to_owned()));
        assert_eq!(
            read(br#""half \ud83d, whole \ud83d\ude00, late \ude00\ud83d""#),
            "half \u{fffd}, whole \u{1f600}, late \u{fffd}\u{fffd}"
        );
        assert_eq!(read(br#""nul \u0000 and no escape \\u0000 \\\u0000""#), "nul \u{fffd} and no escape \\u0000 \\\u{fffd}");
        assert_eq!(read(b"\"byte \xff, \\u00e9\""), "byte \u{fffd}, \u{e9}");
        assert_eq!(read(b"\"raw \0\""), "raw \u{fffd}");
        for bad in [&br#""\u12""#[..], br#""\"#, br#""\u""#, "\"\\é\"".as_bytes(), br#""\ud83d\u12""#] {
            assert!(serde_json::from_str::<String>(&json(bad)).is_err(), "{bad:?}");
        }
    }
}
