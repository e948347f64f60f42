//! Do pages and API stay as quick as the book grows? 1,000,000 entries and 100,000 open questions against 10,000 and 1,000, an open loop of
//! 50 requests a second, p95 of each page, ratios from one run. And: how long does it take to approve 5,000 entries at one stroke?
//!
//! `BENCH_POSTGRES_URL` names a server on which the same is measured. `BENCH_SECONDS` is how long each page is asked for (10).
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "an open loop runs in real time")]

use std::{
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, redirect::Policy};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

const NOW: &str = "2026-03-20T12:00:00Z";
/// The same number of people and of entries a day in both books: what grows is the years.
const PEOPLE: usize = 36;
const A_DAY: usize = 7;
const SMALL: usize = 10_000;
const LARGE: usize = 1_000_000;
const A_SECOND: u32 = 50;
const PASSWORD: &str = "correct horse battery";
const EVA: &str = "person0@northwind.example";

/// Everything of one book that is measured.
struct Measured {
    pages: Vec<(&'static str, Duration)>,
    bulk: Duration,
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _first = rustls::crypto::ring::default_provider().install_default();
    let mut books = vec![("SQLite", None)];
    books.extend(std::env::var("BENCH_POSTGRES_URL").ok().map(|url| ("PostgreSQL", Some(url))));
    for (name, url) in books {
        let small = runtime.block_on(measured(SMALL, url.as_deref()));
        let large = runtime.block_on(measured(LARGE, url.as_deref()));
        println!("{name}: p95 of a page at {SMALL} entries, at {LARGE}, and their ratio (aim 1.5, and 30 ms)");
        for ((page, one), (_, other)) in small.pages.iter().zip(&large.pages) {
            println!("  {page:<32} {:>7.1} ms {:>7.1} ms {:>6.2}", millis(*one), millis(*other), other.as_secs_f64() / one.as_secs_f64());
        }
        println!("  approving 5,000 entries at one stroke: {:.2} s at {LARGE} entries (aim 1 s)", large.bulk.as_secs_f64());
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

async fn measured(entries: usize, server: Option<&str>) -> Measured {
    let folder = tempfile::tempdir().expect("a folder");
    let database = match server {
        Some(url) => database(url, entries).await,
        None => "kalends.db".to_owned(),
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port();
    kalends(folder.path(), &["init", "."]);
    let config =
        format!("database: \"{database}\"\nclock: {NOW}\nlisten: 127.0.0.1:{port}\nfour_eyes: false\nrequests_a_minute: 1000000\n");
    std::fs::write(folder.path().join("kalends.yaml"), config).expect("written");
    for number in 0..PEOPLE {
        kalends(folder.path(), &["staff", "add", &format!("person{number}@northwind.example"), "--first-day", "2010-01-01"]);
    }
    let mut roles = ["users", "set", EVA, "--reviews", "everyone", "--password"].to_vec();
    for role in ["staff", "reviewer", "ops", "admin"] {
        roles.extend(["--role", role]);
    }
    let mut child = command(folder.path(), &roles).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
    writeln!(child.stdin.take().expect("stdin"), "{PASSWORD}").expect("typed");
    child.wait().expect("set");
    kalends(folder.path(), &["sync"]);
    fill(folder.path(), &database, entries).await;
    let scopes = ["--scope", "entries:read", "--scope", "reports:read", "--scope", "entries:write"];
    let token = kalends(folder.path(), &[&["tokens", "add", "bench", "--staff", EVA][..], &scopes].concat());
    let token = token.lines().next().expect("a token").to_owned();
    let serving = Serving(command(folder.path(), &["serve"]).stderr(Stdio::null()).spawn().expect("it runs"));
    let base = format!("http://127.0.0.1:{port}");
    let asked = Asked::signed_in(&base, &token).await;
    let mut pages = Vec::new();
    for (name, path) in PAGES {
        pages.push((*name, asked.p95(path).await));
    }
    let bulk = asked.bulk(entries).await;
    drop(serving);
    Measured { pages, bulk }
}

const PAGES: &[(&str, &str)] = &[
    ("queue", "/queue"),
    ("week", "/week?of=2026-03-11"),
    ("approve", "/approve?of=2026-03-09"),
    ("GET /api/v1/entries", "/api/v1/entries?from=2026-03-02&to=2026-03-15&limit=50"),
    ("GET /api/v1/reports/daily", "/api/v1/reports/daily?from=2026-03-09&to=2026-03-15"),
];

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Someone who asks for pages.
#[derive(Clone)]
struct Asked {
    client: Client,
    base: String,
    cookie: String,
    token: String,
}

impl Asked {
    async fn signed_in(base: &str, token: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        for _ in 0..300 {
            let form = [("email", EVA), ("password", PASSWORD)];
            if let Ok(answer) = client.post(format!("{base}/sign-in")).form(&form).send().await {
                let cookie = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
                return Self { client, base: base.to_owned(), cookie, token: token.to_owned() };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it does not serve");
    }

    async fn one(&self, path: &str) -> Duration {
        let began = Instant::now();
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie).bearer_auth(&self.token);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.expect("all of it");
        began.elapsed()
    }

    /// An open loop: each request is sent when its time has come, whether those before were answered or not.
    async fn p95(&self, path: &'static str) -> Duration {
        for _ in 0..10 {
            self.one(path).await;
        }
        let seconds: u32 = std::env::var("BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
        let mut beat = tokio::time::interval(Duration::from_secs(1) / A_SECOND);
        let mut open = tokio::task::JoinSet::new();
        for _ in 0..seconds * A_SECOND {
            beat.tick().await;
            let asked = self.clone();
            open.spawn(async move { asked.one(path).await });
        }
        let mut times = open.join_all().await;
        times.sort();
        times[times.len() * 95 / 100]
    }

    /// Approves 5,000 submitted entries at one stroke.
    async fn bulk(&self, entries: usize) -> Duration {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        let wanted = 5_000.min(entries / 4);
        while items.len() < wanted {
            let path = format!("{}/api/v1/entries?status=submitted&limit=200{cursor}", self.base);
            let page = self.client.get(path).bearer_auth(&self.token).send().await.expect("an answer").text().await.expect("all of it");
            let page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
            items.extend(
                page["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|one| serde_json::json!({ "id": one["id"], "version": one["version"] })),
            );
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        items.truncate(wanted);
        let began = Instant::now();
        let body = serde_json::json!({ "act": "approve", "items": items });
        let answer = self.client.post(format!("{}/api/v1/entries/bulk", self.base)).bearer_auth(&self.token).json(&body).send().await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{}: {}", answer.status(), answer.text().await.expect("text"));
        began.elapsed()
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
    command.args(args).current_dir(folder);
    command
}

fn kalends(folder: &Path, args: &[&str]) -> String {
    let out = command(folder, args).output().expect("it runs");
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

async fn database(url: &str, entries: usize) -> String {
    let name = format!("bench_{entries}_{}", std::process::id());
    let mut server = PgConnection::connect(url).await.expect("PostgreSQL answers");
    sqlx::raw_sql(AssertSqlSafe(format!("create database {name}"))).execute(&mut server).await.expect("a database");
    url.replace("/postgres?", &format!("/{name}?"))
}

/// Entries of every person and day back from now, one in ten of which is asked about; the last two weeks are submitted, the rest approved.
async fn fill(folder: &Path, database: &str, entries: usize) {
    let postgres = database.starts_with("postgres");
    let (id, day, time, json, no, numbers) = if postgres {
        (
            "gen_random_uuid()",
            "to_char(date '2026-03-19' - (n / $per)::int, 'YYYY-MM-DD')",
            "(date '2026-03-19' - (n / $per)::int)::timestamp at time zone 'UTC' + make_interval(hours => 8 + (n % 7)::int)",
            "'[]'",
            "false",
            format!("select n from generate_series(0, {}) n", entries - 1),
        )
    } else {
        (
            "randomblob(16)",
            "date('2026-03-19', '-' || (n / $per) || ' days')",
            "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2026-03-19', '-' || (n / $per) || ' days', '+' || (8 + n % 7) || ' hours')",
            "'[]'",
            "0",
            format!("with recursive c(n) as (select 0 union all select n + 1 from c where n < {}) select n from c", entries - 1),
        )
    };
    let per = (PEOPLE * A_DAY).to_string();
    let status = format!("case when n / {per} < 14 then 'submitted' else 'approved' end");
    let sql = format!(
        "insert into entry (id, version, staff, meeting, segment, leg, status, date, starts_at, ends_at, timezone, seconds, rounded_seconds, \
         client, project, task, billable, tags, description, held, origin, provenance) \
         select {id}, 1, s.id, {id}, 0, 0, {status}, {day}, {time}, {time}, 'UTC', 3600, 3600, 'acme', 'ACME-15', 'Design', {no}, {json}, 'Work', {no}, \
         'manual', '{{}}' from ({numbers}) numbers join (select id, row_number() over (order by id) - 1 as place from staff) s \
         on s.place = (n / {A_DAY}) % {PEOPLE}"
    )
    .replace("$per", &per);
    let asked = format!(
        "insert into exception (id, version, staff, subject_kind, subject, segment, date, status, reasons, entry, opened_at, times, lead, cause) \
         select {id}, 1, e.staff, 'meeting', e.meeting, 0, e.date, 'open', \
         '[{{\"reason\":\"overlap\",\"holding\":true,\"cause\":{{}},\"evidence\":null,\"message\":\"it overlaps another\"}}]', e.id, e.starts_at, 1, 'overlap', '' \
         from entry e where e.status = 'approved' limit {}",
        entries / 10
    );
    if postgres {
        let mut book = PgConnection::connect(database).await.expect("the book");
        for sql in [sql, asked, "analyze".to_owned()] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut book).await.expect("filled");
        }
    } else {
        let file = format!("sqlite:{}", folder.join(database).display());
        let mut book = SqliteConnection::connect(&file).await.expect("the book");
        for sql in [sql, asked, "analyze".to_owned()] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut book).await.expect("filled");
        }
    }
}
