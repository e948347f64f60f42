//! What an explanation rests on: the values and who gave them, what lost, which rules held and which nearly did.

use super::{Explained, nearness::nearest, standing::Stood};
use crate::{
    model::{
        catalog::Field,
        entry::{DECISION, EntryStatus, Given},
        exception::ExceptionStatus,
        verdict::{Claim, Lost},
    },
    rules::explain::Asked,
};

/// How many near misses are worth reading.
const MISSES: usize = 3;

impl Explained<'_> {
    /// Each field with its value and who gave it, of one entry.
    pub(super) fn fields_of(stood: &Stood) -> Vec<(Field, String, Option<Given>)> {
        let fields = [Field::Client, Field::Project, Field::Task, Field::Billable, Field::Description, Field::Tags];
        let row = |field: Field| Some((field, stood.body.value(field)?, stood.provenance.0.get(&field).cloned()));
        fields.into_iter().filter_map(row).collect()
    }

    /// As they stand of the first entry, or as the rules alone have them.
    pub(super) fn fields(&self) -> Vec<(Field, String, Option<Given>)> {
        let of_rules = |field: &Field| self.verdict.fields.get(field).map(|claim| (*field, claim.value.clone(), Some(Given::of(claim))));
        self.entries.first().map_or_else(|| Field::ALL.iter().filter_map(of_rules).collect(), Self::fields_of)
    }

    /// What the rules say of a field where a person decided otherwise, or where it was settled before they said so.
    pub(super) fn instead(&self, field: Field, value: &str, given: Option<&Given>) -> Option<&Claim> {
        let claim = self.verdict.fields.get(&field).filter(|claim| claim.value != value)?;
        let is_settled = self.entries.iter().any(|stood| stood.known.is_some_and(|(_, status)| status.is_settled()));
        (given.is_some_and(|given| given.by == DECISION) || is_settled).then_some(claim)
    }

    /// Whether someone said what it is for, so that what a rule divides stays whole.
    pub(super) fn is_decided(&self) -> bool {
        let by_person = |stood: &Stood| {
            let given = [Field::Client, Field::Project].into_iter().filter_map(|field| stood.provenance.0.get(&field));
            given.into_iter().any(|given| given.by == DECISION)
        };
        self.entries.iter().any(by_person)
    }

    pub(super) fn is_private(&self) -> bool {
        self.fact.as_ref().is_some_and(|fact| fact.visibility.is_private())
    }

    /// In a word: what came of it.
    pub(super) fn outcome(&self) -> &'static str {
        let stands = self.entries.iter().any(|stood| stood.known.is_none_or(|(_, status)| status != EntryStatus::Void));
        let is_asked = self.whys.iter().any(|why| why.asked.is_none_or(|(_, status)| status == ExceptionStatus::Open));
        match () {
            () if self.verdict.skip.is_some() && !stands => "skipped",
            () if is_asked => "exception",
            () if stands => "entry",
            () => "none",
        }
    }

    /// Losers that a reader cares for: not a project that only followed its client.
    pub(super) fn lost(&self, field: Field) -> impl Iterator<Item = &Lost> {
        self.verdict.lost.iter().filter(move |lost| lost.field == field)
    }

    /// Rules of which all but one condition held, the nearest first.
    pub(super) fn misses(&self) -> impl Iterator<Item = &Asked> {
        nearest(&self.asked, self.fact.as_ref()).into_iter().take(MISSES)
    }

    /// Rules up to the one that ended it, and those after it.
    pub(super) fn turns(&self) -> (&[Asked], &[Asked]) {
        let ender = self.verdict.ended_by.as_deref();
        let last = self.asked.iter().position(|one| Some(one.rule.as_str()) == ender);
        self.asked.split_at(last.map_or(self.asked.len(), |at| at + 1))
    }

    /// Rules that held and gave nothing, since others had said the same.
    pub(super) fn idle(&self) -> impl Iterator<Item = &str> {
        matched(self.turns().0).filter(|rule| !self.verdict.names(rule))
    }
}

pub(super) fn matched(rules: &[Asked]) -> impl Iterator<Item = &str> {
    rules.iter().filter(|one| one.failed.is_empty()).map(|one| one.rule.as_str())
}
