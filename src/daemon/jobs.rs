//! Jobs that run at times of their own. Each has a row with its next slot: several daemons run a slot once, and one that was missed while
//! none ran is made up for, once.

use std::time::{Duration, Instant};

use chrono::{DateTime, Months, TimeDelta, Utc};
use tracing::{error, info};

use super::{Daemon, TICK, slots};
use crate::{
    app::App,
    capture::silence,
    config::poll::schedule,
    review,
    store::{Error, days::Due},
};

/// How long a job may take before another daemon tries.
const CLAIM: TimeDelta = TimeDelta::minutes(15);

/// How long jobs wait at the start for calendars that were due meanwhile.
const FIRST: Duration = Duration::from_mins(10);

impl Daemon {
    pub(super) async fn run_jobs(&self) {
        self.catch_up().await;
        while !self.is_stopping() {
            for (name, expression) in &self.app.config.polling.jobs {
                if let Err(error) = once(&self.app, name, expression).await {
                    error!(job = name, "A job's row cannot be written: {error}");
                }
            }
            self.rest(TICK * 5).await;
        }
    }
}

impl Daemon {
    /// After days off what happened meanwhile is read before a slot that was missed is made up for.
    async fn catch_up(&self) {
        let begun = (Instant::now(), self.app.config.clock.now());
        while !self.is_stopping() && begun.0.elapsed() < FIRST {
            match self.is_behind(begun.1).await {
                Ok(false) => return,
                Ok(true) => {}
                Err(error) => error!("The book cannot be asked what is due: {}", error.with_cause()),
            }
            self.rest(TICK / 4).await;
        }
    }

    /// Whether anything that was due at a time is still to be read or settled.
    async fn is_behind(&self, then: DateTime<Utc>) -> Result<bool, Error> {
        let mut tx = self.app.store.read().await?;
        let is_due = tx.next_poll(then).await?.is_some_and(|due| due <= then);
        let is_reading = self.room.available_permits() < self.app.config.polling.at_once;
        Ok(is_due || is_reading || !tx.staff_with_due(Due::Fresh, self.app.config.clock.now()).await?.is_empty())
    }
}

/// Runs a job if its slot has come, and finds the next.
async fn once(app: &App, name: &'static str, expression: &str) -> anyhow::Result<()> {
    let polling = &app.config.polling;
    let schedule = schedule(expression).map_err(|message| anyhow::anyhow!(message))?;
    let now = app.config.clock.now();
    let Some(next) = slots::next(&schedule, polling.timezone, now) else { return Ok(()) };
    let mut tx = app.store.write().await?;
    tx.schedule_job(name, &format!("{expression} {}", polling.timezone), next, now).await?;
    let claimed = tx.claim_job(name, app.vault.daemon, now, now + CLAIM).await?;
    tx.commit().await?;
    let Some((slot, fence)) = claimed else { return Ok(()) };
    let failure = match run(app, name).await {
        Ok(told) => {
            info!(job = name, slot = %slot, "{told}");
            None
        }
        Err(error) => {
            error!(job = name, slot = %slot, "A job failed: {error:#}");
            Some(format!("{error:#}"))
        }
    };
    let mut tx = app.store.write().await?;
    tx.finish_job(name, fence, next, failure.as_deref(), app.config.clock.now()).await?;
    Ok(tx.commit().await?)
}

/// Does what a job is for, and says what that was.
pub(crate) async fn run(app: &App, name: &str) -> anyhow::Result<String> {
    match name {
        "full-read" => full_read(app).await,
        "submit" => submit(app).await,
        "retention" => retention(app).await,
        "digest" => digest(app).await,
        other => anyhow::bail!("there is no job called {other}"),
    }
}

/// Every calendar is read whole at its next turn: what change detectors missed is found, and the window moves on.
async fn full_read(app: &App) -> anyhow::Result<String> {
    let mut tx = app.store.write().await?;
    // None is read sooner for it: all at once is what providers ask not to do.
    tx.want_full(None, app.config.clock.now() + TimeDelta::days(1)).await?;
    let (people, sources) = (tx.staff().await?, tx.calendars().await?);
    tx.commit().await?;
    let mut silent = 0;
    for source in sources.iter().filter(|source| source.removed_at.is_none() && !source.paused) {
        if let Some(staff) = people.iter().find(|person| person.id == source.calendar.staff) {
            silent += usize::from(silence::look(&app.store, source, staff, app.config.clock.now()).await?);
        }
    }
    Ok(format!("Every calendar is read whole at its next turn; {silent} went quiet."))
}

/// Tells people what keeps their hours from coming in.
async fn digest(app: &App) -> anyhow::Result<String> {
    let count = super::digest::send(app).await?;
    Ok(format!("{count} digests were sent."))
}

/// Days that ended some days ago, and have no open question, submit themselves (S9).
async fn submit(app: &App) -> anyhow::Result<String> {
    if app.config.polling.submit_after.is_none() {
        return Ok("People submit their time themselves.".to_owned());
    }
    let (health, now) = (app.health().await?, app.config.clock.now());
    let waiting = app.waiting(&health).await?;
    let mut count = 0;
    for staff in &health.people {
        let Some(until) = app.submits_until(staff).filter(|until| app.unread(&health, staff, *until).is_empty()) else { continue };
        count += review::submit_days(&app.store, staff, until, app.config.policy.locked_through, now).await?;
    }
    let told: Vec<_> = waiting.iter().map(|one| format!(" Of {}, {}.", health.email(one.staff), one.told())).collect();
    Ok(format!("{count} entries submitted themselves.{}", told.concat()))
}

/// The words of old events go; times and decisions stay (S8).
async fn retention(app: &App) -> anyhow::Result<String> {
    let now = app.config.clock.now();
    let Some(before) = now.date_naive().checked_sub_months(Months::new(app.config.polling.retention_months)) else {
        return Ok("Nothing is that old.".to_owned());
    };
    let mut tx = app.store.write().await?;
    let count = tx.forget_words_before(before).await?;
    tx.commit().await?;
    Ok(format!("The words of {count} events from before {before} are gone."))
}
