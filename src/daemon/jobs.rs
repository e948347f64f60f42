//! Jobs that run at times of their own. Each has a row with its next slot: several daemons run a slot once, and one that was missed while
//! none ran is made up for, once.

use chrono::{Days, Months, TimeDelta};
use tracing::{error, info};

use super::{Daemon, TICK, slots};
use crate::{app::App, capture::silence, config::poll::schedule, review};

/// How long a job may take before another daemon tries.
const CLAIM: TimeDelta = TimeDelta::minutes(15);

impl Daemon {
    pub(super) async fn run_jobs(&self) {
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
    let Some(days) = app.config.polling.submit_after else { return Ok("People submit their time themselves.".to_owned()) };
    let now = app.config.clock.now();
    let people = app.store.read().await?.staff().await?;
    let mut count = 0;
    for staff in people {
        let until = staff.zones.date_of(now) - Days::new(u64::from(days) + 1);
        count += review::submit_days(&app.store, &staff, until, app.config.policy.locked_through).await?;
    }
    Ok(format!("{count} entries submitted themselves."))
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
