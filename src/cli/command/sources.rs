//! People and where their events come from: `staff`, `connections`, `calendar`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::{calendars, preview, sources, staff};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Staff {
    /// Adds a person.
    Add(staff::Add),
    /// Shows everyone.
    List,
    /// Adds a further address of a person: meetings that name it are hers, and so are the calendars of an account that has it.
    Address {
        /// An address she is known by.
        email: String,
        /// The further one.
        further: String,
    },
    /// Says that someone leaves: nothing after that day becomes time, once it has passed her calendars are read no more, and she signs in no more.
    End {
        /// Her address.
        email: String,
        /// Her last day.
        #[arg(long)]
        on: chrono::NaiveDate,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Connections {
    /// Shows all accounts.
    List,
    /// Shows one: its calendars, how reading them goes, and which others it has.
    Show {
        /// The connection, by the end of its id.
        id: String,
    },
    /// Takes a grant back, at the provider too where that is possible. Touches no entry.
    Remove {
        /// The connection, by the end of its id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Calendar {
    /// Adds a calendar.
    #[command(subcommand)]
    Add(AddCalendar),
    /// Shows all calendars.
    List,
    /// Says that a mass deletion is meant.
    AcceptRemovals {
        /// The calendar, by the end of its id.
        id: String,
    },
    /// Changes its name, whose events count, or how much is kept of them.
    Set(sources::Set),
    /// Stops reading it for a while.
    Pause {
        /// The calendar, by the end of its id.
        id: String,
    },
    /// Reads it again.
    Resume {
        /// The calendar, by the end of its id.
        id: String,
    },
    /// Stops reading it for good. Touches no entry.
    Remove {
        /// The calendar, by the end of its id.
        id: String,
    },
    /// Shows what would be captured from a calendar file; stores nothing.
    Preview(preview::Args),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AddCalendar {
    /// A calendar file (.ics), or a feed of one.
    Ics(calendars::AddIcs),
    /// A further calendar of a connected account.
    Account(sources::AddAccount),
    /// A folder of calendar files, one per person and named after her address, that are read whenever they changed.
    Folder {
        /// Where files such as dana@your-firm.example.ics are dropped.
        folder: PathBuf,
    },
}
