//! Are many quiet calendars all read on time, and what does that cost? Prints lags and load of one daemon.
//!
//! Two thousand calendars of a hundred Google accounts on loopback, each read every five minutes by `kalends serve` on SQLite; nothing
//! changes. The window begins when every calendar was read once, and lasts ten minutes, or as many as `POLLING_MINUTES` says. Lag is from
//! when the book says that a calendar is due to when Google is asked. Lags and load above the aims fail the run.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use kalends_fakes::{Consent, Fake, Vendor};
use sqlx::{Connection, SqliteConnection};

mod accounts;
mod program;
use accounts::{connect, google_lines};
use program::kalends;

const ACCOUNTS: usize = 100;
const CALENDARS: usize = 2_000;
const MINUTES: u64 = 10;
const LAG_MAX_SECONDS: f64 = 10.0;
const CPU_MAX_PERCENT: f64 = 10.0;
/// Clock ticks of a second in /proc, on every Linux there is.
const TICKS: f64 = 100.0;

/// When each calendar is due, as the book said at a moment.
type Due = HashMap<String, DateTime<Utc>>;

fn emails() -> Vec<String> {
    (0..ACCOUNTS).map(|number| format!("person{number}@northwind.example")).collect()
}

/// Does something for each, four at a time.
fn each(all: &[String], act: impl Fn(&str) + Sync) {
    std::thread::scope(|scope| {
        for part in all.chunks(all.len().div_ceil(4)) {
            scope.spawn(|| part.iter().for_each(|one| act(one)));
        }
    });
}

/// A firm whose people have all connected their calendars.
fn firm(folder: &Path, fake: &Fake) {
    kalends(folder, &["init", "."]);
    let poll = "poll: {shortest: 5m, longest: 5m}\nlisten: 127.0.0.1:0\n";
    std::fs::write(folder.join("kalends.yaml"), format!("database: kalends.db\n{poll}{}", google_lines(&fake.base()))).expect("written");
    kalends(folder, &["keys", "generate"]);
    let emails = emails();
    for email in &emails {
        kalends(folder, &["staff", "add", email, "--timezone", "Europe/Berlin", "--first-day", "2026-01-01"]);
        let _main = fake.account(email);
        for number in 1..CALENDARS / ACCOUNTS {
            let _further = fake.calendar(email, &format!("Calendar {number}"));
        }
    }
    fake.consent(Consent::Auto { email: None, withhold: Vec::new() });
    each(&emails, |email| connect(folder, "google", email));
    let connections = Command::new(env!("CARGO_BIN_EXE_kalends"))
        .args(["connections", "list", "--format", "json"])
        .current_dir(folder)
        .output()
        .expect("it runs");
    let connections: serde_json::Value = serde_json::from_slice(&connections.stdout).expect("JSON");
    let ids: Vec<String> =
        connections.as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), ACCOUNTS);
    each(&ids, |id| {
        for number in 1..CALENDARS / ACCOUNTS {
            kalends(folder, &["calendar", "add", "account", id, &format!("Calendar {number}")]);
        }
    });
}

/// A daemon that is killed with the bench.
struct Daemon(Child);

impl Daemon {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        Self(command.arg("serve").current_dir(folder).stdout(Stdio::null()).stderr(log).spawn().expect("it starts"))
    }

    /// Seconds of processor time so far.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it runs");
        // The name may hold spaces; what follows it does not. User and system time are the 14th and 15th of all fields.
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |place: usize| fields[place].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / TICKS
    }

    fn peak_mib(&self) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").parse::<i64>().expect("a number") / 1024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Calendars that were read once, and when each is due.
async fn due(book: &mut SqliteConnection) -> (usize, Due) {
    let sql = "select c.location, p.due_at, p.wants_full from poll p join calendar c on c.id = p.calendar";
    let rows: Vec<(String, String, bool)> = sqlx::query_as(sql).fetch_all(book).await.expect("polls");
    let read = rows.iter().filter(|(_, _, wants_full)| !wants_full).count();
    (read, rows.into_iter().map(|(calendar, at, _)| (calendar, at.parse().expect("an instant"))).collect())
}

#[expect(clippy::disallowed_methods, reason = "a bench that looks on")]
fn pause() {
    std::thread::sleep(Duration::from_secs(2));
}

/// What each request was about, and how long after its time it came.
fn lags(fake: &Fake, seen: &BTreeMap<DateTime<Utc>, Due>) -> Vec<f64> {
    let late = |request: &kalends_fakes::Request| {
        let calendar = request.path.split('/').nth_back(1)?.replace("%40", "@");
        // As it stood when it was last looked at before the request.
        let due = seen.range(..request.at).next_back()?.1.get(&calendar).copied()?;
        Some((request.at - due).as_seconds_f64())
    };
    let mut lags: Vec<f64> = fake.requests().iter().filter_map(late).collect();
    lags.sort_by(f64::total_cmp);
    lags
}

fn part(of: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list")]
    let place = (of.len() as f64 * share) as usize;
    of[place.min(of.len() - 1)]
}

fn main() {
    let minutes = std::env::var("POLLING_MINUTES").map_or(MINUTES, |text| text.parse().expect("POLLING_MINUTES is a number"));
    let folder = tempfile::tempdir().expect("a folder");
    let fake = Fake::start(Vendor::Google, 0).expect("a port");
    firm(folder.path(), &fake);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let address = format!("sqlite:{}?mode=ro", folder.path().join("kalends.db").display());
    let mut book = runtime.block_on(SqliteConnection::connect(&address)).expect("the book");
    let mut look = || runtime.block_on(due(&mut book));
    let began = Instant::now();
    let daemon = Daemon::start(folder.path());
    while look().0 < CALENDARS {
        assert!(began.elapsed() < Duration::from_mins(5), "not every calendar was read within five minutes");
        pause();
    }
    let first = began.elapsed();
    fake.clear_requests();
    let (began, before) = (Instant::now(), daemon.cpu());
    let mut seen = BTreeMap::new();
    while began.elapsed() < Duration::from_mins(minutes) {
        #[expect(clippy::disallowed_methods, reason = "the daemon lives in real time")]
        seen.insert(Utc::now(), look().1);
        pause();
    }
    let (took, cpu) = (began.elapsed().as_secs_f64(), daemon.cpu() - before);
    let (requests, lags, percent) = (fake.requests().len(), lags(&fake, &seen), cpu / took * 100.0);
    assert!(!lags.is_empty(), "no calendar was due in {minutes} minutes");
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let each = requests as f64 / CALENDARS as f64;
    let (median, worst) = (part(&lags, 0.5), part(&lags, 0.99));
    println!("{CALENDARS} quiet calendars of {ACCOUNTS} accounts, every 5 minutes, for {took:.0} s");
    println!("  all read once after {:.1} s; then {requests} requests, {each:.2} of each calendar", first.as_secs_f64());
    println!(
        "  lag: half within {median:.2} s, 99 of 100 within {worst:.2} s (aim {LAG_MAX_SECONDS} s), the last {:.2} s",
        part(&lags, 1.0)
    );
    println!(
        "  daemon: {cpu:.2} s of processor time, {percent:.1} % of a core (aim {CPU_MAX_PERCENT} %), peak memory {} MiB",
        daemon.peak_mib()
    );
    assert!(worst <= LAG_MAX_SECONDS && percent <= CPU_MAX_PERCENT, "the aims were missed");
}
