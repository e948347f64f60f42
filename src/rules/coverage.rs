//! Which rules had a part in an event, and which of their alternatives: what tests reach.

use super::{
    RuleSet, Scene,
    compile::{End, Rule},
    explain::Asked,
    matching::Condition,
    reader::Reader,
};
use crate::model::residual::Residual;

/// A rule that fitted an event, with those of its alternatives that did, as paths under its `when`: `any[1]`, `all[0].any[2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) rule: String,
    pub(crate) branches: Vec<String>,
}

impl RuleSet {
    /// Every rule in the order in which it is asked, with all its alternatives.
    pub(crate) fn alternatives(&self) -> Vec<Reach> {
        let all = |rule: &Rule| Reach { rule: rule.id.to_string(), branches: branches(rule).into_iter().map(|(path, _)| path).collect() };
        self.rules.iter().map(all).collect()
    }

    /// Those that fitted an event, up to the one that ended it.
    pub(crate) fn reach(&self, scene: &Scene<'_>, asked: &[Asked]) -> Vec<Reach> {
        if let Some(fact) = scene.without_words() {
            return self.reach(&Scene { fact: &fact, ..*scene }, asked);
        }
        let scene = &self.seen(*scene);
        let reader = Reader::new(self, scene);
        let fitted = || self.rules.iter().zip(asked).filter(|(_, asked)| asked.failed.is_empty()).map(|(rule, _)| rule);
        let last = fitted().position(|rule| !matches!(rule.end, End::GoesOn)).map_or(usize::MAX, |at| at + 1);
        let held = |condition: &Condition| reader.reduce(condition) != Residual::Never;
        let reach = |rule: &Rule| {
            let held = branches(rule).into_iter().filter(|(_, condition)| held(condition)).map(|(path, _)| path);
            Reach { rule: rule.id.to_string(), branches: held.collect() }
        };
        fitted().take(last).map(reach).collect()
    }

    /// Rules that ask about finished entries, by name.
    pub(crate) fn suspicious(&self) -> impl Iterator<Item = &str> {
        self.suspicious.iter().map(|one| &*one.id).chain(self.day_limits.iter().map(|limit| limit.rule.as_str()))
    }
}

/// The alternatives of a rule, each with its path.
fn branches(rule: &Rule) -> Vec<(String, &Condition)> {
    let mut found = Vec::new();
    for clause in &rule.when {
        collect(&clause.condition, clause.key, &mut found);
    }
    found
}

fn collect<'a>(condition: &'a Condition, path: &str, into: &mut Vec<(String, &'a Condition)>) {
    match condition {
        Condition::Any(parts) => {
            for (index, part) in parts.iter().enumerate() {
                let path = format!("{path}[{index}]");
                into.push((path.clone(), part));
                below(part, &path, into);
            }
        }
        Condition::All(parts) if path == "all" => {
            parts.iter().enumerate().for_each(|(index, part)| below(part, &format!("{path}[{index}]"), into));
        }
        _ => {}
    }
}

/// What is written in braces, whose own alternatives stand under `any`.
fn below<'a>(condition: &'a Condition, path: &str, into: &mut Vec<(String, &'a Condition)>) {
    if let Condition::All(parts) = condition {
        parts.iter().filter(|part| matches!(part, Condition::Any(_))).for_each(|part| collect(part, &format!("{path}.any"), into));
    }
}
