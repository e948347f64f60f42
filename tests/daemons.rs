//! `serve`: calendars kept current by themselves, on either database; connecting by link; ending when it is told to.

use std::{
    io::{BufRead, BufReader},
    process::Child,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use kalends_fakes::{Fault, Kind, On};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;

use crate::{
    connecting::{accounts, connect},
    support::{DANA, World, on_each_database},
};

const PATIENCE: Duration = Duration::from_secs(40);

/// A daemon that is killed with the test.
pub(crate) struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    pub(crate) fn start(world: &World) -> Self {
        let mut child = world.spawn(&["serve"]);
        let (out, said) = (child.stdout.take(), child.stderr.take());
        // Whatever it says is read, so that it can go on saying it.
        std::thread::spawn(move || out.map(std::io::read_to_string));
        let log = Arc::new(Mutex::new(String::new()));
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in said.into_iter().flat_map(|said| BufReader::new(said).lines()).map_while(Result::ok) {
                kept.lock().expect("the log").push_str(&(line + "\n"));
            }
        });
        Self { child, log }
    }

    /// One whose pages and API can be asked for, and where.
    pub(crate) fn listening(world: &World) -> (Self, String) {
        world.configure_more("listen: 127.0.0.1:0\n");
        let daemon = Self::start(world);
        let said = |log: &str| Some(log.split_once("people sign in at http://")?.1.split_once('/')?.0.to_owned());
        wait_until("it listens", || said(&daemon.log()).is_some());
        let host = said(&daemon.log()).expect("where it listens");
        (daemon, host)
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("the log").clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).expect("a pid")), signal).expect("told");
    }

    /// Asks it to end, and says whether it ended well.
    pub(crate) fn stop(mut self) -> bool {
        self.signal(Signal::SIGTERM);
        self.child.wait().expect("ended").success()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[expect(clippy::disallowed_methods, reason = "the daemon lives in real time, and so does whoever watches it")]
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// An hour of yesterday, as Google has it.
#[expect(clippy::disallowed_methods, reason = "the daemon lives in real time")]
pub(crate) fn yesterday(title: &str, hour: u32) -> serde_json::Value {
    let start = (Utc::now() - TimeDelta::days(1)).date_naive().and_hms_opt(hour, 0, 0).expect("a time").and_utc();
    let time = |at: chrono::DateTime<Utc>| json!({ "dateTime": at.to_rfc3339(), "timeZone": "Europe/Berlin" });
    json!({ "summary": title, "start": time(start), "end": time(start + TimeDelta::hours(1)) })
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn hurried(world: &World) -> crate::connecting::Accounts {
    let firm = accounts(world);
    world.real_time();
    world.configure_more(&format!("poll: {{shortest: 1s, longest: 2s}}\nlisten: 127.0.0.1:{}\n", free_port()));
    firm
}

/// Entries that count.
pub(crate) fn count(world: &World) -> usize {
    world.rows("select status from entry where status <> 'void'").len()
}

on_each_database! {
    fn a_daemon_keeps_calendars_current_until_it_is_told_to_stop(world: World) {
        let firm = hurried(&world);
        let _first = firm.google.add(&firm.at_google, &yesterday("One", 8));
        connect(&world, &["google"]).expect("connected");
        let daemon = Daemon::start(&world);
        wait_until("the first event is an entry", || count(&world) == 1);
        let second = firm.google.add(&firm.at_google, &yesterday("Two", 10));
        wait_until("the second is, too", || count(&world) == 2);
        firm.google.delete(&firm.at_google, &second);
        wait_until("a deleted one is none", || count(&world) == 1);
        firm.google.expire_tokens();
        firm.google.fault(Fault { on: On::Changes, kind: Kind::RateLimit429(Some("1".to_owned())), times: 1, after: 1 });
        let _third = firm.google.add(&firm.at_google, &yesterday("Three", 12));
        wait_until("neither an old token nor a busy server stops it", || count(&world) == 2);
        assert!(daemon.stop(), "it ends well");
        assert_eq!(world.rows("select 'leased' from poll where lease_by is not null"), Vec::<String>::new());
    }

    fn a_person_connects_by_a_link_that_works_once(world: World) {
        let firm = hurried(&world);
        let links = world.json(&["connect-link", "--staff", DANA]);
        let link = links["google"].as_str().expect("a link").to_owned();
        let daemon = Daemon::start(&world);
        wait_until("it listens", || fetch("GET", &link, None, "").is_some());
        // Looking at it, as chat programs do, uses nothing up.
        let (status, _, page) = fetch("GET", &link, None, "").expect("a page");
        assert!(status == 200 && page.contains("Dana") || page.contains("dana"), "{page}");
        let pressed = format!("link={}", link.split("link=").last().expect("a secret"));
        let (status, headers, _) = fetch("POST", link.split('?').next().expect("a path"), None, &pressed).expect("an answer");
        assert_eq!(status, 303);
        let cookie = header(&headers, "set-cookie").split(';').next().expect("a cookie").to_owned();
        let (_, consent, _) = fetch("GET", &header(&headers, "location"), None, "").expect("consent");
        let back = header(&consent, "location");
        // Another browser that got hold of the address is turned away, and the attempt is over.
        let (status, _, page) = fetch("GET", &back, None, "").expect("a page");
        assert_eq!((status, page.contains("Not connected")), (400, true), "{page}");
        let (status, _, _) = fetch("POST", link.split('?').next().expect("a path"), None, &pressed).expect("an answer");
        assert_eq!(status, 410);
        let links = world.json(&["connect-link", "--staff", DANA]);
        let link = links["google"].as_str().expect("a link").to_owned();
        let pressed = format!("link={}", link.split("link=").last().expect("a secret"));
        let (_, headers, _) = fetch("POST", link.split('?').next().expect("a path"), None, &pressed).expect("an answer");
        let (_, consent, _) = fetch("GET", &header(&headers, "location"), None, "").expect("consent");
        let fresh = header(&headers, "set-cookie").split(';').next().expect("a cookie").to_owned();
        assert_ne!(fresh, cookie);
        let (status, headers, page) = fetch("GET", &header(&consent, "location"), Some(&fresh), "").expect("a page");
        assert_eq!(status, 200, "{page}");
        assert!(header(&headers, "referrer-policy") == "no-referrer" && header(&headers, "cache-control") == "no-store");
        assert_eq!(world.json(&["connections", "list"]).as_array().map(Vec::len), Some(1));
        drop(firm);
        assert!(daemon.stop(), "it ends well");
    }
}

#[test]
fn a_second_daemon_on_one_sqlite_book_is_refused() {
    let world = World::new("kalends.db".to_owned());
    let _firm = hurried(&world);
    let daemon = Daemon::start(&world);
    wait_until("the first has the book", || world.path("kalends.db.lock").exists());
    let told = world.run(&["serve"]).expect_err("refused");
    assert!(told.contains("another daemon serves"), "{told}");
    assert!(daemon.stop());
}

#[test]
fn a_program_killed_between_its_new_token_and_the_next_call_loses_nothing() {
    let world = World::new("kalends.db".to_owned());
    let firm = accounts(&world);
    firm.google.set(kalends_fakes::Policy { rotation: kalends_fakes::Rotation::Strict, ..firm.google.policy() });
    connect(&world, &["google"]).expect("connected");
    world.sync();
    for round in 1..=5 {
        firm.google.expire_tokens();
        firm.google.fault(Fault { on: On::Changes, kind: Kind::Delay(60_000), times: 1, after: 1 });
        let mut child = world.spawn(&["sync"]);
        wait_until("the token is renewed and used", || firm.google.waiting() == 0);
        child.kill().expect("killed");
        child.wait().expect("gone");
        firm.google.clear_faults();
        // The claim of the one that was killed runs out by the clock.
        world.now(&format!("2026-03-20T12:{:02}:00Z", round * 5));
        world.sync();
        assert_eq!(firm.google.refreshes(), (round, 0));
    }
}

fn header(headers: &[(String, String)], name: &str) -> String {
    headers.iter().find(|(known, _)| known == name).map_or_else(String::new, |(_, value)| value.clone())
}

type Answer = (u16, Vec<(String, String)>, String);

/// One request, no redirects followed; none if nobody listens.
fn fetch(method: &str, url: &str, cookie: Option<&str>, form: &str) -> Option<Answer> {
    use std::io::{Read, Write};
    let rest = url.strip_prefix("http://")?;
    let (host, path) = rest.split_once('/')?;
    let mut stream = std::net::TcpStream::connect(host).ok()?;
    let cookie = cookie.map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
    let length = form.len();
    write!(stream, "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookie}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let headers = head.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    Some((status, headers.collect(), body.to_owned()))
}
