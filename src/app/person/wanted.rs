//! What may be said of a person, held against what is so: her zones, first day and addresses. Pure.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{
    model::{
        day::{FIRST_DATE, LAST_DATE, Zones},
        staff::{Staff, Working},
    },
    store,
};

/// What is to be so from now on; what is not named stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) name: Option<String>,
    pub(crate) zone: Option<Tz>,
    /// Where her zone changes; today if nothing is said.
    pub(crate) from: Option<NaiveDate>,
    pub(crate) working: Option<Working>,
    pub(crate) first_day: Option<NaiveDate>,
    /// Addresses that are hers, too.
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
    /// The one that names her.
    pub(crate) email: Option<String>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChanged {
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub(super) fn wrong<T>(told: String) -> Result<T, NotChanged> {
    Err(NotChanged::Wrong(told))
}

impl Wanted {
    /// Whether calendars may say something else of her: by her addresses it is known whose events are hers (S23), by her zone when they are.
    pub(super) fn is_told_by_calendars(&self) -> bool {
        self.zone.is_some() || self.email.is_some() || !self.added.is_empty() || !self.removed.is_empty()
    }

    /// The person as she is to be.
    pub(super) fn of(
        &self,
        before: &Staff,
        people: &[Staff],
        locked_through: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Staff, NotChanged> {
        let zones = zones(before, self, locked_through, now)?;
        let first_day = first_day(before, self.first_day, locked_through)?;
        let addresses = addresses(before, self, people)?;
        let (name, working) = (self.name.clone().unwrap_or_else(|| before.name.clone()), self.working.unwrap_or(before.working));
        Ok(Staff { name, addresses, zones, working, first_day, ..before.clone() })
    }
}

/// Her zones with the one that is wanted, from a date whose books are open.
fn zones(before: &Staff, wanted: &Wanted, locked_through: Option<NaiveDate>, now: DateTime<Utc>) -> Result<Zones, NotChanged> {
    let Some(zone) = wanted.zone else { return Ok(before.zones.clone()) };
    let from = in_book(wanted.from.unwrap_or_else(|| before.zones.date_of(now)))?;
    let zones = before.zones.moved(from, zone, before.first_day);
    match locked_through.filter(|through| zones != before.zones && from.max(before.first_day) <= *through) {
        None => Ok(zones),
        Some(through) => wrong(format!(
            "the books of {} are closed through {through}, and no day there gets another zone; give --from {} or a later date",
            before.email(),
            through + Days::new(1)
        )),
    }
}

fn first_day(before: &Staff, wanted: Option<NaiveDate>, locked_through: Option<NaiveDate>) -> Result<NaiveDate, NotChanged> {
    let first_day = in_book(wanted.unwrap_or(before.first_day))?;
    if let Some(last) = before.last_day.filter(|last| *last < first_day) {
        return wrong(format!("her last day is {last}; a first one after it makes no sense"));
    }
    match locked_through.filter(|through| first_day < before.first_day && first_day <= *through) {
        None => Ok(first_day),
        Some(through) => {
            wrong(format!("the books of {} are closed through {through}: no day up to then becomes one of hers any more", before.email()))
        }
    }
}

/// Dates are compared as text of four-digit years.
fn in_book(date: NaiveDate) -> Result<NaiveDate, NotChanged> {
    if FIRST_DATE < date && date < LAST_DATE { Ok(date) } else { wrong(format!("{date} is no date that a book has")) }
}

/// Hers, the one that names her first.
fn addresses(before: &Staff, wanted: &Wanted, people: &[Staff]) -> Result<Vec<String>, NotChanged> {
    let mut addresses = before.addresses.clone();
    for address in wanted.added.iter().chain(&wanted.email).map(|one| one.to_lowercase()) {
        if !address.contains('@') {
            return wrong(format!("an address has an @: {address}"));
        }
        if let Some(other) = people.iter().find(|one| one.id != before.id && one.has_address(&address)) {
            return wrong(format!("{address} is an address of {} ({})", other.name, other.email()));
        }
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    for address in wanted.removed.iter().map(|one| one.to_lowercase()) {
        if !addresses.contains(&address) {
            return wrong(format!("{address} is none of her addresses; these are {}", addresses.join(", ")));
        }
        addresses.retain(|one| *one != address);
    }
    if addresses.is_empty() {
        return wrong("nobody is without an address; give her another one with --add-address".to_owned());
    }
    if let Some(email) = wanted.email.as_ref().map(|one| one.to_lowercase()) {
        let Some(place) = addresses.iter().position(|one| *one == email) else {
            return wrong(format!("{email} cannot name her and be removed at once"));
        };
        addresses[..=place].rotate_right(1);
    }
    Ok(addresses)
}
