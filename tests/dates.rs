//! Where an act may leave time (S10, S20): not in a period whose books are locked, and on no day that is none of hers; through every way in.

use serde_json::json;

use crate::{
    api::{Api, full_token},
    pages::{PASSWORD, block_on, served, with_password},
    support::{DANA, World, event, on_each_database, text},
};

/// An entry of an event on the 10th, one that was written, and one of an event on the 3rd, all in one book.
fn prepared(world: &World) -> [String; 3] {
    world.calendar(&[
        event("a", "20260310T090000Z", "20260310T100000Z", "[ACME-15] Work", ""),
        event("b", "20260303T090000Z", "20260303T100000Z", "[GBX-3] Early", ""),
        event("c", "20260312T090000Z", "20260312T100000Z", "Who knows", ""),
    ]);
    world.sync();
    world
        .run(&["entries", "add", "--staff", DANA, "--date", "2026-03-11", "--start", "09:00", "--end", "10:00", "project=ACME-12"])
        .expect("written");
    ["ACME-15", "ACME-12", "GBX-3"]
        .map(|project| world.entries().iter().find(|one| one["project"] == project).map(|one| text(one, "id").to_owned()).expect("one"))
}

fn lock(world: &World) {
    world.run(&["periods", "lock", "--through", "2026-03-05", "--staff", DANA, "--why", "billed"]).expect("locked");
}

/// The fields that move time to a morning.
fn at(date: &str) -> [String; 2] {
    [format!("start={date}T09:00:00Z"), format!("end={date}T10:00:00Z")]
}

on_each_database! {
    fn nobody_moves_time_to_where_it_would_be_lost(world: World) {
        let [derived, written, _] = prepared(&world);
        lock(&world);
        let before = (world.entries(), world.exceptions());
        let question = world.exceptions().iter().find(|one| one["reason"] == "unmatched").map(|one| text(one, "id").to_owned()).expect("asked");
        let token = full_token(&world, "dates", DANA);
        world.run(&["users", "set", DANA, "--role", "staff"]).expect("set");
        let api = Api::serve(&world);
        for (date, told) in [("2026-03-03", "locked through 2026-03-05"), ("2026-01-20", "none of her days"), ("2026-02-20", "locked through 2026-03-05")] {
            let [start, end] = at(date);
            for command in [vec!["entries", "set", &derived], vec!["entries", "set", &written], vec!["exceptions", "resolve", &question, "project=ACME-15"]] {
                let refused = world.run(&[command.as_slice(), &[&start, &end]].concat()).expect_err(date);
                assert!(refused.contains(told), "{command:?} {date}: {refused}");
            }
            let body = json!({ "start": start.trim_start_matches("start="), "end": end.trim_start_matches("end=") });
            for id in [&derived, &written] {
                let tag = api.send(&token, "GET", &format!("/entries/{id}"), &[], None).header("etag").to_owned();
                let got = api.send(&token, "PATCH", &format!("/entries/{id}"), &[("If-Match", &tag)], Some(&body));
                assert!([409, 422].contains(&got.status) && got.body["detail"].as_str().is_some_and(|words| words.contains(told)), "{}", got.body);
            }
        }
        assert_eq!((world.entries(), world.exceptions()), before);
    }

    fn what_is_taken_back_does_not_fall_into_a_locked_period(world: World) {
        let [_, _, early] = prepared(&world);
        with_password(&world, DANA, &["--role", "staff"]);
        let [start, end] = at("2026-03-11").map(|field| field.split_once('=').map(|(_, value)| value.to_owned()).expect("a value").replace("T09", "T13").replace("T10", "T14"));
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let form = [("act", "change"), ("start", &start), ("end", &end), ("csrf", &dana.csrf)];
            let moved = served.post(&format!("/entries/{early}"), Some(&dana), &form, &[]).await;
            let next = moved.headers()["location"].to_str().expect("text").to_owned();
            let batch = next.split("undo=").nth(1).and_then(|rest| rest.split('&').next()).expect("a way back").to_owned();
            lock(&world);
            let before = world.entries();
            let undone = served.post(&format!("/undo/{batch}"), Some(&dana), &[("csrf", &dana.csrf)], &[]).await;
            assert_eq!((undone.status().as_u16(), world.entries()), (409, before));
            // Nor does what follows its event there.
            let followed = world.run(&["entries", "set", &early, "when=follow"]).expect_err("locked");
            assert!(followed.contains("locked through 2026-03-05"), "{followed}");
        });
        assert_eq!(world.reasons(), ["unmatched"]);
    }
}
