//! Questions on the wire: how one is shown, which are asked for, and what may be said to one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{ToSchema, openapi::schema::Schema};
use uuid::Uuid;

use super::{
    entry::Emails,
    lists::{utc, words},
    values::says_what,
};
use crate::{
    model::exception::{self, ExceptionStatus, Standing, SubjectKind},
    review::Winner,
};

/// Which questions are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListExceptions {
    /// The first reason, such as `unmatched`.
    #[schema(min_length = 1, max_length = 100)]
    pub(super) reason: Option<String>,
    /// `open` if none is given.
    #[schema(schema_with = status_words)]
    pub(super) status: Option<ExceptionStatus>,
    /// A person, by address or id.
    #[schema(min_length = 1, max_length = 200)]
    pub(super) staff: Option<String>,
    /// What alike questions have in common.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) cause: Option<String>,
    /// Those that sleep, too.
    pub(super) snoozed: Option<bool>,
    #[schema(minimum = 1, maximum = 200, default = 50)]
    pub(super) limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[schema(min_length = 1, max_length = 2000)]
    pub(super) cursor: Option<String>,
}

fn status_words() -> Schema {
    words(ExceptionStatus::ALL.iter().map(|one| one.as_str()))
}

fn standing_words() -> Schema {
    words(Standing::ALL.iter().map(|one| one.as_str()))
}

fn kind_words() -> Schema {
    words(SubjectKind::ALL.iter().map(|one| one.as_str()))
}

fn winner_words() -> Schema {
    words(Winner::ALL.iter().map(|one| one.as_str()))
}

fn when_words() -> Schema {
    words(["keep", "follow", "both"])
}

/// One reason why it needs a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "`reason` is the word on the wire")]
pub(super) struct Reason {
    pub(super) reason: String,
    pub(super) message: String,
    /// Whether it holds the entry back.
    pub(super) holding: bool,
    /// The values that were read when it was asked.
    pub(super) cause: Value,
    pub(super) evidence: Value,
}

/// What a question is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    #[schema(schema_with = kind_words)]
    pub(super) kind: &'static str,
    pub(super) id: Uuid,
}

/// An answer that may be right.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Likely)]
pub(super) struct LikelyShown {
    pub(super) client: Option<String>,
    pub(super) project: Option<String>,
    pub(super) billable: Option<bool>,
    /// It was no work.
    pub(super) not_work: bool,
    pub(super) why: String,
}

/// A question for a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Exception)]
pub(super) struct Shown {
    pub(super) id: Uuid,
    /// Counts its changes; the `ETag` is this number in quotation marks.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    pub(super) staff: String,
    #[schema(format = "date")]
    pub(super) date: String,
    #[schema(schema_with = status_words)]
    pub(super) status: &'static str,
    /// The same, as people see it.
    #[schema(schema_with = standing_words)]
    pub(super) standing: &'static str,
    /// The first reason.
    pub(super) reason: String,
    pub(super) reasons: Vec<Reason>,
    /// Whether it holds an entry back now.
    pub(super) holding: bool,
    /// What alike questions have in common.
    pub(super) cause: String,
    pub(super) subject: Subject,
    pub(super) entry: Option<Uuid>,
    pub(super) assignee: Option<String>,
    #[schema(format = "date-time")]
    pub(super) snoozed_until: Option<String>,
    #[schema(format = "date-time")]
    pub(super) opened_at: String,
    #[schema(format = "date-time")]
    pub(super) closed_at: Option<String>,
    pub(super) resolved_by: Option<String>,
    /// How often it was opened.
    #[schema(minimum = 1)]
    pub(super) times: i64,
    /// Likely answers, best first; only where one question is asked for.
    pub(super) likely: Option<Vec<LikelyShown>>,
}

/// A page of questions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionPage {
    pub(super) items: Vec<Shown>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

says_what! {
    /// What the time was for, or when it was: absent stays, null clears. Of an overlap who keeps its time; of an edit whose event moved
    /// what becomes of it.
    Resolution {
        #[schema(nullable = false)]
        start: Option<DateTime<Utc>>,
        #[schema(nullable = false)]
        end: Option<DateTime<Utc>>,
        #[schema(schema_with = when_words)]
        when: Option<String>,
        #[schema(schema_with = winner_words)]
        overlap: Option<String>,
    }
}

/// Why it is no problem.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismissal {
    #[schema(min_length = 1, max_length = 1000)]
    pub(super) reason: Option<String>,
}

/// Until when it sleeps; null wakes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Snooze {
    #[schema(required = true)]
    pub(super) until: Option<DateTime<Utc>>,
}

/// Who is to answer it, by address or id; null for nobody in particular.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment {
    #[schema(min_length = 1, max_length = 200, required = true)]
    pub(super) to: Option<String>,
}

impl Shown {
    pub(super) fn new(exception: &exception::Exception, emails: &Emails, now: DateTime<Utc>) -> Self {
        let reason = |one: &exception::Reason| Reason {
            reason: one.reason.clone(),
            message: one.message.clone(),
            holding: one.holding,
            cause: one.cause.clone(),
            evidence: one.evidence.clone(),
        };
        Self {
            id: exception.id.0,
            version: exception.version,
            staff: emails.of(exception.staff),
            date: exception.date.to_string(),
            status: exception.status.as_str(),
            standing: exception.standing(now).as_str(),
            reason: exception.lead().to_owned(),
            reasons: exception.reasons.iter().map(reason).collect(),
            holding: exception.is_holding(),
            cause: exception.common(),
            subject: Subject { kind: exception.subject.kind.as_str(), id: exception.subject.id },
            entry: exception.entry.map(|id| id.0),
            assignee: exception.assignee.map(|id| emails.of(id)),
            snoozed_until: exception.snoozed_until.map(utc),
            opened_at: utc(exception.opened_at),
            closed_at: exception.closed_at.map(utc),
            resolved_by: exception.resolved_by.clone(),
            times: exception.times,
            likely: None,
        }
    }
}
