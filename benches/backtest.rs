//! How much more than reading the rows does it take to say what other rules would change? Prints ratios from one run.
//!
//! The book has `BENCH_EVENTS` events (100,000 if it is not said), eight or nine a day of each person over eight weeks, settled under the
//! shipped rules. The bare work is reading the same rows, with every value in them: events with their revision and text, and entries. It is compared with a
//! backtest of a change that few days read differently for, and of one that gives two sevenths of everything another task.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::{
    fmt::Write as _,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use chrono::{Days, NaiveDate, TimeDelta};
use sqlx::{Connection, Row, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteRow};

mod program;
use program::kalends;

const EACH: usize = 500;
const DAYS: u64 = 56;
const LAST: &str = "2026-03-19";
const NOW: &str = "2026-03-20T12:00:00Z";
const ROUNDS: usize = 3;
const AIM: f64 = 2.0;
const TITLES: [&str; 7] =
    ["[ACME-15] Design review", "Globex workshop", "Sync", "[GBX-3] Stand-up", "Acme weekly", "Planning with everyone", "Lunch"];
const READ: [&str; 2] = [
    "select * from event join event_revision on event_revision.event = event.id join event_text on event_text.event = event.id",
    "select * from entry",
];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn first() -> NaiveDate {
    last() - Days::new(DAYS - 1)
}

fn last() -> NaiveDate {
    LAST.parse().expect("a date")
}

/// One person's calendar.
fn file(person: usize) -> String {
    let mut dice = Dice(person as u64 + 1);
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n".to_owned();
    for number in 0..EACH {
        let start = (first() + Days::new(dice.roll(DAYS))).and_hms_opt(7, 0, 0).expect("a time");
        let start = start + TimeDelta::minutes(i64::try_from(15 * dice.roll(44)).expect("small"));
        let title = TITLES[usize::try_from(dice.roll(7)).expect("small")];
        write!(
            text,
            "BEGIN:VEVENT\r\nUID:event-{person}-{number}@bench.example\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:{}\r\nDURATION:PT{}M\r\n\
             SUMMARY:{title} {number}\r\nDESCRIPTION:Agenda and notes of this meeting\\, as they are usual\\nwith a second line\r\n\
             ORGANIZER;CN=P:mailto:p{person}@northwind.example\r\nATTENDEE;CN=P;PARTSTAT=ACCEPTED:mailto:p{person}@northwind.example\r\n\
             ATTENDEE;CN=Guest;PARTSTAT=ACCEPTED:mailto:guest{}@{}.example\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\n",
            start.format("%Y%m%dT%H%M%S"),
            15 + 15 * dice.roll(6),
            dice.roll(200),
            ["acme", "globex", "elsewhere"][usize::try_from(dice.roll(3)).expect("small")],
        )
        .expect("text");
    }
    text + "END:VCALENDAR\r\n"
}

/// A settled book.
fn prepare(folder: &Path, events: usize) {
    kalends(folder, &["init", "."]);
    std::fs::write(folder.join("kalends.yaml"), format!("database: kalends.db\nclock: {NOW}\n")).expect("written");
    for person in 0..events / EACH {
        let (email, ics) = (format!("p{person}@northwind.example"), format!("p{person}.ics"));
        std::fs::write(folder.join(&ics), file(person)).expect("written");
        kalends(folder, &["staff", "add", &email, "--timezone", "Europe/Berlin", "--first-day", &first().to_string()]);
        kalends(folder, &["calendar", "add", "ics", "--staff", &email, "--file", &ics]);
    }
    kalends(folder, &["sync"]);
}

/// The shipped rules with something else in the place of some words; their tests say what they said.
fn changed(folder: &Path, name: &str, (file, from, to): (&str, &str, &str)) {
    std::fs::create_dir_all(folder.join(name)).expect("a folder");
    for shipped in std::fs::read_dir(folder.join("rules")).expect("rules").flatten().filter(|entry| entry.path().is_file()) {
        let text = std::fs::read_to_string(shipped.path()).expect("a file");
        assert!(shipped.file_name() != file || text.contains(from), "{from} is not in {file}");
        let text = if shipped.file_name() == file { text.replacen(from, to, 1) } else { text };
        std::fs::write(folder.join(name).join(shipped.file_name()), text.split("\ntests:").next().expect("rules")).expect("written");
    }
}

/// Everything that the queries give, every value of it.
async fn bare_read(book: &Path) -> (Duration, usize) {
    let mut from = SqliteConnection::connect(&format!("sqlite:{}", book.display())).await.expect("the book");
    let (began, mut count) = (Instant::now(), 0);
    for query in READ {
        let rows = sqlx::query(query).fetch_all(&mut from).await.expect("rows");
        rows.iter().for_each(values);
        count += rows.len();
    }
    (began.elapsed(), count)
}

fn values(row: &SqliteRow) {
    for index in 0..row.columns().len() {
        let value = row.try_get_raw(index).expect("a value");
        match value.type_info().name() {
            _ if value.is_null() => {}
            "INTEGER" | "BOOLEAN" => drop(black_box(row.get::<i64, _>(index))),
            "BLOB" => drop(black_box(row.get::<Vec<u8>, _>(index))),
            _ => drop(black_box(row.get::<String, _>(index))),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn least(mut act: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| act()).min().expect("rounds")
}

fn main() {
    let events = std::env::var("BENCH_EVENTS").map_or(100_000, |count| count.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let began = Instant::now();
    prepare(folder.path(), events);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let read = || runtime.block_on(bare_read(&folder.path().join("kalends.db")));
    let (_, rows) = read();
    println!("{events} events of {} people over {DAYS} days, {rows} rows; made in {}", events / EACH, seconds(began.elapsed()));
    let bare = least(|| read().0);
    println!("  reading them           {}", seconds(bare));
    changed(folder.path(), "few", ("overrides.yaml", "[pitch,", "[workshop 471,"));
    changed(folder.path(), "many", ("rules.yaml", "[kickoff, workshop,", "[kickoff, sync,"));
    for (name, words) in [("few", "few days differ"), ("many", "two sevenths")] {
        let (from, to) = (first().to_string(), last().to_string());
        let args = ["rules", "backtest", "--from", &from, "--to", &to, "--rules", name];
        let told = Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder.path()).output().expect("it runs");
        println!("  {}", String::from_utf8_lossy(&told.stdout).lines().next().unwrap_or_default());
        let took = least(|| kalends(folder.path(), &args));
        println!("  backtest, {words:<18} {}, {:.2} times reading (aim {AIM})", seconds(took), took.div_duration_f64(bare));
    }
}
