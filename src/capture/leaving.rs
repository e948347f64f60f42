//! What a calendar that is removed leaves behind: what it said last stands (SEMANTICS S7), but for meetings of which another calendar says
//! something else by now.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::taking::dated;
use crate::{
    model::{
        event::{Event, Moment},
        ids::{CalendarId, MeetingId, StaffId},
    },
    store::{Error, Tx, days::Due},
};

/// Buries copies on a calendar that is removed whose meetings stand at another time on one that is read.
pub(crate) async fn leave(tx: &mut Tx, staff: StaffId, calendar: CalendarId, now: DateTime<Utc>) -> Result<(), Error> {
    let ids: Vec<_> = tx.live_events(calendar).await?.iter().map(|event| event.id).collect();
    let mine = tx.events_by_ids(&ids).await?;
    let meetings: HashSet<MeetingId> = mine.iter().map(|event| event.meeting).collect();
    let copies = tx.events_of_meetings(&meetings.into_iter().collect::<Vec<_>>()).await?;
    let removed: HashSet<CalendarId> = tx.removed_calendars(staff).await?.into_iter().collect();
    let speaks = |event: &&Event| event.calendar != calendar && event.removed_at.is_none() && !removed.contains(&event.calendar);
    let mut said: HashMap<MeetingId, HashSet<Moment>> = HashMap::new();
    for copy in copies.iter().filter(speaks) {
        said.entry(copy.meeting).or_default().insert(copy.fact.span.moment());
    }
    let is_outdated = |event: &Event| said.get(&event.meeting).is_some_and(|said| !said.contains(&event.fact.span.moment()));
    let outdated = mine.into_iter().filter(is_outdated);
    let buried: Vec<Event> = outdated.map(|event| event.buried(now)).collect();
    let person = tx.staff_member(staff).await?;
    let dates: Vec<_> = buried.iter().flat_map(|event| person.zones.dates(&event.fact.span)).collect();
    tx.save_events(&dated(&person, &buried), now).await?;
    tx.mark_due(staff, &dates, Due::Fresh, now).await
}
