//! Rules that can never count, and what stands behind an end.

use std::collections::BTreeSet;

use super::{
    Findings, Ruled,
    candidates::Candidates,
    given::{Given, ends},
    inclusion::implies,
    overlaps::clash,
};
use crate::{
    model::{catalog::Field, words::counted},
    rules::syntax::{Rule, When},
    yaml::code::{Code, Level},
};

/// Pairs of rules with patterns that are compared: each costs two automata.
pub(super) const PATTERN_PAIRS_MAX: usize = 2_000;

/// For each rule, the one before it because of which it never counts.
pub(super) fn shadows(
    rules: &[Ruled<'_>],
    given: &[Given],
    candidates: &Candidates,
    ours: &BTreeSet<String>,
    found: &mut Findings,
) -> Vec<Option<usize>> {
    behind_ends(rules, found);
    let mut patterns = 0;
    let shadow = |at: usize| {
        candidates.may_cover(rules[at].rule, &given[at]).into_iter().filter(|before| *before < at).find(|before| {
            patterns += usize::from(given[*before].has_pattern);
            let may = patterns <= PATTERN_PAIRS_MAX || !given[*before].has_pattern;
            may && is_shadow((&rules[*before], &given[*before]), (&rules[at], &given[at]), ours, found)
        })
    };
    (0..rules.len()).map(shadow).collect()
}

fn is_always(rule: &Rule) -> bool {
    rule.when == When::default() && rule.from.is_none() && rule.until.is_none()
}

/// Everything behind a rule that always ends is told once, at its end.
fn behind_ends(rules: &[Ruled<'_>], found: &mut Findings) {
    let Some(at) = rules.iter().position(|rule| ends(rule.rule) && is_always(rule.rule)) else { return };
    let (rule, behind) = (&rules[at], &rules[at + 1..]);
    let Some(first) = behind.first() else { return };
    let key = ["skip", "review", "stop"].into_iter().find(|key| rule.positions.has_key(&rule.path_of(key))).unwrap_or("id");
    let message = format!("`{}` ends every event here", rule.rule.id);
    let label = format!(
        "{} behind it, `{}` ({}) the first, are never asked: give it a `when`, or move it to the end",
        count(behind.len()),
        first.rule.id,
        first.spot()
    );
    rule.place().complain(found, Code::BehindEnd, key, message, &label);
}

fn count(rules: usize) -> String {
    counted(rules, "rule", "rules")
}

/// Whether all that the second rule gives is given before it, whenever both fit. Evidence about a client counts in any section, so a rule
/// that rests on some is left alone.
fn is_covered((one, first): (&Rule, &Given), (two, second): (&Rule, &Given), same_section: bool) -> bool {
    let (first, gives, second) = (&first.written, &second.fields, &second.written);
    let has_evidence = has_evidence(&two.when);
    // Where the client was set before either, a project of another client gives way to one of that client.
    let same_client = first.contains_key(&Field::Client) && first.get(&Field::Client) == second.get(&Field::Client);
    let is_given = |field: &Field| {
        let alike = first.contains_key(field) && (!same_section || first.get(field) == second.get(field));
        match field {
            Field::Client => alike && !has_evidence,
            Field::Project => alike && !has_evidence && same_client,
            _ => alike,
        }
    };
    let tags = |rule: &'_ Rule| rule.set.as_ref().map(|set| set.tags.0.clone()).unwrap_or_default();
    let (before, wanted) = (tags(one), tags(two));
    let is_tagged = wanted.iter().all(|tag| !tag.contains("${") && before.contains(tag));
    let only_sets = two.split.is_none() && two.hours.is_none() && !ends(two);
    only_sets && (!gives.is_empty() || !wanted.is_empty()) && gives.iter().all(is_given) && is_tagged
}

/// Whether what fits a `when` may be evidence about a client, by one of its alternatives at least.
fn has_evidence(when: &When) -> bool {
    let here = when.project_code.is_some() || when.client_domain.is_some() || when.client_name.is_some();
    here || when.any.iter().chain(&when.all).flatten().any(has_evidence)
}

/// Looks at one rule behind another. Says whether there is no more to be said of the later one.
fn is_shadow(
    (earlier, first): (&Ruled<'_>, &Given),
    (later, second): (&Ruled<'_>, &Given),
    ours: &BTreeSet<String>,
    found: &mut Findings,
) -> bool {
    let (one, two) = (earlier.rule, later.rule);
    if (is_always(one) && first.ends) || one.id == two.id {
        return false;
    }
    let same_section = first.section == second.section;
    let is_late_split = two.split.is_some() && first.written.contains_key(&Field::Client) && !one.over.0.contains(&two.id);
    let clashes = || same_section && clash((one, first), (two, second)).is_some();
    // What fits what is dear to prove: only where something would come of it.
    if !first.ends && !is_late_split && (clashes() || !is_covered((one, first), (two, second), same_section)) {
        return false;
    }
    let dates = one.from.is_none_or(|from| two.from.is_some_and(|first| from <= first))
        && one.until.is_none_or(|until| two.until.is_some_and(|last| last <= until));
    if !dates || !implies(&two.when, &one.when, ours) {
        return false;
    }
    let (who, place) = (format!("`{}` ({})", one.id, earlier.spot()), later.place());
    let (finding, key, message, label) = if first.ends {
        let label = format!("{who} fits whatever it fits, and ends there: move it before that one, or take it away");
        ((Code::Shadowed, Code::Shadowed.level()), "id", "can never count", label)
    } else if is_late_split {
        let label =
            format!("{who} fits whatever it fits, and sets the client before it: each such event is a conflict; move it before that one");
        ((Code::Split, Level::Warning), "split", "comes too late", label)
    } else {
        let label = format!("{who} fits whatever it fits, and sets the same before it: move it before that one, or take it away");
        ((Code::Shadowed, Code::Shadowed.level()), "id", "can never count", label)
    };
    place.complain_at(found, finding, key, format!("`{}` {message}", two.id), &label);
    true
}
