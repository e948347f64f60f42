//! An `over` that goes over nothing.

use std::collections::BTreeMap;

use super::{
    Findings, Ruled,
    exclusion::excluded,
    given::fields,
    inclusion::{of_the_event, opened},
};
use crate::{
    rules::{RuleSet, syntax::When},
    yaml::code::{Code, Level},
};

pub(super) fn overs(rules: &[Ruled<'_>], set: &RuleSet, found: &mut Findings) {
    let places: BTreeMap<&str, usize> = rules.iter().enumerate().map(|(at, rule)| (rule.rule.id.as_str(), at)).collect();
    for (at, rule) in rules.iter().enumerate() {
        for (index, id) in rule.rule.over.0.iter().enumerate() {
            let Some((other_at, other)) = places.get(id.as_str()).map(|at| (*at, &rules[*at])) else { continue };
            // Fields may be set between the two, so what they ask of these keeps nothing apart.
            let (one, two) = (of_the_event(&rule.rule.when), of_the_event(&other.rule.when));
            let both: Vec<&When> = opened(&one).into_iter().chain(opened(&two)).collect();
            let label = if other_at < at {
                format!(
                    "it is asked before, at {}, and so wins over this one: write `over: [{}]` there, or change their order",
                    other.spot(),
                    rule.rule.id
                )
            } else if fields(rule.rule).is_disjoint(&fields(other.rule)) {
                "the two set no field in common: take it away".to_owned()
            } else if excluded(&both, set.identity.ours()).is_some() {
                "no event fits both: take it away".to_owned()
            } else {
                continue;
            };
            rule.place().complain_at(
                found,
                (Code::Over, Level::Warning),
                &format!("over[{index}]"),
                format!("`{}` never goes over `{id}`", rule.rule.id),
                &label,
            );
        }
    }
}
