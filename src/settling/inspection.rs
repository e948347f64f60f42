//! Everything there is to say of rule files: what keeps them from being rules, what cannot be meant, what no test reaches. Start, reload,
//! check, test, backtest and the pages all come through here, so that none of them takes what another refuses.

use chrono::{Days, NaiveDate};

use super::{
    derive::{scene, verdicts},
    rule_tests::coverage,
};
use crate::{
    rules::{
        self, Found, RuleSet,
        lint::{History, Known},
    },
    store::{Error, Store},
    yaml::{code::Level, diagnostic::Source},
};

/// Days of a person's events that are judged at once.
const DAYS: u64 = 31;

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
    let tested = reading.set().map(|set| coverage(set).tested());
    let (set, findings) = reading.checked(&Known { today, tested: tested.as_ref(), history });
    Inspected { set, findings }
}

/// What a set makes of everyone's events of a span. Writes nothing.
pub(crate) async fn history(store: &Store, rules: &RuleSet, (from, to): (NaiveDate, NaiveDate)) -> Result<History, Error> {
    let mut history = History { span: Some((from, to)), ..History::default() };
    let mut tx = store.read().await?;
    for staff in tx.staff().await? {
        let mut first = from.max(staff.first_day);
        while first <= to {
            let last = to.min(first + Days::new(DAYS - 1));
            let events = tx.events_on(staff.id, first, last).await?;
            let judged = verdicts(&staff, events.iter(), rules);
            let here = events.iter().filter(|event| event.removed_at.is_none() && staff.zones.first_date(&event.fact.span) >= first);
            for (event, verdict) in here
                .filter_map(|event| Some((event, judged.get(&event.id)?)))
                .filter(|(event, verdict)| event.is_live() || verdict.skip.is_some())
            {
                rules.note(&mut history, &scene(&staff, event, &[]), verdict);
            }
            first = last + Days::new(1);
        }
    }
    Ok(history)
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
