//! Several daemons on one book, and several calendars of one daemon: nobody does another's work again, undoes it, or keeps it waiting.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use kalends_fakes::{Consent, Fake, Fault, Kind, On, Policy, Rotation};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    connecting::{Accounts, accounts, connect},
    daemons::{Daemon, count, wait_until, yesterday},
    support::{World, database, on_each_database},
};

const EXPIRIES: u32 = 10;
const TAKEOVERS: usize = 3;
const ROTATIONS: usize = 5;

/// Accounts at servers that end a grant if a token is used twice; daemons that read every second.
fn hurried(world: &World, poll: &str) -> Accounts {
    let firm = accounts(world);
    for fake in [&firm.google, &firm.outlook] {
        fake.set(Policy { rotation: Rotation::Strict, ..fake.policy() });
    }
    world.real_time();
    world.configure_more(&format!("poll: {poll}\nlisten: 127.0.0.1:0\n"));
    firm
}

/// A further account of Dana's with so many calendars in all.
fn further(world: &World, google: &Fake, email: &str, calendars: usize) {
    let _main = google.account(email);
    google.consent(Consent::Auto { email: Some(email.to_owned()), withhold: Vec::new() });
    connect(world, &["google", "--another-account"]).expect("connected");
    let connections = world.json(&["connections", "list"]);
    let id = connections.as_array().expect("a list").iter().find(|one| one["email"] == email).expect("connected")["id"].clone();
    for number in 1..calendars {
        let name = format!("Calendar {number}");
        let _further = google.calendar(email, &name);
        world.run(&["calendar", "add", "account", id.as_str().expect("an id"), &name]).expect("added");
    }
}

fn statuses(world: &World) -> BTreeSet<String> {
    let list = world.json(&["connections", "list"]);
    list.as_array().expect("a list").iter().map(|one| one["status"].as_str().expect("a status").to_owned()).collect()
}

#[test]
fn four_daemons_renew_a_token_once_each_time_it_ends() {
    let world = World::new(database("four_daemons"));
    let firm = hurried(&world, "{shortest: 1s, longest: 1s, at_once: 1}");
    further(&world, &firm.google, "dana@elsewhere.example", 6);
    firm.google.fault(Fault { on: On::Changes, kind: Kind::Delay(50), times: 100_000, after: 0 });
    let daemons: Vec<_> = (0..4).map(|_| Daemon::start(&world)).collect();
    let seen = Mutex::new(BTreeSet::new());
    wait_until("every daemon has read something", || {
        let by = world.rows("select cast(lease_by as text) from poll where lease_by is not null");
        let mut seen = seen.lock().expect("a set");
        seen.extend(by);
        seen.len() == daemons.len()
    });
    let before = firm.google.refreshes().0;
    for round in 1..=EXPIRIES {
        firm.google.expire_tokens();
        wait_until("it is renewed", || firm.google.refreshes().0 >= before + round);
        firm.google.clear_requests();
        wait_until("it is used", || {
            firm.google.requests().iter().any(|request| request.path.ends_with("/events") && request.status == 200)
        });
    }
    assert_eq!(firm.google.refreshes(), (before + EXPIRIES, 0));
    assert!(!firm.google.fired().contains_key("refresh-token-reused"));
    assert!(daemons.into_iter().all(Daemon::stop), "they end well");
    assert_eq!(statuses(&world), ["active".to_owned()].into());
}

#[test]
fn four_daemons_that_start_at_once_print_one_first_link() {
    let world = World::new(database("one_first_link"));
    let _firm = hurried(&world, "{shortest: 1s, longest: 1s}");
    // Giving rights takes long enough for all four to be at it.
    let _slow = world.rows("create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.5); return new; end'");
    let _slow = world.rows("create trigger slow before insert on staff_role for each row execute function slow()");
    let daemons: Vec<_> = (0..4).map(|_| Daemon::start(&world)).collect();
    wait_until("all run", || daemons.iter().all(|one| one.log().contains("Kalends is running")));
    assert_eq!(daemons.iter().filter(|one| one.log().contains("signs in once with")).count(), 1);
    assert!(daemons.into_iter().all(Daemon::stop), "they end well");
}

#[test]
fn a_daemon_that_slept_past_its_claim_writes_nothing_when_it_wakes() {
    let world = World::new(database("slept_past_its_claim"));
    let firm = hurried(&world, "{shortest: 1s, longest: 1s}");
    connect(&world, &["google"]).expect("connected");
    let event = firm.google.add(&firm.at_google, &yesterday("One", 3));
    for round in 0..TAKEOVERS {
        let sleeper = Daemon::start(&world);
        wait_until("the event is an entry", || count(&world) == 1);
        firm.google.fault(Fault { on: On::List, kind: Kind::Delay(200), times: 1, after: 0 });
        let (stale, fresh) =
            (yesterday("One", 5 + u32::try_from(round).expect("small")), yesterday("One", 15 + u32::try_from(round).expect("small")));
        firm.google.clear_requests();
        move_to(&firm, &event, &stale);
        wait_until("it asks", || firm.google.waiting() == 0);
        sleeper.signal(Signal::SIGSTOP);
        wait_until("its answer is on the way", || firm.google.requests().iter().any(|request| request.query.contains("singleEvents=true")));
        move_to(&firm, &event, &fresh);
        // As if it slept for two minutes.
        let held = world
            .rows("update poll set lease_until = now() - interval '1 second' where lease_by is not null returning cast(fence as text)");
        assert_eq!(held.len(), 1, "it slept while it held the calendar");
        let other = Daemon::start(&world);
        wait_until("the other has taken over", || starts(&world) == [fresh["start"]["dateTime"].clone()]);
        let revisions = "select cast(count(*) as text) from event_revision";
        let known = world.rows(revisions);
        sleeper.signal(Signal::SIGCONT);
        wait_until("the sleeper notices", || sleeper.log().contains("A claim on a calendar ran out"));
        assert_eq!(world.rows(revisions), known, "it wrote nothing");
        assert_eq!(starts(&world), [fresh["start"]["dateTime"].clone()]);
        assert!(sleeper.stop() && other.stop(), "they end well");
    }
}

fn move_to(firm: &Accounts, event: &str, to: &Value) {
    firm.google.edit(&firm.at_google, event, &json!({ "start": to["start"], "end": to["end"] }));
}

/// When the entries that count begin, as the provider writes it.
fn starts(world: &World) -> Vec<Value> {
    let from = world.json(&["entries", "list", "--from", "2020-01-01", "--to", "2100-01-01"]);
    let live = from.as_array().expect("a list").iter().filter(|entry| entry["status"] != "void");
    live.map(|entry| json!(entry["start"].as_str().expect("a start").replace('Z', "+00:00"))).collect()
}

on_each_database! {
    fn keys_are_rotated_under_load_and_no_token_is_lost(world: World) {
        let firm = hurried(&world, "{shortest: 1s, longest: 1s}");
        for number in 0..4 {
            further(&world, &firm.google, &format!("dana{number}@elsewhere.example"), 1);
        }
        let daemon = Daemon::start(&world);
        let asked = || firm.google.requests().iter().filter(|request| request.path.ends_with("/events") && request.status == 200).count();
        wait_until("it reads", || asked() >= 8);
        for _ in 0..ROTATIONS {
            let before = firm.google.refreshes().0;
            firm.google.expire_tokens();
            std::thread::scope(|scope| {
                let rotated = scope.spawn(|| world.run(&["keys", "rotate"]));
                wait_until("tokens are renewed meanwhile", || firm.google.refreshes().0 >= before + 4);
                rotated.join().expect("ran").expect("rotated");
            });
        }
        // With nothing but the newest key every token still opens, once all are sealed with it.
        firm.google.clear_requests();
        wait_until("it still reads", || asked() >= 8);
        assert!(daemon.stop(), "it ends well");
        world.run(&["keys", "rotate"]).expect("rotated");
        let keys = std::fs::read_to_string(world.path("kalends.key")).expect("keys");
        assert_eq!(keys.lines().count(), 2 + ROTATIONS);
        std::fs::write(world.path("kalends.key"), keys.lines().next().expect("a key")).expect("written");
        firm.google.expire_tokens();
        world.run(&["sync"]).expect("read");
        assert_eq!((statuses(&world), firm.google.refreshes().1), (["active".to_owned()].into(), 0));
        assert!(!firm.google.fired().contains_key("refresh-token-reused"));
    }

    fn a_calendar_that_hangs_keeps_none_of_fifty_waiting(world: World) {
        let firm = hurried(&world, "{shortest: 2s, longest: 2s, at_once: 4}");
        connect(&world, &["outlook"]).expect("connected");
        for number in 0..7 {
            further(&world, &firm.google, &format!("dana{number}@elsewhere.example"), 7);
        }
        let daemon = Daemon::start(&world);
        let clean = slowest(&firm.google);
        firm.outlook.fault(Fault { on: On::Any, kind: Kind::Delay(600_000), times: 100, after: 0 });
        wait_until("one hangs", || firm.outlook.waiting() < 100);
        let hanging = slowest(&firm.google);
        assert!(hanging < 2.0 * clean, "{hanging} s from one reading to the next, {clean} s before");
        drop(daemon);
    }
}

/// The longest time, of all but one in a hundred, from one reading of a calendar to its next; over five of each of 49.
fn slowest(google: &Fake) -> f64 {
    let times = || {
        let mut times: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for request in google.requests().into_iter().filter(|request| request.query.contains("syncToken")) {
            times.entry(request.path).or_default().push(request.at);
        }
        times
    };
    google.clear_requests();
    wait_until("each was read six times", || {
        let times = times();
        times.len() == 49 && times.values().all(|times| times.len() >= 6)
    });
    let gaps =
        |times: Vec<chrono::DateTime<chrono::Utc>>| times.windows(2).map(|pair| (pair[1] - pair[0]).as_seconds_f64()).collect::<Vec<_>>();
    let mut all: Vec<f64> = times().into_values().flat_map(gaps).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() - 1 - all.len() / 100]
}
