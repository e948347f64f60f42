//! What the rules make of one event: which field came from which rule, what was skipped, what disagreed.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::model::{catalog::Field, residual::Residual, words::words};

words! {
    /// The part of an event a rule matched on.
    Place {
        Title = "title",
        Description = "description",
        Location = "location",
        Attendee = "attendee",
        Organizer = "organizer",
        Calendar = "calendar",
        Category = "category",
    }
}

/// Where a rule found its reason. Names a span of text, never the text: words can be erased, provenance stays (S8).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) place: Place,
    /// Which attendee or category, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) index: usize,
    /// Byte range in the place's own text.
    pub(crate) span: (usize, usize),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(index: &usize) -> bool {
    *index == 0
}

words! {
    /// How sure a rule is.
    Confidence {
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}

/// One rule's wish for one field. Rule and evidence are shared by all wishes of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) value: String,
    /// Rule id, or `defaults`.
    pub(crate) rule: Arc<str>,
    pub(crate) evidence: Arc<[Evidence]>,
}

words! {
    /// Why a claim did not count.
    Loss {
        /// Both cannot hold, and nobody said which goes over which: a person decides (S24).
        Conflict = "conflict",
        /// The winner says that it goes over this rule.
        Over = "over",
        /// An earlier section had set the field.
        Later = "later",
        /// The project belongs to another client than the one that is set.
        OtherClient = "other-client",
    }
}

/// A claim that did not count, beside the one that did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "won and lost are a pair")]
pub(crate) struct Lost {
    pub(crate) field: Field,
    pub(crate) won: Claim,
    pub(crate) lost: Claim,
    pub(crate) why: Loss,
}

/// Text shaped like one of our project codes that names none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UnknownCode {
    pub(crate) code: String,
    /// The nearest code that exists.
    pub(crate) near: Option<String>,
    pub(crate) evidence: Evidence,
}

words! {
    /// What skipped time is to utilisation reports (S19).
    SkipAs {
        Absence = "absence",
        Private = "private",
        Note = "note",
    }
}

/// A rule that takes the event out of the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Skip {
    pub(crate) rule: String,
    pub(crate) why: String,
    pub(crate) counts_as: Option<SkipAs>,
}

/// A rule's part of a split event: so many hundredths, for this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) percent: u32,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
}

/// A rule that divides an event among several clients or projects. It counts as having set client and project (S24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Split {
    pub(crate) rule: String,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) shares: Vec<Share>,
}

/// A rule that gives an all-day event hours, on each of its working days (S19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hours {
    pub(crate) rule: String,
    pub(crate) seconds: i64,
}

/// A rule that wants a person to look: `reason` is kebab-case, `text` is for the reader.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suspicion {
    pub(crate) rule: Arc<str>,
    pub(crate) reason: Arc<str>,
    pub(crate) text: Arc<str>,
    /// What is left to test on the decided values of the entry; [`Residual::Always`] for `review`.
    pub(crate) when: Residual,
}

/// What the rules make of one event.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) skip: Option<Skip>,
    /// Of what is skipped: what the rules would say if none skipped it, for time that someone worked on (S7).
    pub(crate) beneath: Option<Arc<Verdict>>,
    /// Single-valued fields; billable is `true` or `false`.
    pub(crate) fields: BTreeMap<Field, Claim>,
    /// Tags add up.
    pub(crate) tags: Vec<Claim>,
    /// Claims that did not count, conflicts among them.
    pub(crate) lost: Vec<Lost>,
    pub(crate) split: Option<Split>,
    pub(crate) hours: Option<Hours>,
    pub(crate) unknown_codes: Vec<UnknownCode>,
    pub(crate) suspicions: Vec<Suspicion>,
    /// The rule that skips, asks for review or stops, and after which no rule was asked.
    pub(crate) ended_by: Option<Arc<str>>,
    /// The lowest confidence among the rules that set client or project; none if no rule did.
    pub(crate) confidence: Option<Confidence>,
    /// `defaults` for fields no rule set, applied after decisions by drafting: `billable` may follow the project.
    pub(crate) defaults: Arc<Defaults>,
}

/// What fills fields that neither a rule nor a person set, once a client or project is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Defaults {
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<BillableDefault>,
    pub(crate) description: Option<String>,
}

/// The default of the billable flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BillableDefault {
    Fixed(bool),
    /// `${project.billable}`.
    Project,
}

impl Verdict {
    /// Rules that gave it something, or its end; one that gave several things stands here several times.
    pub(crate) fn givers(&self) -> impl Iterator<Item = &str> {
        let claims = self.fields.values().chain(&self.tags).map(|claim| &*claim.rule);
        let splits = self.split.iter().map(|split| &*split.rule);
        claims.chain(splits).chain(self.hours.iter().map(|hours| &*hours.rule)).chain(self.ended_by.as_deref())
    }

    /// Whether a rule gave it something, or asks about it.
    pub(crate) fn counts(&self, rule: &str) -> bool {
        self.givers().chain(self.suspicions.iter().map(|suspicion| &*suspicion.rule)).any(|named| named == rule)
    }

    /// Whether a rule had a part in it, won or lost.
    pub(crate) fn names(&self, rule: &str) -> bool {
        self.counts(rule) || self.lost.iter().any(|lost| &*lost.lost.rule == rule)
    }

    pub(crate) fn conflicts(&self) -> impl Iterator<Item = &Lost> {
        self.lost.iter().filter(|lost| lost.why == Loss::Conflict)
    }

    pub(crate) fn value(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(|claim| claim.value.as_str())
    }
}
