//! What benches measure of the rules, from outside the crate: rule files that are loaded, written events that are judged. Nothing else.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::{
    model::event::{Fact, Response, Span},
    rules::{self, RuleSet, Scene, judge::Judge, written::WrittenEvent},
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
    calendar: Arc<str>,
    addresses: Arc<[String]>,
}

impl Event {
    /// Another occurrence of the same, so many weeks later: it shares its words, as rows of the same words do when they are read.
    #[must_use]
    pub fn weeks_later(&self, weeks: i64) -> Self {
        let weeks = TimeDelta::weeks(weeks);
        let span = match self.fact.span {
            Span::Timed { start, end, zone } => Span::Timed { start: start + weeks, end: end + weeks, zone },
            Span::AllDay { first, until } => Span::AllDay { first: first + weeks, until: until + weeks },
        };
        let (calendar, addresses) = (self.calendar.clone(), self.addresses.clone());
        Self { fact: Fact { span, ..self.fact.clone() }, response: self.response, calendar, addresses }
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.fact.text.title
    }

    fn scene(&self) -> Scene<'_> {
        let Self { fact, response, calendar, addresses } = self;
        let date = match fact.span {
            Span::Timed { start, .. } => start.date_naive(),
            Span::AllDay { first, .. } => first,
        };
        Scene { fact, response: *response, calendar, addresses, date, zone: chrono_tz::UTC, same_day: &[] }
    }
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
        Event { fact, response, calendar: written.calendar.into(), addresses: owner.into_iter().collect::<Vec<_>>().into() }
    }

    /// How many fields the rules give an event that is judged by itself.
    #[must_use]
    pub fn judge(&self, event: &Event) -> usize {
        self.0.judge(&event.scene()).fields.len()
    }

    /// How many they give to all events of one person, as a pass over her days judges them.
    #[must_use]
    pub fn judge_all(&self, events: &[Event]) -> usize {
        let mut judge = Judge::new(&self.0);
        events.iter().map(|event| judge.verdict(&event.scene()).fields.len()).sum()
    }
}
