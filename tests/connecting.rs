//! Accounts at Google and Outlook: connected, read, edited, expired, revoked; through the commands, against providers that keep state.

use std::{
    io::{BufRead, BufReader, Read},
    process::Child,
};

use kalends_fakes::{Consent, Fake, Fault, Kind, On, Vendor, browse};
use serde_json::{Value, json};

use crate::support::{DANA, World, event, on_each_database, text};

/// A firm whose Dana has an account at both providers.
pub(crate) struct Accounts {
    pub(crate) google: Fake,
    pub(crate) outlook: Fake,
    pub(crate) at_google: String,
    pub(crate) at_outlook: String,
}

pub(crate) fn accounts(world: &World) -> Accounts {
    let google = Fake::start(Vendor::Google, 0).expect("a port");
    let outlook = Fake::start(Vendor::Outlook, 0).expect("a port");
    let (at_google, at_outlook) = (google.account(DANA), outlook.account(DANA));
    for fake in [&google, &outlook] {
        fake.consent(Consent::Auto { email: Some(DANA.to_owned()), withhold: Vec::new() });
    }
    world.configure_lasting(&lines(&google, &outlook));
    world.run(&["keys", "generate"]).expect("a key");
    Accounts { google, outlook, at_google, at_outlook }
}

fn lines(google: &Fake, outlook: &Fake) -> String {
    let (google, outlook) = (google.base(), outlook.base());
    let entra = format!("{outlook}/common/oauth2/v2.0");
    format!(
        "providers:\n  google: {{client_id: app, authorize_url: \"{google}/o/oauth2/v2/auth\", token_url: \"{google}/token\", \
            device_url: \"{google}/device/code\", revoke_url: \"{google}/revoke\", api_url: \"{google}/calendar/v3/\"}}\n  \
        outlook: {{client_id: app, authorize_url: \"{entra}/authorize\", token_url: \"{entra}/token\", device_url: \"{entra}/devicecode\", \
            api_url: \"{outlook}/v1.0/\"}}\n"
    )
}

/// The address a command prints.
fn printed(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let url = lines.find_map(|line| line.expect("a line").split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned));
    // Whatever comes later is read too, so that the command can write it.
    std::thread::spawn(move || lines.for_each(drop));
    url.expect("an address")
}

/// Connects as a person would: the command, the consent, the page at the end.
pub(crate) fn connect(world: &World, args: &[&str]) -> Result<(Value, String), String> {
    let args: Vec<_> = ["connect"].iter().chain(args).copied().chain(["--staff", DANA, "--no-browser", "--format", "json"]).collect();
    let mut child = world.spawn(&args);
    let url = printed(&mut child);
    let (_, page) = browse(&url).expect("a page");
    let mut out = String::new();
    child.stdout.take().expect("stdout").read_to_string(&mut out).expect("text");
    if child.wait().expect("ended").success() { Ok((serde_json::from_str(&out).expect("JSON"), page)) } else { Err(page) }
}

fn meeting(title: &str, start: &str, end: &str) -> Value {
    json!({ "summary": title, "start": { "dateTime": start, "timeZone": "Europe/Berlin" }, "end": { "dateTime": end, "timeZone": "Europe/Berlin" } })
}

fn graph_meeting(title: &str, start: &str, end: &str) -> Value {
    json!({ "subject": title, "start": { "dateTime": start, "timeZone": "UTC" }, "end": { "dateTime": end, "timeZone": "UTC" } })
}

/// Entries as date, start and seconds.
fn times(world: &World) -> Vec<(String, String, i64)> {
    let mut all: Vec<_> = world
        .entries()
        .iter()
        .map(|entry| (text(entry, "date").to_owned(), text(entry, "start").to_owned(), entry["seconds"].as_i64().unwrap_or_default()))
        .collect();
    all.sort();
    all
}

on_each_database! {
    fn both_accounts_are_connected_and_their_events_become_entries(world: World) {
        let firm = accounts(&world);
        let _kept = firm.google.add(&firm.at_google, &meeting("Planning", "2026-03-10T09:00:00+01:00", "2026-03-10T10:00:00+01:00"));
        let series = json!({ "subject": "Stand-up", "start": { "dateTime": "2026-03-09T08:00:00", "timeZone": "UTC" },
            "end": { "dateTime": "2026-03-09T08:30:00", "timeZone": "UTC" },
            "recurrence": { "pattern": { "type": "daily", "interval": 1 }, "range": { "type": "numbered", "startDate": "2026-03-09", "numberOfOccurrences": 3 } } });
        let series = firm.outlook.add(&firm.at_outlook, &series);
        let (google, page) = connect(&world, &["google"]).expect("connected");
        assert!(page.contains("Connected") && page.contains(DANA), "{page}");
        assert_eq!(text(&google, "email"), DANA);
        connect(&world, &["outlook"]).expect("connected");
        world.sync();
        let expected = [("2026-03-09", "08:00", 1800), ("2026-03-10", "08:00", 1800), ("2026-03-10", "08:00", 3600), ("2026-03-11", "08:00", 1800)];
        let found: Vec<_> = times(&world).into_iter().map(|(date, start, seconds)| (date, start[11..16].to_owned(), seconds)).collect();
        assert_eq!(found, expected.map(|(date, start, seconds)| (date.to_owned(), start.to_owned(), seconds)));

        // Nothing changed: one request a calendar, and nothing is written.
        firm.google.clear_requests();
        firm.outlook.clear_requests();
        let synced = world.sync();
        assert_eq!((synced["entries"].as_u64(), firm.google.requests().len(), firm.outlook.requests().len()), (Some(0), 1, 1));

        // An occurrence is deleted, which a delta does not tell.
        let from = "2026-03-09T00:00:00Z".parse().expect("an instant");
        let second = firm.outlook.instances(&firm.at_outlook, &series, from, from + chrono::TimeDelta::days(7))[1].clone();
        firm.outlook.delete(&firm.at_outlook, &second);
        world.sync();
        assert_eq!(times(&world).len(), 3);
        assert!(firm.outlook.fired().contains_key("deleted-occurrence-without-trace"));
    }

    fn an_expired_token_is_renewed_and_a_revoked_grant_is_asked_about_once(world: World) {
        let firm = accounts(&world);
        let _kept = firm.google.add(&firm.at_google, &meeting("Planning", "2026-03-10T09:00:00+01:00", "2026-03-10T10:00:00+01:00"));
        connect(&world, &["google"]).expect("connected");
        world.sync();
        firm.google.expire_tokens();
        world.sync();
        assert_eq!(firm.google.refreshes(), (1, 0));
        // A server that is down says nothing of the grant.
        firm.google.expire_tokens();
        firm.google.fault(Fault { on: On::Token, kind: Kind::Html502, times: 1, after: 0 });
        assert!(world.run(&["sync"]).is_err());
        assert!(!world.reasons().contains(&"needs-reconnect".to_owned()));
        firm.google.revoke(DANA);
        firm.google.expire_tokens();
        assert!(world.run(&["sync"]).is_err());
        assert!(world.run(&["sync"]).is_err());
        assert_eq!(firm.google.refreshes(), (1, 1));
        assert_eq!(world.reasons(), ["needs-reconnect", "unmatched"]);
        assert_eq!(times(&world).len(), 1);
        // She connects again: the question is closed, and no entry was lost or doubled.
        connect(&world, &["google"]).expect("connected again");
        world.sync();
        assert_eq!((world.reasons(), times(&world).len()), (vec!["unmatched".to_owned()], 1));
    }

    fn what_is_consented_to_is_checked(world: World) {
        let firm = accounts(&world);
        let scope = "https://www.googleapis.com/auth/calendar.readonly".to_owned();
        firm.google.consent(Consent::Auto { email: Some(DANA.to_owned()), withhold: vec![scope] });
        let page = connect(&world, &["google"]).expect_err("refused");
        assert!(page.contains("leave every box ticked"), "{page}");
        firm.google.consent(Consent::Deny);
        let page = connect(&world, &["google"]).expect_err("refused");
        assert!(page.contains("access_denied"), "{page}");
        firm.google.consent(Consent::Auto { email: Some(DANA.to_owned()), withhold: Vec::new() });
        let policy = firm.google.policy();
        firm.google.set(kalends_fakes::Policy { no_refresh_token: true, ..policy.clone() });
        let page = connect(&world, &["google"]).expect_err("refused");
        assert!(page.contains("no refresh token"), "{page}");
        firm.google.set(kalends_fakes::Policy { iss: true, ..policy });
        connect(&world, &["google"]).expect("the same issuer");
        let _calendar = firm.google.account("eva@elsewhere.example");
        firm.google.consent(Consent::Auto { email: Some("eva@elsewhere.example".to_owned()), withhold: Vec::new() });
        let page = connect(&world, &["google"]).expect_err("refused");
        assert!(page.contains("another account"), "{page}");
        assert_eq!(world.json(&["connections", "list"]).as_array().map(Vec::len), Some(1));
    }

    fn a_calendar_is_chosen_paused_and_removed_without_touching_entries(world: World) {
        let firm = accounts(&world);
        let team = firm.google.calendar(DANA, "Team");
        let _kept = firm.google.add(&team, &meeting("Retro", "2026-03-10T09:00:00+01:00", "2026-03-10T10:00:00+01:00"));
        let (connected, _) = connect(&world, &["google"]).expect("connected");
        let id = text(&connected, "id").to_owned();
        world.run(&["calendar", "add", "account", &id[24..], "team"]).expect("added");
        world.sync();
        assert_eq!(times(&world).len(), 1);
        let calendars = world.json(&["calendar", "list"]);
        let listed = calendars.as_array().expect("a list").iter().find(|one| one["name"] == "Team").expect("it").clone();
        let calendar = text(&listed, "id")[24..].to_owned();
        world.run(&["calendar", "set", &calendar, "--privacy", "busy-block"]).expect("set");
        assert_eq!(world.rows("select title from event_text"), Vec::<String>::new());
        world.run(&["calendar", "pause", &calendar]).expect("paused");
        firm.google.clear_requests();
        world.sync();
        assert!(firm.google.requests().iter().all(|request| !request.path.contains("group.calendar")));
        world.run(&["connections", "remove", &id[24..]]).expect("removed");
        assert_eq!(times(&world).len(), 1);
        assert!(firm.google.requests().iter().any(|request| request.path == "/revoke" && request.status == 200));
        assert_eq!(world.rows("select account from connection where refresh_token is not null or access_token is not null"), Vec::<String>::new());
    }

    fn secrets_stand_nowhere_in_plain(world: World) {
        let firm = accounts(&world);
        connect(&world, &["google"]).expect("connected");
        connect(&world, &["outlook"]).expect("connected");
        firm.outlook.expire_tokens();
        world.run(&["keys", "rotate"]).expect("rotated");
        world.sync();
        let secrets: Vec<_> = firm.google.all_tokens().into_iter().chain(firm.outlook.all_tokens()).collect();
        assert!(secrets.len() >= 6, "{}", secrets.len());
        for file in std::fs::read_dir(world.path("")).expect("a folder").flatten().filter(|file| file.path().is_file()) {
            let bytes = std::fs::read(file.path()).expect("a file");
            for secret in &secrets {
                assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", file.path().display());
            }
        }
    }
}

on_each_database! {
    fn days_without_questions_submit_themselves_and_old_words_go(world: World) {
        world.calendar(&[
            event("a", "20260310T090000Z", "20260310T100000Z", "[ACME-15] Plan", ""),
            event("b", "20260311T090000Z", "20260311T100000Z", "Nobody knows", ""),
            event("c", "20260319T090000Z", "20260319T100000Z", "[ACME-15] Late", ""),
        ]);
        world.sync();
        let status = || world.entries().iter().map(|entry| text(entry, "status").to_owned()).collect::<Vec<_>>();
        let before = status();
        world.run(&["job", "submit"]).expect("ran");
        let expected: Vec<_> = before.iter().enumerate().map(|(place, now)| if place == 0 { "submitted".to_owned() } else { now.clone() }).collect();
        assert_eq!(status(), expected);
        world.sync();
        assert_eq!(status(), expected);
        world.run(&["job", "retention"]).expect("ran");
        assert_eq!(world.rows("select title from event_text").len(), 3);
        world.now("2028-06-20T12:00:00Z");
        world.run(&["job", "retention"]).expect("ran");
        assert_eq!(world.rows("select title from event_text").len(), 0);
    }

    fn a_calendar_that_went_quiet_is_asked_about_and_told_in_the_digest(world: World) {
        let weekly = |week: u32| event(&format!("w{week}"), &format!("202602{:02}T090000Z", 3 + week * 7), &format!("202602{:02}T100000Z", 3 + week * 7), "Weekly", "");
        world.calendar(&(0..4).map(weekly).collect::<Vec<_>>());
        world.now("2026-02-28T12:00:00Z");
        world.sync();
        world.run(&["job", "full-read"]).expect("ran");
        assert!(!world.reasons().contains(&"source-silent".to_owned()));
        world.now("2026-03-05T12:00:00Z");
        world.sync();
        world.configure_lasting("digest: {ops: [ops@northwind.example], command: [sh, -c, \"cat >> told; echo $0 >> told\"]}\n");
        world.run(&["job", "full-read"]).expect("ran");
        assert!(world.reasons().contains(&"source-silent".to_owned()), "{:?}", world.reasons());
        assert!(world.run(&["job", "digest"]).expect("ran").contains("2 digests"));
        let told = std::fs::read_to_string(world.path("told")).expect("a digest");
        assert!(told.contains("always had events") && told.contains(DANA) && told.contains("ops@northwind.example"), "{told}");
        assert!(!told.contains("Weekly"), "{told}");
    }

    fn a_person_who_leaves_is_read_no_more_and_keeps_her_time(world: World) {
        world.calendar(&[event("a", "20260310T090000Z", "20260310T100000Z", "[ACME-15] Plan", ""), event("b", "20260318T090000Z", "20260318T100000Z", "[ACME-15] After", "")]);
        world.sync();
        assert_eq!(world.entries().len(), 2);
        world.run(&["staff", "end", DANA, "--on", "2026-03-15"]).expect("ended");
        world.sync();
        let left: Vec<_> = world.entries().iter().map(|entry| text(entry, "date").to_owned()).collect();
        assert_eq!(left, ["2026-03-10"]);
    }
}

on_each_database! {
    fn hosts_without_a_browser_connect_by_code_or_by_pasting(world: World) {
        let firm = accounts(&world);
        let told = world.run(&["connect", "google", "--staff", DANA, "--device", "--format", "json"]).expect("connected");
        assert_eq!(serde_json::from_str::<Value>(&told).expect("JSON")["email"], DANA);
        let mut child = world.spawn_with_input(&["connect", "outlook", "--staff", DANA, "--paste"]);
        let url = printed(&mut child);
        // Nothing listens where the browser ends; its address is what is pasted.
        assert!(browse(&url).is_err());
        let landed = firm.outlook.last_redirect().expect("it was sent back");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), format!("{landed}\n").as_bytes()).expect("pasted");
        assert!(child.wait().expect("ended").success());
        assert_eq!(world.json(&["connections", "list"]).as_array().map(Vec::len), Some(2));
    }

    fn what_two_pages_say_is_one_event(world: World) {
        let firm = accounts(&world);
        firm.google.set(kalends_fakes::Policy { page_max: 2, ..firm.google.policy() });
        for hour in 6..11 {
            let (start, end) = (format!("2026-03-10T{hour:02}:00:00+01:00"), format!("2026-03-10T{hour:02}:30:00+01:00"));
            let _kept = firm.google.add(&firm.at_google, &meeting("Plan", &start, &end));
        }
        connect(&world, &["google"]).expect("connected");
        firm.google.fault(Fault { on: On::List, kind: Kind::Replay, times: 1, after: 1 });
        world.sync();
        assert_eq!((times(&world).len(), firm.google.waiting()), (5, 0));
    }

    fn one_event_that_cannot_be_read_is_one_exception_and_the_others_come(world: World) {
        let firm = accounts(&world);
        let time = |hour: u32| json!({ "dateTime": format!("2026-03-10T{hour:02}:00:00"), "timeZone": "UTC" });
        for hour in [8, 10, 12] {
            let id = firm.outlook.add(&firm.at_outlook, &json!({ "subject": "Plan", "start": time(hour), "end": time(hour + 1) }));
            if hour == 10 {
                firm.outlook.poison(&firm.at_outlook, &id, &json!({ "start": { "dateTime": "yesterday", "timeZone": "UTC" } }));
            }
        }
        connect(&world, &["outlook"]).expect("connected");
        world.sync();
        assert_eq!(times(&world).len(), 2);
        assert_eq!(world.reasons().iter().filter(|reason| *reason == "bad-event").count(), 1);
        assert!(world.exceptions().iter().all(|one| !one.to_string().contains("yesterday")));
    }

    fn a_feed_is_read_by_its_secret_address_and_a_page_in_its_place_takes_nothing_away(world: World) {
        let _firm = accounts(&world);
        let file = |text: String| format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{text}END:VCALENDAR\r\n");
        let two = [event("a", "20260310T090000Z", "20260310T100000Z", "Plan", ""), event("b", "20260311T090000Z", "20260311T100000Z", "Plan", "")];
        let feed = crate::support::Feed::start(file(two.concat()));
        world.configure_more(&format!("feeds: {{allow: [\"{}\"]}}\n", feed.host()));
        std::fs::write(world.path("address"), format!("http://{}/secret-token-123456/basic.ics\n", feed.host())).expect("written");
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--url-file", "address"]).expect("added");
        std::fs::remove_file(world.path("address")).expect("removed");
        world.sync();
        assert_eq!(times(&world).len(), 2);
        for bad in ["<!doctype html><title>Sign in</title>".to_owned(), String::new(), file(two[0].clone()).replace("END:VCALENDAR\r\n", "")] {
            feed.says(&bad);
            assert!(world.run(&["sync"]).is_err(), "{bad}");
            assert_eq!(times(&world).len(), 2);
        }
        feed.says(&file(two[0].clone()));
        world.sync();
        assert_eq!(times(&world).len(), 1);
        let shown = world.run(&["calendar", "list"]).expect("listed") + &world.run(&["exceptions", "list", "--status", "cleared"]).expect("listed");
        assert!(!shown.contains("secret-token"), "{shown}");
        let stored = std::fs::read_dir(world.path("")).expect("a folder").flatten().filter(|file| file.path().is_file());
        for file in stored {
            let bytes = std::fs::read(file.path()).expect("a file");
            assert!(!bytes.windows(12).any(|part| part == b"secret-token"), "{}", file.path().display());
        }
    }

    fn no_secret_and_no_title_is_logged_at_any_level(world: World) {
        let firm = accounts(&world);
        let _kept = firm.google.add(&firm.at_google, &meeting("Xylophone lesson", "2026-03-10T09:00:00+01:00", "2026-03-10T10:00:00+01:00"));
        connect(&world, &["google"]).expect("connected");
        firm.google.expire_tokens();
        let log = world.log_of(&["sync"]);
        firm.google.revoke(DANA);
        firm.google.expire_tokens();
        let log = log + &world.log_of(&["sync"]) + &world.log_of(&["connections", "list"]);
        assert!(log.contains("TRACE") && log.len() > 10_000, "{} bytes", log.len());
        for secret in firm.google.all_tokens() {
            assert!(!log.contains(&secret), "a secret is in the log");
        }
        assert!(!log.contains("Xylophone"), "a title is in the log");
    }
}

#[test]
fn graph_links_lead_to_no_other_host_and_oauth_errors_name_what_to_do() {
    let world = World::new("kalends.db".to_owned());
    let firm = accounts(&world);
    connect(&world, &["outlook"]).expect("connected");
    firm.outlook.fault(Fault { on: On::Changes, kind: Kind::ForeignNextLink, times: 1, after: 0 });
    let told = world.run(&["sync"]).expect_err("refused");
    assert!(told.contains("127.0.0.2") && told.contains("was not followed"), "{told}");
    world.sync();
    let _left = graph_meeting("x", "2026-03-10T09:00:00", "2026-03-10T10:00:00");
    firm.google.fault(Fault { on: On::Token, kind: Kind::Token400("invalid_client".to_owned()), times: 1, after: 0 });
    let page = connect(&world, &["google"]).expect_err("refused");
    assert!(page.contains("compare client id, secret and redirect address"), "{page}");
}

on_each_database! {
    fn who_is_only_ever_asked_to_wait_or_whose_program_is_refused_is_asked_about(world: World) {
        let firm = accounts(&world);
        connect(&world, &["google"]).expect("connected");
        world.sync();
        let asks_to_wait = |times| Fault { on: On::Changes, kind: Kind::UserRateLimit403, times, after: 0 };
        let questions = |world: &World| world.reasons().into_iter().filter(|reason| reason == "source-broken").count();
        for (hour, open) in [("13:00", 0), ("15:00", 0), ("17:30", 1)] {
            firm.google.fault(asks_to_wait(1));
            world.now(&format!("2026-03-10T{hour}:00Z"));
            drop(world.output(&["sync"]));
            assert_eq!(questions(&world), open, "{hour}");
        }
        assert_eq!(world.output(&["doctor"]).status.code(), Some(3), "it keeps hours from coming in");
        world.now("2026-03-10T18:00:00Z");
        world.sync();
        assert_eq!(questions(&world), 0, "it answers again");
        // The secret of the program has expired: nobody but an administrator can mend that, and it is told at once.
        firm.google.fault(Fault { on: On::Token, kind: Kind::Token400("invalid_client".to_owned()), times: 9, after: 0 });
        firm.google.expire_tokens();
        world.now("2026-03-11T09:00:00Z");
        let told = world.output(&["sync"]);
        assert_eq!(questions(&world), 1, "{told:?}");
    }
}
