//! What a person says of a calendar that is read: whose it is, whose events count, how much of them is kept, and whether it is read at all.

use chrono::{DateTime, Utc};

use super::{App, feeds::forget_address};
use crate::{
    capture::{leaving::leave, questions},
    grants::connect::{self, NotConnected},
    model::{
        audit::Act,
        connection::Connection,
        staff::{Calendar, Privacy, Source},
        words::words,
    },
    store::{Error, Tx, days::Due},
};

words! {
    /// What becomes of the reading of a calendar.
    Reading {
        Pause = "pause",
        Resume = "resume",
        Remove = "remove",
    }
}

impl App {
    /// Changes what is kept of a calendar, whose it is and whose events count. What is kept no longer goes at once (S8); says whether words went.
    pub(crate) async fn set_calendar(&self, who: &str, before: &Source, calendar: Calendar) -> Result<bool, Error> {
        // The same words, read under other rules, are another answer.
        let after = Source { calendar, digest: None, ..before.clone() };
        let (id, staff, now) = (after.calendar.id, after.calendar.staff, self.config.clock.now());
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff).await?;
        tx.update_calendar(&after).await?;
        let lowered = keep(&mut tx, before.calendar.privacy, &after.calendar, now).await?;
        tx.want_full(Some(id), now).await?;
        let told = |source: &Source| serde_json::json!({ "owner": source.calendar.owner, "privacy": source.calendar.privacy, "whose": source.calendar.whose });
        tx.audit(&[Act::new(who, "set", now, "calendar", &id).of(staff).from(told(before)).to(told(&after))]).await?;
        tx.commit().await?;
        Ok(lowered)
    }

    /// Stops, or takes up again, the reading of a calendar. Touches no entry, but for copies that say what no longer holds. Of a feed that is removed the address is forgotten.
    pub(crate) async fn set_reading(&self, who: &str, before: &Source, to: Reading) -> Result<(), Error> {
        let (id, staff, now) = (before.calendar.id, before.calendar.staff, self.config.clock.now());
        let (paused, removed_at) = match to {
            Reading::Pause => (true, before.removed_at),
            Reading::Resume => (false, None),
            Reading::Remove => (before.paused, Some(now)),
        };
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff).await?;
        tx.update_calendar(&Source { paused, removed_at, ..before.clone() }).await?;
        match to {
            Reading::Pause => {}
            Reading::Resume => tx.want_full(Some(id), now).await?,
            Reading::Remove => {
                leave(&mut tx, staff, id, now).await?;
                forget_address(&mut tx, before).await?;
                questions::close(&mut tx, before, now).await?;
            }
        }
        tx.audit(&[Act::new(who, to.as_str(), now, "calendar", &id).of(staff)]).await?;
        tx.commit().await
    }
}

impl App {
    /// Takes a grant back. The calendars it was for are read no more, and what they said stands (S7), but for copies that say what no longer
    /// holds; connected again, they go on. Says whether the provider heard of it.
    pub(crate) async fn disconnect(&self, who: &str, connection: &Connection) -> Result<bool, NotConnected> {
        let (app, now) = (self.config.apps.of(connection.provider), self.config.clock.now());
        let revoked = connect::remove(&self.store, &self.vault, &self.api, app, connection, (who, now)).await?;
        let mut tx = self.store.write().await?;
        tx.lock_staff(connection.staff).await?;
        let is_of_it = |source: &Source| source.calendar.connection == Some(connection.id) && source.removed_at.is_none();
        for source in tx.calendars().await?.iter().filter(|source| is_of_it(source)) {
            leave(&mut tx, connection.staff, source.calendar.id, now).await?;
            questions::close(&mut tx, source, now).await?;
        }
        tx.commit().await?;
        Ok(revoked)
    }
}

/// Has a calendar read from now on. One that was removed goes on as the same calendar, since what it said before stands; none if it is
/// read already.
pub(crate) async fn begin(tx: &mut Tx, calendar: Calendar, now: DateTime<Utc>) -> Result<Option<Calendar>, Error> {
    let is_same = |source: &Source| source.calendar.connection == calendar.connection && source.calendar.location == calendar.location;
    let Some(known) = tx.calendars().await?.into_iter().find(is_same) else {
        tx.insert_calendar(&calendar).await?;
        return Ok(Some(calendar));
    };
    if known.removed_at.is_none() {
        return Ok(None);
    }
    let calendar = Calendar { id: known.calendar.id, ..calendar };
    tx.lock_staff(calendar.staff).await?;
    keep(tx, known.calendar.privacy, &calendar, now).await?;
    tx.want_full(Some(calendar.id), now).await?;
    tx.update_calendar(&Source { calendar: calendar.clone(), removed_at: None, paused: false, digest: None, ..known }).await?;
    Ok(Some(calendar))
}

/// What is kept no longer goes at once (S8); says whether words went.
async fn keep(tx: &mut Tx, before: Privacy, calendar: &Calendar, now: DateTime<Utc>) -> Result<bool, Error> {
    let lowered = calendar.privacy != Privacy::Full && before == Privacy::Full;
    let dates = if lowered { tx.forget_words(calendar.id).await? } else { Vec::new() };
    tx.mark_due(calendar.staff, &dates, Due::Fresh, now).await?;
    Ok(lowered)
}
