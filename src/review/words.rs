//! Whose words of an event a person reads: not of people whose time she does not review, and, where the firm wants it so, not of what looks
//! private.

use crate::{
    config::Titles,
    model::{
        entry::{Body, Entry},
        event::Event,
        principal::Principal,
    },
};

/// An entry without what may be words of its event.
pub(crate) fn without(entry: Entry) -> Entry {
    let body = Body { task: None, description: None, ..entry.body };
    Entry { body, ..entry }
}

/// Whether she may read them. What nobody but its owner was invited to looks private as long as it `is_matched` to no work.
pub(crate) fn reads(who: &Principal, titles: Titles, event: &Event, is_matched: bool) -> bool {
    let is_own = who.staff == Some(event.staff);
    let is_alone = event.fact.text.attendees.iter().filter(|one| !one.resource).count() < 2;
    let looks_private = titles == Titles::NotPrivateLooking && is_alone && !is_matched;
    who.reads_words_of(event.staff) && (is_own || !looks_private)
}
