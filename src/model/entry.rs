//! Time entries: what was derived or written, and how far it has come.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{
    catalog::Field,
    ids::{self, EntryId, EventId, MeetingId, StaffId},
    verdict::{Claim, Evidence},
    words::words,
};

/// The identity of an entry: which meeting, which local day of it (from 0), which leg of a split (from 0). Its date is a field (S3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntryKey {
    pub(crate) meeting: MeetingId,
    pub(crate) segment: i64,
    pub(crate) leg: i64,
}

words! {
    /// Where an entry stands on its way out.
    EntryStatus {
        Draft = "draft",
        Submitted = "submitted",
        Approved = "approved",
        Exported = "exported",
        Rejected = "rejected",
        /// Derived once and no longer: its event went, or a person said it was not work.
        Void = "void",
    }
}

impl EntryStatus {
    /// From submission on, derivation writes the entry no more (S9).
    pub(crate) fn is_settled(self) -> bool {
        matches!(self, Self::Submitted | Self::Approved | Self::Exported)
    }

    pub(crate) fn is_approved(self) -> bool {
        matches!(self, Self::Approved | Self::Exported)
    }

    /// The same in the words of neighbouring products.
    pub(crate) fn approval(self) -> &'static str {
        match self {
            Self::Draft | Self::Void => "pending",
            Self::Submitted => "submitted",
            Self::Approved | Self::Exported => "approved",
            Self::Rejected => "rejected",
        }
    }
}

words! {
    /// Who made an entry.
    Origin {
        Calendar = "calendar",
        Manual = "manual",
        Api = "api",
        Import = "import",
    }
}

/// The values of an entry: all that a person or a report sees. Two bodies are equal when their meaning is (S5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) date: NaiveDate,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) timezone: Tz,
    pub(crate) seconds: i64,
    pub(crate) rounded_seconds: i64,
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
    /// Sorted, each once.
    pub(crate) tags: Vec<String>,
    pub(crate) description: Option<String>,
    /// Held back by an open exception.
    pub(crate) held: bool,
    pub(crate) origin: Origin,
    pub(crate) external_ref: Option<String>,
    pub(crate) event: Option<EventId>,
}

impl Body {
    /// Whether it is known what this time was for.
    pub(crate) fn is_matched(&self) -> bool {
        self.client.is_some() || self.project.is_some()
    }

    /// A field as text; of tags all.
    pub(crate) fn value(&self, field: Field) -> Option<String> {
        match field {
            Field::Client => self.client.clone(),
            Field::Project => self.project.clone(),
            Field::Task => self.task.clone(),
            Field::Billable => self.billable.map(|yes| yes.to_string()),
            Field::Description => self.description.clone(),
            Field::Tags => Some(self.tags.join(", ")).filter(|tags| !tags.is_empty()),
        }
    }

    /// Whether it is billed, in the words of neighbouring products.
    pub(crate) fn billable_status(&self) -> &'static str {
        match self.billable {
            Some(true) => "billable",
            Some(false) => "nonBillable",
            None => "notApplicable",
        }
    }

    /// What a submission or approval is about, without words: they can be erased (S8).
    pub(crate) fn meaning(&self) -> Value {
        json!({
            "date": self.date, "start": self.start, "end": self.end, "seconds": self.seconds, "client": self.client, "project": self.project,
            "task": self.task.as_deref().map(ids::digest), "billable": self.billable, "tags": self.tags,
            "description": self.description.as_deref().map(ids::digest),
        })
    }
}

/// Which rule or person gave each field. Free of values, which may be words of the event (S8), and of file positions, which the stored
/// rule set knows (S5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Provenance(pub(crate) std::collections::BTreeMap<Field, Given>);

/// Who gave one field, and on what ground.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Given {
    /// Rule id, `defaults`, or `decision` for what a person decided.
    pub(crate) by: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) evidence: Vec<Evidence>,
}

/// What a person decided, as the giver of a field.
pub(crate) const DECISION: &str = "decision";
/// The `defaults` of the rule files, as the giver of a field.
pub(crate) const DEFAULTS: &str = "defaults";

impl Given {
    pub(crate) fn by(who: &str) -> Self {
        Self { by: who.to_owned(), evidence: Vec::new() }
    }

    pub(crate) fn of(claim: &Claim) -> Self {
        Self { by: claim.rule.to_string(), evidence: claim.evidence.to_vec() }
    }
}

/// An entry as derivation states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) key: EntryKey,
    pub(crate) body: Body,
    pub(crate) provenance: Provenance,
}

/// An entry as it stands in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: EntryId,
    pub(crate) version: i64,
    pub(crate) staff: StaffId,
    pub(crate) key: EntryKey,
    pub(crate) status: EntryStatus,
    pub(crate) approved_at: Option<DateTime<Utc>>,
    /// What it said when it was last submitted, words as digests: where it says something else now, a person is asked (S9).
    pub(crate) submitted: Option<Value>,
    pub(crate) body: Body,
    pub(crate) provenance: Provenance,
}
