//! A firm of one person with one calendar file, worked on through the commands, on either database.

use std::{
    fmt::Write as _,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) database: String,
    now: std::sync::Mutex<String>,
    /// Further lines of the configuration that stay.
    lasting: std::sync::Mutex<String>,
    logs: std::sync::Mutex<String>,
}

/// Runs one test on each database, in a book of its own.
macro_rules! on_each_database {
    ($(fn $name:ident($world:ident: World) $body:block)+) => {$(
        mod $name {
            use super::*;

            fn scene($world: World) $body

            #[test]
            fn sqlite() {
                scene(World::new("kalends.db".to_owned()));
            }

            #[test]
            fn postgres() {
                scene(World::new($crate::support::database(stringify!($name))));
            }
        }
    )+};
}
pub(crate) use on_each_database;

/// A new, empty database, as a URL.
pub(crate) fn database(name: &str) -> String {
    use sqlx::Connection;
    let url = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL is not set: run tests/run, which starts PostgreSQL");
    let short: String = name.chars().take(40).collect();
    let name = format!("{short}_{}", std::process::id());
    let sql = format!("create database {name}");
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let mut server = sqlx::PgConnection::connect(&url).await.expect("PostgreSQL answers");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut server).await.expect("a database");
    });
    url.replace("/postgres?", &format!("/{name}?"))
}

pub(crate) const DANA: &str = "dana@northwind.example";

/// An event of a calendar file: UTC times as `20260302T090000Z`, further lines as they stand.
pub(crate) fn event(uid: &str, start: &str, end: &str, title: &str, more: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:{title}\r\n{more}END:VEVENT\r\n")
}

impl World {
    pub(crate) fn new(database: String) -> Self {
        let world = Self {
            folder: tempfile::tempdir().expect("a folder"),
            database,
            now: std::sync::Mutex::default(),
            lasting: std::sync::Mutex::default(),
            logs: std::sync::Mutex::default(),
        };
        world.run(&["init", "."]).expect("made");
        std::fs::remove_dir_all(world.path("rules")).expect("the example goes");
        std::fs::create_dir(world.path("rules")).expect("a folder");
        for (name, text) in [("rules.yaml", include_str!("firm/rules.yaml")), ("clients.yaml", include_str!("firm/clients.yaml"))] {
            std::fs::write(world.path("rules").join(name), text).expect("written");
        }
        world.now("2026-03-20T12:00:00Z");
        world.run(&["staff", "add", DANA, "--timezone", "UTC", "--first-day", "2026-02-01"]).expect("added");
        world.calendar(&[]);
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--file", "work.ics"]).expect("added");
        world
    }

    /// The agency of `demo`, in its own book.
    pub(crate) fn demo() -> Self {
        let world = Self {
            folder: tempfile::tempdir().expect("a folder"),
            database: "kalends.db".to_owned(),
            now: std::sync::Mutex::default(),
            lasting: std::sync::Mutex::default(),
            logs: std::sync::Mutex::default(),
        };
        world.run(&["demo", "--dir", "."]).expect("made");
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Moves the clock.
    pub(crate) fn now(&self, at: &str) {
        at.clone_into(&mut self.now.lock().expect("the clock"));
        self.configure("");
    }

    /// Further lines of the configuration.
    pub(crate) fn configure(&self, more: &str) {
        let (now, lasting) = (self.now.lock().expect("the clock"), self.lasting.lock().expect("lines"));
        let clock = if now.is_empty() { String::new() } else { format!("clock: {now}\n") };
        let text = format!("database: \"{}\"\n{clock}four_eyes: false\n{more}{lasting}", self.database);
        std::fs::write(self.path("kalends.yaml"), text).expect("written");
    }

    /// From now on the machine's own clock counts.
    pub(crate) fn real_time(&self) {
        self.now.lock().expect("the clock").clear();
        self.configure("");
    }

    /// Further lines of the configuration, from now on.
    pub(crate) fn configure_lasting(&self, lines: &str) {
        lines.clone_into(&mut self.lasting.lock().expect("lines"));
        self.configure("");
    }

    /// More of them.
    pub(crate) fn configure_more(&self, lines: &str) {
        self.lasting.lock().expect("lines").push_str(lines);
        self.configure("");
    }

    /// What commands that go on by themselves log from now on.
    pub(crate) fn log(&self, filter: &str) {
        filter.clone_into(&mut self.logs.lock().expect("a filter"));
    }

    /// What the calendar says from now on.
    pub(crate) fn calendar(&self, events: &[String]) {
        self.file("work.ics", events);
    }

    pub(crate) fn file(&self, name: &str, events: &[String]) {
        let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n".to_owned();
        for event in events {
            text.push_str(event);
        }
        write!(text, "END:VCALENDAR\r\n").expect("text");
        std::fs::write(self.path(name), text).expect("written");
    }

    pub(crate) fn output(&self, args: &[&str]) -> Output {
        self.output_as("ops@northwind.example", args)
    }

    /// As someone.
    pub(crate) fn output_as(&self, actor: &str, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
        command.env("KALENDS_ACTOR", actor).args(args).current_dir(self.folder.path()).output().expect("it runs")
    }

    /// A command that goes on by itself, its output piped.
    pub(crate) fn spawn(&self, args: &[&str]) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
        command.env("KALENDS_ACTOR", "ops@northwind.example").args(args).current_dir(self.folder.path());
        let logs = self.logs.lock().expect("a filter");
        if !logs.is_empty() {
            command.env("KALENDS_LOG", logs.as_str());
        }
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("it starts")
    }

    /// A command that reads what is typed.
    pub(crate) fn spawn_with_input(&self, args: &[&str]) -> std::process::Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
        command.args(args).current_dir(self.folder.path()).stdin(std::process::Stdio::piped());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("it starts")
    }

    /// Everything a command logs.
    pub(crate) fn log_of(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
        let out = command.env("KALENDS_LOG", "trace").args(args).current_dir(self.folder.path()).output().expect("it runs");
        String::from_utf8_lossy(&out.stderr).into_owned()
    }

    /// What it answers, or what it complains of.
    pub(crate) fn run(&self, args: &[&str]) -> Result<String, String> {
        let out = self.output(args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
    }

    pub(crate) fn sync(&self) -> Value {
        self.json(&["sync"])
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let args: Vec<_> = args.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str(&self.run(&args).expect("done")).expect("JSON")
    }

    pub(crate) fn entries(&self) -> Vec<Value> {
        let list = self.json(&["entries", "list", "--from", "2026-01-01", "--to", "2026-12-31"]);
        list.as_array().expect("a list").clone()
    }

    pub(crate) fn exceptions(&self) -> Vec<Value> {
        self.json(&["exceptions", "list"]).as_array().expect("a list").clone()
    }

    /// All reasons of all open exceptions.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let all = self.exceptions();
        let reasons = all.iter().flat_map(|one| one["reasons"].as_array().expect("reasons").clone());
        let mut reasons: Vec<_> = reasons.filter_map(|reason| reason.as_str().map(str::to_owned)).collect();
        reasons.sort();
        reasons
    }
}

/// A text field.
pub(crate) fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or("-")
}

impl World {
    /// The first column, as text, of what a statement finds in the book: for what no command shows.
    pub(crate) fn rows(&self, sql: &'static str) -> Vec<String> {
        // A thread of its own: whoever asks may be in a runtime already.
        std::thread::scope(|scope| scope.spawn(|| self.found(sql)).join().expect("rows"))
    }

    fn found(&self, sql: &'static str) -> Vec<String> {
        use sqlx::Connection;
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        if self.database.starts_with("postgres") {
            return runtime.block_on(async {
                let mut book = sqlx::PgConnection::connect(&self.database).await.expect("the book");
                sqlx::query_scalar(sql).fetch_all(&mut book).await.expect("rows")
            });
        }
        runtime.block_on(async {
            let file = format!("sqlite:{}", self.path(&self.database).display());
            let mut book = sqlx::SqliteConnection::connect(&file).await.expect("the book");
            sqlx::query_scalar(sql).fetch_all(&mut book).await.expect("rows")
        })
    }
}

/// A server with one file.
pub(crate) struct Feed {
    address: std::net::SocketAddr,
    text: std::sync::Arc<std::sync::Mutex<String>>,
}

impl Feed {
    pub(crate) fn start(text: String) -> Self {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let text = std::sync::Arc::new(std::sync::Mutex::new(text));
        let shared = text.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let body = shared.lock().expect("text").clone();
                // What is asked does not matter: there is one file.
                let _asked = stream.read(&mut [0; 4096]);
                let length = body.len();
                let _left = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            }
        });
        Self { address, text }
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn says(&self, text: &str) {
        text.clone_into(&mut self.text.lock().expect("text"));
    }
}
