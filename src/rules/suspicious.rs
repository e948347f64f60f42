//! Rules that ask of the finished entry, or of its day, and hold it back.

use std::sync::Arc;

use super::{
    RuleSet,
    compile::written,
    conditions::Compiler,
    findings::{Findings, Place},
    matching::Condition,
    syntax,
};
use crate::{
    model::{exception::STRUCTURAL, policy::DayLimit},
    yaml::code::Code,
};

#[derive(Debug)]
pub(super) struct Suspicious {
    pub(super) id: Arc<str>,
    pub(super) reason: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) when: Condition,
    /// What each part of that is called.
    pub(super) keys: Vec<&'static str>,
    /// How that is written.
    pub(super) written: String,
}

/// Takes one of them into the set.
pub(super) fn suspicious(text: syntax::Suspicious, place: &Place<'_>, set: &mut RuleSet, findings: &mut Findings) {
    let reason = text.reason.unwrap_or_else(|| text.id.clone());
    let below = if place.positions.has_key(&format!("{}.reason", place.path)) { "reason" } else { "id" };
    let is_kebab = !reason.is_empty() && reason.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-');
    if STRUCTURAL.contains(&reason.as_str()) {
        let label = "kalends raises that one by itself; give yours another name";
        place.complain(findings, Code::Reason, below, format!("`{reason}` is a reason of kalends"), label);
    } else if !is_kebab {
        let label = "a reason is kebab-case, such as `too-long`; what the reviewer reads goes under `text`";
        place.complain(findings, Code::WrongValue, below, format!("`{reason}` is no reason"), label);
    }
    let message = text.text.unwrap_or_else(|| reason.replace('-', " "));
    if let Some(total) = &text.when.day_total {
        let (min, max) = Compiler { place: *place, catalog: &set.catalog, findings: &mut *findings, lexicon: &mut set.lexicon }
            .bounds(total, "when.day_total");
        if max.is_some() || text.when != (syntax::When { day_total: Some(total.clone()), ..syntax::When::default() }) {
            let label = "`day_total` takes `min` and stands alone";
            place.complain(findings, Code::WrongValue, "when", "this asks about a day and an event at once".to_owned(), label);
        }
        set.day_limits.extend(min.map(|min_seconds| DayLimit { rule: text.id, reason, text: message, min_seconds }));
        return;
    }
    if text.when == syntax::When::default() {
        place.complain(findings, Code::WrongValue, "when", "this holds every entry".to_owned(), "name a condition");
    }
    let parts =
        Compiler { place: *place, catalog: &set.catalog, findings: &mut *findings, lexicon: &mut set.lexicon }.parts(&text.when, "when", 0);
    let written: Vec<_> = parts.iter().map(|part| format!("{} {}", part.key, written(place, part.key))).collect();
    let keys = parts.iter().map(|part| part.key).collect();
    let when = Condition::All(parts.into_iter().map(|part| part.condition).collect());
    let (id, reason, text) = (text.id.into(), reason.into(), message.into());
    set.suspicious.push(Suspicious { id, reason, text, when, keys, written: written.join(", ") });
}
