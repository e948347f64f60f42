//! What a person says of a calendar that is read: whose events count, how much of them is kept, and whether it is read at all.

use super::App;
use crate::{
    model::{
        audit::Act,
        staff::{Calendar, Privacy, Source},
        words::words,
    },
    store::{Error, days::Due},
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
    /// Changes what is kept of a calendar and whose events count. What is kept no longer goes at once (S8); says whether words went.
    pub(crate) async fn set_calendar(&self, who: &str, before: &Source, calendar: Calendar) -> Result<bool, Error> {
        // The same words, read under other rules, are another answer.
        let after = Source { calendar, digest: None, ..before.clone() };
        let (id, staff, now) = (after.calendar.id, after.calendar.staff, self.config.clock.now());
        let mut tx = self.store.write().await?;
        tx.lock_staff(staff).await?;
        tx.update_calendar(&after).await?;
        let lowered = after.calendar.privacy != Privacy::Full && before.calendar.privacy == Privacy::Full;
        let dates = if lowered { tx.forget_words(id).await? } else { Vec::new() };
        tx.mark_due(staff, &dates, Due::Fresh, now).await?;
        tx.want_full(Some(id), now).await?;
        let told = |source: &Source| serde_json::json!({ "privacy": source.calendar.privacy, "whose": source.calendar.whose });
        tx.audit(&[Act::new(who, "set", now, "calendar", &id).of(staff).from(told(before)).to(told(&after))]).await?;
        tx.commit().await?;
        Ok(lowered)
    }

    /// Stops, or takes up again, the reading of a calendar. Touches no entry.
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
        if to == Reading::Resume {
            tx.want_full(Some(id), now).await?;
        }
        tx.audit(&[Act::new(who, to.as_str(), now, "calendar", &id).of(staff)]).await?;
        tx.commit().await
    }
}
