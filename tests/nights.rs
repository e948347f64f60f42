//! Meetings over midnight: each day's entry is held by what is asked, and by nothing else (S3, S4, S14).

use crate::support::{World, event, on_each_database, text};

fn night(title: &str, more: &str) -> String {
    event("night", "20260302T200000Z", "20260303T113000Z", title, more)
}

fn on(world: &World, date: &str) -> serde_json::Value {
    world.entries().into_iter().find(|entry| entry["date"] == date).unwrap_or_else(|| panic!("nothing on {date}"))
}

fn held(world: &World) -> Vec<bool> {
    world.entries().iter().map(|entry| entry["held"] == true).collect()
}

/// Reasons that are open, each with the date of its question.
fn asked(world: &World) -> Vec<(String, String)> {
    let open = world.exceptions();
    let reasons = open.iter().flat_map(|one| one["reasons"].as_array().expect("a list").iter().map(move |reason| (one, reason)));
    let mut asked: Vec<_> =
        reasons.map(|(one, reason)| (reason.as_str().expect("a word").to_owned(), text(one, "date").to_owned())).collect();
    asked.sort();
    asked
}

fn dismiss_all(world: &World) {
    for exception in world.exceptions() {
        world.run(&["exceptions", "dismiss", text(&exception, "id")]).expect("seen");
    }
}

on_each_database! {
    fn what_fits_the_second_day_alone_is_asked_there(world: World) {
        world.calendar(&[night("[GBX-3] Flight", "")]);
        world.sync();
        assert_eq!(asked(&world), [("day-too-full".into(), "2026-03-03".into()), ("too-long".into(), "2026-03-03".into())]);
        dismiss_all(&world);
        assert_eq!((asked(&world).len(), held(&world)), (0, vec![false, false]));
        for entry in world.entries() {
            world.run(&["entries", "submit", text(&entry, "id")]).expect("submitted");
        }
    }

    fn what_is_dismissed_once_holds_no_day(world: World) {
        world.calendar(&[event("night", "20260302T220000Z", "20260303T013000Z", "[GBX-3] Talk", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\r\n")]);
        world.sync();
        assert_eq!((asked(&world), held(&world)), (vec![("tentative".into(), "2026-03-02".into())], vec![true, true]));
        dismiss_all(&world);
        assert_eq!((asked(&world).len(), held(&world)), (0, vec![false, false]));
        world.sync();
        assert_eq!((asked(&world).len(), held(&world)), (0, vec![false, false]));
    }

    fn beside_an_approved_day_the_next_one_asks(world: World) {
        let talk = |more: &str| event("night", "20260302T220000Z", "20260303T013000Z", "[GBX-3] Talk", more);
        world.calendar(&[talk("")]);
        world.sync();
        world.run(&["entries", "approve", text(&on(&world, "2026-03-02"), "id")]).expect("approved");
        world.calendar(&[talk("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\r\n")]);
        world.sync();
        assert_eq!((asked(&world), &on(&world, "2026-03-03")["held"]), (vec![("tentative".into(), "2026-03-03".into())], &true.into()));
        dismiss_all(&world);
        assert_eq!((asked(&world).len(), &on(&world, "2026-03-03")["held"]), (0, &false.into()));
    }

    fn a_part_that_was_split_leaves_the_other_its_question(world: World) {
        world.calendar(&[event("night", "20260302T220000Z", "20260303T013000Z", "Nobody knows", "")]);
        world.sync();
        assert_eq!(asked(&world), [("unmatched".into(), "2026-03-02".into())]);
        world.run(&["entries", "split", text(&on(&world, "2026-03-02"), "id"), "50:project=ACME-15", "50:project=GBX-3"]).expect("split");
        assert_eq!((asked(&world), held(&world)), (vec![("unmatched".into(), "2026-03-03".into())], vec![false, false, true]));
        let question = world.exceptions()[0].clone();
        world.run(&["exceptions", "resolve", text(&question, "id"), "project=INT-1"]).expect("answered");
        assert_eq!((asked(&world).len(), held(&world)), (0, vec![false, false, false]));
    }
}
