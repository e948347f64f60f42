//! How much more than the bare work does it take to get from a provider's wire to committed drafts? Prints ratios from one run.
//!
//! A Google calendar of 100,000 events in the capture window, on loopback. The bare work is fetching and parsing the same pages as JSON, and
//! writing the very rows that end up in the book with multi-row inserts. Peak memory above the gate, and more than one request for an
//! unchanged calendar, fail the run.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use kalends_fakes::{Consent, Fake, Vendor};
use serde_json::{Value, json};

mod accounts;
mod bare;
mod program;
use accounts::{connect, google_lines};
use bare::{bare_insert, seconds};
use program::kalends;

const EVENTS: i64 = 100_000;
const NOW: &str = "2026-03-20T12:00:00Z";
const DANA: &str = "dana@northwind.example";
/// Above what the program takes when it has nothing to do.
const RSS_MAX_MIB: i64 = 150;

fn event(number: i64) -> Value {
    let now: DateTime<Utc> = NOW.parse().expect("an instant");
    let start = now - TimeDelta::days(58) + TimeDelta::minutes(number * 116 * 24 * 60 / EVENTS);
    let time = |at: DateTime<Utc>| json!({ "dateTime": at.to_rfc3339(), "timeZone": "Europe/Berlin" });
    let titles = ["[ACME-15] Design review", "Globex workshop", "Sync", "Stand-up", "Acme weekly", "Planning", "Lunch"];
    let title = titles[usize::try_from(number % 7).expect("small")];
    json!({ "summary": format!("{title} {number}"), "start": time(start), "end": time(start + TimeDelta::minutes(30)),
        "description": "Agenda and notes of this meeting, as they are usual", "location": format!("Room {}", number % 40),
        "attendees": [{ "email": DANA, "responseStatus": "accepted" }, { "email": format!("guest{}@acme.example", number % 200), "responseStatus": "accepted" }] })
}

fn configure(folder: &Path, base: &str) {
    let text = format!("database: kalends.db\nclock: {NOW}\n{}", google_lines(base));
    std::fs::write(folder.join("kalends.yaml"), text).expect("written");
}

/// Fetches every page of the window and parses it.
fn bare_read(fake: &Fake, token: &str) -> (Duration, usize, usize) {
    let (mut bytes, mut events, mut page) = (0, 0, None::<String>);
    let began = Instant::now();
    loop {
        let more = page.map_or_else(String::new, |page| format!("&pageToken={page}"));
        let path = format!(
            "/calendar/v3/calendars/primary/events?singleEvents=true&maxResults=2500&timeMin=2026-01-19T00:00:00Z&timeMax=2026-05-19T00:00:00Z{more}"
        );
        let host = fake.base().replace("http://", "");
        let mut stream = TcpStream::connect(&host).expect("a server");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n").expect("asked");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let start = answer.windows(4).position(|part| part == b"\r\n\r\n").expect("a head") + 4;
        let body: Value = serde_json::from_slice(&answer[start..]).expect("JSON");
        bytes += answer.len() - start;
        events += body["items"].as_array().map_or(0, Vec::len);
        page = body["nextPageToken"].as_str().map(str::to_owned);
        if page.is_none() {
            return (began.elapsed(), bytes, events);
        }
    }
}

/// One `sync`, and the most memory it had. Read while it runs: what the system tells of children afterwards counts this bench's own
/// memory too, which they began as.
fn watched_sync(folder: &Path) -> (Duration, i64) {
    let began = Instant::now();
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_kalends")).arg("sync").current_dir(folder).stdout(Stdio::null()).spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a state").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.trim().trim_end_matches(" kB").parse().unwrap_or_default());
        #[expect(clippy::disallowed_methods, reason = "a bench that looks on")]
        std::thread::sleep(Duration::from_millis(2));
    }
    (began.elapsed(), peak / 1024)
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(Vendor::Google, 0).expect("a port");
    let calendar = fake.account(DANA);
    fake.consent(Consent::Auto { email: None, withhold: Vec::new() });
    kalends(folder.path(), &["init", "."]);
    configure(folder.path(), &fake.base());
    kalends(folder.path(), &["staff", "add", DANA, "--timezone", "Europe/Berlin", "--first-day", "2026-01-01"]);
    kalends(folder.path(), &["keys", "generate"]);
    connect(folder.path(), "google", DANA);
    let (_, idle) = watched_sync(folder.path());
    fake.seed(&calendar, &(0..EVENTS).map(event).collect::<Vec<_>>());
    let (first, busy) = watched_sync(folder.path());
    fake.clear_requests();
    let second = kalends(folder.path(), &["sync"]);
    let requests = fake.requests().len();
    let token = fake.all_tokens().into_iter().rfind(|token| token.starts_with("ya29")).expect("a token");
    let (read, bytes, events) = bare_read(&fake, &token);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (inserts, rows) = runtime.block_on(bare_insert(&folder.path().join("kalends.db"), &folder.path().join("bare.db")));
    println!("{events} events of a Google calendar, {} MiB on the wire", bytes >> 20);
    println!("  bare fetch and parse {}, bare insert {} ({rows} rows)", seconds(read), seconds(inserts));
    println!("  first sync {}, unchanged {} with {requests} request", seconds(first), seconds(second));
    println!("  ratio first / bare {:.2} (aim 2)", first.div_duration_f64(read + inserts));
    println!("  peak memory {busy} MiB, {idle} MiB before (gate {RSS_MAX_MIB} MiB more)");
    assert_eq!(requests, 1, "an unchanged calendar is one request");
    assert!(busy - idle <= RSS_MAX_MIB, "the gate on memory is {RSS_MAX_MIB} MiB above the start");
}
