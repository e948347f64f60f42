//! Everything there is to say of rule files: what keeps them from being rules, what cannot be meant, what no test reaches. Start, reload,
//! check, test, backtest and the pages all come through here, so that none of them takes what another refuses.

use chrono::NaiveDate;

use super::rehearsal::coverage;
use crate::{
    rules::{
        self, Found, RuleSet,
        lint::{History, Known},
    },
    yaml::{code::Level, diagnostic::Source},
};

/// What came of looking at rule files.
#[derive(Debug)]
pub(crate) struct Inspected {
    /// The set they make, if they can be read as one.
    pub(crate) set: Option<RuleSet>,
    /// In the order of the files.
    pub(crate) findings: Vec<Found>,
}

/// Looks at rule files in every way.
pub(crate) fn inspect(files: &[Source], today: NaiveDate, history: Option<&History>) -> Inspected {
    let reading = rules::read(files);
    let reached = reading.set().map(|set| coverage(set).reached());
    let (set, findings) = reading.checked(&Known { today, reached: reached.as_ref(), history });
    Inspected { set, findings }
}

impl Inspected {
    /// How many findings are so bad.
    pub(crate) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|(_, finding)| finding.level == level).count()
    }

    /// The set, if there is no error.
    ///
    /// # Errors
    /// Every finding otherwise.
    pub(crate) fn taken(self) -> Result<RuleSet, Vec<Found>> {
        let errors = self.count(Level::Error);
        self.set.filter(|_| errors == 0).ok_or(self.findings)
    }
}
