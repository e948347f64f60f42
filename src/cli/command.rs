//! What can be typed. What it does stands in the file of each subcommand.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{
    Shape, access, backtest, calendars, connections, demo, entries, exceptions, explain, fmt, preview, reload, rules, schema, sources,
    staff, suggest,
};
use crate::model::exception::ExceptionStatus;

/// Turns calendars into reviewed time entries.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, about)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// The configuration.
    #[arg(long, global = true, default_value = "kalends.yaml", env = "KALENDS_CONFIG")]
    pub(super) config: PathBuf,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Shape::Table)]
    pub(super) format: Shape,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a folder with a configuration and example rules.
    Init {
        /// Where; it is made if it does not exist.
        folder: PathBuf,
    },
    /// Makes a small agency with some weeks of calendars and shows what becomes of them.
    Demo(demo::Args),
    /// Reads all calendars and derives what is due.
    Sync {
        /// Only this calendar, by the end of its id.
        #[arg(long)]
        calendar: Option<String>,
    },
    /// Keeps every calendar current until it is told to stop.
    Serve,
    /// Connects an account at Google or Microsoft.
    Connect(connections::Connect),
    /// Prints one-time links with which a person connects her accounts herself, in her own browser.
    ConnectLink {
        /// Address of the person whom the links are for.
        #[arg(long)]
        staff: String,
    },
    /// Accounts that are connected.
    #[command(subcommand)]
    Connections(Connections),
    /// Keys that tokens are sealed with.
    #[command(subcommand)]
    Keys(Keys),
    /// Says what keeps hours from coming in: keys, connections, calendars, jobs.
    Doctor,
    /// Runs a job now, as the daemon does at its times: full-read, submit, retention or digest.
    Job {
        /// Which one.
        name: String,
    },
    /// People whose time is recorded.
    #[command(subcommand)]
    Staff(Staff),
    /// Calendars: where events come from.
    #[command(subcommand)]
    Calendar(Calendar),
    /// Time entries: drafts and what became of them.
    #[command(subcommand)]
    Entries(Entries),
    /// Questions that wait for a person.
    #[command(subcommand)]
    Exceptions(Exceptions),
    /// Who may do what, and how she signs in.
    #[command(subcommand)]
    Users(Users),
    /// Secrets that programs sign in with.
    #[command(subcommand)]
    Tokens(Tokens),
    /// Closed periods, in which nothing changes any more.
    #[command(subcommand)]
    Periods(Periods),
    /// What was done, by whom and why; newest first.
    Audit {
        /// Only about this entry or exception, by the end of its id.
        id: Option<String>,
        /// Says whether any row was changed or taken away since it was written.
        #[arg(long)]
        verify: bool,
    },
    /// Rule files: how events become time.
    #[command(subcommand)]
    Rules(Rules),
    /// Prints what may stand in a file, as a JSON Schema for editors.
    Schema {
        /// Which file.
        #[arg(value_enum)]
        file: schema::File,
    },
    /// The book's schema.
    #[command(subcommand)]
    Db(Db),
}

#[derive(Debug, Subcommand)]
pub(super) enum Staff {
    /// Adds a person.
    Add(staff::Add),
    /// Shows everyone.
    List,
    /// Says that someone leaves: nothing after that day becomes time, and her calendars are read no more once it has passed.
    End {
        /// Her address.
        email: String,
        /// Her last day.
        #[arg(long)]
        on: chrono::NaiveDate,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Connections {
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
pub(super) enum Keys {
    /// Makes the key file.
    Generate,
    /// Adds a new key and seals everything anew with it, while daemons go on.
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(super) enum Calendar {
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
pub(super) enum AddCalendar {
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

#[derive(Debug, Subcommand)]
pub(super) enum Entries {
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
pub(super) enum Exceptions {
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
    /// Takes back what was last answered.
    Undo {
        /// The exception, by the end of its id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Shows everyone with her roles.
    List,
    /// Says what a person may do from now on, and sets her password.
    Set(access::SetUser),
    /// Prints a one-time link with which she signs in.
    Link {
        /// Her address.
        email: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Shows all of them, without their secrets.
    List,
    /// Makes one and shows it once.
    Add(access::AddToken),
    /// Makes one useless.
    Revoke {
        /// The token, by the end of its id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Periods {
    /// Closes everything through a date, for everyone or for one person.
    Lock(access::Lock),
    /// Shows what is closed.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Brings the schema up to date.
    Migrate,
    /// Says whether the schema is the one this program knows.
    Check,
}

#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// Says everything that is wrong with the rule files. Needs no database.
    Check(rules::Check),
    /// Runs the tests that stand in the rule files.
    Test(rules::Test),
    /// Makes the rule files the active set, if they load, their tests pass and most time does not go to the queue.
    Reload(reload::Args),
    /// Says which rules are active, since when and by whom, and whether the folder holds something else.
    Status,
    /// Every reload, newest first.
    History,
    /// Says on which events of the book two rule sets say something else, and which rules are why. Writes nothing.
    Diff(reload::Diff),
    /// Lays the rule files out evenly; keeps comments and what they say.
    Fmt(fmt::Args),
    /// Says what other rule files would change in the book, and writes nothing.
    Backtest(backtest::Args),
    /// Rules that would have decided what people decided again and again, each with what it would change.
    Suggest(suggest::Args),
    /// Says why an event became what it became: which rule gave each field, what lost, what nearly matched.
    Explain(explain::Args),
}
