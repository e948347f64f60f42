//! What benches measure of the rules, from outside the crate: rule files that are loaded, written events that are judged. Nothing else.

use crate::{
    model::event::{Fact, Response},
    rules::{self, RuleSet, Scene, written::WrittenEvent},
    yaml::diagnostic::Source,
};

/// A rule set.
#[derive(Debug)]
pub struct Rules(RuleSet);

/// An event on someone's calendar.
#[derive(Debug)]
pub struct Event {
    fact: Fact,
    response: Response,
    calendar: String,
    addresses: Vec<String>,
}

impl Rules {
    /// Reads, checks and compiles files, each with its name.
    ///
    /// # Panics
    /// If they have findings: a bench measures nothing then.
    #[must_use]
    pub fn load(files: &[(&str, &str)]) -> Self {
        let files: Vec<_> = files.iter().map(|(name, text)| Source::new(*name, text)).collect();
        let read = rules::load(&files);
        Self(read.unwrap_or_else(|found| panic!("{} findings, the first: {}", found.len(), found[0].1)))
    }

    /// An event as tests of rules write it.
    ///
    /// # Panics
    /// If it is no event.
    #[must_use]
    pub fn event(&self, written: serde_json::Value) -> Event {
        let written: WrittenEvent = serde_json::from_value(written).expect("an event");
        let (owner, response) = self.0.owner(&written);
        let fact = written.fact(chrono_tz::UTC).expect("times");
        Event { fact, response, calendar: written.calendar, addresses: owner.into_iter().collect() }
    }

    /// How many fields the rules give it.
    #[must_use]
    pub fn judge(&self, event: &Event) -> usize {
        let Event { fact, response, calendar, addresses } = event;
        let verdict = self.0.judge(&Scene { fact, response: *response, calendar, addresses, zone: chrono_tz::UTC, same_day: &[] });
        verdict.fields.len()
    }
}
