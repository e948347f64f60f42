//! Which rules had a part in an event, and which of their alternatives: what tests reach.

use super::{
    RuleSet, Scene,
    compile::{End, Rule},
    explain::Asked,
    matching::{Condition, Hits},
    reader::Reader,
    suspicious::Suspicious,
};
use crate::model::residual::{Decided, Residual};

/// A rule that fitted an event, with those of its alternatives that did, as paths under its `when`: `any[1]`, `all[0].any[2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) rule: String,
    pub(crate) branches: Vec<String>,
}

impl RuleSet {
    /// Every rule in the order in which it is asked, with all its alternatives.
    pub(crate) fn alternatives(&self) -> Vec<Reach> {
        self.rules.iter().map(|rule| Reach::of(&rule.id, branches(rule), |_| true)).collect()
    }

    /// Those that fitted an event, up to the one that ended it, and those that ask of what was made of it.
    pub(crate) fn reach(&self, scene: &Scene<'_>, asked: &[Asked], decided: &Decided<'_>) -> Vec<Reach> {
        if let Some(fact) = scene.without_words() {
            return self.reach(&Scene { fact: &fact, ..*scene }, asked, decided);
        }
        let scene = &self.seen(*scene);
        let reader = Reader::new(self, scene);
        let fitted = || self.rules.iter().zip(asked).filter(|(_, asked)| asked.failed.is_empty()).map(|(rule, _)| rule);
        let last = fitted().position(|rule| !matches!(rule.end, End::GoesOn)).map_or(usize::MAX, |at| at + 1);
        // When a rule was asked, less was set than is now; what it was asked of the finished entry is set.
        let undecided = scene.undecided();
        let of_rule = |residual: &Residual| residual.holds(decided) || residual.holds(&undecided);
        let of_entry = |residual: &Residual| residual.holds(decided);
        let of_rules = fitted()
            .take(last)
            .map(|rule| Reach::of(&rule.id, branches(rule), |condition| reader.holds(condition, &mut Hits::default(), &of_rule)));
        let held = |condition: &Condition| reader.holds(condition, &mut Hits::default(), &of_entry);
        let asks = self.suspicious.iter().filter(|one| held(&one.when));
        let of_entries = asks.map(|one| Reach::of(&one.id, one.branches(), held));
        of_rules.chain(of_entries).collect()
    }

    /// Rules that ask about finished entries, with all their alternatives.
    pub(crate) fn suspicious(&self) -> impl Iterator<Item = Reach> {
        let of_days = self.day_limits.iter().map(|limit| Reach { rule: limit.rule.clone(), branches: Vec::new() });
        self.suspicious.iter().map(|one| Reach::of(&one.id, one.branches(), |_| true)).chain(of_days)
    }
}

impl Reach {
    fn of(rule: &str, branches: Vec<(String, &Condition)>, is_there: impl Fn(&Condition) -> bool) -> Self {
        let there = branches.into_iter().filter(|(_, condition)| is_there(condition)).map(|(path, _)| path);
        Self { rule: rule.to_owned(), branches: there.collect() }
    }
}

impl Suspicious {
    fn branches(&self) -> Vec<(String, &Condition)> {
        let mut found = Vec::new();
        if let Condition::All(parts) = &self.when {
            self.keys.iter().zip(parts).for_each(|(key, part)| collect(part, key, &mut found));
        }
        found
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
