//! How much more than the bare work does it take to get from a calendar file to committed drafts? Prints ratios from one run.
//!
//! The file has 50,000 events, 10,000 of them recurring, spread over two years around now, on one person's calendar. The bare work is
//! parsing its events with `icalendar`, walking their rules with `rrule`, and writing the very rows that end up in the book with
//! multi-row inserts. `BENCH_POSTGRES_URL` names a server on which the same is measured. Peak memory above the gate fails the run.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use chrono::{DateTime, Days, TimeDelta, Utc};

mod bare;
mod program;
use bare::{bare_insert, seconds};
use program::kalends;

const SINGLE: u64 = 40_000;
const RECURRING: u64 = 10_000;
const SPREAD_DAYS: u64 = 730;
const RSS_MAX_MIB: i64 = 300;
const NOW: &str = "2026-03-20T12:00:00Z";

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn now() -> DateTime<Utc> {
    NOW.parse().expect("an instant")
}

fn file() -> String {
    let mut dice = Dice(1);
    let first = now() - Days::new(SPREAD_DAYS / 2);
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n".to_owned();
    let titles = ["[ACME-15] Design review", "Globex workshop", "Sync", "[GBX-3] Stand-up", "Acme weekly", "Planning", "Lunch"];
    for number in 0..SINGLE + RECURRING {
        let start = first + Days::new(dice.roll(SPREAD_DAYS)) + TimeDelta::minutes(i64::try_from(15 * dice.roll(96)).expect("small"));
        let title = titles[usize::try_from(dice.roll(7)).expect("small")];
        let rule = if number < SINGLE { String::new() } else { format!("RRULE:FREQ=WEEKLY;COUNT={}\r\n", 5 + dice.roll(20)) };
        write!(
            text,
            "BEGIN:VEVENT\r\nUID:event-{number}@bench.example\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:{}\r\nDURATION:PT{}M\r\n{rule}\
             SUMMARY:{title} {number}\r\nDESCRIPTION:Agenda and notes of this meeting\\, as they are usual\\nwith a second line\r\nLOCATION:Room {}\r\n\
             ORGANIZER;CN=Dana:mailto:dana@northwind.example\r\nATTENDEE;CN=Dana;PARTSTAT=ACCEPTED:mailto:dana@northwind.example\r\n\
             ATTENDEE;CN=Guest;PARTSTAT=ACCEPTED:mailto:guest{}@{}.example\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\n",
            start.format("%Y%m%dT%H%M%S"),
            15 + 15 * dice.roll(6),
            dice.roll(40),
            dice.roll(200),
            ["acme", "globex", "elsewhere"][usize::try_from(dice.roll(3)).expect("small")],
        )
        .expect("text");
    }
    text + "END:VCALENDAR\r\n"
}

/// `icalendar` on each event alone, as a whole file would be refused for one bad line.
fn bare_parse(text: &str) -> (Duration, Vec<(String, String)>) {
    let began = Instant::now();
    let mut rules = Vec::new();
    for part in text.split("BEGIN:VEVENT\r\n").skip(1) {
        let event = format!("BEGIN:VEVENT\r\n{}", part.trim_end_matches("END:VCALENDAR\r\n"));
        let unfolded = icalendar::parser::unfold(&event);
        let parsed = icalendar::parser::read_components(&unfolded).expect("an event");
        let value = |name: &str| parsed[0].find_prop(name).map(|property| property.val.as_str().to_owned());
        if let (Some(start), Some(rule)) = (value("DTSTART"), value("RRULE")) {
            rules.push((start, rule));
        }
    }
    (began.elapsed(), rules)
}

fn bare_expansion(rules: &[(String, String)]) -> (Duration, usize) {
    let began = Instant::now();
    let (from, until) = (now() - Days::new(60), now() + Days::new(60));
    let mut count = 0;
    for (start, rule) in rules {
        let set: rrule::RRuleSet = format!("DTSTART:{start}Z\nRRULE:{rule}").parse().expect("a rule");
        count += set.into_iter().map(|at| at.with_timezone(&Utc)).take_while(|at| *at < until).filter(|at| *at >= from).count();
    }
    (began.elapsed(), count)
}

/// A book with one calendar that was never read.
fn prepare(folder: &Path, database: &str) {
    kalends(folder, &["init", "."]);
    std::fs::write(folder.join("kalends.yaml"), format!("database: \"{database}\"\nclock: {NOW}\n")).expect("written");
    kalends(folder, &["staff", "add", "dana@northwind.example", "--timezone", "Europe/Berlin", "--first-day", "2026-01-01"]);
    kalends(folder, &["calendar", "add", "ics", "--staff", "dana@northwind.example", "--file", "big.ics"]);
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let big = folder.path().join("big.ics");
    std::fs::write(&big, file()).expect("written");
    prepare(folder.path(), "kalends.db");
    let first = kalends(folder.path(), &["sync"]);
    let second = kalends(folder.path(), &["sync"]);
    let peak = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).expect("usage").max_rss() / 1024;
    let text = std::fs::read_to_string(&big).expect("the file");
    let (parse, rules) = bare_parse(&text);
    let (expansion, occurrences) = bare_expansion(&rules);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (inserts, rows) = runtime.block_on(bare_insert(&folder.path().join("kalends.db"), &folder.path().join("bare.db")));
    let bare = parse + expansion + inserts;
    println!("50,000 events ({RECURRING} recurring), {} MiB", text.len() >> 20);
    println!(
        "  bare parse {}, bare expansion {} ({occurrences} occurrences), bare insert {} ({rows} rows)",
        seconds(parse),
        seconds(expansion),
        seconds(inserts)
    );
    println!("  SQLite      first sync {}, second {}", seconds(first), seconds(second));
    println!(
        "  ratio       first / bare {:.2} (aim 1.5), second / first {:.3} (aim 0.3)",
        first.div_duration_f64(bare),
        second.div_duration_f64(first)
    );
    println!("  peak memory {peak} MiB (gate {RSS_MAX_MIB})");
    if let Ok(url) = std::env::var("BENCH_POSTGRES_URL") {
        prepare_again(folder.path(), &url);
        let (first, second) = (kalends(folder.path(), &["sync"]), kalends(folder.path(), &["sync"]));
        println!(
            "  PostgreSQL  first sync {}, second {}; second / first {:.3}",
            seconds(first),
            seconds(second),
            second.div_duration_f64(first)
        );
    }
    assert!(peak <= RSS_MAX_MIB, "the gate on memory is {RSS_MAX_MIB} MiB");
}

fn prepare_again(folder: &Path, url: &str) {
    std::fs::remove_file(folder.join("kalends.yaml")).expect("removed");
    prepare(folder, url);
}
