//! What: the values of an entry. People over rules over defaults; a project brings its client.

use chrono::TimeDelta;

use super::{
    Page, Piece, checks,
    meetings::{Meeting, standing},
    segments::Slot,
};
use crate::model::{
    catalog::Field,
    decision::{Assignment, Leg},
    entry::{Body, DECISION, DEFAULTS, EntryKey, Given, Origin, Provenance},
    verdict::{BillableDefault, Claim, Share, Split, Verdict},
};

/// The entries of one slot: one, or one per leg of a split, laid end to end.
pub(super) fn fill<'a>(page: &'a Page<'_>, meeting: &Meeting<'a>, slot: &Slot) -> Vec<Piece<'a>> {
    let body = Body { event: Some(meeting.lead.id), ..blank(page, slot) };
    let by_person = meeting.assignment(slot.meeting);
    let is_decided = !slot.legs.is_empty() || by_person.client.is_some() || by_person.project.is_some();
    let split = meeting.verdict.split.as_ref().filter(|_| !is_decided);
    let verdicts: Vec<Verdict> = split.map_or_else(Vec::new, |split| shared(meeting.verdict, split));
    let by_rule: Vec<Leg> = split.map_or_else(Vec::new, legs_of);
    let slot = if by_rule.is_empty() { slot.clone() } else { Slot { legs: by_rule, ..slot.clone() } };
    let slot = &slot;
    let piece = |key: EntryKey, mut body: Body, assignment: Assignment| {
        let mut provenance = Provenance::default();
        let verdict = usize::try_from(key.leg).ok().and_then(|leg| verdicts.get(leg)).unwrap_or(meeting.verdict);
        apply(page, &mut body, &mut provenance, Some(verdict), &assignment);
        let mut findings = slot.findings.clone();
        findings.extend(checks::meeting(page, meeting, &body, &assignment));
        let known_at = Some(meeting.lead.first_seen.max(meeting.lead.placed_at));
        let title = folded(&meeting.lead.fact.text.title);
        Piece {
            settled: standing(page, key),
            key,
            body,
            derived: None,
            provenance,
            findings,
            elsewhere: None,
            title,
            known_at,
            into: slot.into,
            taken: Vec::new(),
            floats: slot.floats,
        }
    };
    legs(slot, &body, &by_person).into_iter().map(|(key, body, assignment)| piece(key, body, assignment)).collect()
}

/// The shares of a rule's split as legs; what each is for comes with its verdict.
fn legs_of(split: &Split) -> Vec<Leg> {
    split.shares.iter().map(|share| Leg { share: share.percent, assignment: Assignment::default() }).collect()
}

/// The verdict of each share: what the rules say of the whole, under what the share says of itself.
fn shared(verdict: &Verdict, split: &Split) -> Vec<Verdict> {
    let one = |share: &Share| {
        let mut one = Verdict { split: None, ..verdict.clone() };
        let fields = [
            (Field::Client, share.client.clone()),
            (Field::Project, share.project.clone()),
            (Field::Task, share.task.clone()),
            (Field::Billable, share.billable.map(|yes| yes.to_string())),
        ];
        for (field, value) in fields {
            let claim = |value| Claim { value, rule: split.rule.as_str().into(), evidence: split.evidence.as_slice().into() };
            one.fields.extend(value.map(|value| (field, claim(value))));
        }
        one
    };
    split.shares.iter().map(one).collect()
}

/// An entry of a slot with nothing known yet.
pub(super) fn blank(page: &Page<'_>, slot: &Slot) -> Body {
    let seconds = (slot.end - slot.start).num_seconds().max(0);
    Body {
        date: page.date,
        start: slot.start,
        end: slot.end,
        timezone: page.staff.zones.on(page.date),
        seconds,
        rounded_seconds: seconds,
        client: None,
        project: None,
        task: None,
        billable: None,
        tags: Vec::new(),
        description: None,
        held: false,
        origin: Origin::Calendar,
        external_ref: None,
        event: None,
    }
}

/// A slot as it is, or cut into the legs of its split: by share, end to end, the last takes the remainder (S12).
pub(super) fn legs(slot: &Slot, body: &Body, whole: &Assignment) -> Vec<(EntryKey, Body, Assignment)> {
    let key = |leg: usize| EntryKey { meeting: slot.meeting, segment: slot.segment, leg: i64::try_from(leg).unwrap_or(i64::MAX) };
    let shares: i64 = slot.legs.iter().map(|leg| i64::from(leg.share)).sum();
    if slot.legs.len() < 2 || shares == 0 {
        return vec![(key(0), body.clone(), whole.clone())];
    }
    let last = slot.legs.len() - 1;
    let (mut begun, mut given) = (0, 0);
    let mut cut = Vec::new();
    for (index, Leg { share, assignment }) in slot.legs.iter().enumerate() {
        given += i64::from(*share);
        let until = if index == last { body.seconds } else { body.seconds * given / shares };
        let seconds = until - begun;
        let (start, end) = (body.start + TimeDelta::seconds(begun), body.start + TimeDelta::seconds(until));
        let mut own = whole.clone();
        overlay(&mut own, assignment);
        cut.push((key(index), Body { start, end, seconds, rounded_seconds: seconds, ..body.clone() }, own));
        begun = until;
    }
    cut
}

/// Case and spacing do not tell titles apart.
pub(super) fn folded(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
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
        let claim = || verdict?.fields.get(&field);
        let (value, given) = match decided {
            Some(value) => (value, Some(Given::by(DECISION))),
            None => (claim().map(|claim| claim.value.clone()), claim().map(Given::of)),
        };
        provenance.0.extend(given.map(|given| (field, given)));
        value
    };
    body.project = choose(Field::Project, by_person.project.clone()).map(|code| known_project(page, code));
    body.client = choose(Field::Client, by_person.client.clone()).map(|key| known_client(page, key));
    body.task = choose(Field::Task, by_person.task.clone());
    body.description = choose(Field::Description, by_person.description.clone());
    let billable = choose(Field::Billable, by_person.billable.map(|yes| Some(yes.to_string())));
    body.billable = billable.as_deref().map(|word| word == "true");
    if let Some((owner, _)) = body.project.as_deref().and_then(|code| page.catalog.project(code)) {
        if body.client.as_ref() != Some(&owner.key) {
            provenance.0.extend(provenance.0.get(&Field::Project).cloned().map(|given| (Field::Client, given)));
        }
        body.client = Some(owner.key.clone());
    }
    defaults(page, body, provenance, verdict, by_person);
    tags(body, provenance, verdict, by_person);
}

/// The present code of a project that may have been renamed since.
pub(super) fn known_project(page: &Page<'_>, code: String) -> String {
    page.catalog.project(&code).map_or(code, |(_, project)| project.code.clone())
}

/// The present key of a client that may have been renamed since.
pub(super) fn known_client(page: &Page<'_>, key: String) -> String {
    page.catalog.client(&key).map_or(key, |client| client.key.clone())
}

/// Tags add up: every rule that gave one is named.
fn tags(body: &mut Body, provenance: &mut Provenance, verdict: Option<&Verdict>, by_person: &Assignment) {
    let by_rules = verdict.map(|verdict| verdict.tags.as_slice()).unwrap_or_default();
    let (mut tags, given): (Vec<String>, _) = if let Some(tags) = &by_person.tags {
        (tags.clone(), Some(Given::by(DECISION)))
    } else {
        let mut rules: Vec<_> = by_rules.iter().map(|claim| &*claim.rule).collect();
        rules.dedup();
        (by_rules.iter().map(|claim| claim.value.clone()).collect(), (!rules.is_empty()).then(|| Given::by(&rules.join(", "))))
    };
    tags.sort();
    tags.dedup();
    body.tags = tags;
    provenance.0.extend(given.map(|given| (Field::Tags, given)));
}

/// Defaults fill what is left, only where something is known; without rules a project still knows whether it is billed.
fn defaults(page: &Page<'_>, body: &mut Body, provenance: &mut Provenance, verdict: Option<&Verdict>, by_person: &Assignment) {
    if body.client.is_none() && body.project.is_none() {
        return;
    }
    let defaults = verdict.map(|verdict| (*verdict.defaults).clone()).unwrap_or_default();
    let mut note = |field: Field| drop(provenance.0.insert(field, Given::by(DEFAULTS)));
    if body.task.is_none() && by_person.task.is_none() {
        body.task = defaults.task.inspect(|_| note(Field::Task));
    }
    if body.description.is_none() && by_person.description.is_none() {
        body.description = defaults.description.inspect(|_| note(Field::Description));
    }
    let project = body.project.as_deref().and_then(|code| page.catalog.project(code)).map(|(_, project)| project.billable);
    let fallback = match defaults.billable {
        Some(BillableDefault::Fixed(yes)) => Some(yes),
        Some(BillableDefault::Project) | None => project,
    };
    if body.billable.is_none() {
        body.billable = fallback.inspect(|_| note(Field::Billable));
    }
}
