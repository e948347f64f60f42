//! What the form of a question says: what was typed, and nothing that only stood in it. And the way back of what was taken out of a week.

use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    pages::{EVA, PASSWORD, block_on, firm, served, with_password},
    support::{DANA, World, event, on_each_database, text},
};

const BEN: &str = "ben@northwind.example";

/// Dana's meeting with odd seconds, and one of Ben's in the hour that comes twice.
fn odd_times(world: &World) {
    firm(world);
    world.now("2026-11-20T12:00:00Z");
    world.run(&["staff", "add", BEN, "--timezone", "Europe/Berlin", "--first-day", "2026-02-01"]).expect("added");
    with_password(world, EVA, &["--role", "staff", "--role", "reviewer", "--reviews", "everyone"]);
    world.calendar(&[event("x", "20261102T100037Z", "20261102T110052Z", "Something odd", "")]);
    world.file(
        "ben.ics",
        &[
            event("n", "20261025T013000Z", "20261025T023000Z", "Something at night", ""),
            event("m", "20261025T003000Z", "20261025T013000Z", "Something twice", ""),
        ],
    );
    world.run(&["calendar", "add", "ics", "--staff", BEN, "--file", "ben.ics"]).expect("added");
    world.sync();
}

fn entry(world: &World, start: &str) -> Value {
    world.entries().into_iter().find(|one| one["start"] == start).unwrap_or_else(|| panic!("none at {start}: {:?}", world.entries()))
}

on_each_database! {
    fn where_the_task_is_missing_the_first_answers_are_the_tasks_of_the_project(world: World) {
        let clients = std::fs::read_to_string(world.path("rules/clients.yaml")).expect("read");
        assert!(clients.contains("GBX-3: {name: Data migration, "));
        let listed = clients.replace("GBX-3: {name: Data migration, ", "GBX-3: {name: Data migration, required: [client, project, task], tasks: [Planning, Review], ");
        std::fs::write(world.path("rules/clients.yaml"), listed).expect("written");
        firm(&world);
        world.calendar(&[event("x", "20260302T100000Z", "20260302T110000Z", "[GBX-3] Something", "")]);
        world.sync();
        let asked = world.exceptions().into_iter().find(|one| one["reason"] == "missing-field" && one["date"] == "2026-03-02").expect("a question");
        let path = format!("/queue/{}", text(&asked, "id"));
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let page = served.get(&format!("/queue?item={}", text(&asked, "id")), Some(&eva)).await.text().await.expect("a page");
            let values: Vec<_> = page.split("name=\"likely\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()).take(2).collect();
            assert_eq!(values, ["task=Planning", "task=Review"]);
            let done = served.post(&path, Some(&eva), &[("likely", "task=Planning"), ("csrf", &eva.csrf)], &[]).await;
            assert_eq!(done.status(), StatusCode::SEE_OTHER);
        });
        let after = entry(&world, "2026-03-02T10:00:00Z");
        assert_eq!((text(&after, "task"), &after["held"]), ("Planning", &Value::Bool(false)));
    }

    fn an_answer_changes_no_time_that_was_not_changed(world: World) {
        odd_times(&world);
        let cases = [("2026-11-02T10:00:37Z", 3615, ("10:00", "11:00")), ("2026-10-25T01:30:00Z", 3600, ("02:30", "03:30")), ("2026-10-25T00:30:00Z", 3600, ("02:30", "02:30"))];
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            for (start, seconds, (from, until)) in cases {
                let of = entry(&world, start)["id"].clone();
                let asked = world.exceptions().into_iter().find(|one| one["entry"] == of).expect("a question");
                let was = [format!("start={from}"), format!("end={until}")];
                let form = [("project", "GBX-3"), ("task", ""), ("billable", "no"), ("start", from), ("end", until), ("description", ""), ("was", &was[0]), ("was", &was[1]), ("csrf", eva.csrf.as_str())];
                let done = served.post(&format!("/queue/{}", text(&asked, "id")), Some(&eva), &form, &[]).await;
                assert_eq!(done.status(), StatusCode::SEE_OTHER, "{start}: {}", done.text().await.expect("a page"));
                let after = entry(&world, start);
                assert_eq!((&after["seconds"], text(&after, "project"), &after["billable"]), (&seconds.into(), "GBX-3", &Value::Bool(false)), "{start}");
            }
        });
        // Nor is any time pinned: only what was typed was decided.
        assert_eq!(world.rows("select distinct kind from decision"), ["assign"]);
    }

    fn what_was_taken_out_of_a_week_is_brought_back(world: World) {
        firm(&world);
        let work = entry(&world, "2026-03-03T09:00:00Z");
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let week = || async { served.get("/week?of=2026-03-02", Some(&dana)).await.text().await.expect("a page") };
            let path = format!("/entries/{}", text(&work, "id"));
            let act = |act: &'static str| {
                let (served, dana, path) = (&served, &dana, &path);
                async move { served.post(path, Some(dana), &[("act", act), ("csrf", &dana.csrf)], &[]).await.status() }
            };
            assert!(!week().await.contains("Taken out of this week"));
            assert_eq!(act("not-work").await, StatusCode::SEE_OTHER);
            let page = week().await;
            assert!(page.contains("Taken out of this week (1)") && page.contains("Work") && page.contains("Bring it back"), "{page}");
            assert_eq!(act("undo").await, StatusCode::SEE_OTHER);
            assert!(!week().await.contains("Taken out of this week"));
        });
        assert_eq!(entry(&world, "2026-03-03T09:00:00Z")["status"], "draft");
    }
}
