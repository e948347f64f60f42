//! Taking back what was decided (S12): who may, from where, and what stands in the audit of it (S22).

use serde_json::{Value, json};

use crate::{
    api::{Api, full_token},
    pages::{EVA, PASSWORD, Person, Served, block_on, firm, served},
    support::{DANA, World, event, on_each_database, text},
};

fn id_of(list: &[Value], name: &str, value: &str) -> String {
    list.iter().find(|one| one[name] == value).map(|one| text(one, "id").to_owned()).expect("one")
}

/// Sends a form, and says by what it is taken back.
async fn done(served: &Served, who: &Person, path: &str, form: &[(&str, &str)]) -> String {
    let answer = served.post(path, Some(who), &[form, &[("csrf", &who.csrf)]].concat(), &[]).await;
    let next = answer.headers()["location"].to_str().expect("text").to_owned();
    next.split("undo=").nth(1).and_then(|rest| rest.split('&').next()).expect("a way back").to_owned()
}

async fn undo(served: &Served, who: &Person, batch: &str) -> u16 {
    served.post(&format!("/undo/{batch}"), Some(who), &[("csrf", &who.csrf)], &[]).await.status().as_u16()
}

on_each_database! {
    fn who_reviews_no_more_takes_nothing_back(world: World) {
        firm(&world);
        let question = id_of(&world.exceptions(), "reason", "unmatched");
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let batch = done(&served, &eva, &format!("/queue/{question}"), &[("likely", "project=GBX-3")]).await;
            world.run(&["users", "set", EVA, "--role", "staff"]).expect("set");
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            assert_eq!(undo(&served, &eva, &batch).await, 409);
        });
        assert!(world.entries().iter().any(|entry| entry["project"] == "GBX-3"));
    }

    fn a_person_and_her_token_are_one(world: World) {
        firm(&world);
        let question = id_of(&world.exceptions(), "reason", "unmatched");
        let token = full_token(&world, "own", DANA);
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let api = Api::at(served.host());
            let send = |act: &str, body: Option<&Value>| {
                let tag = api.send(&token, "GET", &format!("/exceptions/{question}"), &[], None).header("etag").to_owned();
                api.send(&token, "POST", &format!("/exceptions/{question}/{act}"), &[("If-Match", &tag)], body)
            };
            done(&served, &dana, &format!("/queue/{question}"), &[("likely", "project=GBX-3")]).await;
            assert_eq!((send("undo", None).status, world.reasons()), (200, vec!["unmatched".to_owned()]));
            assert_eq!(send("resolve", Some(&json!({ "project": "GBX-3" }))).status, 200);
            let batch = world.rows(if world.database.starts_with("postgres") {
                "select batch::text from decision where retracted_at is null and batch is not null"
            } else {
                "select lower(hex(batch)) from decision where retracted_at is null and batch is not null"
            });
            assert_eq!((undo(&served, &dana, &batch[0]).await, world.reasons()), (303, vec!["unmatched".to_owned()]));
        });
    }

    fn an_answer_that_leaves_something_open_is_taken_back_too(world: World) {
        world.calendar(&[event("t", "20260302T090000Z", "20260302T100000Z", "Who knows", "STATUS:TENTATIVE\r\nX-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\r\n")]);
        world.sync();
        assert_eq!(world.reasons(), ["tentative", "unmatched"]);
        let question = id_of(&world.exceptions(), "reason", "unmatched");
        assert!(world.run(&["exceptions", "undo", &question]).expect_err("nothing").contains("nothing to take back"));
        world.run(&["exceptions", "resolve", &question, "project=GBX-3"]).expect("answered");
        assert_eq!(world.reasons(), ["tentative"]);
        world.run(&["exceptions", "undo", &question]).expect("taken back");
        assert_eq!(world.reasons(), ["tentative", "unmatched"]);
        assert!(world.run(&["exceptions", "undo", &question]).expect_err("nothing").contains("nothing to take back"));
    }

    fn what_is_taken_back_of_a_question_is_its_answer(world: World) {
        firm(&world);
        let weekly = |day: u32| event(&format!("w{day}"), &format!("202603{day:02}T140000Z"), &format!("202603{day:02}T150000Z"), "Borealis weekly", "");
        let known = event("x", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Now known", "");
        world.calendar(&[weekly(4), weekly(11), known, event("y", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Work", "")]);
        world.sync();
        let asked = world.exceptions().into_iter().filter(|one| one["reason"] == "unmatched").collect::<Vec<_>>();
        let question = text(&asked[0], "id").to_owned();
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            done(&served, &eva, &format!("/queue/{question}"), &[("likely", "project=GBX-3"), ("all", "1")]).await;
        });
        let of = |project: &str| world.entries().into_iter().filter(|one| one["project"] == project).collect::<Vec<_>>();
        assert_eq!((of("GBX-3").len(), world.reasons().len()), (2, 0));
        world.now("2026-03-20T12:05:00Z");
        for entry in of("GBX-3") {
            world.run(&["entries", "set", text(&entry, "id"), "billable=no"]).expect("set");
        }
        world.now("2026-03-20T12:10:00Z");
        world.run(&["exceptions", "undo", &question]).expect("taken back");
        assert_eq!((of("GBX-3").len(), world.reasons()), (1, vec!["unmatched".to_owned()]));
        assert!(world.entries().iter().filter(|one| one["project"] != "ACME-15").all(|one| one["billable"] == json!(false)), "{:?}", world.entries());
    }

    fn s22_a_change_that_is_taken_back_is_in_the_audit(world: World) {
        firm(&world);
        let entry = id_of(&world.entries(), "project", "ACME-15");
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let batch = done(&served, &dana, &format!("/entries/{entry}"), &[("act", "change"), ("billable", "no")]).await;
            assert_eq!(undo(&served, &dana, &batch).await, 303);
        });
        let rows = world.json(&["audit", &entry]);
        let told: Vec<_> = rows.as_array().expect("rows").iter().map(|row| (text(row, "actor"), text(row, "act"), row["before"]["billable"].clone(), row["after"]["billable"].clone())).collect();
        let (yes, no) = (json!(true), json!(false));
        assert!(told.contains(&(DANA, "change", yes.clone(), no.clone())) && told.contains(&(DANA, "undo", no, yes)) && told.len() == 2, "{told:?}");
    }
}
