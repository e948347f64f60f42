//! `calendar preview`: what capture would see in a file.

use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;

use super::{Format, Outcome, answer, complain};
use crate::{
    calendar::{
        Window, file,
        ics::{self, Limits},
    },
    model::{
        day::Zones,
        event::{EventStatus, Fact, Span},
        words::counted,
    },
};

/// Occurrences of one series in a preview (SEMANTICS S25).
const OCCURRENCES_MAX: usize = 200_000;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A calendar file (.ics).
    file: PathBuf,
    /// First date, included.
    #[arg(long)]
    from: NaiveDate,
    /// Date at whose beginning the preview ends.
    #[arg(long)]
    to: NaiveDate,
    /// IANA zone of the dates, of floating times and of all-day events.
    #[arg(long)]
    timezone: Tz,
}

pub(crate) fn run(args: &Args, format: Format) -> anyhow::Result<Outcome> {
    let zones = Zones::only(args.timezone);
    let window = Window { from: zones.start(args.from), until: zones.start(args.to) };
    anyhow::ensure!(window.from < window.until, "--from {} is not before --to {}", args.from, args.to);
    let limits = Limits { occurrences: OCCURRENCES_MAX, ..Limits::default() };
    let name = args.file.display();
    let bytes = file::read(&args.file, limits.bytes).with_context(|| format!("cannot read {name}"))?;
    let read = ics::read(&bytes, &window, &zones, &limits).with_context(|| format!("{name}"))?;
    read.notes.iter().for_each(|note| complain(&format!("note: {name}: {note}")));
    for broken in &read.broken {
        complain(&format!("{}: {name}: line {}: {}", broken.reason, broken.line, broken.message));
    }
    match format {
        Format::Json => unless_closed(json(&read.facts))?,
        Format::Table => answer(&table(&read.facts, args.timezone)),
    }
    Ok(if read.broken.is_empty() { Outcome::Done } else { Outcome::Findings })
}

/// One occurrence as it is printed.
#[derive(serde::Serialize)]
struct Shown<'a> {
    uid: &'a str,
    start: String,
    end: String,
    all_day: bool,
    status: EventStatus,
    transparency: &'static str,
    title: &'a str,
    original_start: Option<String>,
}

/// A reader who closes the pipe early is not an error.
fn unless_closed(written: Result<(), serde_json::Error>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.io_error_kind() == Some(std::io::ErrorKind::BrokenPipe) => Ok(()),
        other => Ok(other?),
    }
}

/// One after another, since a file may hold hundreds of thousands.
fn json(facts: &[Fact]) -> Result<(), serde_json::Error> {
    use serde::ser::{SerializeSeq, Serializer};
    use std::io::Write;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut json = serde_json::Serializer::pretty(&mut out);
    let mut list = json.serialize_seq(Some(facts.len()))?;
    facts.iter().try_for_each(|fact| list.serialize_element(&shown(fact)))?;
    list.end()?;
    writeln!(out).and_then(|()| out.flush()).map_err(serde_json::Error::io)
}

fn shown(fact: &Fact) -> Shown<'_> {
    let (start, end, all_day) = match fact.span {
        Span::Timed { start, end, .. } => (utc(start), utc(end), false),
        Span::AllDay { first, until } => (first.to_string(), until.to_string(), true),
    };
    Shown {
        uid: &fact.ical_uid,
        start,
        end,
        all_day,
        status: fact.status,
        transparency: fact.show_as.transparency(),
        title: &fact.text.title,
        original_start: fact.original_start.map(|moment| moment.to_string()),
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn table(facts: &[Fact], zone: Tz) -> String {
    let row = |fact: &Fact| {
        let (date, time) = when(&fact.span, zone);
        [date, time, fact.text.title.clone(), fact.status.to_string()]
    };
    let table = super::book::table(["date", "time", "title", "status"], facts.iter().map(row));
    format!("{table}\n{}, times in {zone}", counted(facts.len(), "occurrence", "occurrences"))
}

fn when(span: &Span, zone: Tz) -> (String, String) {
    match span {
        Span::Timed { start, end, .. } => {
            let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
            (start.format("%a %Y-%m-%d").to_string(), format!("{}-{}", start.format("%H:%M"), end.format("%H:%M")))
        }
        Span::AllDay { first, .. } => (first.format("%a %Y-%m-%d").to_string(), "all day".to_owned()),
    }
}
