//! What is left of a `suspicious` rule once everything about the event is known: tests on the entry's decided values.
//!
//! Rules reduce a condition to this; drafting answers it after decisions and defaults, so that an edited value is judged, not the derived one.

use crate::model::verdict::Confidence;

/// A condition on the values of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Residual {
    Always,
    Never,
    All(Vec<Residual>),
    Any(Vec<Residual>),
    Not(Box<Residual>),
    /// Client is one of these; an empty list asks for none set.
    Client(Vec<String>),
    /// Project is one of these; an empty list asks for none set.
    Project(Vec<String>),
    /// Task is one of these; an empty list asks for none set.
    Task(Vec<String>),
    Billable(bool),
    /// Whole seconds of the event or its edited time: at least, at most.
    Duration {
        min: Option<i64>,
        max: Option<i64>,
    },
    ConfidenceBelow(Confidence),
}

/// The values a residual reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided<'a> {
    pub(crate) client: Option<&'a str>,
    pub(crate) project: Option<&'a str>,
    pub(crate) task: Option<&'a str>,
    pub(crate) billable: Option<bool>,
    pub(crate) seconds: i64,
    /// None when a person assigned it: a person is never a weak rule.
    pub(crate) confidence: Option<Confidence>,
}

impl Residual {
    pub(crate) fn holds(&self, of: &Decided<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::All(parts) => parts.iter().all(|part| part.holds(of)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(of)),
            Self::Not(part) => !part.holds(of),
            Self::Client(keys) => is_one_of(of.client, keys),
            Self::Project(codes) => is_one_of(of.project, codes),
            Self::Task(names) => is_one_of(of.task, names),
            Self::Billable(wanted) => of.billable == Some(*wanted),
            Self::Duration { min, max } => min.is_none_or(|min| min <= of.seconds) && max.is_none_or(|max| of.seconds <= max),
            Self::ConfidenceBelow(limit) => of.confidence.is_some_and(|level| level < *limit),
        }
    }
}

fn is_one_of(value: Option<&str>, wanted: &[String]) -> bool {
    match value {
        None => wanted.is_empty(),
        Some(value) => wanted.iter().any(|one| one == value),
    }
}
