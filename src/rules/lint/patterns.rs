//! Regular expressions: what they can never match, what they always match, and whether one matches all that another one does. Decided on
//! automata, within a limit; where an automaton gives up, nothing is said.

use std::collections::HashSet;

use regex::Regex;
use regex_automata::{
    Input,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::primitives::StateID,
};
use regex_syntax::{
    Parser, ParserBuilder,
    hir::{Hir, HirKind, Look},
};

use super::{Findings, Place, Ruled};
use crate::{
    rules::{
        patterns::names as groups,
        syntax::{Set, When, Words},
    },
    yaml::code::{Code, Level},
};

/// Bytes of one automaton, and states that are walked.
const AUTOMATON_MAX: usize = 2 << 20;
const STATES_MAX: usize = 50_000;
/// Shorter literals stand in nearly every title.
const LITERAL_MIN: usize = 3;

type Dfa = dense::DFA<Vec<u32>>;

/// Every pattern of a rule.
pub(super) fn of_rule(rule: &Ruled<'_>, found: &mut Findings) {
    of_when(&rule.place(), &rule.rule.when, found);
    let mut all = Vec::new();
    collect(&rule.rule.when, "when", &mut all);
    unused_groups(rule, &all, found);
}

/// Every pattern of a `when` at this place.
pub(super) fn of_when(place: &Place<'_>, when: &When, found: &mut Findings) {
    let mut all = Vec::new();
    collect(when, "when", &mut all);
    for (path, text) in &all {
        one(place, path, text, found);
    }
}

fn collect<'a>(when: &'a When, path: &str, into: &mut Vec<(String, &'a str)>) {
    let texts: [(&str, &Option<Words>); 3] = [("title", &when.title), ("description", &when.description), ("location", &when.location)];
    for (key, words) in texts {
        let regex = words.as_ref().and_then(|words| words.regex.as_deref());
        into.extend(regex.map(|regex| (format!("{path}.{key}.regex"), regex)));
    }
    for (path, part) in nested(when, path) {
        collect(part, &path, into);
    }
}

/// The conditions inside a condition, with their paths.
pub(super) fn nested<'a>(when: &'a When, path: &str) -> Vec<(String, &'a When)> {
    let list = |key: &str, list: &'a Option<Vec<When>>| -> Vec<(String, &'a When)> {
        list.iter().flatten().enumerate().map(|(index, part)| (format!("{path}.{key}[{index}]"), part)).collect()
    };
    let single = [("not", &when.not), ("same_day", &when.same_day)];
    let single = single.into_iter().filter_map(|(key, part)| Some((format!("{path}.{key}"), part.as_deref()?)));
    list("any", &when.any).into_iter().chain(list("all", &when.all)).chain(single).collect()
}

fn one(place: &Place<'_>, path: &str, text: &str, found: &mut Findings) {
    let Ok(hir) = hir(text) else { return };
    if hir.properties().minimum_len() == Some(0) && matches_nothing_too(text) {
        let label = "it matches the empty title, and so every one: demand at least one character";
        place.complain(found, Code::MatchesAll, path, "this pattern matches everything".to_owned(), label);
    } else if is_empty(text) {
        let label = reason(text).unwrap_or("no text fits it");
        place.complain(found, Code::NeverMatches, path, "this pattern can never match".to_owned(), label);
    } else if literal(&plain(text)).chars().count() < LITERAL_MIN {
        let label =
            format!("no word of {LITERAL_MIN} letters or more must be there: it is tried on every event; `words` are faster and say more");
        place.complain(found, Code::NoLiteral, path, "this pattern has no word to look for".to_owned(), &label);
    }
}

fn matches_nothing_too(text: &str) -> bool {
    Regex::new(&format!("(?i:{text})")).is_ok_and(|regex| regex.is_match(""))
}

/// The usual slips.
fn reason(text: &str) -> Option<&'static str> {
    let anchor = text.trim_start_matches(['(', '?', ':']).find('^').is_some_and(|at| at > 0) && !text.contains("[^");
    match () {
        () if anchor => Some("`^` is the start of the title, and something must stand before it; write `\\^` for the character"),
        () if text.contains('$') && !text.ends_with('$') => {
            Some("`$` is the end of the title, and something must stand behind it; write `\\$` for the character")
        }
        () => None,
    }
}

fn unused_groups(rule: &Ruled<'_>, all: &[(String, &str)], found: &mut Findings) {
    let Some(written) = rule.rule.set.as_ref().map(values) else { return };
    for (path, text) in all {
        // Its groups are known without compiling it, which costs.
        let mut names = Vec::new();
        groups(&plain(text), &mut names);
        for name in names.iter().filter(|name| !written.contains(&format!("${{{name}}}"))) {
            let message = format!("nothing uses the group `{name}`");
            let label = format!("write `${{{name}}}` under `set`, or take the name away");
            rule.place().complain_at(found, (Code::Capture, Level::Note), path, message, &label);
        }
    }
}

/// Everything a rule sets, as one text.
fn values(set: &Set) -> String {
    let fields = [&set.client, &set.project, &set.task, &set.description];
    fields.into_iter().flatten().chain(&set.tags.0).cloned().collect::<Vec<_>>().join("\n")
}

fn parser() -> Parser {
    ParserBuilder::new().case_insensitive(true).build()
}

fn hir(text: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    parser().parse(text).map_err(Box::new)
}

/// With its letters as they are written, so that its literals can be seen.
fn plain(text: &str) -> Hir {
    Parser::new().parse(text).unwrap_or_else(|_| Hir::fail())
}

/// The longest literal that must be there; of alternatives the shortest, since it may be the one.
fn literal(hir: &Hir) -> String {
    let length = |text: &String| text.chars().count();
    match hir.kind() {
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).map_or_else(|_| String::new(), |text| text.trim().to_lowercase()),
        HirKind::Capture(capture) => literal(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => literal(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().map(literal).max_by_key(length).unwrap_or_default(),
        HirKind::Alternation(parts) => parts.iter().map(literal).min_by_key(length).unwrap_or_default(),
        _ => String::new(),
    }
}

fn automaton(hir: &Hir) -> Option<Dfa> {
    let nfa = thompson::Compiler::new().configure(thompson::Config::new().nfa_size_limit(Some(AUTOMATON_MAX))).build_from_hir(hir).ok()?;
    let limits = dense::Config::new().dfa_size_limit(Some(AUTOMATON_MAX)).determinize_size_limit(Some(2 * AUTOMATON_MAX));
    dense::Builder::new().configure(limits.start_kind(StartKind::Unanchored).unicode_word_boundary(true)).build_from_nfa(&nfa).ok()
}

fn start(dfa: &Dfa) -> Option<StateID> {
    dfa.start_state_forward(&Input::new("")).ok()
}

/// One byte of each kind that some of these automata tell from the others.
fn bytes(dfas: &[&Dfa]) -> Vec<u8> {
    let differs = |byte: u8| byte == 0 || dfas.iter().any(|dfa| dfa.byte_classes().get(byte) != dfa.byte_classes().get(byte - 1));
    (0..=u8::MAX).filter(|byte| differs(*byte)).collect()
}

/// Whether no text at all is matched.
fn is_empty(text: &str) -> bool {
    let Ok(hir) = hir(text) else { return false };
    // Only what stands at an edge, or nothing but characters: that is seen without an automaton, which costs.
    let inner = match hir.kind() {
        HirKind::Concat(parts) => {
            let is_edge = |at: usize, part: &Hir| {
                let look = if let HirKind::Look(look) = part.kind() { Some(*look) } else { None };
                (at == 0 && look == Some(Look::Start)) || (at + 1 == parts.len() && look == Some(Look::End))
            };
            Hir::concat(parts.iter().enumerate().filter(|(at, part)| !is_edge(*at, part)).map(|(_, part)| part.clone()).collect())
        }
        _ => hir.clone(),
    };
    if inner.properties().look_set().is_empty() {
        return inner.properties().minimum_len().is_none();
    }
    let Some(dfa) = automaton(&hir) else { return false };
    let Some(first) = start(&dfa) else { return false };
    let bytes = bytes(&[&dfa]);
    let (mut seen, mut open) = (HashSet::from([first]), vec![first]);
    while let Some(state) = open.pop() {
        let next = bytes.iter().map(|byte| dfa.next_state(state, *byte)).chain([dfa.next_eoi_state(state)]);
        for state in next {
            // A quit state is where word boundaries beyond ASCII would have to be known.
            if dfa.is_match_state(state) || dfa.is_quit_state(state) || seen.len() > STATES_MAX {
                return false;
            }
            if !dfa.is_dead_state(state) && seen.insert(state) {
                open.push(state);
            }
        }
    }
    true
}

/// Whether whatever the narrow pattern matches is matched by the wide one too.
pub(super) fn is_included(narrow: &str, wide: &str) -> bool {
    // What must be in the wide one can hardly be in every text of a narrow one that does not write it. Automata cost.
    if !narrow.to_lowercase().contains(&literal(&plain(wide))) {
        return false;
    }
    let wide_dfa = || hir(wide).ok().as_ref().and_then(automaton);
    let narrow_dfa = || hir(narrow).ok().map(|hir| without_boundaries(&hir)).as_ref().and_then(automaton);
    let Some((narrow, wide)) = narrow_dfa().zip(wide_dfa()) else { return false };
    let Some(first) = start(&narrow).zip(start(&wide)) else { return false };
    let bytes = bytes(&[&narrow, &wide]);
    // None once the narrow one has matched: it has then matched whatever follows.
    let first = (Some(first.0), first.1);
    let (mut seen, mut open) = (HashSet::from([first]), vec![first]);
    while let Some((one, other)) = open.pop() {
        let ends = one.is_none_or(|one| narrow.is_match_state(narrow.next_eoi_state(one)));
        if ends && !wide.is_match_state(wide.next_eoi_state(other)) {
            return false;
        }
        for byte in &bytes {
            let (one, other) = (one.map(|one| narrow.next_state(one, *byte)), wide.next_state(other, *byte));
            if wide.is_match_state(other) || one.is_some_and(|one| narrow.is_dead_state(one)) {
                continue;
            }
            if wide.is_quit_state(other) || one.is_some_and(|one| narrow.is_quit_state(one)) || seen.len() > STATES_MAX {
                return false;
            }
            let next = (one.filter(|one| !narrow.is_match_state(*one)), other);
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    true
}

/// A pattern that matches more: word boundaries beyond ASCII are more than an automaton can know.
fn without_boundaries(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(look) if !matches!(look, Look::Start | Look::End | Look::StartLF | Look::EndLF) => Hir::empty(),
        HirKind::Capture(capture) => without_boundaries(&capture.sub),
        HirKind::Repetition(repetition) => {
            Hir::repetition(regex_syntax::hir::Repetition { sub: Box::new(without_boundaries(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_boundaries).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_boundaries).collect()),
        _ => hir.clone(),
    }
}

/// Words as a pattern that matches just where they do, and needs no word boundaries.
pub(super) fn of_words(words: &[String]) -> String {
    let edge =
        |char: Option<char>, text: &'static str| if char.is_some_and(|char| char.is_alphanumeric() || char == '_') { text } else { "" };
    let one = |word: &String| {
        let body = word.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"\s+");
        let (first, last) = (word.trim().chars().next(), word.trim().chars().next_back());
        format!("{}{body}{}", edge(first, r"(?:^|\W)"), edge(last, r"(?:$|\W)"))
    };
    format!("(?:{})", words.iter().map(one).collect::<Vec<_>>().join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_match_is_known_and_what_may_is_left_alone() {
        for never in ["a^b", "$x", r"[^\s\S]", "^a$b", "x^"] {
            assert!(is_empty(never), "{never}");
        }
        for may in ["a", "^$", r"\bx\b", "(?m)a$\n^b", r"x\by", "a*^b"] {
            assert!(!is_empty(may), "{may}");
        }
    }

    #[test]
    fn one_pattern_in_another_is_proven_or_not_said() {
        for (narrow, wide) in
            [("^acme pitch", "acme"), ("ab{2,3}c", "ab+c"), ("^(a|b)$", "[abc]"), (r"\bacme\b", "acme"), ("größe", "GRÖSSE|größe")]
        {
            assert!(is_included(narrow, wide), "{narrow} in {wide}");
        }
        for (narrow, wide) in [("acme", "^acme pitch"), ("acme", r"\bacme\b"), ("a", "b"), ("a.*b", "ab")] {
            assert!(!is_included(narrow, wide), "{narrow} in {wide}");
        }
        assert!(is_included(&of_words(&["steering group".to_owned()]), &of_words(&["Steering".to_owned()])));
        assert!(!is_included(&of_words(&["steering".to_owned()]), &of_words(&["steer".to_owned()])));
        assert!(is_included(&of_words(&["1:1".to_owned()]), r"1:1"));
    }

    #[test]
    fn the_literal_that_must_be_there_is_found() {
        for (text, length) in [("interview:? *(.+)", 9), ("(ab|cde)", 2), ("(ab)?c", 1), (r"^\d+$", 0), ("x{2}acme", 4)] {
            assert_eq!(literal(&plain(text)).len(), length, "{text}");
        }
    }
}
