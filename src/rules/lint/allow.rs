//! The comment `# kalends: allow R004 because …`: what its author knows and means. Without a reason, or with nothing to allow, it is a
//! finding itself.
//!
//! Beside something it holds for that line; on a line of its own, for what begins below it, down to the next line that is not further in.

use std::ops::Range;

use super::{Findings, Known};
use crate::yaml::{
    code::Code,
    diagnostic::{Diagnostic, Source},
    positions::Positions,
};

const MARK: &str = "# kalends: allow";

/// Codes that are only looked for in a book.
const OF_BOOKS: &[Code] = &[Code::Dead, Code::HidesHours, Code::Unused];

struct Allowed {
    /// Of the comment.
    span: Range<usize>,
    code: String,
    reason: String,
    /// What it holds for.
    over: Range<usize>,
}

/// Hands on what was not allowed, and what is wrong with what allows.
pub(super) fn apply(sources: &[(&Source, &Positions)], found: Findings, known: &Known<'_>, findings: &mut Findings) {
    let mut found = found.into_vec();
    for (source, positions) in sources {
        for allowed in allowed(&source.text, positions) {
            let hits = |(of, finding): &(Source, Diagnostic)| {
                of.name == source.name && finding.code.as_str() == allowed.code && allowed.over.contains(&finding.span.start)
            };
            let before = found.len();
            if !allowed.reason.is_empty() {
                found.retain(|finding| !hits(finding));
            }
            // Of what could not be read in full, nothing was said that could be allowed.
            let is_spoken_for = before > found.len() || findings.hide_part_of(source, &allowed.over);
            if let Some(label) = wrong(&allowed, is_spoken_for, known) {
                findings.push(source, Diagnostic::new(Code::Allow, allowed.span, "this allows nothing", label));
            }
        }
    }
    for (source, finding) in found {
        findings.push(&source, finding);
    }
}

fn wrong(allowed: &Allowed, hit: bool, known: &Known<'_>) -> Option<String> {
    let code = Code::ALL.iter().find(|code| code.as_str() == allowed.code);
    match code {
        None => Some(format!("there is no finding `{}`: codes are R001 and so on", allowed.code)),
        Some(_) if allowed.reason.is_empty() => Some(format!("say why: `{MARK} {} because …`", allowed.code)),
        Some(code) if OF_BOOKS.contains(code) && known.history.is_none() => None,
        // What keeps the files from being rules is found before anything may be allowed.
        Some(_) if !hit => Some(format!("nothing here is {}, or it is one that cannot be allowed: take the comment away", allowed.code)),
        Some(_) => None,
    }
}

fn allowed(text: &str, positions: &Positions) -> Vec<Allowed> {
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let lines: Vec<(usize, &str)> = starts.zip(text.split('\n')).collect();
    let found = lines.iter().enumerate().filter_map(|(index, (start, line))| {
        let is_comment = |at: &usize| (*at == 0 || line[..*at].ends_with(char::is_whitespace)) && !positions.is_in_text(start + at);
        let at = line.match_indices(MARK).map(|(at, _)| at).find(is_comment)?;
        let said = line[at + MARK.len()..].trim();
        let (code, rest) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let reason = rest.trim().strip_prefix("because").map_or("", str::trim);
        let over = if line[..at].trim().is_empty() { block(&lines[index + 1..]) } else { *start..start + line.len() };
        let span = start + at..start + line.trim_end().len();
        Some(Allowed { span, code: code.to_owned(), reason: reason.to_owned(), over })
    });
    found.collect()
}

/// The first line that is no comment, with all that stand further in below it.
fn block(lines: &[(usize, &str)]) -> Range<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_text = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let mut text = lines.iter().filter(|(_, line)| is_text(line));
    let Some((start, first)) = text.next() else { return 0..0 };
    let mut end = start + first.len();
    for (at, line) in text.take_while(|(_, line)| indent(line) > indent(first)) {
        end = at + line.len();
    }
    *start..end
}
