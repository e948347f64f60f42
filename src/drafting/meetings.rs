//! Meetings: copies of one event joined (SEMANTICS S2, S18), and what people decided about each.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Page, Piece,
    checks::Finding,
    cuts::{self, Cut},
    segments, values,
};
use crate::model::{
    decision::{Act, Assignment, Decision, Written},
    entry::{Body, Entry, EntryKey, EntryStatus, Provenance},
    event::{Event, Span, Text},
    ids::MeetingId,
    verdict::{Skip, Verdict},
};

/// One meeting with the copies that count.
pub(super) struct Meeting<'a> {
    pub(super) id: MeetingId,
    /// The leading copy: one that has words, then by calendar order, then response, then id.
    pub(super) lead: &'a Event,
    /// Of what is skipped, what lies beneath: it makes time only where someone worked on it.
    pub(super) verdict: &'a Verdict,
    pub(super) skip: Option<&'a Skip>,
    /// Other copies, whose verdicts ought to agree.
    pub(super) others: Vec<&'a Verdict>,
    /// It vanished or was called off, and human work hangs on it (S7).
    pub(super) gone: bool,
    /// It lasts all day and no rule gives it hours: it makes time only where someone worked on it when it was otherwise (S19).
    pub(super) without_hours: bool,
    pub(super) acts: Vec<&'a Decision>,
    /// About the second entry of a meeting that has two, after its event moved under an edit (S12).
    pub(super) both: Vec<&'a Decision>,
}

/// The meetings of a page that make time, in order of id.
pub(super) fn gather<'a>(page: &'a Page<'_>, decisions: &[&'a Decision]) -> Vec<Meeting<'a>> {
    let mut groups: BTreeMap<MeetingId, Vec<&'a (Event, Arc<Verdict>)>> = BTreeMap::new();
    for pair in page.events {
        groups.entry(pair.0.meeting).or_default().push(pair);
    }
    let mut meetings = Vec::new();
    for (id, mut copies) in groups {
        copies.sort_by_key(|(event, verdict)| {
            // A copy without words, as of a calendar that shows busy times alone, cannot say what it was (S8).
            let is_silent = *event.fact.text == Text::default();
            (!event.is_live(), verdict.skip.is_some(), is_silent, event.calendar_order, event.response, event.id)
        });
        let start = copies[0].0.fact.span.moment();
        let (joined, apart): (Vec<_>, Vec<_>) = copies.into_iter().partition(|(event, _)| event.fact.span.moment() == start);
        meetings.extend(meeting(page, id, &joined, decisions));
        for copy in apart {
            meetings.extend(meeting(page, id.apart(copy.0.id), &[copy], decisions));
        }
    }
    meetings
}

/// A meeting, unless it makes no time: not work, skipped by rule, or gone untouched.
fn meeting<'a>(page: &Page<'_>, id: MeetingId, copies: &[&'a (Event, Arc<Verdict>)], decisions: &[&'a Decision]) -> Option<Meeting<'a>> {
    let about = |id: uuid::Uuid| decisions.iter().copied().filter(move |decision| decision.subject == id).collect::<Vec<_>>();
    let (lead, verdict) = copies.first().copied()?;
    let others =
        copies[1..].iter().filter(|(event, verdict)| event.is_live() && verdict.skip.is_none()).map(|(_, verdict)| &**verdict).collect();
    let (skip, verdict) = (verdict.skip.as_ref(), verdict.beneath.as_deref().unwrap_or(verdict));
    let without_hours = matches!(lead.fact.span, Span::AllDay { .. }) && verdict.hours.is_none();
    let (acts, both) = (about(id.0), about(id.beside().0));
    let meeting = Meeting { id, lead, verdict, skip, others, gone: !lead.is_live(), without_hours, acts, both };
    if meeting.acts.iter().any(|decision| decision.act == Act::NotWork) {
        return None;
    }
    let settled = page.standing.iter().any(|entry| entry.key.meeting == id && entry.status.is_settled());
    let unwanted = if meeting.gone { !settled } else { skip.is_some() || without_hours };
    (!unwanted || meeting.is_touched()).then_some(meeting)
}

impl Meeting<'_> {
    /// Whether a person worked on it; that she saw a question is no work (S7).
    pub(super) fn is_touched(&self) -> bool {
        self.acts.iter().any(|decision| !matches!(decision.act, Act::Dismiss { .. }))
    }

    /// The second entry of a meeting that has two.
    pub(super) fn both_id(&self) -> MeetingId {
        self.id.beside()
    }

    /// What people assigned to one of its entries, later over earlier, field by field.
    pub(super) fn assignment(&self, to: MeetingId) -> Assignment {
        let mut sum = assigned(&self.acts);
        if to == self.both_id() {
            sum.overlay(&assigned(&self.both));
        }
        sum
    }
}

/// What decisions assign in sum, later over earlier.
pub(crate) fn assigned(acts: &[&Decision]) -> Assignment {
    acts.iter().fold(Assignment::default(), |mut sum, decision| {
        if let Act::Assign(later) = &decision.act {
            sum.overlay(later);
        }
        sum
    })
}

/// Entries that people or other systems wrote: decisions of their own, returned as they were written or later edited (S11).
pub(super) fn written<'a>(page: &'a Page<'_>, decisions: &[&'a Decision]) -> Vec<Piece<'a>> {
    let written = decisions.iter().filter_map(|decision| match &decision.act {
        Act::Write(written) => Some((MeetingId(decision.subject), written)),
        _ => None,
    });
    written.flat_map(|(id, written)| pieces_of(page, id, written, decisions)).collect()
}

fn pieces_of<'a>(page: &'a Page<'_>, id: MeetingId, written: &Written, decisions: &[&'a Decision]) -> Vec<Piece<'a>> {
    let acts: Vec<_> = decisions.iter().copied().filter(|other| other.subject == id.0).collect();
    let edit = acts.iter().rev().find_map(|decision| if let Act::Time(edit) = &decision.act { Some(edit) } else { None });
    let (date, start, end) = match edit {
        Some(edit) => (page.staff.zones.date_of(edit.start), edit.start, edit.end),
        None => (written.date, written.start, written.end),
    };
    if date != page.date || acts.iter().any(|other| other.act == Act::NotWork) {
        return Vec::new();
    }
    let slot = segments::written(&acts, id, start, end);
    let mut whole = written.assignment.clone();
    whole.overlay(&assigned(&acts));
    let body =
        Body { timezone: written.timezone, origin: written.origin, external_ref: written.external_ref.clone(), ..cuts::blank(page, &slot) };
    let piece = |Cut { key, mut body, assignment, .. }: Cut| {
        // One entry has the name it was given elsewhere: the first part of what was divided.
        body.external_ref = body.external_ref.filter(|_| key.leg == 0);
        let (values, provenance) = values::values(page.catalog, None, &assignment);
        let body = values.of(body);
        let title = values::folded(body.description.as_deref().unwrap_or_default());
        let findings = super::checks::catalog(page, &body, false);
        Piece {
            settled: standing(page, key),
            key,
            body,
            derived: None,
            provenance,
            findings,
            elsewhere: None,
            title,
            known_at: None,
            into: slot.into,
            taken: Vec::new(),
            floats: false,
        }
    };
    let mut pieces: Vec<Piece<'_>> = cuts::cuts(&slot, &body, &whole).into_iter().map(piece).collect();
    let asked = super::first_open(&pieces, 0).map(Piece::asked);
    super::ask_once(&mut pieces, asked.as_ref());
    pieces
}

/// The entry of this key that derivation must not write: it is settled, or stands on a date that is locked.
pub(super) fn standing<'a>(page: &Page<'a>, key: EntryKey) -> Option<&'a Entry> {
    let is_closed = |entry: &Entry| entry.body.date != page.date && page.is_locked_on(entry.body.date) && entry.status != EntryStatus::Void;
    page.standing.iter().find(|entry| entry.key == key && (entry.status.is_settled() || is_closed(entry)))
}

/// Submitted and approved entries of this date that nothing here derives any more: they stand, count, and ask (S7, S9).
pub(super) fn orphans<'a>(page: &Page<'a>, pieces: &[Piece<'_>]) -> Vec<Piece<'a>> {
    let known = |entry: &&Entry| pieces.iter().any(|piece| piece.key == entry.key);
    let orphans = page.standing.iter().filter(|entry| entry.body.date == page.date && entry.status.is_settled() && !known(entry));
    orphans
        .map(|entry| Piece {
            key: entry.key,
            body: entry.body.clone(),
            derived: None,
            provenance: Provenance::default(),
            findings: vec![Finding::no_longer_derived(entry)],
            elsewhere: None,
            title: String::new(),
            settled: Some(entry),
            known_at: None,
            into: None,
            taken: Vec::new(),
            floats: false,
        })
        .collect()
}
