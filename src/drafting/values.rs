//! What: the values of an entry. People over rules over defaults; a project brings its client.

use super::{
    Page, Piece, checks,
    cuts::{Cut, blank, cuts},
    meetings::{Meeting, standing},
    segments::Slot,
};
use crate::model::{
    catalog::{Catalog, Field},
    decision::{Assignment, Leg},
    entry::{Body, DECISION, DEFAULTS, Given, Provenance},
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
    let piece = |Cut { leg, key, body, assignment }: Cut| {
        let verdict = verdicts.get(leg).unwrap_or(meeting.verdict);
        let (values, provenance) = values(page.catalog, Some(verdict), &assignment);
        let body = values.of(body);
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

/// Case and spacing do not tell titles apart.
pub(super) fn folded(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// What an entry is for.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
    tags: Vec<String>,
    description: Option<String>,
}

impl Values {
    /// An entry that is for this.
    pub(super) fn of(self, body: Body) -> Body {
        let Self { client, project, task, billable, tags, description } = self;
        Body { client, project, task, billable, tags, description, ..body }
    }
}

/// What rules and a person make of time, whenever it is, and who gave what.
pub(crate) fn values(catalog: &Catalog, verdict: Option<&Verdict>, by_person: &Assignment) -> (Values, Provenance) {
    let (mut values, mut provenance) = (Values::default(), Provenance::default());
    let mut choose = |field: Field, decided: Option<Option<String>>| -> Option<String> {
        let claim = || verdict?.fields.get(&field);
        let (value, given) = match decided {
            Some(value) => (value, Some(Given::by(DECISION))),
            None => (claim().map(|claim| claim.value.clone()), claim().map(Given::of)),
        };
        provenance.0.extend(given.map(|given| (field, given)));
        value
    };
    values.project = choose(Field::Project, by_person.project.clone()).map(|code| known_project(catalog, code));
    values.client = choose(Field::Client, by_person.client.clone()).map(|key| known_client(catalog, key));
    values.task = choose(Field::Task, by_person.task.clone());
    values.description = choose(Field::Description, by_person.description.clone());
    let billable = choose(Field::Billable, by_person.billable.map(|yes| Some(yes.to_string())));
    values.billable = billable.as_deref().map(|word| word == "true");
    if let Some((owner, _)) = values.project.as_deref().and_then(|code| catalog.project(code)) {
        if values.client.as_ref() != Some(&owner.key) {
            provenance.0.extend(provenance.0.get(&Field::Project).cloned().map(|given| (Field::Client, given)));
        }
        values.client = Some(owner.key.clone());
    }
    defaults(catalog, &mut values, &mut provenance, verdict, by_person);
    task(catalog, &mut values, &mut provenance, by_person.task.is_some());
    tags(&mut values, &mut provenance, verdict, by_person);
    (values, provenance)
}

/// A project that lists its tasks has no other; what someone said stays, and is asked about ([`checks::unlisted`]). One that is written in
/// another case is the listed one.
fn task(catalog: &Catalog, values: &mut Values, provenance: &mut Provenance, is_decided: bool) {
    let project = values.project.as_deref().and_then(|code| catalog.project(code)).map(|(_, project)| project);
    let (Some(project), Some(task)) = (project.filter(|project| !project.tasks.is_empty()), &values.task) else { return };
    match project.listed_task(task) {
        Some(listed) => values.task = Some(listed.clone()),
        None if is_decided => {}
        None => {
            values.task = None;
            provenance.0.remove(&Field::Task);
        }
    }
}

/// The present code of a project that may have been renamed since.
pub(super) fn known_project(catalog: &Catalog, code: String) -> String {
    catalog.project(&code).map_or(code, |(_, project)| project.code.clone())
}

/// The present key of a client that may have been renamed since.
pub(super) fn known_client(catalog: &Catalog, key: String) -> String {
    catalog.client(&key).map_or(key, |client| client.key.clone())
}

/// Tags add up: every rule that gave one is named.
fn tags(values: &mut Values, provenance: &mut Provenance, verdict: Option<&Verdict>, by_person: &Assignment) {
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
    values.tags = tags;
    provenance.0.extend(given.map(|given| (Field::Tags, given)));
}

/// Defaults fill what is left, only where something is known; without rules a project still knows whether it is billed.
fn defaults(catalog: &Catalog, values: &mut Values, provenance: &mut Provenance, verdict: Option<&Verdict>, by_person: &Assignment) {
    if values.client.is_none() && values.project.is_none() {
        return;
    }
    let defaults = verdict.map(|verdict| (*verdict.defaults).clone()).unwrap_or_default();
    let mut note = |field: Field| drop(provenance.0.insert(field, Given::by(DEFAULTS)));
    if values.task.is_none() && by_person.task.is_none() {
        values.task = defaults.task.inspect(|_| note(Field::Task));
    }
    if values.description.is_none() && by_person.description.is_none() {
        values.description = defaults.description.inspect(|_| note(Field::Description));
    }
    let project = values.project.as_deref().and_then(|code| catalog.project(code)).map(|(_, project)| project.billable);
    let fallback = match defaults.billable {
        Some(BillableDefault::Fixed(yes)) => Some(yes),
        Some(BillableDefault::Project) | None => project,
    };
    if values.billable.is_none() {
        values.billable = fallback.inspect(|_| note(Field::Billable));
    }
}
