//! What there is to know of the rules in force and of the folder they come from, and what an edited copy of them would do: for commands,
//! for the daemon's start and for the page of rules.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chrono::NaiveDate;

use super::{App, rule_files};
use crate::{
    rules::Found,
    settling::{
        activation::{self, Active, sources},
        backtest::{self, Backtest},
        behaviour::{self, Behaviour},
        inspection::inspect,
        reload::{Refusal, proven},
        rule_tests::{TestResult, run_tests},
    },
    yaml::code::Level,
};

/// What the folder holds beside what is active.
pub(crate) enum Folder {
    Same,
    Differs,
    Refused(Refusal),
    Unreadable(String),
}

impl Folder {
    pub(crate) fn look(app: &App, active: Option<&str>) -> Self {
        let files = match rule_files(&app.config.rules) {
            Ok(files) => files,
            Err(error) => return Self::Unreadable(format!("{error:#}")),
        };
        let digest = activation::digest(&files, &app.config.policy);
        match proven(files, &app.config.policy, app.config.clock.now().date_naive()) {
            Ok(_) if active == Some(digest.as_str()) => Self::Same,
            Ok(_) => Self::Differs,
            Err(refusal) => Self::Refused(refusal),
        }
    }

    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Refused(_) => "refused",
            Self::Unreadable(_) => "unreadable",
        }
    }

    pub(crate) fn told(&self) -> String {
        match self {
            Self::Same => "holds what is active".to_owned(),
            Self::Differs => "holds something else than what is active; make that active with: kalends rules reload".to_owned(),
            Self::Refused(refusal) => format!("holds what cannot become active: {}", refusal.summary()),
            Self::Unreadable(error) => error.clone(),
        }
    }
}

/// What is to be said of a rule set, and how its own tests go.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) findings: Vec<Found>,
    pub(crate) tests: Vec<TestResult>,
}

/// The last set that was checked, by its digest and the date on which it was.
pub(super) type LastChecked = Option<(String, NaiveDate, Arc<Checked>)>;

impl App {
    /// Checks the set in force; once for each day, however often it is asked.
    pub(crate) async fn checked(&self, active: &Arc<Active>) -> anyhow::Result<Arc<Checked>> {
        let today = self.config.clock.now().date_naive();
        let mut last = self.checked.lock().await;
        if let Some((_, _, checked)) = last.as_ref().filter(|(digest, date, _)| *digest == active.digest && *date == today) {
            return Ok(checked.clone());
        }
        let set = active.clone();
        let check = move || {
            let inspected = inspect(&sources(&set.files), today, None);
            let tests = inspected.set.as_ref().map(run_tests).unwrap_or_default();
            Arc::new(Checked { findings: inspected.findings, tests })
        };
        let checked = tokio::task::spawn_blocking(check).await.context("checking ended early")?;
        *last = Some((active.digest.clone(), today, checked.clone()));
        Ok(checked)
    }

    /// What the folder holds beside what is in force; what is in force is not proven again.
    pub(crate) async fn folder(self: &Arc<Self>, active: &Active) -> anyhow::Result<Folder> {
        let (app, active) = (self.clone(), active.digest.clone());
        let look = move || match rule_files(&app.config.rules) {
            Ok(files) if activation::digest(&files, &app.config.policy) == active => Folder::Same,
            _ => Folder::look(&app, Some(&active)),
        };
        tokio::task::spawn_blocking(look).await.context("looking at the folder ended early")
    }
}

/// How long someone waits for others, and how long for the work itself; together less than a page may take.
const TURN: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(25);
/// The longest spans, in days: of a backtest, which derives, and of a comparison, which only judges.
pub(crate) const TRIED_MAX: i64 = 92;
pub(crate) const COMPARED_MAX: i64 = 366;

/// What came of trying rule files.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) checked: Checked,
    /// What they would change; none if they are no rule set.
    pub(crate) difference: Option<Backtest>,
}

impl App {
    /// Tries the set in force with one file of it replaced. Writes nothing, and nothing becomes active.
    ///
    /// # Errors
    /// If there is no such file, the span is too long, or it takes too long.
    pub(crate) async fn tried(
        self: &Arc<Self>,
        active: &Arc<Active>,
        (file, text): (&str, &str),
        span: (NaiveDate, NaiveDate),
    ) -> anyhow::Result<Tried> {
        within(span, TRIED_MAX)?;
        let mut files = active.files.clone();
        let Some(place) = files.get_mut(file).filter(|_| active.rule_files().any(|(name, _)| name == file)) else {
            bail!("there is no file {file} in the active set");
        };
        text.clone_into(place);
        let (app, active) = (self.clone(), active.clone());
        self.apart(async move {
            let now = app.config.clock.now();
            let inspected = inspect(&sources(&files), now.date_naive(), None);
            let is_set = inspected.count(Level::Error) == 0;
            let tests = inspected.set.as_ref().map(run_tests).unwrap_or_default();
            let checked = Checked { findings: inspected.findings, tests };
            let candidate = Active::from_files(files, &active.policy).ok().filter(|_| is_set);
            let Some(mut candidate) = candidate else { return Ok(Tried { checked, difference: None }) };
            backtest::with_closed(&app.store, &active, &mut candidate, now.date_naive()).await?;
            let difference = backtest::backtest(&app.store, (&active, &candidate), span, now, |_, _| {}).await?;
            Ok(Tried { checked, difference: Some(difference) })
        })
        .await
    }

    /// What two sets say otherwise of the events of a span.
    ///
    /// # Errors
    /// If the span is too long, or it takes too long.
    pub(crate) async fn compared(
        self: &Arc<Self>,
        one: Arc<Active>,
        other: Arc<Active>,
        span: (NaiveDate, NaiveDate),
    ) -> anyhow::Result<Behaviour> {
        within(span, COMPARED_MAX)?;
        let app = self.clone();
        self.apart(async move { Ok(behaviour::compare(&app.store, &one, &other, span).await?) }).await
    }

    /// Work that takes its time: on a thread of its own, one at a time, and given up before whoever waits for it does.
    async fn apart<T: Send + 'static>(&self, work: impl Future<Output = anyhow::Result<T>> + Send + 'static) -> anyhow::Result<T> {
        let turn = tokio::time::timeout(TURN, self.apart.clone().acquire_owned()).await;
        let turn = turn.context("someone else is trying rules right now: try again in a moment")??;
        let here = tokio::runtime::Handle::current();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            here.block_on(async { tokio::time::timeout(PATIENCE, work).await })
        });
        done.await.context("it ended early")?.context("it takes too long for a page: choose a shorter span, or use the command")?
    }
}

fn within((from, to): (NaiveDate, NaiveDate), days: i64) -> anyhow::Result<()> {
    anyhow::ensure!(from <= to, "{from} is after {to}");
    anyhow::ensure!(
        (to - from).num_days() < days,
        "from {from} to {to} are more than {days} days: choose a shorter span, or use the command"
    );
    Ok(())
}
