//! What: the values of an entry. People over rules over defaults; a project brings its client.

use chrono::TimeDelta;

use super::{
    Page, Piece, checks,
    meetings::{Meeting, standing},
    segments::{self, Slot},
};
use crate::model::{
    catalog::Field,
    decision::Assignment,
    entry::{Body, Origin, Provenance},
    verdict::{BillableDefault, Claim, Verdict},
};

/// The entries of one slot: one, or one per leg of a split, laid end to end.
pub(super) fn fill<'a>(page: &'a Page<'_>, meeting: &Meeting<'a>, slot: &Slot) -> Vec<Piece<'a>> {
    let whole = (slot.end - slot.start).num_seconds().max(0);
    let shares: i64 = slot.legs.iter().map(|leg| i64::from(leg.share)).sum();
    if slot.legs.len() < 2 || shares == 0 {
        return vec![piece(page, meeting, slot, 0, (0, whole), None)];
    }
    let mut begun = 0;
    let mut given = 0;
    let last = slot.legs.len() - 1;
    let mut pieces = Vec::new();
    for (index, leg) in slot.legs.iter().enumerate() {
        given += i64::from(leg.share);
        let until = if index == last { whole } else { whole * given / shares };
        pieces.push(piece(page, meeting, slot, index, (begun, until), Some(&leg.assignment)));
        begun = until;
    }
    pieces
}

fn piece<'a>(
    page: &'a Page<'_>,
    meeting: &Meeting<'a>,
    slot: &Slot,
    leg: usize,
    (from, until): (i64, i64),
    own: Option<&Assignment>,
) -> Piece<'a> {
    let key = segments::key(slot, leg);
    let zone = page.staff.zones.on(page.date);
    let mut body = Body {
        date: page.date,
        start: slot.start + TimeDelta::seconds(from),
        end: slot.start + TimeDelta::seconds(until),
        timezone: zone,
        seconds: until - from,
        rounded_seconds: until - from,
        client: None,
        project: None,
        task: None,
        billable: None,
        tags: Vec::new(),
        description: None,
        held: false,
        origin: Origin::Calendar,
        external_ref: None,
        event: Some(meeting.lead.id),
    };
    let mut assignment = meeting.assignment();
    if let Some(own) = own {
        overlay(&mut assignment, own);
    }
    let mut provenance = Provenance::default();
    apply(page, &mut body, &mut provenance, Some(meeting.verdict), &assignment);
    let mut findings = slot.findings.clone();
    findings.extend(checks::meeting(page, meeting, &body, &assignment));
    let known_at = Some(meeting.lead.first_seen.max(meeting.lead.placed_at));
    let title = meeting.lead.fact.text.title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    Piece { settled: standing(page, key), key, body, provenance, findings, asks: slot.asks && leg == 0, title, known_at }
}

/// Puts a later assignment over an earlier one. Another client without a project lets go of the old client's project.
pub(super) fn overlay(sum: &mut Assignment, later: &Assignment) {
    if later.client.is_some() && later.client != sum.client && later.project.is_none() {
        sum.project = later.client.as_ref().map(|_| None);
    }
    sum.client = later.client.clone().or_else(|| sum.client.take());
    sum.project = later.project.clone().or_else(|| sum.project.take());
    sum.task = later.task.clone().or_else(|| sum.task.take());
    sum.billable = later.billable.or(sum.billable);
    sum.tags = later.tags.clone().or_else(|| sum.tags.take());
    sum.description = later.description.clone().or_else(|| sum.description.take());
}

/// Fills the body and says who gave each field.
pub(super) fn apply(page: &Page<'_>, body: &mut Body, provenance: &mut Provenance, verdict: Option<&Verdict>, by_person: &Assignment) {
    let mut choose = |field: Field, decided: Option<Option<String>>| -> Option<String> {
        let (value, claim) = match decided {
            Some(value) => (value.clone(), value.map(|value| claim(value, "decision"))),
            None => (verdict?.value(field).map(str::to_owned), verdict?.fields.get(&field).cloned()),
        };
        provenance.0.extend(claim.map(|claim| (field.to_string(), claim)));
        value
    };
    body.project = choose(Field::Project, by_person.project.clone());
    body.client = choose(Field::Client, by_person.client.clone());
    body.task = choose(Field::Task, by_person.task.clone());
    body.description = choose(Field::Description, by_person.description.clone());
    let billable = choose(Field::Billable, by_person.billable.map(|yes| Some(yes.to_string())));
    body.billable = billable.as_deref().map(|word| word == "true");
    let owner = body.project.as_deref().and_then(|code| page.catalog.project(code)).map(|(client, _)| client.key.clone());
    body.client = owner.or_else(|| body.client.take());
    defaults(page, body, provenance, verdict, by_person);
    let mut tags = by_person
        .tags
        .clone()
        .unwrap_or_else(|| verdict.map(|verdict| verdict.tags.iter().map(|tag| tag.value.clone()).collect()).unwrap_or_default());
    tags.sort();
    tags.dedup();
    body.tags = tags;
}

/// Defaults fill what is left, only where something is known; without rules a project still knows whether it is billed.
fn defaults(page: &Page<'_>, body: &mut Body, provenance: &mut Provenance, verdict: Option<&Verdict>, by_person: &Assignment) {
    if body.client.is_none() && body.project.is_none() {
        return;
    }
    let defaults = verdict.map(|verdict| verdict.defaults.clone()).unwrap_or_default();
    let mut note = |field: Field, value: &str| drop(provenance.0.insert(field.to_string(), claim(value.to_owned(), "defaults")));
    if body.task.is_none() && by_person.task.is_none() {
        body.task = defaults.task.inspect(|task| note(Field::Task, task));
    }
    if body.description.is_none() && by_person.description.is_none() {
        body.description = defaults.description.inspect(|text| note(Field::Description, text));
    }
    let project = body.project.as_deref().and_then(|code| page.catalog.project(code)).map(|(_, project)| project.billable);
    let fallback = match defaults.billable {
        Some(BillableDefault::Fixed(yes)) => Some(yes),
        Some(BillableDefault::Project) | None => project,
    };
    if body.billable.is_none() {
        body.billable = fallback.inspect(|yes| note(Field::Billable, &yes.to_string()));
    }
}

fn claim(value: String, rule: &str) -> Claim {
    Claim { value, rule: rule.to_owned(), evidence: Vec::new() }
}
