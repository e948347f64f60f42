//! What is said of a person after she was added: her name, addresses, zone, working pattern and first day. Her days are derived again
//! where that makes a difference, never those whose books are closed; what is approved stays and is asked about (SEMANTICS S10, S15, S20).

mod wanted;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};

use super::App;
use crate::{
    model::{
        audit::Act,
        day::FIRST_DATE,
        ids::StaffId,
        staff::{Source, Staff},
    },
    store::{self, Tx, days::Due, placing::Placed},
};
use wanted::wrong;
pub(crate) use wanted::{NotChanged, Wanted};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) before: Staff,
    pub(crate) after: Staff,
    /// Through when her books are closed.
    pub(crate) locked_through: Option<NaiveDate>,
    /// Days that are due.
    pub(crate) days: usize,
    /// Whether her calendars are read anew.
    pub(crate) reads_anew: bool,
}

impl App {
    /// Changes what is said of a person. Her days wait to be derived like those of any other fact (S13).
    pub(crate) async fn set_person(&self, who: &str, id: StaffId, wanted: &Wanted) -> Result<Changed, NotChanged> {
        let now = self.config.clock.now();
        let mut tx = self.store.write().await?;
        // Before her own row, in the order of whoever reads one of them: else both might wait for each other.
        if wanted.is_told_by_calendars() {
            tx.read_person_anew(id, now).await?;
        }
        tx.lock_staff(id).await?;
        let people = tx.staff().await?;
        let before = tx.staff_member(id).await?;
        let locked_through = self.config.policy.locked_through.max(tx.locked_through(id).await?);
        let after = wanted.of(&before, &people, locked_through, now)?;
        let mut changed = Changed { reads_anew: wanted.is_told_by_calendars(), locked_through, days: 0, before, after };
        let Changed { before, after, .. } = &changed;
        if before == after {
            return Ok(changed);
        }
        are_hers(&tx.calendars().await?, before, after)?;
        tx.save_staff(after).await?;
        if before.addresses.iter().any(|address| !after.has_address(address)) {
            tx.forget_sign_ins(id).await?;
        }
        let mut days = place(&mut tx, before, after, now).await?;
        let open = locked_through.map_or(FIRST_DATE, |through| through + Days::new(1));
        days.extend(tx.days_with_work(id, open).await?.into_iter().filter(|date| reads_differently(before, after, *date)));
        let days: Vec<_> = days.into_iter().collect();
        tx.mark_due(id, &days, Due::Fresh, now).await?;
        tx.audit(&[Act::new(who, "set", now, "staff", &id).of(id).from(told(before)).to(told(after))]).await?;
        tx.commit().await?;
        changed.days = days.len();
        Ok(changed)
    }
}

/// A calendar whose owner she is no more shows what she is invited to, and no more than that: that is for a person to say.
fn are_hers(sources: &[Source], before: &Staff, after: &Staff) -> Result<(), NotChanged> {
    let mine = sources.iter().filter(|source| source.calendar.staff == after.id && source.removed_at.is_none());
    let mut lost = mine.filter(|source| before.has_address(&source.calendar.owner) && !after.has_address(&source.calendar.owner));
    match lost.next() {
        None => Ok(()),
        Some(Source { calendar, .. }) => {
            let id = crate::model::ids::short(calendar.id.0);
            wrong(format!(
                "the calendar {} ({id}) belongs to {}; say whose it is first: kalends calendar set {id} --owner {}",
                calendar.name,
                calendar.owner,
                after.email()
            ))
        }
    }
}

fn are_alike(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect()
}

/// Whether a day of hers may be another one now.
fn reads_differently(before: &Staff, after: &Staff, date: NaiveDate) -> bool {
    // Her own addresses are no evidence of a client, on whatever date.
    !are_alike(&before.addresses, &after.addresses)
        || !before.working.has_days_of(&after.working)
        || (before.first_day != after.first_day && before.first_day.min(after.first_day) <= date)
        || before.zones.differ_on(&after.zones, date)
}

/// Puts her events under the dates of her new zones. Says under which dates those stand, and stood, that came to others.
async fn place(tx: &mut Tx, before: &Staff, after: &Staff, now: DateTime<Utc>) -> Result<BTreeSet<NaiveDate>, store::Error> {
    if before.zones == after.zones {
        return Ok(BTreeSet::new());
    }
    // No clock is more than a day off another.
    let since = before.zones.differ_from(&after.zones) - Days::new(2);
    let events = tx.placed_from(after.id, since).await?;
    let placed = |event: &Placed| {
        let dates = after.zones.dates(&event.span);
        let first = dates.first().copied().unwrap_or(event.first);
        Placed { first, last: dates.last().copied().unwrap_or(first), ..*event }
    };
    let moved: Vec<(Placed, Placed)> = events.iter().map(|event| (*event, placed(event))).filter(|(was, is)| was != is).collect();
    tx.place(&moved.iter().map(|(_, is)| *is).collect::<Vec<_>>(), now).await?;
    let spans = moved.iter().map(|(was, is)| (was.first.min(is.first), was.last.max(is.last)));
    Ok(spans.flat_map(|(first, last)| first.iter_days().take_while(move |date| *date <= last)).collect())
}

fn told(staff: &Staff) -> Value {
    json!({
        "name": staff.name, "addresses": staff.addresses, "timezone": staff.zones.to_string(), "working": staff.working.to_string(),
        "first_day": staff.first_day,
    })
}
