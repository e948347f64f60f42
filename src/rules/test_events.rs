//! The tests of rule files, by their number: each with its event as it is written there, for whoever wants to try it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::RuleSet;
use crate::yaml::diagnostic::Source;

/// A test, as something to try.
#[derive(Debug)]
pub(crate) struct TestEvent {
    pub(crate) name: String,
    pub(crate) event: Value,
    /// Whether it says what else is on that day.
    pub(crate) has_company: bool,
}

impl RuleSet {
    /// One test, from the files that the set was made of.
    pub(crate) fn test_event(&self, number: usize, files: &BTreeMap<String, String>) -> Option<TestEvent> {
        let (spot, test) = self.tests.get(number)?;
        let index: usize = spot.path.strip_prefix("tests[")?.strip_suffix(']')?.parse().ok()?;
        let source = Source::new(spot.file.as_str(), files.get(&spot.file)?);
        let file: serde_yaml::Value = serde_yaml::from_str(&source.text).ok()?;
        let event = serde_json::to_value(file.get("tests")?.get(index)?.get("event")?).ok()?;
        Some(TestEvent { name: test.name.clone(), event, has_company: !test.same_day.is_empty() })
    }
}
