//! A project that lists its tasks has no other: what people say is held to the list wherever they say it, and what stood before is asked about.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    api::{Api, full_token},
    pages::{EVA, PASSWORD, block_on, firm, served},
    support::{DANA, World, event, on_each_database, text},
};

/// From now on GBX-3 has these tasks, or any where none is named.
fn tasks(world: &World, tasks: &str) {
    let lines =
        include_str!("firm/clients.yaml").replace("GBX-3: {name: Data migration, ", &format!("GBX-3: {{name: Data migration, {tasks}"));
    assert!(tasks.is_empty() || lines.contains(tasks));
    std::fs::write(world.path("rules/clients.yaml"), lines).expect("written");
    world.sync();
}

const LISTED: &str = "tasks: [Design, Retro], ";

fn meetings(world: &World) -> String {
    world.calendar(&[
        event("a", "20260302T090000Z", "20260302T100000Z", "[GBX-3] Call", ""),
        event("b", "20260303T090000Z", "20260303T100000Z", "[GBX-9] Call", ""),
        event("c", "20260304T090000Z", "20260304T100000Z", "Who knows", ""),
    ]);
    world.sync();
    text(&on(world, "2026-03-02"), "id").to_owned()
}

fn on(world: &World, date: &str) -> Value {
    world.entries().into_iter().find(|entry| entry["date"] == date).expect("an entry")
}

fn asked(world: &World, date: &str) -> Value {
    world.exceptions().into_iter().find(|one| one["date"] == date).expect("a question")
}

on_each_database! {
    fn a_task_that_a_project_does_not_list_is_not_taken(world: World) {
        tasks(&world, LISTED);
        let entry = meetings(&world);
        let question = text(&asked(&world, "2026-03-04"), "id").to_owned();
        let refused = |args: &[&str]| world.run(args).expect_err("no such task");
        // The project is on the entry already.
        assert!(refused(&["entries", "set", &entry, "task=Banana"]).contains("GBX-3 has no task Banana; it has Design, Retro\n"));
        assert!(refused(&["entries", "set", &entry, "task=Desing"]).contains("it has Design, Retro; did you mean Design?"));
        assert!(refused(&["entries", "split", &entry, "50:task=Banana", "50:project=GBX-9"]).contains("GBX-3 has no task Banana"));
        assert!(refused(&["exceptions", "resolve", &question, "project=GBX-3", "task=Banana"]).contains("GBX-3 has no task Banana"));
        let add = ["entries", "add", "--staff", DANA, "--date", "2026-03-05", "--start", "09:00", "--end", "10:00", "project=GBX-3", "task=Banana"];
        assert!(refused(&add).contains("GBX-3 has no task Banana"));
        // Where the project goes, so does its list.
        world.run(&["entries", "set", &entry, "project=GBX-9", "task=Banana"]).expect("any task");
        world.run(&["entries", "set", &entry, "client=globex", "project=GBX-3", "task=design"]).expect("in any case");
        let after = on(&world, "2026-03-02");
        assert_eq!((text(&after, "task"), &after["held"]), ("Design", &json!(false)));
        world.run(&["entries", "split", &entry, "50:task=retro", "50:project=GBX-9,task=Banana"]).expect("each has its own");
    }

    fn the_api_says_at_which_field_and_what_there_is(world: World) {
        tasks(&world, LISTED);
        let entry = meetings(&world);
        let (token, question) = (full_token(&world, "reads", DANA), text(&asked(&world, "2026-03-04"), "id").to_owned());
        let api = Api::serve(&world);
        let told = |method: &str, path: &str, body: &Value| {
            let answer = api.send(&token, method, path, &[("If-Match", "\"1\"")], Some(body));
            (answer.status, answer.body["errors"][0].clone())
        };
        let misfit = |pointer: &str| (422, json!({ "pointer": pointer, "detail": "GBX-3 has no task Banana; it has Design, Retro" }));
        assert_eq!(told("PATCH", &format!("/entries/{entry}"), &json!({ "task": "Banana" })), misfit("/task"));
        let parts = json!({ "parts": [{ "share": 1, "project": "GBX-9", "task": "Banana" }, { "share": 1, "task": "Banana" }] });
        assert_eq!(told("POST", &format!("/entries/{entry}/split"), &parts), misfit("/parts/1/task"));
        assert_eq!(told("POST", &format!("/exceptions/{question}/resolve"), &json!({ "project": "GBX-3", "task": "Banana" })), misfit("/task"));
    }

    fn a_task_that_its_project_no_longer_has_is_asked_about(world: World) {
        let entry = meetings(&world);
        world.run(&["entries", "set", &entry, "task=Banana"]).expect("any task");
        world.run(&["entries", "submit", &entry]).expect("submitted");
        world.run(&["entries", "set", text(&on(&world, "2026-03-03"), "id"), "project=GBX-3", "task=Banana"]).expect("any task");
        world.run(&["exceptions", "resolve", text(&asked(&world, "2026-03-04"), "id"), "project=GBX-9", "task=Banana"]).expect("any task");
        tasks(&world, LISTED);
        // What was submitted is not approved with it, though no task is required.
        let (after, question) = (on(&world, "2026-03-02"), asked(&world, "2026-03-02"));
        assert_eq!((text(&after, "status"), &after["held"], text(&after, "task")), ("draft", &json!(true), "Banana"));
        assert_eq!((text(&question, "reason"), text(&question, "message")), ("missing-field", "its task is none of those that GBX-3 has: Design, Retro"));
        let dismissed = world.run(&["exceptions", "dismiss", text(&question, "id")]).expect_err("not seen away");
        assert!(dismissed.contains("assign them"), "{dismissed}");
        let other = asked(&world, "2026-03-03");
        assert_eq!(text(&other, "reason"), "missing-field");
        world.run(&["exceptions", "resolve", text(&other, "id"), "task=Design"]).expect("answered");
        assert_eq!((on(&world, "2026-03-03")["held"].clone(), text(&on(&world, "2026-03-03"), "task")), (json!(false), "Design"));
        // It is the same where the project changes under the task.
        let other = text(&on(&world, "2026-03-04"), "id").to_owned();
        world.run(&["entries", "set", &other, "project=GBX-3"]).expect("of which the task is none");
        assert_eq!(text(&asked(&world, "2026-03-04"), "reason"), "missing-field");
        tasks(&world, "");
        assert_eq!((on(&world, "2026-03-04")["held"].clone(), world.exceptions().len()), (json!(false), 0));
    }

    fn of_many_questions_those_whose_project_lacks_the_task_are_left(world: World) {
        tasks(&world, "required: [task], tasks: [Design, Retro], ");
        firm(&world);
        std::fs::write(
            world.path("rules/clients.yaml"),
            std::fs::read_to_string(world.path("rules/clients.yaml")).expect("read").replace("      INT-2:", "      INT-3: {name: Training, billable: false, required: [task], tasks: [Retro]}\n      INT-2:"),
        ).expect("written");
        world.calendar(&[
            event("a", "20260305T090000Z", "20260305T100000Z", "[GBX-3] Call", ""),
            event("b", "20260306T090000Z", "20260306T100000Z", "[INT-3] Call", ""),
        ]);
        world.sync();
        let questions: Vec<_> = ["2026-03-05", "2026-03-06"].map(|date| text(&asked(&world, date), "id").to_owned()).into();
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let mut form = vec![("csrf", eva.csrf.as_str()), ("act", "change"), ("task", "Design")];
            let ticked: Vec<_> = questions.iter().map(|id| format!("{id}:1")).collect();
            form.extend(ticked.iter().map(|one| ("one", one.as_str())));
            let done = served.post("/queue/bulk", Some(&eva), &form, &[]).await;
            assert_eq!(done.status(), StatusCode::SEE_OTHER);
            assert!(done.headers()["location"].to_str().expect("text").contains("some"), "{:?}", done.headers());
        });
        assert_eq!(["2026-03-05", "2026-03-06"].map(|date| on(&world, date)["task"].clone()), [json!("Design"), Value::Null]);
    }
}
