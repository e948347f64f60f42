//! The command line: one file per subcommand, each with what was typed and what it does.
//!
//! Answers go to stdout, everything else to stderr. Exit codes are a promise: 0 done, 1 failed, 2 usage, 3 findings.

mod preview;
mod rules;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// Turns calendars into reviewed time entries.
#[derive(Debug, Parser)]
#[command(name = "kalends", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How answers are printed.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Calendars: where events come from.
    #[command(subcommand)]
    Calendar(Calendar),
    /// Rule files: how events become time.
    #[command(subcommand)]
    Rules(Rules),
}

#[derive(Debug, Subcommand)]
enum Calendar {
    /// Shows what would be captured from a calendar file; stores nothing.
    Preview(preview::Args),
}

#[derive(Debug, Subcommand)]
enum Rules {
    /// Says everything that is wrong with the rule files. Needs no database.
    Check(rules::Args),
    /// Runs the tests that stand in the rule files.
    Test(rules::Args),
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
            complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<Outcome> {
    match &cli.command {
        Command::Calendar(Calendar::Preview(args)) => preview::run(args, cli.format),
        Command::Rules(Rules::Check(args)) => rules::check(args),
        Command::Rules(Rules::Test(args)) => rules::test(args),
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

/// Tells a person something beside the answer.
#[expect(clippy::print_stderr, reason = "the one place that complains")]
fn complain(text: &str) {
    eprintln!("{text}");
}
