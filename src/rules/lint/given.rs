//! What a rule gives an entry, and what is known of its conditions: made once, since each is looked at beside many others.

use std::collections::{BTreeMap, BTreeSet};

use super::Ruled;
use crate::{
    model::catalog::Field,
    rules::{
        RuleSet,
        syntax::{Rule, When},
    },
};

/// What a rule gives an entry; made once, since each is looked at beside many others.
pub(super) struct Given {
    pub(super) section: usize,
    /// How many sections there are.
    pub(super) sections: usize,
    pub(super) tags: Vec<String>,
    pub(super) ends: bool,
    pub(super) has_pattern: bool,
    /// Values that it writes outright. A project brings its client.
    pub(super) written: BTreeMap<Field, String>,
    /// Fields that it has a say in.
    pub(super) fields: BTreeSet<Field>,
    /// Whether an event can be made up for its conditions.
    pub(super) is_plain: bool,
}

impl Given {
    pub(super) fn by(rule: &Ruled<'_>, set: &RuleSet) -> Self {
        let (section, rule) = (rule.section, rule.rule);
        let (ends, has_pattern, is_plain) = (ends(rule), has_pattern(&rule.when), is_plain(&rule.when));
        let tags = rule.set.as_ref().map(|set| set.tags.0.clone()).unwrap_or_default();
        let sections = set.sections.len() + 1;
        Self { section, sections, tags, ends, has_pattern, written: written(rule, set), fields: fields(rule), is_plain }
    }
}

/// Whether nothing more is asked behind it.
pub(super) fn ends(rule: &Rule) -> bool {
    rule.skip.is_some() || rule.review.is_some() || rule.stop
}

fn has_pattern(when: &When) -> bool {
    let here = [&when.title, &when.description, &when.location].into_iter().flatten().any(|words| words.regex.is_some());
    here || when.any.iter().chain(&when.all).flatten().chain(when.not.as_deref()).any(has_pattern)
}

/// The values that a rule writes outright. A project brings its client.
fn written(rule: &Rule, set: &RuleSet) -> BTreeMap<Field, String> {
    let Some(values) = &rule.set else { return BTreeMap::new() };
    let owner = values.project.as_deref().and_then(|code| set.catalog.project(code)).map(|(client, _)| client.key.clone());
    let all = [
        (Field::Client, values.client.clone().or(owner)),
        (Field::Project, values.project.clone()),
        (Field::Task, values.task.clone()),
        (Field::Billable, values.billable.map(|yes| yes.to_string())),
        (Field::Description, values.description.clone()),
    ];
    all.into_iter().filter_map(|(field, value)| Some((field, value.filter(|value| !value.contains("${"))?))).collect()
}

/// Only keys whose values can be chosen one by one, so that an event for each can be made up.
fn is_plain(when: &When) -> bool {
    let plain_words = [&when.title, &when.description, &when.location].into_iter().flatten().all(|words| words.regex.is_none());
    let counted = when.attendees.as_ref().is_none_or(|text| text.only.is_none() && text.any.0.is_empty());
    let rest = When {
        title: None,
        description: None,
        location: None,
        categories: None,
        colour: None,
        event_type: None,
        calendar: None,
        series: None,
        attendees: None,
        weekday: None,
        recurring: None,
        duration: None,
        my_response: None,
        show_as: None,
        status: None,
        ..when.clone()
    };
    plain_words && counted && rest == When::default()
}

/// Fields that a rule has a say in.
pub(super) fn fields(rule: &Rule) -> BTreeSet<Field> {
    let set = rule.set.clone().unwrap_or_default();
    let split = rule.split.is_some();
    let all = [
        (Field::Client, set.client.is_some() || set.project.is_some() || split),
        (Field::Project, set.project.is_some() || split),
        (Field::Task, set.task.is_some()),
        (Field::Billable, set.billable.is_some()),
        (Field::Description, set.description.is_some()),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(field, _)| field).collect()
}
