//! What each rule is and does, in words: for whoever reads a list of them.

use super::{
    RuleSet, Spot,
    compile::{End, Rule},
};
use crate::model::{catalog::Field, verdict::Share};

/// One rule in words.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: String,
    /// The section it stands in; of those that ask about finished entries the key they stand under.
    pub(crate) section: String,
    /// Its conditions as they are written, on one line; empty where there are none.
    pub(crate) when: String,
    pub(crate) does: String,
    pub(crate) at: Option<Spot>,
}

/// The key of rules that ask about finished entries.
const SUSPICIOUS: &str = "suspicious";

impl RuleSet {
    /// Every rule in the order in which it is asked, those about finished entries last.
    pub(crate) fn told(&self) -> Vec<Told> {
        let told = |id: &str, section: &str, when: String, does: String| {
            let (id, section, at) = (id.to_owned(), section.to_owned(), self.place(id).cloned());
            Told { id, section, when, does, at }
        };
        let of_rule = |rule: &Rule| {
            let section = self.sections.get(rule.section).map_or("", String::as_str);
            let when: Vec<_> = rule.when.iter().map(|clause| format!("{} {}", clause.key, clause.written)).collect();
            told(&rule.id, section, when.join(", "), does(rule))
        };
        let holds = |reason: &str, text: &str| format!("holds the entry: {reason}, {text}");
        let suspicious = self.suspicious.iter().map(|one| told(&one.id, SUSPICIOUS, one.written.clone(), holds(&one.reason, &one.text)));
        let at_least = |seconds: i64| format!("day_total {{min: {}}}", duration(seconds));
        let limits =
            self.day_limits.iter().map(|one| told(&one.rule, SUSPICIOUS, at_least(one.min_seconds), holds(&one.reason, &one.text)));
        self.rules.iter().map(of_rule).chain(suspicious).chain(limits).collect()
    }

    /// How many tests stand in the files.
    pub(crate) fn tests_len(&self) -> usize {
        self.tests.len()
    }
}

fn does(rule: &Rule) -> String {
    let mut parts: Vec<String> = rule.set.iter().map(|(field, template)| sets(*field, &template.to_string())).collect();
    if !rule.tags.is_empty() {
        let tags: Vec<_> = rule.tags.iter().map(ToString::to_string).collect();
        parts.push(format!("tags: {}", tags.join(", ")));
    }
    if !rule.split.is_empty() {
        parts.push(format!("splits it: {}", rule.split.iter().map(share).collect::<Vec<_>>().join(", ")));
    }
    parts.extend(rule.hours.map(|seconds| format!("{}:{:02} h on each working day", seconds / 3600, seconds / 60 % 60)));
    match &rule.end {
        End::GoesOn => {}
        End::Stops => parts.push("nothing more is asked".to_owned()),
        End::Skips { why, counts_as: None } => parts.push(format!("skips it: {why}")),
        End::Skips { why, counts_as: Some(kind) } => parts.push(format!("skips it as {kind}: {why}")),
        End::Asks(text) => parts.push(format!("asks: {text}")),
    }
    parts.join(" · ")
}

/// As rule files have it.
fn duration(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (hours, 0) => format!("{hours}h"),
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h{minutes}m"),
    }
}

fn sets(field: Field, value: &str) -> String {
    match (field, value) {
        (Field::Billable, "true") => "billable".to_owned(),
        (Field::Billable, "false") => "not billable".to_owned(),
        _ => format!("{field}: {value}"),
    }
}

fn share(share: &Share) -> String {
    let of = [share.project.as_deref().or(share.client.as_deref()), share.task.as_deref()];
    let billable = share.billable.map(|yes| if yes { "billable" } else { "not billable" });
    let words: Vec<_> = of.into_iter().chain([billable]).flatten().collect();
    format!("{} % {}", share.percent, words.join(" "))
}
