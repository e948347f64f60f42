//! What: the values of an entry. People over rules over defaults; a project brings its client.

use chrono::{DateTime, TimeDelta, Utc};

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

/// The entries of one slot: one, or one per leg of a split, laid end to end, less what was given up.
pub(super) fn fill<'a>(page: &'a Page<'_>, meeting: &Meeting<'a>, slot: &Slot) -> Vec<Piece<'a>> {
    let body = Body { event: Some(meeting.lead.id), ..blank(page, slot) };
    let by_person = meeting.assignment(slot.meeting);
    let is_decided = !slot.legs.is_empty() || by_person.client.is_some() || by_person.project.is_some();
    let split = meeting.verdict.split.as_ref().filter(|_| !is_decided);
    let verdicts: Vec<Verdict> = split.map_or_else(Vec::new, |split| shared(meeting.verdict, split));
    let by_rule: Vec<Leg> = split.map_or_else(Vec::new, legs_of);
    let slot = if by_rule.is_empty() { slot.clone() } else { Slot { legs: by_rule, ..slot.clone() } };
    let slot = &slot;
    let piece = |Cut { leg, key, mut body, assignment }: Cut| {
        let mut provenance = Provenance::default();
        let verdict = verdicts.get(leg).unwrap_or(meeting.verdict);
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
    cuts(slot, &body, &by_person).into_iter().map(piece).collect()
}

/// An entry of a slot: which of its legs, and what a person said of that.
pub(super) struct Cut {
    pub(super) leg: usize,
    pub(super) key: EntryKey,
    pub(super) body: Body,
    pub(super) assignment: Assignment,
}

/// The shares of a rule's split as legs; what each is for comes with its verdict.
fn legs_of(split: &Split) -> Vec<Leg> {
    split.shares.iter().map(|share| Leg { share: share.percent, assignment: Assignment::default(), number: None }).collect()
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

/// What is left of a slot: it as a whole or its legs, less what was given up. Where nothing is, but its event moved since, the question
/// stands on an entry without time.
pub(super) fn cuts(slot: &Slot, body: &Body, whole: &Assignment) -> Vec<Cut> {
    let mut cuts = legs(slot, body, whole);
    let mut further = cuts.len();
    for gap in &slot.given_up {
        cuts = cuts.into_iter().flat_map(|cut| less(cut, *gap, &mut further)).collect();
    }
    if cuts.is_empty() && !slot.findings.is_empty() {
        let body = Body { end: body.start, seconds: 0, rounded_seconds: 0, ..body.clone() };
        cuts.push(Cut { leg: 0, key: key(slot, 0), body, assignment: whole.clone() });
    }
    cuts
}

/// What is left of an entry, on either side of what was given up. What is further is numbered as it comes about, so that no entry turns
/// into another when more is given up.
fn less(cut: Cut, (from, until): (DateTime<Utc>, DateTime<Utc>), further: &mut usize) -> Vec<Cut> {
    let (start, end) = (cut.body.start, cut.body.end);
    if until <= start || end <= from {
        return vec![cut];
    }
    let part = |number: Option<i64>, (start, end): (DateTime<Utc>, DateTime<Utc>)| {
        let seconds = (end - start).num_seconds();
        let key = EntryKey { leg: number.unwrap_or(cut.key.leg), ..cut.key };
        let body = Body { start, end, seconds, rounded_seconds: seconds, ..cut.body.clone() };
        Cut { leg: cut.leg, key, body, assignment: cut.assignment.clone() }
    };
    let is_within = start < from && until < end;
    let number = is_within.then(|| i64::try_from(*further).unwrap_or(i64::MAX));
    *further += usize::from(is_within);
    let before = (start < from).then(|| part(None, (start, from)));
    let after = (until < end).then(|| part(number, (until, end)));
    before.into_iter().chain(after).collect()
}

fn key(slot: &Slot, leg: usize) -> EntryKey {
    EntryKey { meeting: slot.meeting, segment: slot.segment, leg: i64::try_from(leg).unwrap_or(i64::MAX) }
}

/// By share, end to end, the last takes the remainder (S12).
fn legs(slot: &Slot, body: &Body, whole: &Assignment) -> Vec<Cut> {
    let shares: i64 = slot.legs.iter().map(|leg| i64::from(leg.share)).sum();
    if slot.legs.len() < 2 || shares == 0 {
        return vec![Cut { leg: 0, key: key(slot, 0), body: body.clone(), assignment: whole.clone() }];
    }
    let last = slot.legs.len() - 1;
    let (mut begun, mut given) = (0, 0);
    let mut cut = Vec::new();
    for (leg, one) in slot.legs.iter().enumerate() {
        given += i64::from(one.share);
        let until = if leg == last { body.seconds } else { body.seconds * given / shares };
        let seconds = until - begun;
        let (start, end) = (body.start + TimeDelta::seconds(begun), body.start + TimeDelta::seconds(until));
        let mut assignment = whole.clone();
        assignment.overlay(&one.assignment);
        cut.push(Cut {
            leg,
            key: EntryKey { leg: one.number(leg), ..key(slot, 0) },
            body: Body { start, end, seconds, rounded_seconds: seconds, ..body.clone() },
            assignment,
        });
        begun = until;
    }
    cut
}

/// Case and spacing do not tell titles apart.
pub(super) fn folded(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
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
    task(page, body, provenance, by_person.task.is_some());
    tags(body, provenance, verdict, by_person);
}

/// A project that lists its tasks has no other; what someone said stays, and is asked about ([`checks::unlisted`]). One that is written in
/// another case is the listed one.
fn task(page: &Page<'_>, body: &mut Body, provenance: &mut Provenance, is_decided: bool) {
    let project = body.project.as_deref().and_then(|code| page.catalog.project(code)).map(|(_, project)| project);
    let (Some(project), Some(task)) = (project.filter(|project| !project.tasks.is_empty()), &body.task) else { return };
    match project.listed_task(task) {
        Some(listed) => body.task = Some(listed.clone()),
        None if is_decided => {}
        None => {
            body.task = None;
            provenance.0.remove(&Field::Task);
        }
    }
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
