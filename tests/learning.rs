//! What people decide again and again becomes a rule that would have decided it; and what most likely answers a question is said wherever
//! it is asked.

use serde_json::{Value, json};

use crate::support::{World, event, on_each_database, text};

fn at(number: usize, title: &str, more: &str) -> String {
    let (day, hour) = (2 + number / 4, 8 + 2 * (number % 4));
    event(&format!("e{number}"), &format!("202603{day:02}T{hour:02}0000Z"), &format!("202603{day:02}T{hour:02}5900Z"), title, more)
}

fn with(email: &str) -> String {
    format!(
        "ORGANIZER:mailto:dana@northwind.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@northwind.example\r\nATTENDEE:mailto:{email}\r\n"
    )
}

/// Answers every open question about an event of this title, at most so many.
fn answer(world: &World, title: &str, fields: &[&str], most: usize) -> usize {
    let mut done = 0;
    for question in world.exceptions() {
        let told = world.json(&["rules", "explain", text(&question, "id")]);
        let words = world.run(&["rules", "explain", text(&question, "id")]).expect("explained");
        if done < most && words.starts_with(title) {
            assert!(told["outcome"] != Value::Null);
            let id = text(&question, "id").to_owned();
            world.run(&[&["exceptions", "resolve", &id][..], fields].concat()).expect("answered");
            done += 1;
        }
    }
    done
}

fn suggestions(world: &World) -> Vec<Value> {
    world.json(&["rules", "suggest"])["suggestions"].as_array().expect("a list").clone()
}

fn firm(world: &World) {
    // Rules that say why they are allowed to be as they are do not keep others from being found.
    let ended = "rules:\n  # kalends: allow R013 because days of that spring can still be derived again\n  - {id: spring, section: overrides, until: 2025-04-30, when: {title: {words: [spring campaign]}}, set: {project: ACME-15}}\n";
    std::fs::write(world.path("rules/spring.yaml"), ended).expect("written");
    let borealis = with("ana@borealis.example");
    let titles = ["Borealis weekly", "Sprint planning", "Talk", "Review"];
    let events: Vec<_> = (0..20).map(|number| at(number, titles[number % 4], if number % 4 == 2 { &borealis } else { "" })).collect();
    world.calendar(&events);
    world.sync();
}

on_each_database! {
    fn what_was_decided_again_and_again_becomes_a_rule_that_loads(world: World) {
        firm(&world);
        assert_eq!(suggestions(&world), [] as [Value; 0]);
        assert_eq!(world.json(&["rules", "suggest"])["yaml"], Value::Null, "no file of no rules");
        assert_eq!(answer(&world, "Borealis weekly", &["project=GBX-3"], 3), 3);
        assert_eq!(answer(&world, "Talk", &["project=ACME-15"], 2), 2);
        // Decided once: a whim. Decided in two ways: no rule.
        assert_eq!(answer(&world, "Sprint planning", &["project=ACME-12"], 1), 1);
        assert_eq!(answer(&world, "Review", &["project=ACME-12"], 2) + answer(&world, "Review", &["project=GBX-3"], 2), 4);
        let found = suggestions(&world);
        let told: Vec<_> = found.iter().map(|one| (one["support"].clone(), one["against"].clone(), one["cleared_exceptions"].clone())).collect();
        assert_eq!(told, [(json!(3), json!(0), json!(2)), (json!(2), json!(0), json!(3))], "{found:#?}");
        assert!(text(&found[0], "rule").contains(r#"title: {words: ["borealis weekly"]}"#), "{}", text(&found[0], "rule"));
        assert!(text(&found[1], "rule").contains(r#"attendees: {any: ["borealis.example"]}"#), "{}", text(&found[1], "rule"));
        let yaml = text(&world.json(&["rules", "suggest"]), "yaml").to_owned();
        assert!(found.iter().all(|one| yaml.contains(&format!("id: {}", text(one, "id")))), "{yaml}");
        let open = world.exceptions().len();
        let out = world.output(&["rules", "suggest", "--write", "learnt.yaml"]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        assert!(world.run(&["rules", "suggest", "--write", "learnt.yaml"]).expect_err("there").contains("there already"));
        assert!(String::from_utf8_lossy(&out.stderr).contains("a daemon that watches this folder makes it active by itself"));
        let elsewhere = world.output(&["rules", "suggest", "--write", "./learnt.yaml"]);
        assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("it is not among the rule files: nothing comes of it until it stands in "));
        world.run(&["rules", "check"]).expect("it loads");
        assert_eq!(std::fs::read_to_string(world.path("rules/learnt.yaml")).expect("a file"), yaml);
        let uneven = String::from_utf8(world.output(&["rules", "fmt", "--check"]).stdout).expect("text");
        assert!(uneven.contains("of 4 files") && !uneven.contains("learnt.yaml"), "what kalends writes is in its own format: {uneven}");
        assert!(world.run(&["rules", "test"]).expect("they pass").starts_with("11 tests, 0 failed"));
        let done = world.json(&["rules", "reload"]);
        assert_eq!((&done["outcome"], open - world.exceptions().len()), (&json!("active"), 5));
        assert_eq!(suggestions(&world), [] as [Value; 0], "what a rule says is learnt");
    }

    fn task_and_billable_are_learnt_where_people_said_them_each_time(world: World) {
        let titles = ["Launch", "Standby", "Numbers", "Retrospect"];
        world.calendar(&(0..16).map(|number| at(number, titles[number % 4], "")).collect::<Vec<_>>());
        world.sync();
        assert_eq!(answer(&world, "Launch", &["project=GBX-3", "billable=no"], 3), 3);
        assert_eq!(answer(&world, "Standby", &["project=ACME-15", "task=Hotline"], 3), 3);
        // Each has another task: the rule leaves that to people, and says so.
        for task in ["Audit", "Forecast", "Budget"] {
            assert_eq!(answer(&world, "Numbers", &["project=GBX-9", &format!("task={task}")], 1), 1);
        }
        // What is paid was decided in two ways: no rule.
        assert_eq!(answer(&world, "Retrospect", &["project=GBX-9", "billable=no"], 2) + answer(&world, "Retrospect", &["project=GBX-9", "billable=yes"], 1), 3);
        let found = suggestions(&world);
        let told: Vec<_> = found.iter().map(|one| (text(one, "rule").lines().last().unwrap_or_default().trim(), one["support"].clone(), one["other_task"].clone(), one["against"].clone())).collect();
        let wanted = [
            ("set: {project: \"GBX-3\", billable: false}", 0), ("set: {project: \"GBX-9\"}", 3), ("set: {project: \"ACME-15\", task: \"Hotline\"}", 0),
        ];
        for (rule, other_task) in wanted {
            assert!(told.contains(&(rule, json!(3), json!(other_task), json!(0))), "{rule}: {told:#?}");
        }
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        let shown = world.run(&["rules", "suggest"]).expect("shown");
        assert!(shown.contains("would have decided 3 answers, 0 of them otherwise; people chose another task in 3"), "{shown}");
        world.run(&["rules", "suggest", "--write", "learnt.yaml"]).expect("written");
        world.run(&["rules", "test"]).expect("they pass");
        world.run(&["rules", "reload"]).expect("active");
        let stands = |title: &str| {
            let mut paid: Vec<_> = world.entries().iter().filter(|entry| {
                world.run(&["rules", "explain", text(entry, "id")]).expect("explained").starts_with(title)
            }).map(|entry| (entry["project"].clone(), entry["task"].clone(), entry["billable"].clone())).collect();
            paid.dedup();
            paid
        };
        assert_eq!(stands("Launch").iter().map(|(project, _, paid)| (project, paid)).collect::<Vec<_>>(), [(&json!("GBX-3"), &json!(false))]);
        assert_eq!(stands("Standby").len(), 1, "the one that nobody answered is like the others");
        assert_eq!(suggestions(&world), [] as [Value; 0], "what a rule says is learnt");
    }

    fn what_is_learnt_hides_no_guests_and_takes_no_clients_time_to_another(world: World) {
        let (acme, globex) = (with("tom@acme.example"), with("bo@globex.example"));
        let mut events: Vec<_> = (0..4).map(|number| at(number, &format!("Beer {number}"), &acme)).collect();
        events.extend((4..8).map(|number| at(number, "Fika", "")));
        events.extend((8..12).map(|number| at(number, "Weekly", &globex)));
        world.calendar(&events);
        world.sync();
        for entry in world.entries() {
            let words = world.run(&["rules", "explain", text(&entry, "id")]).expect("explained");
            let value = if words.starts_with("Weekly") { "project=ACME-15" } else { "not_work=yes" };
            world.run(&["entries", "set", text(&entry, "id"), value]).expect("decided");
        }
        let found = suggestions(&world);
        let rules: Vec<&str> = found.iter().map(|one| text(one, "rule")).collect();
        assert_eq!(found.len(), 2, "that clients' people are there never says that it is no work: {found:#?}");
        assert!(rules.iter().any(|rule| rule.contains("fika") && rule.contains("guests: {max: 0}")), "{rules:?}");
        assert!(rules.iter().any(|rule| rule.contains("weekly") && rule.contains("client_domain: {is: [\"globex\"]}") && rule.contains("over:")), "{rules:?}");
        world.run(&["rules", "suggest", "--write", "learnt.yaml"]).expect("written");
        world.run(&["rules", "reload"]).expect("active");
        events.push(at(12, "Quarterly review and fika", &acme));
        events.push(at(13, "Core banking kickoff", &globex));
        events.push(at(14, "Weekly", &acme.replace("ATTENDEE:mailto:tom", "ATTENDEE:mailto:bo@globex.example\r\nATTENDEE:mailto:tom")));
        events.push(at(15, "Weekly", &globex));
        world.calendar(&events);
        world.sync();
        let stands: Vec<_> = world.entries().iter().filter(|entry| text(entry, "date") == "2026-03-05").map(|entry| entry["client"].clone()).collect();
        assert_eq!(stands[..2], [json!("acme"), json!("globex")], "{stands:?}");
        assert_eq!(stands[3], json!("acme"), "what was decided each time");
    }

    fn two_series_of_one_title_are_two_rules(world: World) {
        let series = |number: u32, uid: &str| {
            let day = 2 + number;
            event(uid, &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T095900Z"), "Jour fixe", &format!("RECURRENCE-ID:202603{day:02}T090000Z\r\n"))
        };
        let events: Vec<_> = (0..6).map(|number| series(number, if number % 2 == 0 { "one@firm" } else { "two@firm" })).collect();
        world.calendar(&events);
        world.sync();
        for (entry, project) in world.entries().iter().zip(["GBX-3", "ACME-15"].into_iter().cycle()) {
            world.run(&["entries", "set", text(entry, "id"), &format!("project={project}")]).expect("decided");
        }
        let found = suggestions(&world);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert_ne!(text(&found[0], "id"), text(&found[1], "id"));
        assert_eq!(found[0]["decided_so"].as_array().map(Vec::len), Some(3));
        world.run(&["rules", "suggest", "--write", "learnt.yaml"]).expect("written");
        world.run(&["rules", "test"]).expect("they pass");
    }

    fn what_is_learnt_leaves_codes_alone_that_a_title_names(world: World) {
        let globex = with("bo@globex.example");
        let titles = ["Weekly", "Outlook", "Planning", "Numbers", "[GBX-9] Pitch deck"];
        let events: Vec<_> = titles.iter().enumerate().map(|(number, title)| at(number, title, &globex)).collect();
        world.calendar(&events[..4]);
        world.sync();
        for title in &titles[..4] {
            assert_eq!(answer(&world, title, &["project=GBX-3"], 1), 1);
        }
        world.run(&["rules", "suggest", "--write", "learnt.yaml"]).expect("written");
        world.run(&["rules", "reload"]).expect("active");
        world.calendar(&events);
        world.sync();
        let project = |entry: &Value| text(entry, "project").to_owned();
        assert_eq!(world.entries().iter().map(project).collect::<Vec<_>>(), ["GBX-3", "GBX-3", "GBX-3", "GBX-3", "GBX-9"]);
    }

    fn what_was_decided_against_a_rule_goes_over_it_and_no_work_is_learnt_too(world: World) {
        let acme = with("tom@acme.example");
        let mut events: Vec<_> = (0..4).map(|number| at(number, "Globex handshake", &acme)).collect();
        events.extend((4..8).map(|number| at(number, "School run", "")));
        world.calendar(&events);
        world.sync();
        assert_eq!(answer(&world, "Globex handshake", &["project=GBX-9"], 3), 3);
        for question in world.exceptions().iter().filter(|one| one["reason"] == "unmatched").take(2) {
            world.run(&["exceptions", "dismiss", text(question, "id"), "--not-work"]).expect("no work");
        }
        let found = suggestions(&world);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(text(&found[0], "rule").contains("over: [\"client-by-name\"]") || text(&found[0], "rule").contains("client-by-domain"), "{}", text(&found[0], "rule"));
        let id = text(&found[1], "id").to_owned();
        assert!(text(&found[1], "rule").contains("skip: not work"), "{}", text(&found[1], "rule"));
        world.run(&["rules", "suggest", "--only", &id, "--write", "school.yaml"]).expect("written");
        world.run(&["rules", "reload"]).expect("active");
        assert_eq!(suggestions(&world).len(), 1);
        assert!(!world.reasons().contains(&"unmatched".to_owned()));
        // Files that do not load, or whose tests fail, are never written beside.
        std::fs::write(world.path("rules/broken.yaml"), "tests:\n  - {name: no, event: {title: x}, expect: {client: acme}}\n").expect("written");
        let refused = world.output(&["rules", "suggest", "--write", "more.yaml"]);
        assert!(refused.status.code() == Some(3) && !world.path("rules/more.yaml").exists());
    }

    fn a_question_is_shown_with_what_most_likely_answers_it(world: World) {
        firm(&world);
        answer(&world, "Borealis weekly", &["project=GBX-3"], 3);
        answer(&world, "Sprint planning", &["project=ACME-12"], 1);
        let words = |id: &str| world.run(&["rules", "explain", id]).expect("explained");
        let question = world.exceptions().into_iter().find(|one| words(text(one, "id")).starts_with("Borealis weekly")).expect("a question");
        let told = world.json(&["exceptions", "show", text(&question, "id")]);
        let first = &told["likely"][0];
        assert_eq!((text(first, "project"), text(first, "why")), ("GBX-3", "same title, 3 times"), "{told:#}");
        assert_eq!(text(&told["likely"][1], "project"), "ACME-12");
        let shown = world.run(&["exceptions", "show", text(&question, "id")]).expect("shown");
        assert!(shown.contains("likely  GBX-3") && shown.contains("same title, 3 times"), "{shown}");
    }

    fn what_was_no_work_before_most_likely_is_none_again(world: World) {
        let mut events: Vec<_> = (0..4).map(|number| at(number, "Fika", "")).collect();
        events.push(at(4, "[ACME-15] Kickoff", ""));
        events.push(at(5, "Talk", ""));
        world.calendar(&events);
        world.sync();
        let open = world.exceptions();
        let titled = |title: &str| open.iter().filter(|one| world.run(&["rules", "explain", text(one, "id")]).expect("explained").starts_with(title)).collect::<Vec<_>>();
        let (fika, talk) = (titled("Fika"), titled("Talk"));
        for question in &fika[..3] {
            world.run(&["exceptions", "dismiss", text(question, "id"), "--not-work"]).expect("no work");
        }
        let told = world.json(&["exceptions", "show", text(fika[3], "id")]);
        assert_eq!((&told["likely"][0]["not_work"], text(&told["likely"][0], "why")), (&json!(true), "same title, 3 times"), "{told:#}");
        assert!(world.run(&["exceptions", "show", text(fika[3], "id")]).expect("shown").contains("likely  not work"));
        let told = world.json(&["exceptions", "show", text(talk[0], "id")]);
        assert!(told["likely"].as_array().expect("a list").iter().all(|one| one["not_work"] == json!(false)), "of others it says nothing: {told:#}");
    }
}
