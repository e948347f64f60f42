//! Ways out of an overlap (S4, S12): what two entries have in common goes to one or is shared, and nothing else of either is lost.

use crate::support::{World, event, on_each_database, text};

/// An entry by its project, where it is and how many minutes.
type Line = (String, String, String, i64);

fn lines(world: &World) -> Vec<Line> {
    let clock = |at: &str| format!("{}T{}", &at[8..10], &at[11..16]);
    let all = world.entries();
    let line = |entry: &serde_json::Value| {
        let minutes = entry["seconds"].as_i64().expect("seconds") / 60;
        (text(entry, "project").to_owned(), clock(text(entry, "start")), clock(text(entry, "end")), minutes)
    };
    let mut lines: Vec<_> = all.iter().map(line).collect();
    lines.sort_by(|one, other| one.1.cmp(&other.1).then_with(|| one.cmp(other)));
    lines
}

fn expected(lines: &[(&str, &str, &str, i64)]) -> Vec<Line> {
    lines.iter().map(|(project, from, until, minutes)| ((*project).to_owned(), (*from).to_owned(), (*until).to_owned(), *minutes)).collect()
}

/// An event, its times as `02T09:00` in March.
fn work(uid: &str, from: &str, until: &str, title: &str) -> String {
    let at = |time: &str| format!("202603{}00Z", time.replace(':', ""));
    event(uid, &at(from), &at(until), title, "")
}

fn drafted(world: &World, events: &[String]) {
    world.calendar(events);
    world.sync();
}

/// Answers every overlap that is asked about, and says by what id the last is taken back.
fn resolve(world: &World, way: &str) -> String {
    let mut last = None;
    while let Some(one) = world.exceptions().into_iter().find(|one| one["reason"] == "overlap") {
        let id = text(&one, "id").to_owned();
        world.run(&["exceptions", "resolve", &id, "--overlap", way]).expect("settled");
        last = Some(id);
    }
    world.sync();
    assert!(world.reasons().is_empty(), "{way}");
    last.expect("an overlap")
}

on_each_database! {
    fn s4_of_an_event_inside_another_only_the_common_time_is_shared(world: World) {
        let (outer, inner) = (work("a", "02T09:00", "02T12:00", "[ACME-15] Workshop"), work("b", "02T10:00", "02T10:30", "[GBX-3] Call"));
        drafted(&world, &[outer, inner]);
        let before = lines(&world);
        let around = |until, from, minutes: [i64; 3]| {
            let [first, call, last] = minutes;
            vec![("ACME-15", "02T09:00", until, first), ("GBX-3", until, from, call), ("ACME-15", from, "02T12:00", last)]
        };
        let ways = [
            ("this", around("02T10:00", "02T10:30", [60, 30, 90])),
            ("other", vec![("ACME-15", "02T09:00", "02T12:00", 180)]),
            ("split", around("02T10:15", "02T10:30", [75, 15, 90])),
            ("prorate", around("02T10:04", "02T10:30", [64, 26, 90])),
        ];
        for (way, after) in ways {
            let id = resolve(&world, way);
            assert_eq!(lines(&world), expected(&after), "{way}");
            world.run(&["exceptions", "undo", &id]).expect("taken back");
            assert_eq!((lines(&world), world.reasons()), (before.clone(), vec!["overlap".to_owned()]), "{way}");
        }
    }

    fn s12_an_entry_gives_way_to_several_and_what_was_approved_of_it_stays(world: World) {
        let outer = work("a", "02T09:00", "02T12:00", "[ACME-15] Workshop");
        let (late, early) = (work("b", "02T11:00", "02T11:30", "[GBX-3] Late"), work("c", "02T09:30", "02T10:00", "[GBX-3] Early"));
        drafted(&world, &[outer.clone(), late.clone()]);
        resolve(&world, "this");
        let after_call = world.entries().into_iter().find(|entry| text(entry, "start").contains("T11:30")).expect("the last part");
        world.run(&["entries", "submit", text(&after_call, "id")]).expect("submitted");
        drafted(&world, &[outer, late, early]);
        resolve(&world, "this");
        let parts = [("ACME-15", "02T09:00", "02T09:30", 30), ("GBX-3", "02T09:30", "02T10:00", 30), ("ACME-15", "02T10:00", "02T11:00", 60)];
        let parts = [parts.as_slice(), &[("GBX-3", "02T11:00", "02T11:30", 30), ("ACME-15", "02T11:30", "02T12:00", 30)]].concat();
        assert_eq!(lines(&world), expected(&parts));
        let submitted: Vec<_> = world.entries().into_iter().filter(|entry| entry["status"] == "submitted").collect();
        assert_eq!((submitted.len(), &submitted[0]["id"]), (1, &after_call["id"]));
    }

    fn s4_what_keeps_nothing_on_one_day_keeps_its_other_days(world: World) {
        let (night, call) = (work("a", "02T22:00", "03T02:00", "[ACME-15] Night"), work("b", "03T00:00", "03T03:00", "[GBX-3] Call"));
        drafted(&world, &[night.clone(), call.clone()]);
        resolve(&world, "this");
        assert_eq!(lines(&world), expected(&[("ACME-15", "02T22:00", "03T00:00", 120), ("GBX-3", "03T00:00", "03T03:00", 180)]));
        // The other way round nobody is left to ask for the whole but the second day.
        let (night, call) = (work("c", "04T22:00", "05T02:00", "Untold"), work("d", "04T21:00", "05T00:00", "[GBX-3] Call"));
        drafted(&world, &[night, call]);
        let asked = || world.exceptions().into_iter().find(|one| one["reasons"].to_string().contains("overlap")).expect("a question");
        world.run(&["exceptions", "resolve", text(&asked(), "id"), "--overlap", "other"]).expect("settled");
        assert_eq!(world.reasons(), ["unmatched"]);
        let asked = world.exceptions().remove(0);
        let left = world.entries().into_iter().find(|entry| entry["project"].is_null()).expect("the second day");
        assert_eq!((&asked["entry"], text(&left, "date")), (&left["id"], "2026-03-05"));
        world.run(&["exceptions", "resolve", text(&asked, "id"), "project=ACME-15"]).expect("answered");
        assert!(world.reasons().is_empty());
        assert!(world.entries().iter().all(|entry| entry["held"] == false));
    }

    fn s12_what_was_given_up_is_asked_about_when_its_event_moves(world: World) {
        let (one, other) = (work("a", "02T09:00", "02T10:00", "[ACME-15] Meeting"), work("b", "02T08:30", "02T10:30", "[GBX-3] Workshop"));
        drafted(&world, &[one, other.clone()]);
        resolve(&world, "other");
        assert_eq!(lines(&world), expected(&[("GBX-3", "02T08:30", "02T10:30", 120)]));
        drafted(&world, &[work("a", "02T14:00", "02T15:00", "[ACME-15] Meeting"), other]);
        assert_eq!(world.reasons(), ["edit-outdated"]);
        let asked = world.exceptions().remove(0);
        world.run(&["exceptions", "resolve", text(&asked, "id"), "when=follow"]).expect("answered");
        assert_eq!(lines(&world), expected(&[("GBX-3", "02T08:30", "02T10:30", 120), ("ACME-15", "02T14:00", "02T15:00", 60)]));
    }

    fn s12_a_part_of_a_split_gives_way_alone(world: World) {
        drafted(&world, &[work("a", "02T09:00", "02T10:00", "[ACME-15] Meeting"), work("b", "02T09:50", "02T10:50", "[INT-1] Call")]);
        let whole = world.entries().into_iter().find(|entry| entry["project"] == "ACME-15").expect("an entry");
        world.run(&["entries", "split", text(&whole, "id"), "50:project=ACME-15", "50:project=GBX-3"]).expect("split");
        resolve(&world, "this");
        let first = ("ACME-15", "02T09:00", "02T09:30", 30);
        assert_eq!(lines(&world), expected(&[first, ("GBX-3", "02T09:30", "02T09:50", 20), ("INT-1", "02T09:50", "02T10:50", 60)]));
    }

    fn s12_a_part_that_is_asked_about_gives_way_alone(world: World) {
        drafted(&world, &[work("a", "02T09:00", "02T10:00", "[ACME-15] Meeting"), work("b", "02T09:10", "02T09:40", "[INT-1] Call")]);
        let whole = world.entries().into_iter().find(|entry| entry["project"] == "ACME-15").expect("an entry");
        resolve(&world, "this");
        let all = [("ACME-15", "02T09:00", "02T09:10", 10), ("INT-1", "02T09:10", "02T09:40", 30), ("ACME-15", "02T09:40", "02T10:00", 20)];
        assert_eq!(lines(&world), expected(&all));
        // Divided anew, what was given up stays given up, and the parts are laid around it.
        world.run(&["entries", "split", text(&whole, "id"), "50:project=ACME-15", "50:project=GBX-3"]).expect("split");
        let (call, last) = (("INT-1", "02T09:10", "02T09:40", 30), ("GBX-3", "02T09:40", "02T10:00", 20));
        assert_eq!(lines(&world), expected(&[all[0], call, last]));
    }
}
