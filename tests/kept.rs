//! What a calendar says and no book can keep: it costs no more than itself, and nobody else anything.

use serde_json::json;

use crate::{
    connecting::{accounts, connect},
    support::{DANA, World, event, on_each_database, text},
};

const KIM: &str = "kim@northwind.example";

fn refuse(world: &World) {
    if world.database.starts_with("postgres") {
        let _none = world
            .rows("create function refuse() returns trigger language plpgsql as 'begin raise exception using errcode = ''22000''; end'");
        let _none =
            world.rows("create trigger refused before insert on event for each row when (new.ical_uid = 'bad') execute function refuse()");
    } else {
        let _none =
            world.rows("create trigger refused before insert on event when new.ical_uid = 'bad' begin select raise(abort, 'no'); end");
    }
}

fn allow(world: &World) {
    let _none = if world.database.starts_with("postgres") {
        world.rows("drop trigger refused on event")
    } else {
        world.rows("drop trigger refused")
    };
}

on_each_database! {
    fn odd_text_costs_no_calendar(world: World) {
        let long = "u".repeat(3_000);
        world.calendar(&[
            event("a", "20260310T090000Z", "20260310T100000Z", "[ACME-15] Plan", ""),
            event("b", "20260311T090000Z", "20260311T100000Z", "[ACME-15] N\0l", "LOCATION:Ro\0om\r\n"),
            event(&long, "20260312T090000Z", "20260312T100000Z", "[ACME-15] Long", ""),
        ]);
        let firm = accounts(&world);
        let at = |hour: u32| json!({ "dateTime": format!("2026-03-13T{hour:02}:00:00Z"), "timeZone": "UTC" });
        let _kept = firm.google.add(&firm.at_google, &json!({ "summary": "[ACME-15] N\0l", "location": "\0", "start": at(9), "end": at(10) }));
        connect(&world, &["google"]).expect("connected");
        world.sync();
        let dates = || world.entries().iter().map(|entry| text(entry, "date")[8..].to_owned()).collect::<Vec<_>>();
        assert_eq!(dates(), ["10", "11", "12", "13"]);
        // The same name again is the same event.
        world.now("2026-03-20T13:00:00Z");
        world.calendar(&[event(&long, "20260312T110000Z", "20260312T120000Z", "[ACME-15] Long", "")]);
        world.sync();
        let long = world.entries().into_iter().filter(|entry| text(entry, "date") == "2026-03-12").collect::<Vec<_>>();
        assert_eq!((long.len(), &text(&long[0], "start")[11..13]), (1, "11"));
    }

    fn what_the_book_refuses_of_one_calendar_is_its_own_failure(world: World) {
        world.run(&["staff", "add", KIM, "--first-day", "2026-02-01"]).expect("added");
        let plan = event("a", "20260310T090000Z", "20260310T100000Z", "[ACME-15] Plan", "");
        world.file("kim.ics", std::slice::from_ref(&plan));
        world.run(&["calendar", "add", "ics", "--staff", KIM, "--file", "kim.ics"]).expect("added");
        world.calendar(&[plan, event("bad", "20260311T090000Z", "20260311T100000Z", "[ACME-15] Bad", "")]);
        world.run(&["rules", "reload"]).expect("active");
        refuse(&world);
        assert!(world.run(&["sync"]).is_err());
        assert_eq!(world.entries().iter().map(|entry| text(entry, "staff").to_owned()).collect::<Vec<_>>().len(), 1, "the others are read");
        let doctor = String::from_utf8_lossy(&world.output(&["doctor"]).stdout).into_owned();
        assert!(doctor.contains(DANA) && doctor.contains("cannot be kept in the book (the database's code is "), "{doctor}");
        assert_eq!(world.rows("select 'claimed' from poll where lease_by is not null"), Vec::<String>::new());
        for _ in 0..4 {
            assert!(world.run(&["sync"]).is_err());
        }
        assert_eq!(world.reasons(), ["source-broken"]);
        allow(&world);
        world.sync();
        assert_eq!((world.entries().len(), world.reasons()), (3, vec![]));
    }
}
