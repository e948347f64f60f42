//! Calendar files and feeds as programs really write them: what stands in the book afterwards.

use serde_json::Value;

use crate::support::{DANA, Feed, World, event, on_each_database, text};

fn daily(more: &str) -> String {
    event("abc@google.com", "20260309T090000Z", "20260309T100000Z", "[ACME-15] Daily", more)
}

fn standing() -> String {
    event("z", "20260223T090000Z", "20260223T100000Z", "[GBX-3] Standing", "")
}

/// When the entries of a project start.
fn starts(world: &World, project: &str) -> Vec<String> {
    let of_project = |entry: &&Value| entry["project"] == project && entry["status"] != "void";
    let mut starts: Vec<_> = world.entries().iter().filter(of_project).map(|entry| text(entry, "start")[5..16].to_owned()).collect();
    starts.sort();
    starts
}

/// The days on which something is asked, and what.
fn asked(world: &World) -> Vec<(String, String)> {
    world.exceptions().iter().map(|one| (text(one, "date").to_owned(), one["reasons"].to_string())).collect()
}

fn invited(answers: &str) -> Vec<String> {
    let crowd: Vec<_> = (0..1_100).map(|guest| format!("ATTENDEE;PARTSTAT=ACCEPTED:mailto:p{guest}@northwind.example\r\n")).collect();
    let crowd = crowd.concat();
    let more = format!("ORGANIZER:mailto:boss@northwind.example\r\n{crowd}ATTENDEE;PARTSTAT={answers}:mailto:{DANA}\r\n");
    vec![standing(), event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] All hands", &more)]
}

fn calendar(events: &[String]) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.concat())
}

on_each_database! {
    fn s7_an_occurrence_whose_override_cannot_be_read_is_neither_there_nor_gone(world: World) {
        let series = daily("RRULE:FREQ=DAILY;COUNT=3\r\n");
        let override_ = daily("RECURRENCE-ID:20260310T090000Z\r\n").replace("DTSTART:20260309T090000Z", "DTSTART;TZID=Mars/Base:20260310T110000");
        world.calendar(&[standing(), series.clone(), override_.clone()]);
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), ["03-09T09:00", "03-11T09:00"]);
        assert_eq!(asked(&world), [("2026-03-10".to_owned(), "[\"unknown-timezone\"]".to_owned())]);
        // What was known of it before stands; another occurrence is taken out all the same.
        world.calendar(&[standing(), series.clone()]);
        world.sync();
        assert_eq!((starts(&world, "ACME-15").len(), asked(&world).len()), (3, 0));
        world.calendar(&[standing(), series.replace("RRULE", "EXDATE:20260311T090000Z\r\nRRULE"), override_]);
        world.sync();
        assert_eq!((starts(&world, "ACME-15"), asked(&world).len()), (vec!["03-09T09:00".to_owned(), "03-10T09:00".to_owned()], 1));
    }

    fn s2_a_series_that_google_split_in_its_feed_keeps_its_entries(world: World) {
        world.calendar(&[standing(), daily("RRULE:FREQ=DAILY;COUNT=4\r\n")]);
        world.sync();
        let on = |date: &str| world.entries().iter().find(|entry| entry["date"] == date).map(|entry| text(entry, "id").to_owned()).expect("an entry");
        let (edited, approved) = (on("2026-03-11"), on("2026-03-12"));
        world.run(&["entries", "set", &edited, "task=Review"]).expect("edited");
        world.run(&["entries", "approve", &approved]).expect("approved");
        let later = event("abc_R20260311T090000@google.com", "20260311T110000Z", "20260311T120000Z", "[ACME-15] Daily", "RRULE:FREQ=DAILY;COUNT=2\r\n");
        world.calendar(&[standing(), daily("RRULE:FREQ=DAILY;UNTIL=20260310T235959Z\r\n"), later]);
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), ["03-09T09:00", "03-10T09:00", "03-11T11:00", "03-12T09:00"]);
        assert_eq!((on("2026-03-11"), world.reasons()), (edited, vec!["changed-after-approval".to_owned()]));
    }

    fn s23_she_answers_wherever_she_stands_in_the_list(world: World) {
        world.calendar(&invited("DECLINED"));
        world.sync();
        assert!(starts(&world, "ACME-15").is_empty());
        world.calendar(&invited("DELEGATED"));
        world.sync();
        assert!(starts(&world, "ACME-15").is_empty());
        world.calendar(&invited("ACCEPTED"));
        world.sync();
        assert_eq!(starts(&world, "ACME-15").len(), 1);
    }

    fn s23_her_no_is_heard_however_her_address_is_written(world: World) {
        let (name, domain) = DANA.split_once('@').expect("an address");
        for line in [
            format!("ATTENDEE;PARTSTAT=DECLINED:mailto:{name}%40{domain}"),
            format!("ATTENDEE;PARTSTAT=DECLINED:\"MAILTO:{DANA}?subject=no\""),
            format!("ATTENDEE;CN={DANA};PARTSTAT=DECLINED:invalid:nomail"),
            format!("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{DANA}\r\nATTENDEE;PARTSTAT=DECLINED:SMTP:{DANA}"),
        ] {
            let meeting = event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Call", &format!("{line}\r\n"));
            world.calendar(&[standing(), meeting]);
            world.sync();
            assert!(starts(&world, "ACME-15").is_empty(), "{line}");
        }
    }

    fn s4_what_programs_write_wrongly_makes_no_hour_more_and_none_less(world: World) {
        let weekly = event("w", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Weekly", "RRULE:FREQ=WEEKLY;BYDAY=MO,1WE;COUNT=3\r\n");
        let place = "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=Main St 1\\; Linz:geo:48.3,14.2\r\n";
        let (attached, shown) = ("A".repeat(70_000), "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna");
        let single = event("s", "20260305T090000Z", "20260305T100000Z", "[ACME-15] Visit", &format!("{place}ATTACH;ENCODING=BASE64:{attached}\r\n"));
        let named = |at: &str| format!(";TZID=\"{shown}\":{at}");
        let call = event("c", "20260306T090000Z", "20260306T090000Z", "[ACME-15] Call", "")
            .replace(":20260306T090000Z\r\nDTEND:20260306T090000Z", &format!("{}\r\nDTEND:20260306T110000", named("20260306T100000")));
        world.calendar(&[standing(), weekly, single, call]);
        world.sync();
        assert_eq!(starts(&world, "ACME-15"), ["03-02T09:00", "03-04T09:00", "03-05T09:00", "03-06T09:00", "03-09T09:00"]);
        let seconds: i64 = world.entries().iter().filter(|entry| entry["project"] == "ACME-15").filter_map(|entry| entry["seconds"].as_i64()).sum();
        assert_eq!((seconds, asked(&world)), (5 * 3600, vec![]));
    }

    fn s23_whatever_is_on_a_calendar_that_is_all_hers_is_hers(world: World) {
        world.file("team.ics", &[event("t", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Visit", "ORGANIZER:mailto:tom@northwind.example\r\n")]);
        let add = ["calendar", "add", "ics", "--staff", DANA, "--file", "team.ics", "--owner", "tom@northwind.example", "--whose", "mine"];
        world.run(&add).expect("added");
        world.sync();
        assert!(starts(&world, "ACME-15").is_empty());
        let calendars = world.json(&["calendar", "list"]);
        let team = calendars.as_array().expect("a list").iter().find(|one| one["whose"] == "mine" && one["owner"] != DANA).expect("it");
        world.run(&["calendar", "set", text(team, "id"), "--whose", "all"]).expect("set");
        world.sync();
        assert_eq!(starts(&world, "ACME-15").len(), 1);
    }

    fn s16_a_long_event_makes_time_on_all_its_days(world: World) {
        world.now("2026-05-29T12:00:00Z");
        world.calendar(&[event("l", "20260302T090000Z", "20260601T090000Z", "[ACME-15] On site", "")]);
        world.sync();
        let days = starts(&world, "ACME-15");
        assert_eq!((days.len(), days.last().map(String::as_str)), (88, Some("05-28T00:00")));
    }

    fn s25_a_calendar_file_is_read_no_further_than_the_limit(world: World) {
        std::fs::remove_file(world.path("work.ics")).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", world.path("work.ics")).expect("a device");
        assert!(world.run(&["sync"]).expect_err("refused").contains("this is not a file"));
        std::fs::remove_file(world.path("work.ics")).expect("removed");
        std::fs::File::create(world.path("work.ics")).and_then(|file| file.set_len(1 << 36)).expect("a hole");
        assert!(world.run(&["sync"]).expect_err("refused").contains("more than 67108864 bytes"));
        assert_eq!(world.reasons(), ["unreadable-calendar"]);
    }

    fn s4_a_feed_that_was_cut_off_is_asked_about_when_that_stays_so(world: World) {
        let whole = calendar(&[standing()]);
        let feed = Feed::start(whole.clone());
        world.configure_lasting(&format!("feeds: {{allow: [\"{}\"]}}\n", feed.host()));
        world.run(&["keys", "generate"]).expect("a key");
        std::fs::write(world.path("address"), format!("http://{}/basic.ics\n", feed.host())).expect("written");
        world.run(&["calendar", "add", "ics", "--staff", DANA, "--url-file", "address"]).expect("added");
        world.sync();
        feed.says(&whole[..whole.find("END:VEV").expect("an event") + 7]);
        for hour in 13..18 {
            assert!(world.reasons().is_empty(), "{hour}");
            world.now(&format!("2026-03-2{}T{hour}:00:00Z", hour % 10));
            assert!(world.run(&["sync"]).expect_err("cut off").contains("cut off"));
        }
        assert_eq!((world.reasons(), starts(&world, "GBX-3").len()), (vec!["source-broken".to_owned()], 1));
    }
}
