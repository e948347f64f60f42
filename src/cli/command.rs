//! What can be typed. What it does stands in the file of each subcommand.

mod sources;
mod time;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(super) use self::{
    sources::{AddCalendar, Calendar, Connections, Staff},
    time::{Entries, Exceptions},
};
use super::{Shape, access, backtest, connections, demo, explain, fmt, periods, reload, rules, schema, suggest};

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
pub(super) enum Keys {
    /// Makes the key file.
    Generate,
    /// Adds a new key and seals everything anew with it, while daemons go on.
    Rotate,
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
    Lock(periods::Lock),
    /// Shows what is closed.
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Brings the schema up to date.
    Migrate,
    /// Says whether the schema is the one this program knows.
    Check,
    /// Writes all of a SQLite book into a new file, also while a daemon serves it.
    Backup {
        /// Where to; nothing may be there yet.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// Says everything that is wrong with the rule files, and the name they have once they are active. Needs no database.
    ///
    /// The name covers the files and what the configuration says of rounding and closed time; where there is no configuration,
    /// it is the name under one that says nothing of these.
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
