//! What is left of a title without what matched in it: `${rest}`. Brackets that held nothing else go with it, and what joined it to the rest
//! is mended; every other bracket stays as it was.

/// From a byte to a byte.
type Gap = (usize, usize);

const BRACKETS: &[(char, char)] =
    &[('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('（', '）'), ('［', '］'), ('【', '】'), ('「', '」'), ('〔', '〕')];

/// The title without these spans of it.
pub(super) fn rest(title: &str, spans: impl Iterator<Item = Gap>) -> String {
    let mut gaps: Vec<Gap> = spans.filter(|(start, end)| start < end && title.get(*start..*end).is_some()).collect();
    take_brackets(title, &mut gaps);
    merge(title, &mut gaps);
    let starts = gaps.iter().map(|gap| gap.0).chain([title.len()]);
    let ends = std::iter::once(0).chain(gaps.iter().map(|gap| gap.1));
    let parts = ends.zip(starts).map(|(from, to)| &title[from..to]);
    parts.map(str::to_owned).reduce(|left, right| joined(&left, &right)).unwrap_or_default().trim().to_owned()
}

/// Adds brackets that would hold nothing any more, and those beside a gap that close or open nothing.
fn take_brackets(title: &str, gaps: &mut Vec<Gap>) {
    let (pairs, mut odd) = brackets(title);
    for (open, close) in pairs {
        let is_gone = |one: Gap| gaps.iter().any(|gap| gap.0 <= one.0 && one.1 <= gap.1);
        match (is_gone(open), is_gone(close)) {
            (true, true) => {}
            (true, false) => odd.push(close),
            (false, true) => odd.push(open),
            (false, false) => {
                let holds_one = gaps.iter().any(|gap| open.1 <= gap.0 && gap.1 <= close.0);
                if holds_one && is_bare(title, (open.1, close.0), gaps) {
                    gaps.push((open.0, close.1));
                }
            }
        }
    }
    for one in odd {
        let is_beside = |gap: &Gap| {
            let (first, second) = if gap.0 < one.0 { (*gap, one) } else { (one, *gap) };
            first.1 <= second.0 && is_bare(title, (first.1, second.0), &[])
        };
        if gaps.iter().any(is_beside) {
            gaps.push(one);
        }
    }
}

/// Brackets that belong together, inner ones first, and those that do not.
fn brackets(title: &str) -> (Vec<(Gap, Gap)>, Vec<Gap>) {
    let (mut pairs, mut odd, mut open) = (Vec::new(), Vec::new(), Vec::<(char, Gap)>::new());
    for (at, char) in title.char_indices() {
        let span = (at, at + char.len_utf8());
        if let Some((_, closing)) = BRACKETS.iter().find(|(opening, _)| *opening == char) {
            open.push((*closing, span));
        } else if BRACKETS.iter().any(|(_, closing)| *closing == char) {
            match open.iter().rposition(|(closing, _)| *closing == char) {
                Some(place) => {
                    odd.extend(open.drain(place + 1..).map(|(_, span)| span));
                    pairs.extend(open.pop().map(|(_, opening)| (opening, span)));
                }
                None => odd.push(span),
            }
        }
    }
    odd.extend(open.into_iter().map(|(_, span)| span));
    (pairs, odd)
}

/// Whether nothing but white space and joints is left of a part.
fn is_bare(title: &str, (from, to): Gap, gaps: &[Gap]) -> bool {
    let is_gone = |at: usize| gaps.iter().any(|gap| gap.0 <= at && at < gap.1);
    title[from..to].char_indices().all(|(at, char)| is_joint(char) || is_gone(from + at))
}

/// In order, with those as one between which nothing is left.
fn merge(title: &str, gaps: &mut Vec<Gap>) {
    gaps.sort_unstable();
    let mut merged: Vec<Gap> = Vec::new();
    for gap in gaps.drain(..) {
        match merged.last_mut() {
            Some(last) if gap.0 <= last.1 || is_bare(title, (last.1, gap.0), &[]) => last.1 = last.1.max(gap.1),
            _ => merged.push(gap),
        }
    }
    *gaps = merged;
}

fn is_joint(char: char) -> bool {
    char.is_whitespace() || "-‐‑‒–—―:;,|/·•&".contains(char)
}

/// Two parts with the gap between them closed. At an end, or at that of a bracket, nothing joins what is left to what is gone.
fn joined(left: &str, right: &str) -> String {
    let before = left.trim_end_matches(is_joint);
    let (behind, after) = right.split_at(joint_length(right));
    let opens = before.is_empty() || before.ends_with(|char| BRACKETS.iter().any(|(opening, _)| *opening == char));
    let closes = after.is_empty() || after.starts_with(|char| BRACKETS.iter().any(|(_, closing)| *closing == char));
    let between = if opens || closes { String::new() } else { between(&left[before.len()..], behind, after) };
    format!("{before}{between}{after}")
}

/// How long what joins a text to what stood before it is. A minus belongs to its number, and a full stop ends a sentence.
fn joint_length(right: &str) -> usize {
    let mut length = 0;
    for (at, char) in right.char_indices() {
        let rest = &right[at + char.len_utf8()..];
        let is_stop = char == '.' && at == 0 && rest.chars().next().is_none_or(char::is_whitespace);
        let is_minus =
            "-–".contains(char) && right[..at].ends_with(char::is_whitespace) && rest.starts_with(|char: char| char.is_numeric());
        if is_minus || !(is_stop || is_joint(char)) {
            break;
        }
        length = at + char.len_utf8();
    }
    length
}

/// What joins two parts now: what stood before the gap, else what stood behind it, once.
fn between(front: &str, behind: &str, after: &str) -> String {
    let has_space = |text: &str| text.contains(char::is_whitespace);
    let (own, other) = if front.trim().is_empty() { (behind, front) } else { (front, behind) };
    let sign = own.trim();
    let (begins, ends) = (own.starts_with(char::is_whitespace), own.ends_with(char::is_whitespace));
    // A dash that touched what is gone, and stands free of the rest, joined nothing else.
    let was_its_own = !begins && !ends && has_space(other) && !sign.contains([':', ';', ',', '.']);
    if sign.is_empty() || was_its_own {
        let touches = !has_space(front) && !has_space(behind) || after.starts_with(['?', '!', '.']);
        return if touches { String::new() } else { " ".to_owned() };
    }
    let space = |is: bool| if is { " " } else { "" };
    format!("{}{sign}{}", space(begins), space(ends || has_space(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_held_the_code_goes_with_it() {
        for (title, left) in [
            ("[MUE-1] Workshop (remote)", "Workshop (remote)"),
            ("[MUE-1] [WIP] Kickoff", "[WIP] Kickoff"),
            ("MUE-1 Kickoff (phase 2)", "Kickoff (phase 2)"),
            ("Kickoff (phase 2) MUE-1", "Kickoff (phase 2)"),
            ("Re: [MUE-1] x", "Re: x"),
            ("MUE-1, Kickoff", "Kickoff"),
            ("MUE-1: Kickoff", "Kickoff"),
            ("MUE-1. Kickoff", "Kickoff"),
            ("Kickoff – MUE-1 – phase 2", "Kickoff – phase 2"),
            ("Kickoff - MUE-1: phase 2", "Kickoff - phase 2"),
            ("Kickoff MUE-1: phase 2", "Kickoff: phase 2"),
            ("Kickoff MUE-1-phase 2", "Kickoff phase 2"),
            ("Kickoff-MUE-1 phase 2", "Kickoff phase 2"),
            ("Kickoff/MUE-1/phase 2", "Kickoff/phase 2"),
            ("Kickoff (MUE-1, phase 2)", "Kickoff (phase 2)"),
            ("Kickoff (phase 2, MUE-1)", "Kickoff (phase 2)"),
            ("Kickoff ([MUE-1]) x", "Kickoff x"),
            ("Kickoff [ MUE-1 / MUE-1 ]", "Kickoff"),
            ("MUE-1 -10 % offer", "-10 % offer"),
            ("MUE-1 - 10 % offer", "10 % offer"),
            ("MUE-1 & MUE-1", ""),
            ("Plan MUE-1 & MUE-1 x", "Plan x"),
            ("MUE-1 | MUE-1: C++ MUE-1", "C++"),
            ("Is it MUE-1?", "Is it?"),
            ("MUE-1 .NET upgrade", ".NET upgrade"),
            ("MUE-1] Kickoff", "Kickoff"),
            ("[MUE-1 Kickoff", "Kickoff"),
            ("【MUE-1】会議（東京）", "会議（東京）"),
            ("会議MUE-1東京", "会議東京"),
            ("Kickoff: (a) and [b]", "Kickoff: (a) and [b]"),
            ("  MUE-1  ", ""),
        ] {
            let spans = title.match_indices("MUE-1").map(|(at, code)| (at, at + code.len()));
            assert_eq!(rest(title, spans), left, "{title}");
        }
        // A pattern may match half of a pair.
        assert_eq!(rest("the [MUE-1] Kickoff", [(4, 10)].into_iter()), "the Kickoff");
        assert_eq!(rest("the [MUE-1] Kickoff", [(5, 11)].into_iter()), "the Kickoff");
    }
}
