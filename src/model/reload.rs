//! Reloads: when someone wanted rule files to be in force, and what became of it.

use chrono::{DateTime, Utc};

use crate::model::words::words;

words! {
    /// What became of it.
    ReloadOutcome {
        Active = "active",
        /// The set that was active before still was.
        Refused = "refused",
    }
}

/// One reload. They are numbered as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reload {
    pub(crate) number: i64,
    /// Of the files and of the policy they were to be used under.
    pub(crate) digest: String,
    pub(crate) at: DateTime<Utc>,
    /// Empty for what was active before anyone wrote it down.
    pub(crate) actor: String,
    /// Where the files were read.
    pub(crate) folder: String,
    pub(crate) outcome: ReloadOutcome,
    /// Days that became due again.
    pub(crate) days: i64,
    /// Why it was refused, as a person reads it.
    pub(crate) told: Option<String>,
}
