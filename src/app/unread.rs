//! Time that nobody read does not submit itself (SEMANTICS S9). What stands of such days is what was known before: meetings that were
//! called off or moved since, and those that came since, are not in it. Whoever it is about, ops and `doctor` say what it waits for.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{App, health::Health};
use crate::{
    model::{
        connection::ConnectionStatus,
        ids::StaffId,
        staff::{Privacy, Source, Staff},
        words::counted,
    },
    review,
    store::Error,
};

/// A calendar that was not read for so long is not read.
const LONG: TimeDelta = TimeDelta::days(1);

/// A person's entries that would submit themselves, and the calendars that have to be read first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) staff: StaffId,
    pub(crate) entries: usize,
    pub(crate) calendars: Vec<(String, Option<DateTime<Utc>>)>,
}

impl Waiting {
    /// In words, after whose entries they are.
    pub(crate) fn told(&self) -> String {
        let read = |at: &Option<DateTime<Utc>>| at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string());
        let calendars: Vec<_> = self.calendars.iter().map(|(name, at)| format!("{name} (last read: {})", read(at))).collect();
        let (verb, count) = (if self.entries == 1 { "does" } else { "do" }, counted(self.entries, "entry", "entries"));
        format!("{count} {verb} not submit by themselves before these are read: {}", calendars.join(", "))
    }
}

impl App {
    /// The last day that submits itself by now; none where people do it.
    pub(crate) fn submits_until(&self, staff: &Staff) -> Option<NaiveDate> {
        let days = self.config.polling.submit_after?;
        staff.zones.date_of(self.config.clock.now()).checked_sub_days(Days::new(u64::from(days) + 1))
    }

    /// Calendars of a person that have to be read before her days up to a date submit themselves. One that was paused, or of which nothing
    /// is kept, says nothing by her own wish.
    pub(crate) fn unread<'a>(&self, health: &'a Health, staff: &Staff, until: NaiveDate) -> Vec<&'a Source> {
        let now = self.config.clock.now();
        let has_left = staff.has_left(now);
        let end = |date: NaiveDate| staff.zones.start(date.succ_opt().unwrap_or(date));
        // After her last day nobody reads them any more.
        let needed = match staff.last_day.filter(|_| has_left) {
            Some(last) => end(last.min(until)),
            None => end(until).max(now - LONG.max(self.config.polling.longest * 2)),
        };
        let is_ended = |source: &Source| {
            let ended = health.connections.iter().filter(|one| one.status == ConnectionStatus::NeedsReconnect);
            ended.into_iter().any(|one| Some(one.id) == source.calendar.connection)
        };
        let is_failing =
            |source: &Source| !has_left && (is_ended(source) || health.poll(source).is_some_and(|poll| poll.failing_since.is_some()));
        let counts = |source: &&Source| {
            source.calendar.staff == staff.id && health.stands(source) && !source.paused && source.calendar.privacy != Privacy::Ignore
        };
        let sources = health.sources.iter().filter(counts);
        sources.filter(|source| is_failing(source) || source.last_success.is_none_or(|at| at < needed)).collect()
    }

    /// Everyone whose time waits for a calendar.
    pub(crate) async fn waiting(&self, health: &Health) -> Result<Vec<Waiting>, Error> {
        let (now, mut tx) = (self.config.clock.now(), self.store.read().await?);
        let mut waiting = Vec::new();
        for staff in &health.people {
            let Some(until) = self.submits_until(staff) else { continue };
            let unread = self.unread(health, staff, until);
            if unread.is_empty() {
                continue;
            }
            let entries = review::ready(&mut tx, staff, until, self.config.policy.locked_through, now).await?.len();
            if entries > 0 {
                let calendars = unread.iter().map(|source| (source.calendar.name.clone(), source.last_success)).collect();
                waiting.push(Waiting { staff: staff.id, entries, calendars });
            }
        }
        Ok(waiting)
    }
}
