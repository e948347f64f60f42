//! The command line: one file per subcommand, each with what was typed and what it does.
//!
//! Answers go to stdout, everything else to stderr. Exit codes are a promise: 0 done, 1 failed, 2 usage, 3 findings.

mod access;
mod backtest;
mod book;
mod calendars;
mod connections;
mod demo;
mod demo_calendars;
mod demo_providers;
mod entries;
mod exceptions;
mod explain;
mod keys;
mod preview;
mod rules;
mod serve;
mod setup;
mod sources;
mod staff;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use self::sources::Reading;
use crate::{
    app::App,
    model::exception::ExceptionStatus,
    review::{Answer, Do},
    yaml::diagnostic::Paint,
};

/// Turns calendars into reviewed time entries.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The configuration.
    #[arg(long, global = true, default_value = "kalends.yaml", env = "KALENDS_CONFIG")]
    config: PathBuf,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
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
    /// The book's schema.
    #[command(subcommand)]
    Db(Db),
}

#[derive(Debug, Subcommand)]
enum Staff {
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
enum Connections {
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
enum Keys {
    /// Makes the key file.
    Generate,
    /// Adds a new key and seals everything anew with it, while daemons go on.
    Rotate,
}

#[derive(Debug, Subcommand)]
enum Calendar {
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
enum AddCalendar {
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
enum Entries {
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
enum Exceptions {
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
enum Users {
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
enum Tokens {
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
enum Periods {
    /// Closes everything through a date, for everyone or for one person.
    Lock(access::Lock),
    /// Shows what is closed.
    List,
}

#[derive(Debug, Subcommand)]
enum Db {
    /// Brings the schema up to date.
    Migrate,
    /// Says whether the schema is the one this program knows.
    Check,
}

#[derive(Debug, Subcommand)]
enum Rules {
    /// Says everything that is wrong with the rule files. Needs no database.
    Check(rules::Args),
    /// Runs the tests that stand in the rule files.
    Test(rules::Args),
    /// Says what other rule files would change in the book, and writes nothing.
    Backtest(backtest::Args),
    /// Says why an event became what it became: which rule gave each field, what lost, what nearly matched.
    Explain(explain::Args),
}

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// What a command leaves behind, as its exit code. Code 2 is clap's, for arguments that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Code 0.
    Done,
    /// Code 3: it ran, and found something that a person should look at.
    Findings,
}

/// Runs one command and says how it went. Code 1: it failed, and stderr says why and what to do.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(3),
        Err(error) => {
            complain(&format!("error: {}", chain(&error)));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes; one that only says again what stood before it is left out.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match () {
        () if told.is_empty() => cause,
        () if told.contains(&cause) => told,
        () => format!("{told}: {cause}"),
    })
}

fn run(cli: &Cli) -> anyhow::Result<Outcome> {
    // A daemon has nobody to answer to but its log.
    let usual = if matches!(cli.command, Command::Serve) { "info" } else { "error" };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(paint() == Paint::Coloured)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("KALENDS_LOG").unwrap_or_else(|_| usual.into()))
        .init();
    match &cli.command {
        Command::Calendar(Calendar::Preview(args)) => preview::run(args, cli.format),
        Command::Rules(Rules::Check(args)) => rules::check(args, configured(cli)?.as_ref(), cli.format),
        Command::Rules(Rules::Test(args)) => rules::test(args, configured(cli)?.as_ref(), cli.format),
        Command::Rules(Rules::Explain(args)) if args.event.is_some() => {
            explain::typed(args, args.event.as_deref().unwrap_or("-"), configured(cli)?.as_ref(), cli.format)
        }
        Command::Init { folder } => setup::init(folder),
        Command::Demo(args) => book::block_on(demo::run(args)),
        Command::Keys(Keys::Generate) => keys::make(&book::configuration(&cli.config)?),
        Command::Serve => {
            let config = book::configuration(&cli.config)?;
            book::block_on(serve::serve(config))
        }
        Command::Db(Db::Check) => {
            let config = book::configuration(&cli.config)?;
            book::block_on(setup::check(&config))
        }
        command => book::block_on(async {
            let app = book::open(&cli.config).await?;
            let done = with_book(&app, command, cli.format).await;
            app.store.close().await;
            done
        }),
    }
}

/// The configuration, for commands that do without one where there is none.
fn configured(cli: &Cli) -> anyhow::Result<Option<crate::config::Config>> {
    if cli.config.exists() { book::configuration(&cli.config).map(Some) } else { Ok(None) }
}

/// Commands that need the book.
async fn with_book(app: &App, command: &Command, format: Format) -> anyhow::Result<Outcome> {
    match command {
        Command::Sync { calendar } => calendars::sync(app, calendar.as_deref(), format).await,
        Command::Staff(Staff::Add(args)) => staff::add(app, args).await,
        Command::Staff(Staff::List) => staff::list(app, format).await,
        Command::Staff(Staff::End { email, on }) => staff::end(app, email, *on).await,
        Command::Connect(args) => connections::connect(app, args, format).await,
        Command::ConnectLink { staff } => connections::link(app, staff, format).await,
        Command::Connections(Connections::List) => connections::list(app, format).await,
        Command::Connections(Connections::Show { id }) => connections::show(app, id, format).await,
        Command::Connections(Connections::Remove { id }) => connections::remove(app, id).await,
        Command::Keys(Keys::Rotate) => keys::rotate(app).await,
        Command::Doctor => serve::doctor(app, format).await,
        Command::Job { name } => {
            answer(&crate::daemon::jobs::run(app, name).await?);
            Ok(Outcome::Done)
        }
        Command::Calendar(Calendar::Add(AddCalendar::Account(args))) => sources::add_account(app, args).await,
        Command::Calendar(Calendar::Set(args)) => sources::set(app, args).await,
        Command::Calendar(Calendar::Pause { id }) => sources::reading(app, id, Reading::Paused).await,
        Command::Calendar(Calendar::Resume { id }) => sources::reading(app, id, Reading::Resumed).await,
        Command::Calendar(Calendar::Remove { id }) => sources::reading(app, id, Reading::Removed).await,
        Command::Calendar(Calendar::Add(AddCalendar::Ics(args))) => calendars::add_ics(app, args).await,
        Command::Calendar(Calendar::Add(AddCalendar::Folder { folder })) => calendars::add_folder(app, folder).await,
        Command::Calendar(Calendar::List) => calendars::list(app, format).await,
        Command::Calendar(Calendar::AcceptRemovals { id }) => calendars::accept_removals(app, id).await,
        Command::Entries(Entries::List(args)) => entries::list(app, args, format).await,
        Command::Entries(Entries::Set(args) | Entries::Edit(args)) => entries::set(app, args, format).await,
        Command::Entries(Entries::Add(args)) => entries::add(app, args, format).await,
        Command::Entries(Entries::Split { id, parts }) => entries::split(app, id, parts, format).await,
        Command::Entries(Entries::Merge { id, into }) => entries::merge(app, id, into, format).await,
        Command::Entries(Entries::Submit { ids }) => entries::act(app, ids, &Do::Submit, "submitted", format).await,
        Command::Entries(Entries::Withdraw { ids }) => entries::act(app, ids, &Do::Withdraw, "withdrawn", format).await,
        Command::Entries(Entries::Approve { ids }) => entries::act(app, ids, &Do::Approve, "approved", format).await,
        Command::Entries(Entries::Reject { ids, why }) => {
            entries::act(app, ids, &Do::Reject { reason: why.clone() }, "rejected", format).await
        }
        Command::Entries(Entries::Reopen { ids, why }) => {
            entries::act(app, ids, &Do::Reopen { reason: why.clone() }, "reopened", format).await
        }
        Command::Exceptions(Exceptions::List { status }) => exceptions::list(app, *status, format).await,
        Command::Exceptions(Exceptions::Show { id }) => exceptions::show(app, id, format).await,
        Command::Exceptions(Exceptions::Dismiss { id, not_work: true, .. }) => exceptions::say(app, id, &Answer::NotWork, format).await,
        Command::Exceptions(Exceptions::Dismiss { id, why, .. }) => {
            exceptions::say(app, id, &Answer::Dismiss { why: why.clone() }, format).await
        }
        Command::Exceptions(Exceptions::Resolve(args)) => exceptions::resolve(app, args, format).await,
        Command::Exceptions(Exceptions::Snooze { id, until }) => exceptions::snooze(app, id, *until, format).await,
        Command::Exceptions(Exceptions::Assign { id, to }) => exceptions::hand(app, id, to.as_deref(), format).await,
        Command::Exceptions(Exceptions::Undo { id }) => exceptions::undo(app, id, format).await,
        Command::Users(Users::List) => access::users(app, format).await,
        Command::Users(Users::Set(args)) => access::set_user(app, args).await,
        Command::Users(Users::Link { email }) => access::link(app, email).await,
        Command::Tokens(Tokens::List) => access::tokens(app, format).await,
        Command::Tokens(Tokens::Add(args)) => access::add_token(app, args).await,
        Command::Tokens(Tokens::Revoke { id }) => access::revoke_token(app, id).await,
        Command::Periods(Periods::Lock(args)) => access::lock(app, args).await,
        Command::Periods(Periods::List) => access::locks(app).await,
        Command::Audit { id, verify } => access::audited(app, *verify, id.as_deref(), format).await,
        Command::Rules(Rules::Backtest(args)) => backtest::run(app, args, format).await,
        Command::Rules(Rules::Explain(args)) => explain::of_book(app, args.id.as_deref().unwrap_or_default(), format).await,
        Command::Db(Db::Migrate) => Ok(setup::migrate(app)),
        Command::Serve
        | Command::Keys(Keys::Generate)
        | Command::Init { .. }
        | Command::Demo(_)
        | Command::Db(Db::Check)
        | Command::Rules(_)
        | Command::Calendar(Calendar::Preview(_)) => {
            anyhow::bail!("this command needs no book")
        }
    }
}

/// Prints an answer. A reader who closes the pipe early is not an error.
fn answer(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{}", text.trim_end()).is_err() {
        std::process::exit(0);
    }
}

/// Whether what is told has colours: on a terminal, unless `NO_COLOR` asks for none (no-color.org).
fn paint() -> Paint {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && std::io::stderr().is_terminal() { Paint::Coloured } else { Paint::Plain }
}

/// Tells a person something beside the answer.
#[expect(clippy::print_stderr, reason = "the one place that complains")]
fn complain(text: &str) {
    eprintln!("{text}");
}
