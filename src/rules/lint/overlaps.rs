//! Rules of one section that disagree: what fits two of them is a conflict. Each rule is told once, with those before it that it meets.

use std::collections::{BTreeSet, HashSet};

use super::{
    Findings, Ruled,
    candidates::Candidates,
    exclusion::excluded,
    given::Given,
    inclusion::{holds, implies, lower},
    shadows::PATTERN_PAIRS_MAX,
};
use crate::{
    model::catalog::Field,
    rules::syntax::{Rule, When},
    yaml::code::Code,
};

/// So many others of one rule are looked for: whoever has more has read enough.
const MET_MAX: usize = 20;
/// So many of them are named.
const NAMED_MAX: usize = 3;

/// A rule before another one, and on what they disagree.
struct Met {
    before: usize,
    field: Field,
    first: String,
    second: String,
    /// Whether the first fits whatever the second fits.
    always: bool,
}

/// `shadows` are those because of which a rule never counts: of what is behind them nothing more is said.
pub(super) fn overlaps(
    rules: &[Ruled<'_>],
    given: &[Given],
    (candidates, shadows): (&Candidates, &[Option<usize>]),
    ours: &BTreeSet<String>,
    found: &mut Findings,
) {
    let mut patterns = 0;
    for (at, later) in rules.iter().enumerate() {
        let (limit, mut seen) = (shadows[at].unwrap_or(at), HashSet::new());
        let mut met: Vec<Met> = Vec::new();
        for before in candidates.may_disagree(&later.rule.when, &given[at]).filter(|before| *before < limit) {
            if met.len() == MET_MAX {
                break;
            }
            patterns += usize::from(given[before].has_pattern);
            if (patterns <= PATTERN_PAIRS_MAX || !given[before].has_pattern) && seen.insert(before) {
                met.extend(disagreement((&rules[before], &given[before]), (later, &given[at]), ours).map(|met| Met { before, ..met }));
            }
        }
        met.sort_by_key(|one| one.before);
        tell(rules, later, &met, found);
    }
}

fn disagreement((earlier, first): (&Ruled<'_>, &Given), (later, second): (&Ruled<'_>, &Given), ours: &BTreeSet<String>) -> Option<Met> {
    let (one, two) = (earlier.rule, later.rule);
    let are_apart = first.ends || first.section != second.section || one.id == two.id;
    let (field, of_first, of_second) = clash((one, first), (two, second)).filter(|_| !are_apart)?;
    let dates = one.from.is_none_or(|from| two.from.is_some_and(|first| from <= first))
        && one.until.is_none_or(|until| two.until.is_some_and(|last| last <= until));
    let always = dates && implies(&two.when, &one.when, ours);
    let is_proven = always
        || (implies(&one.when, &two.when, ours) && two.from.is_none() && two.until.is_none())
        || (first.is_plain && second.is_plain && meet(one, two, ours));
    is_proven.then_some(Met { before: 0, field, first: of_first, second: of_second, always })
}

fn tell(rules: &[Ruled<'_>], later: &Ruled<'_>, met: &[Met], found: &mut Findings) {
    let id = &later.rule.id;
    let Some(Met { field, second, .. }) = met.first() else { return };
    let (message, label) = if let [Met { before, first, always, .. }] = met {
        let (one, word) = (&rules[*before], if *always { "always" } else { "can" });
        let label = format!(
            "`{second}` here, `{first}` at `{}` ({}): what fits both is a conflict; say `over: [{id}]` there, or put them in two sections",
            one.rule.id,
            one.spot()
        );
        (format!("`{}` and `{id}` {word} disagree on the {field}", one.rule.id), label)
    } else {
        let named = |Met { before, field: of, first, .. }: &Met| {
            let (one, of) = (&rules[*before], if of == field { String::new() } else { format!("{of} ") });
            format!("{of}`{first}` at `{}` ({})", one.rule.id, one.spot())
        };
        let left = met.len().saturating_sub(NAMED_MAX);
        let all = met.iter().take(NAMED_MAX).map(named).collect::<Vec<_>>().join(", ");
        let (more, count) = match left {
            0 => (String::new(), met.len().to_string()),
            _ if met.len() == MET_MAX => (" and others".to_owned(), format!("at least {MET_MAX}")),
            _ => (format!(" and {left} more"), met.len().to_string()),
        };
        let label = format!(
            "`{second}` here, {all}{more}: what fits this one and one of those is a conflict; say `over: [{id}]` in those that shall win, \
             or put this one in another section"
        );
        (format!("`{id}` can disagree with {count} rules before it"), label)
    };
    later.place().complain(found, Code::Overlap, &format!("set.{field}"), message, &label);
}

/// A field that both write outright, and not alike, with nobody to say which goes over which.
pub(super) fn clash((one, first): (&Rule, &Given), (two, second): (&Rule, &Given)) -> Option<(Field, String, String)> {
    if one.over.0.contains(&two.id) {
        return None;
    }
    let (first, second) = (&first.written, &second.written);
    // Where the project differs, it is what one reads first.
    let fields = [Field::Project, Field::Client, Field::Task, Field::Billable, Field::Description];
    fields.into_iter().find_map(|field| {
        let (a, b) = (first.get(&field)?, second.get(&field)?);
        let is_written = field != Field::Client || two.set.as_ref().is_some_and(|set| set.client.is_some());
        (a != b && is_written).then(|| (field, a.clone(), b.clone()))
    })
}

/// Whether some event surely fits both plain rules: they look for the same word or value, and ask for nothing that could keep them apart.
fn meet(one: &Rule, two: &Rule, ours: &BTreeSet<String>) -> bool {
    let dates = one.from.zip(two.until).is_none_or(|(from, until)| from <= until)
        && two.from.zip(one.until).is_none_or(|(from, until)| from <= until);
    let both: Vec<&When> = vec![&one.when, &two.when];
    dates && share_a_value(&one.when, &two.when) && excluded(&both, ours).is_none()
}

fn share_a_value(one: &When, two: &When) -> bool {
    let words = |when: &When| when.title.iter().filter_map(|words| words.words.clone()).flat_map(|list| list.0).collect::<Vec<_>>();
    let (first, second) = (words(one), words(two));
    let by_word = first.iter().any(|one| second.iter().any(|two| holds(one, two) || holds(two, one)));
    let lists = [
        (&one.calendar, &two.calendar),
        (&one.categories, &two.categories),
        (&one.series, &two.series),
        (&one.event_type, &two.event_type),
    ];
    let by_list =
        lists.into_iter().any(|lists| matches!(lists, (Some(one), Some(two)) if lower(one).iter().any(|value| lower(two).contains(value))));
    by_word || by_list
}
