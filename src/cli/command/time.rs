//! What became of events: `entries` and `exceptions`.

use clap::Subcommand;

use crate::{
    cli::{entries, exceptions},
    model::exception::ExceptionStatus,
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Entries {
    /// Shows entries of some days.
    List(entries::List),
    /// Changes an entry; the change stays whatever rules and calendars say later.
    Set(entries::Set),
    /// Adds an entry that no calendar has.
    Add(entries::Add),
    /// The same as `set`.
    Edit(entries::Set),
    /// Divides an entry into parts, laid end to end.
    Split {
        /// The entry, by the end of its id.
        id: String,
        /// Its share of the time and what it is for, such as 60:project=ACME-15 40:project=GBX-3.
        #[arg(required = true, num_args = 2.., value_name = "SHARE:FIELD=VALUE,…")]
        parts: Vec<String>,
    },
    /// Joins an entry into another one, which then covers both.
    Merge {
        /// The entry that goes, by the end of its id.
        id: String,
        /// The entry that stays, by the end of its id.
        #[arg(long)]
        into: String,
    },
    /// Takes back what was done last to an entry: another value or time, a split, a join, that it was no work.
    Undo {
        /// The entry, by the end of its id.
        id: String,
    },
    /// Hands entries in, to be approved.
    Submit {
        /// The entries, by the ends of their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Takes back what was submitted, as long as it is not approved.
    Withdraw {
        /// The entries, by the ends of their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Approves entries.
    Approve {
        /// The entries, by the ends of their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Sends submitted entries back.
    Reject {
        /// The entries, by the ends of their ids.
        #[arg(required = true)]
        ids: Vec<String>,
        /// What is to be mended.
        #[arg(long)]
        why: String,
    },
    /// Makes approved entries drafts again, as long as they were not exported.
    Reopen {
        /// The entries, by the ends of their ids.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why.
        #[arg(long)]
        why: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Exceptions {
    /// Shows the queue.
    List {
        /// Which of them.
        #[arg(long, default_value = "open")]
        status: ExceptionStatus,
    },
    /// Shows one with its entry.
    Show {
        /// The exception, by the end of its id.
        id: String,
    },
    /// Says that it was seen and is no problem.
    Dismiss {
        /// The exception, by the end of its id.
        id: String,
        /// It is not work at all: its entry goes.
        #[arg(long)]
        not_work: bool,
        /// Why it is no problem, for whoever asks later.
        #[arg(long, conflicts_with = "not_work")]
        why: Option<String>,
    },
    /// Answers it by saying what the time was for, or when it was.
    Resolve(exceptions::Resolve),
    /// Puts it out of sight until a date.
    Snooze {
        /// The exception, by the end of its id.
        id: String,
        /// The date on which it comes back; at once if none is given.
        #[arg(long)]
        until: Option<chrono::NaiveDate>,
    },
    /// Names who is to answer it; nobody if no address is given.
    Assign {
        /// The exception, by the end of its id.
        id: String,
        /// Her address.
        #[arg(long)]
        to: Option<String>,
    },
    /// Takes back what answered it, and nothing else.
    Undo {
        /// The exception, by the end of its id.
        id: String,
    },
}
