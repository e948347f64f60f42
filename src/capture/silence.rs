//! A calendar that always had events and now has none: perhaps a holiday, perhaps the wrong account. A person is asked, before hours are
//! lost.

use chrono::{DateTime, Days, Utc};

use super::questions;
use crate::{
    model::staff::{Source, Staff},
    store::{Error, Store},
};

/// Weeks before the silence that all had events.
const WEEKS: u64 = 4;

/// Asks about a calendar that went quiet: nothing in the last week and in the coming one, after weeks that all had something.
pub(crate) async fn look(store: &Store, source: &Source, staff: &Staff, now: DateTime<Utc>) -> Result<bool, Error> {
    let today = staff.zones.date_of(now);
    let mut tx = store.read().await?;
    if tx.count_events(source.calendar.id, today - Days::new(7), today + Days::new(7)).await? > 0 {
        return Ok(false);
    }
    for week in 1..=WEEKS {
        let (first, last) = (today - Days::new(7 * (week + 1)), today - Days::new(7 * week + 1));
        if tx.count_events(source.calendar.id, first, last).await? == 0 {
            return Ok(false);
        }
    }
    drop(tx);
    let mut tx = store.write().await?;
    questions::silent(&mut tx, source, today, now).await?;
    tx.commit().await?;
    Ok(true)
}
