//! Takes a calendar's answer over, page by page, each in a transaction of its own: what was new or changed. What is absent is judged
//! after the last page, against everything that was said.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};

use super::{
    covered::Covered,
    guard::{Ruling, judge},
    pass::{Captured, Claim},
    questions,
    reconcile::{Changes, Known, Said, place, reconcile},
};
use crate::{
    calendar::{Broken, Told, whose},
    model::{
        event::{Event, Fact, Response, Span, Text},
        ids::CalendarId,
        staff::{Privacy, Source, Staff, Whose},
    },
    store::{
        Error, Store, Tx,
        days::Due,
        events::{Dated, Live},
    },
};

/// Rows of one transaction (SEMANTICS S21).
const BATCH: usize = 2_000;

/// More people than this are a mailing list; the rest is not kept.
const ATTENDEES_MAX: usize = 1_000;

/// An answer on its way into the book.
pub(super) struct Taking<'a> {
    source: &'a Source,
    staff: &'a Staff,
    claim: &'a Claim,
    now: DateTime<Utc>,
    /// Whether the book knew anything of this calendar before.
    is_first: bool,
    /// Calendars of the person that are read no more.
    removed: HashSet<CalendarId>,
    /// Keys of everything that was said.
    said: HashSet<String>,
    /// When what stands on this calendar takes place.
    spans: HashSet<Span>,
    /// New occurrences of meetings that stand on this calendar, or on one that was removed, under another key, and new events at the time
    /// of one that stands here: each may be one that was re-keyed, which shows at the end.
    waiting: Vec<(Fact, Response)>,
    captured: Captured,
}

impl<'a> Taking<'a> {
    /// Looks at what the book knows.
    pub(super) async fn begin(
        store: &Store,
        source: &'a Source,
        staff: &'a Staff,
        claim: &'a Claim,
        now: DateTime<Utc>,
    ) -> Result<Self, Error> {
        let mut tx = store.read().await?;
        let is_first = !tx.has_events(source.calendar.id).await?;
        let removed = tx.removed_calendars(staff.id).await?.into_iter().collect();
        let spans = tx.live_events(source.calendar.id).await?.iter().map(|event| event.span).collect();
        let (said, waiting, captured) = (HashSet::new(), Vec::new(), Captured::default());
        Ok(Self { source, staff, claim, now, is_first, removed, said, spans, waiting, captured })
    }

    /// Takes over what is new or changed on a page.
    pub(super) async fn page(&mut self, store: &Store, told: Vec<Told>) -> Result<(), Error> {
        // A page may say a thing twice, and then the last word counts.
        let said: BTreeMap<String, _> = self.heard(told).into_iter().map(|said| (said.0.provider_id.clone(), said)).collect();
        let (keys, facts): (Vec<_>, Vec<_>) = said.into_iter().unzip();
        // What a page before this one said, too, is in the book by now.
        let is_new = self.is_first && keys.iter().all(|key| !self.said.contains(key));
        self.said.extend(keys.iter().cloned());
        let mut tx = self.transaction(store).await?;
        let known = if is_new { Vec::new() } else { tx.events_by_keys(self.source.calendar.id, &keys).await? };
        let siblings = self.siblings(&mut tx, facts.iter().map(|(fact, _)| fact)).await?;
        let named: HashSet<&str> = known.iter().map(|event| event.fact.provider_id.as_str()).collect();
        let is_left = |event: &Event| event.removed_at.is_none() && self.removed.contains(&event.calendar);
        let left: HashSet<_> = siblings.iter().filter(|event| is_left(event)).map(|event| place(&event.fact)).collect();
        let is_unsaid = |event: &Event| {
            let is_live = event.calendar == self.source.calendar.id && event.removed_at.is_none();
            is_live && !self.said.contains(&event.fact.provider_id)
        };
        let may_go = siblings.iter().filter(|event| is_left(event) || is_unsaid(event));
        let rekeyed: HashSet<&str> = may_go.map(|event| event.fact.ical_uid.as_str()).collect();
        // A copy that a removed calendar left at the very same place is this one.
        let is_known = |fact: &Fact| named.contains(fact.provider_id.as_str()) || left.contains(&place(fact));
        let is_elsewhere = |fact: &Fact| rekeyed.contains(fact.ical_uid.as_str()) || self.spans.contains(&fact.span);
        let may_be_rekeyed = |fact: &Fact| !is_known(fact) && is_elsewhere(fact);
        let (waiting, facts): (Vec<_>, Vec<_>) = facts.into_iter().partition(|(fact, _)| may_be_rekeyed(fact));
        let changes = self.compare(&known, &siblings, facts, HashSet::new(), Covered::nothing());
        self.waiting.extend(waiting);
        self.save(&mut tx, &changes.save, &changes).await?;
        tx.commit().await
    }

    /// Judges what is absent, and closes the pass: re-keyed and removed occurrences, questions, the digest.
    pub(super) async fn finish(
        mut self,
        store: &Store,
        broken: Vec<Broken>,
        covered: Covered,
        digest: Option<&str>,
    ) -> Result<Captured, Error> {
        let unread: HashSet<String> = broken.iter().flat_map(|one| one.uid.iter().chain([&one.key])).cloned().collect();
        let mut tx = self.transaction(store).await?;
        // Of a calendar that was never read nothing can be absent.
        let live = if self.is_first { Vec::new() } else { tx.live_events(self.source.calendar.id).await? };
        let absent: Vec<_> = live.iter().filter(|event| !self.said.contains(&event.provider_id)).map(|event| event.id).collect();
        let absent = tx.events_by_ids(&absent).await?;
        let waiting = std::mem::take(&mut self.waiting);
        let named = waiting.iter().map(|(fact, _)| fact).chain(absent.iter().map(|event| &event.fact));
        let siblings = self.siblings(&mut tx, named).await?;
        let window = covered.window;
        let mut changes = self.compare(&absent, &siblings, waiting, unread, covered);
        let there: Vec<&Live> = live.iter().filter(|event| window.contains(self.staff.zones.starts_at(&event.span))).collect();
        let vanished: Vec<Live> = changes.vanished.iter().map(Live::from).collect();
        let held = match judge(&vanished, &there, self.source.held.as_ref(), self.now) {
            Ruling::Believe => {
                self.captured.removed = changes.vanished.len();
                changes.remove(&self.staff.zones, self.now);
                None
            }
            Ruling::Hold(waiting) => Some(waiting),
        };
        let mut rows = std::mem::take(&mut changes.save);
        // All but the last batch: what was re-keyed and what is gone may be many.
        while rows.len() > BATCH {
            let rest = rows.split_off(BATCH);
            self.save(&mut tx, &rows, &changes).await?;
            tx.commit().await?;
            tx = self.transaction(store).await?;
            rows = rest;
        }
        self.save(&mut tx, &rows, &changes).await?;
        self.captured.saved -= self.captured.removed;
        questions::of_pass(&mut tx, self.source, self.staff, &broken, held.as_ref(), self.now).await?;
        tx.save_pass(self.source.calendar.id, digest, held.as_ref(), self.now).await?;
        tx.commit().await?;
        Ok(Captured { broken: broken.len(), held: held.map(|held| held.meetings), ..self.captured })
    }

    /// Whoever writes a person's rows comes through her row first; and the claim must still hold.
    async fn transaction(&self, store: &Store) -> Result<Tx, Error> {
        let mut tx = store.write().await?;
        self.claim.hold(&mut tx, self.now).await?;
        tx.lock_staff(self.staff.id).await?;
        Ok(tx)
    }

    async fn siblings(&self, tx: &mut Tx, facts: impl Iterator<Item = &Fact>) -> Result<Vec<Event>, Error> {
        let uids: HashSet<&str> = facts.map(|fact| fact.ical_uid.as_str()).collect();
        tx.events_of_uids(self.staff.id, &uids.into_iter().map(str::to_owned).collect::<Vec<_>>()).await
    }

    fn compare(
        &self,
        events: &[Event],
        siblings: &[Event],
        facts: Vec<(Fact, Response)>,
        unread: HashSet<String>,
        covered: Covered,
    ) -> Changes {
        let known = Known { calendar: &self.source.calendar, zones: &self.staff.zones, events, siblings, removed: &self.removed };
        reconcile(&known, Said { facts, unread, covered }, self.now)
    }

    async fn save(&mut self, tx: &mut Tx, rows: &[Event], changes: &Changes) -> Result<(), Error> {
        self.captured.saved += rows.len();
        tx.save_events(&dated(self.staff, rows), self.now).await?;
        tx.mark_due(self.staff.id, &changes.due.iter().copied().collect::<Vec<_>>(), Due::Fresh, self.now).await
    }

    /// What the calendar says of this person, with no more words than may be kept.
    fn heard(&self, told: Vec<Told>) -> Vec<(Fact, Response)> {
        let calendar = &self.source.calendar;
        let is_owner = self.staff.has_address(&calendar.owner);
        let response = |told: &Told| match whose::of_told(told, &self.staff.addresses, is_owner) {
            // Whatever is on such a calendar is hers; what she answered is not known.
            Response::NotInvited if calendar.whose == Whose::All => Response::Unknown,
            response => response,
        };
        told.into_iter()
            .map(|told| (response(&told), told.fact))
            .filter(|(response, _)| *response != Response::NotInvited)
            .map(|(response, fact)| (kept(self.fewer(fact), calendar.privacy), response))
            .collect()
    }

    /// A fact with no more people than are kept. What she answered is known by now, wherever in the list she stood.
    fn fewer(&self, fact: Fact) -> Fact {
        if fact.text.attendees.len() <= ATTENDEES_MAX {
            return fact;
        }
        let mut text = (*fact.text).clone();
        let rest = text.attendees.split_off(ATTENDEES_MAX);
        text.attendees.extend(rest.into_iter().find(|attendee| self.staff.has_address(&attendee.email)));
        Fact { text: text.into(), ..fact }
    }
}

fn kept(fact: Fact, privacy: Privacy) -> Fact {
    if privacy == Privacy::BusyBlock || fact.visibility.is_private() {
        return Fact { text: Text::default().into(), ..fact };
    }
    fact
}

/// Events with the dates they fall on.
pub(super) fn dated<'e>(staff: &Staff, events: &'e [Event]) -> Vec<Dated<'e>> {
    let dated = |event: &'e Event| {
        let dates = staff.zones.dates(&event.fact.span);
        let first = dates.first().copied().unwrap_or_else(|| staff.zones.first_date(&event.fact.span));
        Dated { event, first, last: dates.last().copied().unwrap_or(first) }
    };
    events.iter().map(dated).collect()
}
