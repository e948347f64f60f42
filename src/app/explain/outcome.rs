//! What stands of an entry, a question or an event now, in a sentence; and where nothing does, why not.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Found, standing::Standing};
use crate::model::{
    decision::Act,
    entry::{Entry, EntryStatus},
    event::{Event, Span},
    exception::{Exception, ExceptionStatus, SubjectKind},
    ids,
    staff::Staff,
    verdict::Verdict,
    words::counted,
};

/// What the sentence is made from.
pub(super) struct Ground<'a> {
    pub(super) staff: &'a Staff,
    pub(super) event: Option<&'a Event>,
    pub(super) verdict: &'a Verdict,
    pub(super) standing: &'a Standing,
    /// Through which date the books are closed.
    pub(super) locked: Option<NaiveDate>,
    pub(super) now: DateTime<Utc>,
}

impl Ground<'_> {
    pub(super) fn result(&self, found: &Found) -> String {
        let entries = &self.standing.entries;
        match (found, entries.as_slice()) {
            (Found::Question(exception), _) => self.asked(exception),
            (_, [entry]) if entry.status == EntryStatus::Void => format!("{}: {}", named(entry), self.why_nothing(Some(entry))),
            (Found::Event(event), [entry]) => self.of_copy(event, &self.stands(entry)),
            (_, [entry]) => self.stands(entry),
            (_, []) => self.why_nothing(None),
            (Found::Event(event), several) => self.of_copy(event, &counted(several.len(), "entry", "entries")),
            (Found::Entry(_), several) => counted(several.len(), "entry", "entries"),
        }
    }

    fn asked(&self, exception: &Exception) -> String {
        let by = exception.resolved_by.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
        let state = match exception.status {
            ExceptionStatus::Open => "open".to_owned(),
            ExceptionStatus::Dismissed => format!("accepted as it is{by}"),
            ExceptionStatus::Cleared if by.is_empty() => "gone by itself, as what it asked about went".to_owned(),
            ExceptionStatus::Cleared => format!("answered{by}"),
        };
        let about = match (exception.subject.kind, self.standing.entries.len()) {
            (SubjectKind::Calendar | SubjectKind::Connection, _) => ", about no single event".to_owned(),
            (_, 0) => ", and no entry stands of it".to_owned(),
            (SubjectKind::Day, all) => format!(", about {}", counted(all, "entry of that day", "entries of that day")),
            _ => String::new(),
        };
        format!("exception {}, {state}{about}", ids::short(exception.id.0))
    }

    fn stands(&self, entry: &Entry) -> String {
        let held = if entry.body.held { ", held by an open exception" } else { "" };
        let closed = if self.locked.is_some_and(|through| entry.body.date <= through) {
            "; its period is locked, and nothing changes there"
        } else if entry.status.is_approved() {
            "; what is said since changes nothing of it"
        } else {
            ""
        };
        format!("{}{held}{closed}", named(entry))
    }

    /// Of a copy that does not lead: the entry says what another one does.
    fn of_copy(&self, event: &Event, stands: &str) -> String {
        let leads = self.standing.entries.first().and_then(|entry| entry.body.event).filter(|lead| *lead != event.id);
        leads.map_or_else(
            || stands.to_owned(),
            |lead| format!("{stands}; it follows another copy of this meeting, event {}", ids::short(lead.0)),
        )
    }

    /// Why there is no entry, or none any more.
    fn why_nothing(&self, void: Option<&Entry>) -> String {
        let told = |why: &str| if void.is_some() { why.to_owned() } else { format!("no entry: {why}") };
        let mut acts = self.standing.decisions.iter().rev().filter(|one| void.is_none_or(|entry| super::decided::is_about(one, entry)));
        if let Some(act) = acts.clone().find(|one| one.act == Act::NotWork) {
            return told(&format!("{} said that it is no work", act.actor));
        }
        if let Some(entry) = acts
            .clone()
            .find_map(|one| if let Act::Merge { into, .. } = one.act { Some(into.0).filter(|into| *into != one.subject) } else { None })
        {
            return told(&format!("it was joined into another entry, of the meeting {}", ids::short(entry)));
        }
        let Some(event) = self.event else { return told("nothing stands of it any more") };
        let span = &event.fact.span;
        let date = self.staff.zones.first_date(span);
        match &self.verdict.skip {
            _ if !event.is_live() => return told("the event was deleted or called off"),
            Some(skip) if void.is_some() => return format!("{} skips its event ({})", skip.rule, skip.why),
            Some(_) => return "skipped: it makes no entry".to_owned(),
            None => {}
        }
        if matches!(span, Span::AllDay { .. }) && self.verdict.hours.is_none() {
            return told("an all-day event has no hours unless a rule gives it some");
        }
        if date < self.staff.first_day {
            return told(&format!("it is before her first day, {}", self.staff.first_day));
        }
        if let Some(last) = self.staff.last_day.filter(|last| *last < date) {
            return told(&format!("it is after her last day, {last}"));
        }
        if let Some(through) = self.locked.filter(|through| date <= *through) {
            return told(&format!("the books are locked through {through}"));
        }
        if let Span::Timed { end, .. } = span
            && self.now < *end
        {
            return told("it is not over yet");
        }
        if acts.any(|one| matches!(one.act, Act::GiveWay(_))) {
            return told("all of its time was given up");
        }
        told(if void.is_some() {
            "what is made of its event now has no such part"
        } else {
            "its day waits to be settled, or has no hours of hers"
        })
    }
}

fn named(entry: &Entry) -> String {
    format!("{} {}", entry.status, ids::short(entry.id.0))
}
