//! What is said of a person after she was added: `staff set`, and what becomes of her days (S10, S15, S20, S23).

use serde_json::{Value, json};

use crate::{
    pages::{PASSWORD, block_on, firm, served},
    support::{DANA, World, event, on_each_database, text},
};

const SECOND: &str = "dana.voss@northwind.example";

fn set(world: &World, args: &[&str]) -> Result<String, String> {
    let args: Vec<&str> = ["staff", "set", DANA].iter().chain(args).copied().collect();
    world.run(&args)
}

/// Date, start, end and status of all entries, in that order.
fn drawn(world: &World) -> Vec<String> {
    let time = |entry: &Value, name| text(entry, name)[5..16].to_owned();
    let drawn =
        |entry: &Value| format!("{}: {} {} {}", &text(entry, "date")[5..], time(entry, "start"), time(entry, "end"), text(entry, "status"));
    let mut all: Vec<_> = world.entries().iter().map(drawn).collect();
    all.sort();
    all
}

/// The entry that begins at a time in March.
fn entry(world: &World, start: &str) -> Value {
    world.entries().into_iter().find(|one| text(one, "start") == format!("2026-03-{start}:00Z")).expect("an entry")
}

fn act(world: &World, act: &str, start: &str) {
    world.run(&["entries", act, text(&entry(world, start), "id")]).expect("done");
}

fn writes_nothing(world: &World) {
    let summary = world.sync();
    let saved: i64 = summary["calendars"].as_array().expect("calendars").iter().filter_map(|one| one["saved"].as_i64()).sum();
    assert_eq!((saved, &summary["entries"], &summary["exceptions"]), (0, &json!(0), &json!(0)), "{summary}");
}

fn invited(uid: &str, day: u32, who: &str) -> String {
    let people = format!("ORGANIZER:mailto:tom@acme.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{who}\r\n");
    event(uid, &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), "[ACME-15] Call", &people)
}

/// A few people, each with a calendar of her own, and a move from zone to zone.
const MOVES: [(&str, &str, &str, u32); 6] = [
    ("a", "UTC", "America/New_York", 10),
    ("b", "America/Los_Angeles", "Asia/Tokyo", 8),
    ("c", "Pacific/Auckland", "Pacific/Honolulu", 12),
    ("d", "Europe/Berlin", "Europe/London", 29),
    ("e", "Asia/Kolkata", "UTC", 1),
    ("f", "Europe/Berlin", "Asia/Tokyo", 15),
];

/// Meetings at all hours, some over midnight, a series, and days with hours.
fn weeks(seed: u32) -> Vec<String> {
    let titles = ["[ACME-15] Work", "[GBX-3] Call", "Something", "Interview: Kim", "[ACME-15] kickoff"];
    let mut state = seed * 7_919 + 13;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut events: Vec<String> = (0..26)
        .map(|number| {
            let (day, hour, length) = (2 + next(17), next(24), 1 + next(9));
            let end = (day + (hour + length) / 24, (hour + length) % 24);
            let title = titles[next(5) as usize];
            let (start, end) = (format!("202603{day:02}T{hour:02}0000Z"), format!("202603{:02}T{:02}3000Z", end.0, end.1));
            event(&format!("{seed}-{number}"), &start, &end, title, "")
        })
        .collect();
    events.push(event(&format!("{seed}-s"), "20260302T223000Z", "20260303T013000Z", "[GBX-3] Shift", "RRULE:FREQ=DAILY;COUNT=16\r\n"));
    let fair = event(&format!("{seed}-f"), "20260307", "20260313", "Fair", "");
    events.push(fair.replace("DTSTART:", "DTSTART;VALUE=DATE:").replace("DTEND:", "DTEND;VALUE=DATE:"));
    // At whatever time it is where she is.
    events.push(event(&format!("{seed}-l"), "20260304T080000", "20260304T090000", "[ACME-15] Local", "RRULE:FREQ=DAILY;COUNT=14\r\n"));
    events
}

/// Six people in a world of their own: what they are told, in two orders.
fn moved(world: &World, is_late: bool) {
    let rule =
        "rules:\n  - {id: fair, section: overrides, when: {all_day: true, title: {words: [fair]}}, set: {project: INT-1}, hours: 8h}\n";
    std::fs::write(world.path("rules/fair.yaml"), rule).expect("written");
    let email = |name: &str| format!("{name}@northwind.example");
    let moves = || {
        for (name, _, zone, day) in MOVES {
            world.run(&["staff", "set", &email(name), "--timezone", zone, "--from", &format!("2026-03-{day:02}")]).expect("moved");
        }
    };
    for (seed, (name, zone, ..)) in (1..).zip(MOVES) {
        world.run(&["staff", "add", &email(name), "--timezone", zone, "--first-day", "2026-03-01"]).expect("added");
        world.file(&format!("{name}.ics"), &weeks(seed));
        world.run(&["calendar", "add", "ics", "--staff", &email(name), "--file", &format!("{name}.ics")]).expect("added");
    }
    if is_late {
        world.sync();
    }
    moves();
    world.sync();
}

/// Entries and questions, but for what names them.
fn book(world: &World) -> (Vec<String>, Vec<String>, Vec<String>) {
    let plain = |mut one: Value, names: &[&str]| {
        for name in names {
            one[*name] = Value::Null;
        }
        one.to_string()
    };
    let mut entries: Vec<_> = world.entries().into_iter().map(|one| plain(one, &["id", "version", "event", "staff"])).collect();
    let named = ["id", "staff", "subject", "entry", "evidence"];
    let mut questions: Vec<_> = world.exceptions().into_iter().map(|one| plain(one, &named)).collect();
    let stands = world.rows("select provider_id || ' ' || first_date || ' ' || last_date from event order by provider_id");
    entries.sort();
    questions.sort();
    (entries, questions, stands)
}

on_each_database! {
    fn s15_a_move_that_is_told_later_gives_the_same_book(world: World) {
        let other = World::new("kalends.db".to_owned());
        moved(&world, true);
        moved(&other, false);
        let (found, expected) = (book(&world), book(&other));
        assert!(found.0.len() > 200, "{}", found.0.len());
        assert_eq!(found.0, expected.0);
        assert_eq!(found.1, expected.1);
        assert_eq!(found.2, expected.2);
        writes_nothing(&world);
    }

    fn s15_a_move_takes_drafts_along_and_asks_about_what_was_done(world: World) {
        let night = |uid: &str, day: u32| event(uid, &format!("202603{day:02}T020000Z"), &format!("202603{day:02}T030000Z"), "[ACME-15] Night", "");
        world.calendar(&[night("a", 5), night("b", 11), night("c", 12), night("d", 13), event("e", "20260310T150000Z", "20260310T160000Z", "[GBX-3] Day", "")]);
        world.sync();
        for start in ["11T02:00", "12T02:00"] {
            act(&world, "submit", start);
        }
        act(&world, "approve", "12T02:00");
        act(&world, "approve", "10T15:00");
        world.now("2026-03-20T13:00:00Z");
        let told = set(&world, &["--timezone", "America/New_York", "--from", "2026-03-10"]).expect("moved");
        assert!(told.contains("time zone UTC, from 2026-03-10 America/New_York") && told.contains("kalends sync"), "{told}");
        world.sync();
        let stands = [
            "03-05: 03-05T02:00 03-05T03:00 draft",
            // It was submitted, and is a draft again; on that day something was approved before it came.
            "03-10: 03-10T15:00 03-10T16:00 approved",
            "03-10: 03-11T02:00 03-11T03:00 draft",
            "03-12: 03-12T02:00 03-12T03:00 approved",
            "03-12: 03-13T02:00 03-13T03:00 draft",
        ];
        assert_eq!(drawn(&world), stands);
        assert_eq!(world.reasons(), ["changed-after-approval", "changed-after-submission", "late", "late"]);
        writes_nothing(&world);
        // Two zones stand in the list; who is there already goes nowhere.
        let list = world.run(&["staff", "list"]).expect("a list");
        assert!(list.contains("UTC") && list.contains("America/New_York from"), "{list}");
        let zones = &world.json(&["staff", "list"])[0]["timezones"];
        assert_eq!(*zones, json!([{ "from": null, "timezone": "UTC" }, { "from": "2026-03-10", "timezone": "America/New_York" }]));
        assert!(set(&world, &["--timezone", "America/New_York", "--from", "2026-03-12"]).expect("so already").contains("nothing was changed"));
        // Taken back, everything stands where it stood.
        set(&world, &["--timezone", "UTC", "--from", "2026-03-10"]).expect("back");
        world.sync();
        assert!(drawn(&world).contains(&"03-13: 03-13T02:00 03-13T03:00 draft".to_owned()), "{:?}", drawn(&world));
        assert!(world.reasons().is_empty(), "{:?}", world.reasons());
        writes_nothing(&world);
    }

    fn s15_what_names_no_zone_is_where_she_is_on_its_date(world: World) {
        let rule = "RRULE:FREQ=WEEKLY;BYDAY=WE,TH;COUNT=6\r\nEXDATE:20260318T080000\r\n";
        let changed = event("s", "20260311T070000", "20260311T080000", "[ACME-15] Run", "RECURRENCE-ID:20260311T080000\r\n");
        world.calendar(&[
            event("s", "20260304T080000", "20260304T090000", "[ACME-15] Run", rule),
            changed,
            event("x", "20260306T080000", "20260306T090000", "[GBX-3] Once", ""),
            event("y", "20260313T080000", "20260313T090000", "[GBX-3] Once", ""),
        ]);
        world.sync();
        act(&world, "approve", "04T08:00");
        act(&world, "approve", "06T08:00");
        set(&world, &["--timezone", "America/New_York", "--from", "2026-03-10"]).expect("moved");
        world.sync();
        let stands = [
            "03-04: 03-04T08:00 03-04T09:00 approved",
            "03-05: 03-05T08:00 03-05T09:00 draft",
            "03-06: 03-06T08:00 03-06T09:00 approved",
            "03-11: 03-11T11:00 03-11T12:00 draft",
            "03-12: 03-12T12:00 03-12T13:00 draft",
            "03-13: 03-13T12:00 03-13T13:00 draft",
            "03-19: 03-19T12:00 03-19T13:00 draft",
        ];
        assert_eq!(drawn(&world), stands);
        assert!(world.reasons().is_empty(), "{:?}", world.reasons());
        writes_nothing(&world);
    }

    fn s10_closed_books_keep_their_zone_and_their_days(world: World) {
        world.calendar(&[event("a", "20260303T020000Z", "20260303T030000Z", "[GBX-3] Night", ""), event("b", "20260318T020000Z", "20260318T030000Z", "[GBX-3] Night", "")]);
        world.sync();
        world.run(&["periods", "lock", "--through", "2026-03-10"]).expect("locked");
        for from in ["2026-02-01", "2026-03-10"] {
            let told = set(&world, &["--timezone", "America/New_York", "--from", from]).expect_err("closed");
            assert!(told.contains("closed through 2026-03-10") && told.contains("--from 2026-03-11"), "{told}");
        }
        let told = set(&world, &["--first-day", "2026-01-15"]).expect_err("closed");
        assert!(told.contains("closed through 2026-03-10"), "{told}");
        set(&world, &["--timezone", "America/New_York", "--from", "2026-03-11"]).expect("after it");
        set(&world, &["--first-day", "2026-03-15"]).expect("later");
        world.sync();
        assert_eq!(drawn(&world), ["03-03: 03-03T02:00 03-03T03:00 draft", "03-17: 03-18T02:00 03-18T03:00 draft"]);
        assert!(world.reasons().is_empty(), "{:?}", world.reasons());
        writes_nothing(&world);
    }

    fn s20_another_first_day_brings_days_or_takes_drafts(world: World) {
        let call = |day: u32| event(&format!("c{day}"), &format!("202603{day:02}T230000Z"), &format!("202603{:02}T010000Z", day + 1), "[GBX-3] Call", "");
        world.calendar(&[call(2), call(4), call(6)]);
        world.sync();
        act(&world, "approve", "02T23:00");
        let told = set(&world, &["--first-day", "2026-03-05"]).expect("later");
        assert!(told.contains("time counts from 2026-03-05") && told.contains("2 drafts before it will go; 1 entry that"), "{told}");
        world.sync();
        assert_eq!(
            drawn(&world),
            ["03-02: 03-02T23:00 03-03T00:00 approved", "03-05: 03-05T00:00 03-05T01:00 draft", "03-06: 03-06T23:00 03-07T00:00 draft", "03-07: 03-07T00:00 03-07T01:00 draft"]
        );
        assert_eq!(world.reasons(), ["changed-after-approval"]);
        let told = set(&world, &["--first-day", "2026-01-05"]).expect("earlier");
        assert!(told.contains("are read from 2026-01-19 on"), "{told}");
        world.sync();
        assert_eq!((world.entries().len(), world.reasons().len()), (6, 0));
        writes_nothing(&world);
        world.run(&["staff", "end", DANA, "--on", "2026-03-31"]).expect("ended");
        assert!(set(&world, &["--first-day", "2026-04-01"]).expect_err("too late").contains("her last day is 2026-03-31"));
    }

    fn s19_a_working_pattern_says_on_which_days_there_are_hours(world: World) {
        let rule = "rules:\n  - {id: fair, section: overrides, when: {all_day: true, title: {words: [fair]}}, set: {project: INT-1}, hours: 8h}\n";
        std::fs::write(world.path("rules/fair.yaml"), rule).expect("written");
        let fair = event("f", "20260302", "20260309", "Fair", "");
        world.calendar(&[fair.replace("DTSTART:", "DTSTART;VALUE=DATE:").replace("DTEND:", "DTEND;VALUE=DATE:")]);
        world.sync();
        let days = || world.entries().iter().map(|one| text(one, "date")[8..].to_owned()).collect::<Vec<_>>();
        assert_eq!(days(), ["02", "03", "04", "05", "06"]);
        let told = set(&world, &["--working", "tue-thu=8h,sat=4h30m"]).expect("fewer");
        assert!(told.contains("works tue-thu=8h,sat=4h30m, on all of her days"), "{told}");
        world.sync();
        assert_eq!(days(), ["03", "04", "05", "07"]);
        writes_nothing(&world);
        // As long, on the same days: nothing is derived.
        let told = set(&world, &["--working", "tue-thu=7h,sat=4h"]).expect("shorter");
        assert!(!told.contains("derived"), "{told}");
        assert_eq!(world.json(&["staff", "list"])[0]["working"], "tue-thu=7h,sat=4h");
    }

    fn s23_an_address_brings_what_it_was_invited_to_and_takes_it_away(world: World) {
        let called = [invited("a", 3, DANA), invited("b", 4, SECOND), invited("e", 10, SECOND), invited("c", 5, "kim@northwind.example"), event("d", "20260306T090000Z", "20260306T100000Z", "[GBX-3] Team", "")];
        world.file("team.ics", &called);
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--owner", "team@northwind.example", "--file", "team.ics"]).expect("added");
        world.sync();
        let days = || world.entries().iter().map(|one| text(one, "date")[8..].to_owned()).collect::<Vec<_>>();
        assert_eq!(days(), ["03"]);
        let told = set(&world, &["--add-address", "Dana.Voss@northwind.example"]).expect("added");
        assert!(told.contains(&format!("{DANA} is her address, and so is {SECOND}")) && told.contains("60 days back"), "{told}");
        world.sync();
        assert_eq!(days(), ["03", "04", "10"]);
        // The team's calendar is hers if the team's address is: what names nobody is then her own, and what names others may be.
        set(&world, &["--add-address", "team@northwind.example"]).expect("added");
        world.sync();
        assert_eq!(days(), ["03", "04", "05", "06", "10"]);
        let told = set(&world, &["--remove-address", "team@northwind.example"]).expect_err("a calendar");
        assert!(told.contains("the calendar team (") && told.contains("kalends calendar set"), "{told}");
        let calendars = world.json(&["calendar", "list"]);
        let team = calendars.as_array().expect("a list").iter().find(|one| one["name"] == "team").expect("it").clone();
        world.run(&["calendar", "set", text(&team, "id"), "--owner", SECOND]).expect("hers");
        set(&world, &["--remove-address", "team@northwind.example"]).expect("removed");
        world.sync();
        assert_eq!(days(), ["03", "04", "05", "06", "10"]);
        world.run(&["calendar", "set", text(&team, "id"), "--owner", "ops@northwind.example"]).expect("not hers");
        set(&world, &["--remove-address", SECOND]).expect("removed");
        // Four of five at once are believed once someone says so.
        world.sync();
        assert_eq!(world.reasons(), ["mass-deletion"]);
        world.run(&["calendar", "accept-removals", text(&team, "id")]).expect("meant");
        assert_eq!(days(), ["03"]);
        writes_nothing(&world);
    }

    fn addresses_are_one_persons_and_name_her(world: World) {
        world.run(&["staff", "add", "eva@northwind.example"]).expect("added");
        let told = set(&world, &["--email", "Eva@northwind.example"]).expect_err("taken");
        assert!(told.contains("eva@northwind.example is an address of eva"), "{told}");
        assert!(set(&world, &["--add-address", "dana"]).expect_err("none").contains("has an @"));
        assert!(set(&world, &["--remove-address", SECOND]).expect_err("none").contains("none of her addresses"));
        let told = set(&world, &["--remove-address", DANA]).expect_err("the only one");
        assert!(told.contains("without an address"), "{told}");
        assert!(set(&world, &["--email", SECOND, "--remove-address", SECOND]).expect_err("both").contains("at once"));
        assert_eq!(world.output(&["staff", "set", DANA]).status.code(), Some(2));
        assert!(world.json(&["audit"]).as_array().expect("rows").is_empty());
        set(&world, &["--email", SECOND, "--name", "Dana Voss"]).expect("married");
        let dana = world.json(&["staff", "list"]).as_array().expect("a list").iter().find(|one| one["name"] == "Dana Voss").expect("her").clone();
        assert_eq!(dana["addresses"], json!([SECOND, DANA]));
        let rows = world.json(&["audit"]);
        let row = &rows[0];
        assert_eq!((&row["act"], &row["actor"], &row["before"]["addresses"], &row["after"]["name"]), (&json!("set"), &json!("ops@northwind.example"), &json!([DANA]), &json!("Dana Voss")));
        assert!(world.run(&["audit", "--verify"]).expect("whole").contains("follows"));
    }

    fn an_address_that_was_removed_opens_nothing(world: World) {
        firm(&world);
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let sign_in = async |email| served.post("/sign-in", None, &[("email", email), ("password", PASSWORD)], &[]).await.status().as_u16();
            set(&world, &["--email", SECOND]).expect("another");
            assert_eq!(served.get("/week", Some(&dana)).await.status().as_u16(), 200);
            assert_eq!((sign_in(DANA).await, sign_in(SECOND).await), (303, 303));
            let calendars = world.json(&["calendar", "list"]);
            world.run(&["calendar", "set", text(&calendars[0], "id"), "--owner", SECOND]).expect("moved over");
            let told = world.run(&["staff", "set", SECOND, "--remove-address", DANA]).expect("removed");
            assert!(told.contains("sign in again"), "{told}");
            assert_eq!(served.get("/week", Some(&dana)).await.status().as_u16(), 303);
            assert_eq!((sign_in(DANA).await, sign_in(SECOND).await), (401, 303));
        });
    }
}
