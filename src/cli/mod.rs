//! The command line: one file per subcommand, each with what was typed and what it does.
//!
//! Answers go to stdout, everything else to stderr. Exit codes are a promise: 0 done, 1 failed, 2 usage, 3 findings.

mod access;
mod backtest;
mod book;
mod calendars;
mod command;
mod connections;
mod demo;
mod demo_calendars;
mod demo_providers;
mod entries;
mod exceptions;
mod explain;
mod findings;
mod fmt;
mod keys;
mod periods;
mod preview;
mod reload;
mod rules;
mod schema;
mod serve;
mod setup;
mod sources;
mod staff;
mod suggest;
mod terminal;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, ValueEnum};

use self::command::{
    AddCalendar, Calendar, Cli, Command, Connections, Db, Entries, Exceptions, Keys, Periods, Rules, Staff, Tokens, Users,
};
use crate::{
    app::{App, sources::Reading},
    review::{Answer, Do},
    yaml::diagnostic::Paint,
};

/// How answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
}

/// What was typed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    #[value(alias = "text")]
    Table,
    Json,
    /// Of `rules check`, for code scanning
    Sarif,
    /// Of `rules check`, on the lines of a pull request
    Github,
}

impl Shape {
    /// What every command can print.
    fn plain(self) -> anyhow::Result<Format> {
        match self {
            Self::Table => Ok(Format::Table),
            Self::Json => Ok(Format::Json),
            Self::Sarif | Self::Github => anyhow::bail!("only `rules check` prints this format"),
        }
    }
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
    if let Command::Rules(Rules::Check(args)) = &cli.command {
        let Some(days) = args.history.filter(|_| args.explain.is_none()) else {
            return rules::check(args, configured(cli)?.as_ref(), cli.format);
        };
        return book::block_on(async {
            let app = book::open(&cli.config).await?;
            let done = rules::check_with_book(&app, args, days, cli.format).await;
            app.store.close().await;
            done
        });
    }
    let format = cli.format.plain()?;
    match &cli.command {
        Command::Calendar(Calendar::Preview(args)) => preview::run(args, format),
        Command::Rules(Rules::Test(args)) if args.from_event.is_none() => rules::test(args, configured(cli)?.as_ref(), format),
        Command::Rules(Rules::Explain(args)) if args.event.is_some() => {
            explain::typed(args, args.event.as_deref().unwrap_or("-"), configured(cli)?.as_ref(), format)
        }
        Command::Rules(Rules::Fmt(args)) => fmt::run(args, configured(cli)?.as_ref()),
        Command::Schema { file } => schema::print(*file),
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
            let done = with_book(&app, command, format).await;
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
        Command::Staff(Staff::Set(args)) => staff::set(app, args).await,
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
        Command::Calendar(Calendar::Pause { id }) => sources::reading(app, id, Reading::Pause).await,
        Command::Calendar(Calendar::Resume { id }) => sources::reading(app, id, Reading::Resume).await,
        Command::Calendar(Calendar::Remove { id }) => sources::reading(app, id, Reading::Remove).await,
        Command::Calendar(Calendar::Add(AddCalendar::Ics(args))) => calendars::add_ics(app, args).await,
        Command::Calendar(Calendar::Add(AddCalendar::Folder { folder })) => calendars::add_folder(app, folder).await,
        Command::Calendar(Calendar::List) => calendars::list(app, format).await,
        Command::Calendar(Calendar::AcceptRemovals { id }) => calendars::accept_removals(app, id).await,
        Command::Entries(Entries::List(args)) => entries::list(app, args, format).await,
        Command::Entries(Entries::Set(args) | Entries::Edit(args)) => entries::set(app, args, format).await,
        Command::Entries(Entries::Add(args)) => entries::add(app, args, format).await,
        Command::Entries(Entries::Split { id, parts }) => entries::split(app, id, parts, format).await,
        Command::Entries(Entries::Merge { id, into }) => entries::merge(app, id, into, format).await,
        Command::Entries(Entries::Undo { id }) => entries::undo(app, id, format).await,
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
        Command::Periods(Periods::Lock(args)) => periods::lock(app, args).await,
        Command::Periods(Periods::List) => periods::locks(app).await,
        Command::Audit { id, verify } => access::audited(app, *verify, id.as_deref(), format).await,
        Command::Rules(Rules::Reload(args)) => reload::reload(app, args, format).await,
        Command::Rules(Rules::Status) => reload::status(app, format).await,
        Command::Rules(Rules::History) => reload::history(app, format).await,
        Command::Rules(Rules::Diff(args)) => reload::diff(app, args, format).await,
        Command::Rules(Rules::Suggest(args)) => suggest::run(app, args, format).await,
        Command::Rules(Rules::Test(args)) => rules::test_from_event(app, args, args.from_event.as_deref().unwrap_or_default()).await,
        Command::Rules(Rules::Backtest(args)) => backtest::run(app, args, format).await,
        Command::Rules(Rules::Explain(args)) => explain::of_book(app, args.id.as_deref().unwrap_or_default(), format).await,
        Command::Db(Db::Migrate) => Ok(setup::migrate(app)),
        Command::Db(Db::Backup { file }) => setup::backup(app, file).await,
        Command::Serve
        | Command::Keys(Keys::Generate)
        | Command::Init { .. }
        | Command::Schema { .. }
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
    if writeln!(out, "{}", terminal::shown(text.trim_end())).is_err() {
        std::process::exit(0);
    }
}

/// Whether what is told has colours: on a terminal, unless `NO_COLOR` asks for none (no-color.org).
fn paint() -> Paint {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && std::io::stderr().is_terminal() { Paint::Coloured } else { Paint::Plain }
}

/// Tells a person something beside the answer.
fn complain(text: &str) {
    drawn(&terminal::shown(text));
}

/// The same, of a drawing that may have colours; what it quotes was made harmless by whatever drew it.
#[expect(clippy::print_stderr, reason = "the one place that complains")]
fn drawn(text: &str) {
    eprintln!("{text}");
}
