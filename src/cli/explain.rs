//! `rules explain`: what became of an event and why.

use std::{io::Read, path::PathBuf};

use anyhow::Context;

use super::{Format, Outcome, answer, book, rules};
use crate::{
    app::{
        App,
        explain::{self, Explained},
        rule_files,
    },
    config::Config,
    settling::activation::Active,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An entry, an event or an exception of the book, by the end of its id.
    #[arg(required_unless_present = "event", conflicts_with = "event")]
    pub(super) id: Option<String>,
    /// An event as JSON, in a file or on stdin (-): title, description, attendees, organizer, calendar, start, end, timezone,
    /// recurring, `my_response`, `show_as`, visibility, status … Needs no book.
    #[arg(long, value_name = "FILE")]
    pub(super) event: Option<String>,
    /// The folder of rule files for --event; the configured one, or `rules`, if none is given.
    #[arg(long, requires = "event")]
    rules: Option<PathBuf>,
}

/// Of an event that someone typed.
pub(crate) fn typed(args: &Args, file: &str, config: Option<&Config>, format: Format) -> anyhow::Result<Outcome> {
    let folder = rules::folder(args.rules.as_deref(), config);
    let files = rule_files(&folder)?;
    let Some(set) = rules::load(&folder, &files, rules::today(config)) else { return Ok(Outcome::Findings) };
    let text = if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read stdin")?;
        text
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?
    };
    let named = if file == "-" { "what came on stdin" } else { file };
    show(&explain::typed((&set, &rules::name(&files, config)), named, &text)?, format)
}

/// Of an entry, an event or an exception in the book.
pub(crate) async fn of_book(app: &App, id: &str, format: Format) -> anyhow::Result<Outcome> {
    let active = book::active(app).await?;
    let mut tx = app.store.read().await?;
    show(&explain::of_book(&mut tx, &active, id, app.config.clock.now()).await?, format)
}

/// The same as text, for whoever wants to show an example.
pub(super) async fn told(app: &App, active: &Active, id: &str) -> anyhow::Result<String> {
    let mut tx = app.store.read().await?;
    Ok(explain::of_book(&mut tx, active, id, app.config.clock.now()).await?.told())
}

fn show(explained: &Explained<'_>, format: Format) -> anyhow::Result<Outcome> {
    match format {
        Format::Json => answer(&serde_json::to_string_pretty(&explained.json())?),
        Format::Table => answer(&explained.told()),
    }
    Ok(Outcome::Done)
}
