//! Decisions: what people did about entries and exceptions. Recorded once, never overwritten; undo retracts by id (S12).

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{
    entry::Origin,
    exception::{Subject, SubjectKind},
    ids::{BatchId, DecisionId, EntryId, MeetingId, StaffId},
    words::words,
};

/// What a person changed about *what* an entry is. A field that is absent was not decided; `null` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::option_option, reason = "not decided, cleared and set are three states")]
pub(crate) struct Assignment {
    #[serde(with = "twice", skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<Option<String>>,
    #[serde(with = "twice", skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<Option<String>>,
    #[serde(with = "twice", skip_serializing_if = "Option::is_none")]
    pub(crate) task: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<Vec<String>>,
    #[serde(with = "twice", skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Option<String>>,
}

impl Assignment {
    /// Puts a later one over this. Another client without a project lets go of the old client's project.
    pub(crate) fn overlay(&mut self, later: &Self) {
        if later.client.is_some() && later.client != self.client && later.project.is_none() {
            self.project = later.client.as_ref().map(|_| None);
        }
        self.client = later.client.clone().or_else(|| self.client.take());
        self.project = later.project.clone().or_else(|| self.project.take());
        self.task = later.task.clone().or_else(|| self.task.take());
        self.billable = later.billable.or(self.billable);
        self.tags = later.tags.clone().or_else(|| self.tags.take());
        self.description = later.description.clone().or_else(|| self.description.take());
    }
}

/// Tells an absent field from one that is null.
mod twice {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::option_option, reason = "absent, cleared and set are three states")]
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(from).map(Some)
    }

    #[expect(clippy::option_option, clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Option<String>>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(to)
    }
}

/// A time span a person gave, and the span of the event she saw when giving it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EditedTime {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) seen: Seen,
}

/// Where the event stood when a person decided on its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
}

/// One leg of a split: its part of the whole, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leg {
    /// Parts of the sum of all legs' shares.
    pub(crate) share: u32,
    pub(crate) assignment: Assignment,
    /// Which entry it is, where that is not its place: a part that was divided leaves the others what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<i64>,
}

impl Leg {
    /// Which entry of its segment it is.
    pub(crate) fn number(&self, place: usize) -> i64 {
        self.number.unwrap_or_else(|| i64::try_from(place).unwrap_or(i64::MAX))
    }
}

/// An entry written by a person or through the API (S11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    pub(crate) timezone: Tz,
    pub(crate) date: NaiveDate,
    pub(crate) assignment: Assignment,
    pub(crate) origin: Origin,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_ref: Option<String>,
}

/// Everything a person can decide. The kind's word is a column, the rest is its JSON body; kinds are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Act {
    /// What it is: goes to the meeting, wherever that moves.
    Assign(Assignment),
    /// Not work at all: the meeting has no entries.
    NotWork,
    /// When it was: pins one segment to its day.
    Time(EditedTime),
    /// Time of a segment that another entry has instead, or that was no work. It pins the segment, too.
    GiveWay(EditedTime),
    /// Divides a segment into legs, laid end to end.
    Split {
        legs: Vec<Leg>,
        seen: Seen,
    },
    /// Joins this segment into another meeting's entry, which then covers both. That one has the same decision, into itself.
    Merge {
        into: MeetingId,
        seen: Seen,
    },
    /// An entry nobody's calendar has.
    Write(Written),
    /// After the event moved under an edit: the edit stays.
    Keep {
        seen: Seen,
    },
    /// … the event's time is taken, the edit is given up.
    Follow,
    /// … both: the edit stays and the event's new time makes its own entry.
    Both {
        seen: Seen,
    },
    /// Seen, not a problem: holds for exactly this cause (S14).
    Dismiss {
        subject: SubjectKind,
        reason: String,
        cause: Value,
    },
    /// On the way out, each of one entry.
    Submit,
    /// Before it is approved, it goes back to draft.
    Withdraw,
    Approve,
    Reject {
        reason: String,
    },
    Reopen {
        reason: String,
    },
    /// A calendar's mass deletion is meant.
    AcceptRemovals {
        digest: String,
    },
}

words! {
    /// The kinds of [`Act`], as they stand in the `decision` table.
    ActKind {
        Assign = "assign",
        NotWork = "not-work",
        Time = "time",
        GiveWay = "give-way",
        Split = "split",
        Merge = "merge",
        Write = "write",
        Keep = "keep",
        Follow = "follow",
        Both = "both",
        Dismiss = "dismiss",
        Submit = "submit",
        Withdraw = "withdraw",
        Approve = "approve",
        Reject = "reject",
        Reopen = "reopen",
        AcceptRemovals = "accept-removals",
    }
}

impl ActKind {
    pub(crate) fn of(act: &Act) -> Self {
        match act {
            Act::Assign(_) => Self::Assign,
            Act::NotWork => Self::NotWork,
            Act::Time(_) => Self::Time,
            Act::GiveWay(_) => Self::GiveWay,
            Act::Split { .. } => Self::Split,
            Act::Merge { .. } => Self::Merge,
            Act::Write(_) => Self::Write,
            Act::Keep { .. } => Self::Keep,
            Act::Follow => Self::Follow,
            Act::Both { .. } => Self::Both,
            Act::Dismiss { .. } => Self::Dismiss,
            Act::Submit => Self::Submit,
            Act::Withdraw => Self::Withdraw,
            Act::Approve => Self::Approve,
            Act::Reject { .. } => Self::Reject,
            Act::Reopen { .. } => Self::Reopen,
            Act::AcceptRemovals { .. } => Self::AcceptRemovals,
        }
    }
}

/// Who did what, about what, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) id: DecisionId,
    pub(crate) staff: StaffId,
    /// The meeting, day, event or calendar it is about.
    pub(crate) subject: uuid::Uuid,
    /// Which local day of a meeting; 0 for everything else.
    pub(crate) segment: i64,
    /// The entry it was made on, where it was one.
    pub(crate) entry: Option<EntryId>,
    pub(crate) act: Act,
    pub(crate) why: Option<String>,
    /// What was done at the same stroke.
    pub(crate) batch: Option<BatchId>,
    /// Who: an address, or a command's user.
    pub(crate) actor: String,
    pub(crate) at: DateTime<Utc>,
}

impl Act {
    /// Whether derivation reads it. The others are steps on an entry's way, which have steps back of their own.
    pub(crate) fn is_derived_from(&self) -> bool {
        !matches!(
            self,
            Self::Submit | Self::Withdraw | Self::Approve | Self::Reject { .. } | Self::Reopen { .. } | Self::AcceptRemovals { .. }
        )
    }
}

impl Decision {
    /// The cause it dismissed, if it is a dismissal of this reason on this subject (S14).
    pub(crate) fn dismissal_of(&self, on: Subject, name: &str) -> Option<&Value> {
        match &self.act {
            Act::Dismiss { subject, reason, cause } if self.subject == on.id && *subject == on.kind && reason == name => Some(cause),
            _ => None,
        }
    }
}
