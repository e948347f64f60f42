//! The daemon: what is due, when to wait, how to stop. What is durable is rows; the timers here only wake the loops that read them.

mod breaker;
pub(crate) mod digest;
pub(crate) mod jobs;
mod lock;
pub(crate) mod rules;
pub(crate) mod slots;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tracing::{debug, error, info, warn};

use self::breaker::{Asked, Breaker};
pub(crate) use self::lock::Alone;
use crate::{
    app::App,
    calendar::api::Trouble,
    capture::{
        folders::take_in,
        origin::Refusal,
        pass::{Claim, LEASE},
    },
    model::{
        connection::{Connection, Provider},
        ids::ConnectionId,
    },
    settling::{
        activation::{self, Active},
        settle_due,
    },
    store::{Error, rule_sets::Files},
};

/// How long a loop sleeps at most: another daemon, or a command, may have made something due.
const TICK: Duration = Duration::from_secs(2);
/// How long running work may take to end once it is asked to.
const DRAIN: Duration = Duration::from_secs(30);
/// Drop folders are looked through this often.
const FOLDERS: Duration = Duration::from_mins(1);

/// Everything the loops share.
pub(crate) struct Daemon {
    app: Arc<App>,
    /// Calendars that are read at the same time.
    room: Arc<Semaphore>,
    /// One reading of an account at a time: providers bound what is in flight per mailbox, and one that hangs must not take all room.
    accounts: Mutex<HashMap<ConnectionId, Arc<Semaphore>>>,
    /// Providers that do not answer.
    breakers: Mutex<HashMap<Asked, Breaker>>,
    /// Something was captured: days may be due.
    captured: Notify,
    /// Someone wants the rule files read again.
    reload: Notify,
    stop: watch::Receiver<bool>,
}

impl Daemon {
    pub(crate) fn new(app: Arc<App>, stop: watch::Receiver<bool>) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(app.config.polling.at_once));
        Arc::new(Self {
            app,
            room,
            accounts: Mutex::default(),
            breakers: Mutex::default(),
            captured: Notify::new(),
            reload: Notify::new(),
            stop,
        })
    }

    /// Runs until it is told to stop, and ends what it began. `rules` is what the folder of rule files held at the start.
    pub(crate) async fn run(self: &Arc<Self>, rules: Option<Files>) {
        let mut loops = JoinSet::new();
        let (reading, settling, jobs, folders, watching) = (self.clone(), self.clone(), self.clone(), self.clone(), self.clone());
        loops.spawn(async move { reading.read_calendars().await });
        loops.spawn(async move { settling.settle().await });
        loops.spawn(async move { jobs.run_jobs().await });
        loops.spawn(async move { folders.look_into_folders().await });
        loops.spawn(async move { watching.watch_rules(rules).await });
        while loops.join_next().await.is_some() {}
        if let Err(error) = self.give_back().await {
            warn!("Claims could not be given back and will run out by themselves: {}", error.with_cause());
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sleeps, unless it is told to stop.
    async fn rest(&self, time: Duration) {
        let mut stop = self.stop.clone();
        #[expect(clippy::disallowed_methods, reason = "the daemon is what waits")]
        let sleep = tokio::time::sleep(time);
        tokio::select! {
            () = sleep => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn give_back(&self) -> Result<(), Error> {
        let mut tx = self.app.store.write().await?;
        tx.release_calendars(self.app.vault.daemon).await?;
        tx.commit().await
    }

    async fn read_calendars(self: &Arc<Self>) {
        let mut running = JoinSet::new();
        while !self.is_stopping() {
            match self.claim().await {
                Ok(claims) if claims.is_empty() => self.rest(self.until_next().await).await,
                Ok(claims) => {
                    for (claim, permit) in claims {
                        let daemon = self.clone();
                        running.spawn(async move { daemon.read(claim, permit).await });
                    }
                }
                Err(error) => {
                    error!("The book cannot be asked which calendars are due: {}", error.with_cause());
                    self.rest(TICK).await;
                }
            }
            while running.try_join_next().is_some() {}
        }
        let drained = tokio::time::timeout(DRAIN, async { while running.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            warn!("Some calendars were still being read when time was up; their claims run out, and nothing half-read was kept.");
        }
    }

    /// Claims as many calendars as there is room for.
    async fn claim(&self) -> Result<Vec<(Claim, OwnedSemaphorePermit)>, Error> {
        let Ok(first) = self.room.clone().acquire_owned().await else { return Ok(Vec::new()) };
        let mut permits = vec![first];
        permits.extend(std::iter::from_fn(|| self.room.clone().try_acquire_owned().ok()));
        let now = self.app.config.clock.now();
        let limit = i64::try_from(permits.len()).unwrap_or(1);
        // Looked at first without taking the writer's place: mostly nothing is due.
        if self.app.store.read().await?.next_poll(now).await?.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let mut tx = self.app.store.write().await?;
        let claimed = tx.claim_due(self.app.vault.daemon, now, now + LEASE, limit).await?;
        tx.commit().await?;
        Ok(claimed.into_iter().map(|(poll, fence)| Claim { poll, fence }).zip(permits).collect())
    }

    async fn until_next(&self) -> Duration {
        let now = self.app.config.clock.now();
        let next = async { self.app.store.read().await?.next_poll(now).await };
        let next: Option<DateTime<Utc>> = next.await.unwrap_or_default();
        let wait = next.map_or(TICK, |at| (at - now).to_std().unwrap_or_default());
        wait.clamp(Duration::from_millis(100), TICK)
    }

    async fn read(&self, claim: Claim, _room: OwnedSemaphorePermit) {
        let id = claim.poll.calendar;
        match self.app.holding(&claim, self.read_claimed(&claim)).await {
            Ok(()) => self.captured.notify_one(),
            // Someone else took it over while this one was stuck: what he reads counts.
            Err(Error::Outdated(_)) => warn!(calendar.id = %id, "A claim on a calendar ran out; another daemon goes on with it."),
            Err(error) => error!(calendar.id = %id, "A calendar's answer cannot be kept: {}", error.with_cause()),
        }
    }

    async fn read_claimed(&self, claim: &Claim) -> Result<(), Error> {
        let mut tx = self.app.store.read().await?;
        let (source, connection) = tx.source(claim.poll.calendar).await?;
        let staff = tx.staff_member(source.calendar.staff).await?;
        drop(tx);
        let Some(connection) = connection else {
            return self.app.read(&source, &staff, None, claim).await.map(drop);
        };
        let _turn = self.account(connection.id).acquire_owned().await.ok();
        if let Some(wait) = self.wait(claim, &connection).await? {
            return self.app.put_off(claim, wait).await;
        }
        let captured = self.app.read(&source, &staff, Some(&connection), claim).await?;
        for one in asked(&connection) {
            match captured.refused {
                Some(Refusal::Provider(Trouble::Unreachable(_))) => {
                    self.breaker(one, |breaker, now| breaker.failed(one, connection.id, now));
                }
                _ => self.breaker(one, |breaker, _| breaker.answered()),
            }
        }
        Ok(())
    }

    /// How long an account is not to be asked: since it said so to the calendar before this one, or because nothing answers.
    async fn wait(&self, claim: &Claim, connection: &Connection) -> Result<Option<TimeDelta>, Error> {
        let (_, known) = self.app.store.read().await?.source(claim.poll.calendar).await?;
        let paused = known.and_then(|known| known.pause_until).map(|until| until - self.app.config.clock.now());
        let paused = paused.filter(|wait| *wait > TimeDelta::zero());
        Ok(paused.or_else(|| asked(connection).find_map(|one| self.breaker(one, Breaker::admit).err())))
    }

    fn breaker<T>(&self, asked: Asked, act: impl FnOnce(&mut Breaker, DateTime<Utc>) -> T) -> T {
        let mut breakers = self.breakers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        act(breakers.entry(asked).or_default(), self.app.config.clock.now())
    }

    fn account(&self, id: ConnectionId) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        accounts.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        accounts.entry(id).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }

    /// Settles what is due, with the rule set that is active in the book.
    async fn settle(self: &Arc<Self>) {
        let mut active: Option<Active> = None;
        while !self.is_stopping() {
            match self.settle_once(&mut active).await {
                Ok(()) => {}
                Err(Error::Outdated(what)) => debug!("Someone else was quicker with {what}; days that are due wait for the next turn."),
                Err(error) => error!("Days could not be settled and stay due: {}", error.with_cause()),
            }
            tokio::select! {
                () = self.captured.notified() => {}
                () = self.rest(TICK) => {}
            }
        }
    }

    async fn settle_once(&self, active: &mut Option<Active>) -> Result<(), Error> {
        let digest = self.app.store.read().await?.active_digest().await?;
        if active.as_ref().map(|set| &set.digest) != digest.as_ref() {
            *active = activation::active(&self.app.store).await?;
        }
        if let Some(active) = active {
            let settled = settle_due(&self.app.store, active.basis(self.app.config.clock.now()), self.app.vault.daemon).await?;
            if settled.entries + settled.exceptions > 0 {
                info!(settled.days, settled.entries, settled.exceptions, "Settled days.");
            }
        }
        Ok(())
    }

    async fn look_into_folders(&self) {
        while !self.is_stopping() {
            match take_in(&self.app.store).await {
                Ok(strangers) => strangers.iter().for_each(|stranger| warn!("{}: {}", stranger.file, stranger.why)),
                Err(error) => error!("Drop folders cannot be looked through: {}", error.with_cause()),
            }
            self.rest(FOLDERS).await;
        }
    }
}

/// Who is asked for an account's calendars. Feeds are each on a host of their own, and have intervals of their own.
fn asked(connection: &Connection) -> impl Iterator<Item = Asked> {
    let both = [Asked::Account(connection.id), Asked::Provider(connection.provider)];
    both.into_iter().filter(|_| connection.provider != Provider::Feed)
}
