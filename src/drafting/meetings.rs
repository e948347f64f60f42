//! Meetings: copies of one event joined (SEMANTICS S2, S18), and what people decided about each.

use std::collections::BTreeMap;

use super::{Page, Piece, checks::Finding, values};
use crate::model::{
    decision::{Act, Assignment, Decision, Written},
    entry::{Body, Entry, EntryKey, Provenance},
    event::{Event, Span},
    ids::{self, MeetingId},
    verdict::Verdict,
};

/// One meeting with the copies that count.
pub(super) struct Meeting<'a> {
    pub(super) id: MeetingId,
    /// The leading copy: by calendar order, then response, then id.
    pub(super) lead: &'a Event,
    pub(super) verdict: &'a Verdict,
    /// Other copies, whose verdicts ought to agree.
    pub(super) others: Vec<&'a Verdict>,
    /// It vanished or was called off, and human work hangs on it (S7).
    pub(super) gone: bool,
    pub(super) acts: Vec<&'a Decision>,
}

/// The meetings of a page that make time, in order of id.
pub(super) fn gather<'a>(page: &'a Page<'_>, decisions: &[&'a Decision]) -> Vec<Meeting<'a>> {
    let mut groups: BTreeMap<MeetingId, Vec<&'a (Event, Verdict)>> = BTreeMap::new();
    for pair in page.events {
        groups.entry(pair.0.meeting).or_default().push(pair);
    }
    let mut meetings = Vec::new();
    for (id, mut copies) in groups {
        copies.sort_by_key(|(event, verdict)| (!event.is_live(), verdict.skip.is_some(), event.calendar_order, event.response, event.id));
        let start = copies[0].0.fact.span.moment();
        let (joined, apart): (Vec<_>, Vec<_>) = copies.into_iter().partition(|(event, _)| event.fact.span.moment() == start);
        meetings.extend(meeting(page, id, &joined, decisions));
        for copy in apart {
            meetings.extend(meeting(page, MeetingId(ids::derived(id.0, &copy.0.id.to_string())), &[copy], decisions));
        }
    }
    meetings
}

/// A meeting, unless it makes no time: not work, skipped by rule, or gone untouched.
fn meeting<'a>(page: &Page<'_>, id: MeetingId, copies: &[&'a (Event, Verdict)], decisions: &[&'a Decision]) -> Option<Meeting<'a>> {
    let acts: Vec<_> = decisions.iter().copied().filter(|decision| decision.subject == id.0).collect();
    let (lead, verdict) = copies.first().copied()?;
    if is_all_day(&lead.fact.span) || acts.iter().any(|decision| decision.act == Act::NotWork) {
        return None;
    }
    let touched = acts.iter().any(|decision| !matches!(decision.act, Act::Dismiss { .. }));
    let settled = page.standing.iter().any(|entry| entry.key.meeting == id && entry.status.is_settled());
    let gone = !lead.is_live();
    let unwanted = if gone { !settled } else { verdict.skip.is_some() };
    if unwanted && !touched {
        return None;
    }
    let others =
        copies[1..].iter().filter(|(event, verdict)| event.is_live() && verdict.skip.is_none()).map(|(_, verdict)| verdict).collect();
    Some(Meeting { id, lead, verdict, others, gone, acts })
}

fn is_all_day(span: &Span) -> bool {
    matches!(span, Span::AllDay { .. })
}

impl Meeting<'_> {
    /// What people assigned, later over earlier, field by field.
    pub(super) fn assignment(&self) -> Assignment {
        assigned(&self.acts)
    }
}

pub(super) fn assigned(acts: &[&Decision]) -> Assignment {
    acts.iter().fold(Assignment::default(), |mut sum, decision| {
        if let Act::Assign(later) = &decision.act {
            values::overlay(&mut sum, later);
        }
        sum
    })
}

/// Entries that people or other systems wrote: decisions of their own, returned unchanged (S11).
pub(super) fn written<'a>(page: &'a Page<'_>, decisions: &[&'a Decision]) -> Vec<Piece<'a>> {
    decisions
        .iter()
        .filter_map(|decision| Some((decision, written_on(page, decision)?)))
        .filter_map(|(decision, written)| one(page, decision, written, decisions))
        .collect()
}

fn written_on<'a>(page: &Page<'_>, decision: &'a Decision) -> Option<&'a Written> {
    match &decision.act {
        Act::Write(written) if written.date == page.date => Some(written),
        _ => None,
    }
}

fn one<'a>(page: &'a Page<'_>, decision: &'a Decision, written: &Written, decisions: &[&'a Decision]) -> Option<Piece<'a>> {
    let acts: Vec<_> = decisions.iter().copied().filter(|other| other.subject == decision.subject).collect();
    if acts.iter().any(|other| other.act == Act::NotWork) {
        return None;
    }
    let key = EntryKey { meeting: MeetingId(decision.subject), segment: 0, leg: 0 };
    let mut assignment = written.assignment.clone();
    values::overlay(&mut assignment, &assigned(&acts));
    let seconds = (written.end - written.start).num_seconds().max(0);
    let mut body = Body {
        date: written.date,
        start: written.start,
        end: written.end,
        timezone: written.timezone,
        seconds,
        rounded_seconds: seconds,
        client: None,
        project: None,
        task: None,
        billable: None,
        tags: Vec::new(),
        description: None,
        held: false,
        origin: written.origin,
        external_ref: written.external_ref.clone(),
        event: None,
    };
    let mut provenance = Provenance::default();
    values::apply(page, &mut body, &mut provenance, None, &assignment);
    let findings = super::checks::catalog(page, &body, false);
    Some(Piece { settled: standing(page, key), key, body, provenance, findings, asks: true, title: String::new(), known_at: None })
}

pub(super) fn standing<'a>(page: &Page<'a>, key: EntryKey) -> Option<&'a Entry> {
    page.standing.iter().find(|entry| entry.key == key && entry.status.is_settled())
}

/// Submitted and approved entries of this date that nothing here derives any more: they stand, count, and ask (S7, S9).
pub(super) fn orphans<'a>(page: &Page<'a>, pieces: &[Piece<'_>]) -> Vec<Piece<'a>> {
    let known = |entry: &&Entry| pieces.iter().any(|piece| piece.key == entry.key);
    let orphans = page.standing.iter().filter(|entry| entry.body.date == page.date && entry.status.is_settled() && !known(entry));
    orphans
        .map(|entry| Piece {
            key: entry.key,
            body: entry.body.clone(),
            provenance: Provenance::default(),
            findings: vec![Finding::no_longer_derived(entry)],
            asks: true,
            title: String::new(),
            settled: Some(entry),
            known_at: None,
        })
        .collect()
}
