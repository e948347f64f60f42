//! The pages of rules: who sees them, what they say beside the commands, and that trying something writes nothing.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::{
    pages::{PASSWORD, Person, Served, block_on, served, with_password},
    support::{DANA, World, event, on_each_database, text},
};

const OPS: &str = "olga@northwind.example";
const ADMIN: &str = "ada@northwind.example";
const REVIEWER: &str = "eva@northwind.example";
/// Runs the system, and reviews everyone's time too.
const BOTH: &str = "kim@northwind.example";

/// Dana's time, and those who look at the rules of it.
fn firm(world: &World) {
    for (email, roles) in [
        (OPS, &["--role", "ops"][..]),
        (ADMIN, &["--role", "admin"]),
        (REVIEWER, &["--role", "staff", "--role", "reviewer", "--reviews", "everyone"]),
        (BOTH, &["--role", "ops", "--role", "reviewer", "--reviews", "everyone"]),
    ] {
        world.run(&["staff", "add", email, "--timezone", "UTC", "--first-day", "2026-02-01"]).expect("added");
        with_password(world, email, roles);
    }
    with_password(world, DANA, &["--role", "staff"]);
    let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:omar@globex.example\r\n";
    world.calendar(&[
        event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Kickoff", ""),
        event("b", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Secret planning", ""),
        event("c", "20260304T090000Z", "20260304T100000Z", "Lunch", ""),
        event("d", "20260305T090000Z", "20260305T100000Z", "Globex secrets", guest),
        event("e", "20260306T060000Z", "20260306T180000Z", "[ACME-15] Long", ""),
        event("f", "20260309T090000Z", "20260309T100000Z", "Nobody knows", ""),
        event("g", "20260310T090000Z", "20260310T100000Z", "interview: Sam", ""),
    ]);
    world.sync();
}

async fn page(served: &Served, who: &Person, path: &str) -> String {
    let answer = served.get(path, Some(who)).await;
    let status = answer.status();
    let text = answer.text().await.expect("a page");
    assert_eq!(status, 200, "{path}: {text}");
    text
}

async fn posted(served: &Served, who: &Person, path: &str, form: &[(&str, &str)]) -> (u16, String) {
    let form: Vec<(&str, &str)> = form.iter().copied().chain([("csrf", who.csrf.as_str())]).collect();
    let answer = served.post(path, Some(who), &form, &[]).await;
    (answer.status().as_u16(), answer.text().await.expect("a page"))
}

/// Text as a page has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What stands in the element of this id.
fn inside(page: &str, id: &str) -> String {
    let rest = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}")).1;
    let text = rest.split_once('>').expect("a tag").1.split("</pre>").next().expect("its end");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The row of one rule: what it does, its hits and its last hit.
fn row(page: &str, rule: &str) -> (String, String, String) {
    let row = page
        .split("<tr>")
        .find(|row| row.contains(&format!("<th scope=\"row\"><code>{rule}</code>")))
        .unwrap_or_else(|| panic!("no {rule}"));
    let cell = |name: &str| {
        let cell = row
            .split_once(&format!("data-is=\"{name}\">"))
            .unwrap_or_else(|| panic!("{name}: {row}"))
            .1
            .split("</td>")
            .next()
            .expect("its end");
        let words: String = cell.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
        words.trim().to_owned()
    };
    (cell("Does"), cell("Hits"), cell("Last hit"))
}

/// Everything that could have been written.
fn book(world: &World) -> Vec<String> {
    let files = std::fs::read_dir(world.path("rules")).expect("a folder").map(|file| {
        let file = file.expect("a file").path();
        format!("{}: {}", file.display(), std::fs::read_to_string(&file).expect("text"))
    });
    let mut files: Vec<String> = files.collect();
    files.sort();
    let tables = [
        world.rows("select digest from active_rule_set"),
        world.rows("select digest from rule_set order by digest"),
        world.rows("select 'reloads ' || count(*) from rule_reload"),
        world.rows("select 'decisions ' || count(*) from decision"),
        world.rows("select act || ' ' || subject from audit where act <> 'sign-in' order by seq"),
        world.rows("select 'changes ' || count(*) from change"),
        world.rows("select rule || ' ' || date || ' ' || hits from rule_hit where hits > 0 order by rule, date"),
    ];
    let (entries, exceptions) = (world.entries(), world.exceptions());
    files.into_iter().chain(tables.concat()).chain(entries.iter().chain(&exceptions).map(ToString::to_string)).collect()
}

fn is_untouched(world: &World, before: &[String]) {
    let now = book(world);
    let (gone, new): (Vec<_>, Vec<_>) =
        (before.iter().filter(|line| !now.contains(line)).collect(), now.iter().filter(|line| !before.contains(line)).collect());
    assert!(gone.is_empty() && new.is_empty(), "gone: {gone:#?}\nnew: {new:#?}");
}

fn hours(seconds: &Value) -> String {
    let seconds = seconds.as_i64().expect("seconds");
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}

/// What a page has to say of a difference: its sums, and each move in its order.
fn difference(told: &Value) -> Vec<String> {
    let number = |name: &str| told[name].as_u64().expect("a number");
    let entries = |number: u64| format!("{number} {}", if number == 1 { "entry" } else { "entries" });
    let billable = told["billable_seconds"].as_i64().expect("seconds");
    let sign = if billable < 0 { "−" } else { "+" };
    let mut lines = vec![
        format!("{} of {} would change", number("changed"), entries(number("entries"))),
        format!("({:.1} %); billable time {sign}{} h", told["percent"].as_f64().expect("a part"), hours(&json!(billable.abs()))),
    ];
    for (name, words) in [
        ("newly_matched", "newly matched"),
        ("newly_unmatched", "newly unmatched"),
        ("into_queue", "into the queue"),
        ("out_of_queue", "out of the queue"),
    ] {
        let sum = &told[name];
        lines.push(format!(
            "<th scope=\"row\">{words}</th><td class=\"n\">{}</td><td class=\"n\">{} h</td>",
            sum["entries"],
            hours(&sum["seconds"])
        ));
    }
    for (name, words) in [("new_exceptions", "new exceptions"), ("cleared_exceptions", "cleared exceptions")] {
        lines.push(format!("<th scope=\"row\">{words}</th><td class=\"n\">{}</td>", told[name]));
    }
    lines.extend(told["moves"].as_array().expect("moves").iter().map(|one| {
        format!(
            "<th scope=\"row\"><bdi>{}</bdi></th> <td data-is=\"To\"><bdi>{}</bdi></td> <td data-is=\"Because of\"><code>{}</code></td><td class=\"n\" data-is=\"Entries\">{}</td> <td class=\"n\" data-is=\"h\">{}</td>",
            escaped(text(one, "from")),
            escaped(text(one, "to")),
            escaped(text(one, "cause")),
            one["entries"],
            hours(&one["seconds"])
        )
        .replace("</th> <td", "</th><td")
        .replace("</td> <td", "</td><td")
    }));
    lines
}

/// The shipped rules with a rule before all others.
fn with_rule(world: &World, rule: &str) -> String {
    let text = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("rules");
    text.replace("\nrules:\n", &format!("\nrules:\n  - {rule}\n"))
}

fn explained(world: &World, event: &Value) -> Value {
    let mut child = world.spawn_with_input(&["rules", "explain", "--event", "-", "--format", "json"]);
    write!(child.stdin.take().expect("stdin"), "{event}").expect("typed");
    let out = child.wait_with_output().expect("it ran");
    assert!(out.status.success(), "{event}");
    serde_json::from_slice(&out.stdout).expect("JSON")
}

on_each_database! {
    fn rules_are_for_whoever_runs_the_system(world: World) {
        firm(&world);
        block_on(async {
            let served = served(&world);
            for (email, status) in [(OPS, 200), (ADMIN, 200), (BOTH, 200), (REVIEWER, 404), (DANA, 404)] {
                let who = served.sign_in(email, PASSWORD).await.expect("signed in");
                for path in ["/rules", "/rules/findings/r004", "/rules/playground", "/rules/playground?test=0", "/rules/edit", "/rules/edit?file=rules/rules.yaml", "/rules/history", "/rules/history/1", "/rules/compare?one=1"] {
                    assert_eq!(served.get(path, Some(&who)).await.status(), status, "{email} {path}");
                }
                for (path, form) in [("/rules/playground", ("title", "x")), ("/rules/edit", ("file", "rules/rules.yaml"))] {
                    assert_eq!(posted(&served, &who, path, &[form]).await.0, status, "{email} {path}");
                }
                let home = served.get("/catalog", Some(&who)).await.text().await.expect("a page");
                assert_eq!(home.contains("href=\"/rules\""), status == 200, "{email}");
            }
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            for path in ["/rules/findings/R999", "/rules/playground?test=999", "/rules/edit?file=policy", "/rules/edit?file=../kalends.yaml", "/rules/history/99", "/rules/compare?one=99", "/rules/compare?one=abcdef"] {
                assert_eq!(served.get(path, Some(&ops)).await.status(), 404, "{path}");
            }
            for path in ["/rules/compare?one=1&from=x", "/rules/compare?one=1&from=2020-01-01&to=2026-03-01", "/rules/compare?one=1&from=2026-03-02&to=2026-03-01", "/rules/compare?one=1&to=-262143-01-01"] {
                assert_eq!(served.get(path, Some(&ops)).await.status(), 422, "{path}");
            }
        });
    }

    fn what_each_rule_gave_is_there_right_after_a_sync(world: World) {
        firm(&world);
        let served = served(&world);
        block_on(async {
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let told = page(&served, &ops, "/rules?days=28").await;
            let digest = text(&world.json(&["rules", "status"])["active"], "rule_set").to_owned();
            assert!(told.contains(&digest[..12]) && told.contains("holds what is active") && told.contains("from Saturday 21 February 2026 to Friday 20 March 2026"), "{told}");
            assert!(told.contains("9 passed") && told.contains("0 failed"), "{told}");
            let code = row(&told, "code-in-title");
            assert_eq!((code.1.as_str(), code.2.as_str()), ("3", "Fri 6 Mar"));
            assert_eq!(code.0, "project: the one that the code names · description: the rest of the title");
            // Guards leave no entry, checks of finished entries no field: they are counted too.
            assert_eq!(row(&told, "skip-personal"), ("skips it: not working time".into(), "1".into(), "Wed 4 Mar".into()));
            for (rule, last) in [("too-long", "Fri 6 Mar"), ("day-too-full", "Fri 6 Mar"), ("client-by-domain", "Thu 5 Mar"), ("interviews", "Tue 10 Mar")] {
                assert_eq!((row(&told, rule).1.as_str(), row(&told, rule).2.as_str()), ("1", last), "{rule}");
            }
            assert_eq!((row(&told, "globex-pitch").1.as_str(), row(&told, "globex-pitch").2.as_str()), ("0", "never hit"));
            assert!(told.contains("rules/rules.yaml:9") && told.contains("regex: &#39;^interview") || told.contains("regex: '^interview"), "{told}");
            // What each asks, those about finished entries too.
            assert!(told.contains("duration {min: 10h}") && told.contains("day_total {min: 10h}"), "{told}");
            // Of fewer: by words, and those that gave nothing.
            let some = page(&served, &ops, "/rules?q=CLIENT+domain").await;
            assert!(some.contains("<code>client-by-domain</code>") && !some.contains("<code>code-in-title</code>"));
            let never = page(&served, &ops, "/rules?never=1").await;
            assert!(never.contains("<code>globex-pitch</code>") && !never.contains("<code>code-in-title</code>"));
            assert!(page(&served, &ops, "/rules?q=no-such-rule").await.contains("No rule is like that."));
        });
        // What no longer is there is no longer counted, what is new is; the same again changes nothing.
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "Globex pitch", ""), event("c", "20260304T090000Z", "20260304T100000Z", "Lunch", "")]);
        world.run(&["sync"]).expect("read");
        let calendars = world.json(&["calendar", "list"]);
        world.run(&["calendar", "accept-removals", text(&calendars[0], "id")]).expect("accepted");
        world.run(&["sync"]).expect("read");
        let before = book(&world);
        world.run(&["sync"]).expect("read");
        is_untouched(&world, &before);
        block_on(async {
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let told = page(&served, &ops, "/rules").await;
            let hits = |rule: &str| row(&told, rule).1;
            assert_eq!((hits("code-in-title"), hits("client-by-name"), hits("skip-personal"), hits("too-long")), ("0".into(), "1".into(), "1".into(), "0".into()));
        });
    }

    fn hits_are_those_of_the_rules_in_force(world: World) {
        firm(&world);
        std::fs::write(world.path("rules/rules.yaml"), with_rule(&world, "{id: no-long, section: guards, when: {title: {words: [long]}}, skip: no}")).expect("written");
        world.run(&["rules", "reload", "--force"]).expect("active");
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let told = page(&served, &ops, "/rules").await;
            assert_eq!((row(&told, "no-long").1, row(&told, "code-in-title").1, row(&told, "day-too-full").1), ("1".into(), "2".into(), "0".into()));
        });
    }

    fn what_was_counted_bit_by_bit_is_what_is_counted_at_once(world: World) {
        firm(&world);
        // Moved, said otherwise, gone, judged by other rules, decided.
        world.calendar(&[
            event("a", "20260311T090000Z", "20260311T100000Z", "[ACME-15] Kickoff", ""),
            event("b", "20260303T090000Z", "20260303T100000Z", "Globex planning", ""),
            event("c", "20260304T230000Z", "20260305T010000Z", "Lunch", ""),
            event("d", "20260305T090000Z", "20260305T100000Z", "[ACME-15] Talk", ""),
            event("e", "20260306T060000Z", "20260306T180000Z", "[ACME-15] Long", ""),
            event("f", "20260309T090000Z", "20260309T100000Z", "Nobody knows", ""),
        ]);
        world.sync();
        std::fs::write(world.path("rules/rules.yaml"), with_rule(&world, "{id: talks, section: overrides, when: {title: {words: [talk, planning]}}, set: {task: Talk}}")).expect("written");
        world.run(&["rules", "reload", "--force"]).expect("active");
        let unmatched = world.exceptions().into_iter().find(|one| one["reason"] == "unmatched").expect("a question");
        world.run(&["exceptions", "resolve", text(&unmatched, "id"), "project=GBX-3"]).expect("answered");
        let (before, entries) = (book(&world), world.entries());
        assert!(before.contains(&"talks 2026-03-05 1".to_owned()) && before.contains(&"code-in-title 2026-03-11 1".to_owned()), "{before:?}");
        // A book that was not counted before has its last year counted.
        let migration = if world.database.starts_with("postgres") { include_str!("../migrations/postgres/0006_rule_hits.sql") } else { include_str!("../migrations/sqlite/0006_rule_hits.sql") };
        let place = migration.find("update day").expect("what it does with days");
        world.rows("delete from rule_hit");
        world.rows(&migration[place..]);
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let told = page(&served, &ops, "/rules").await;
            assert!(row(&told, "code-in-title").1 == "3" || told.contains("still wait to be derived"), "{told}");
        });
        world.sync();
        is_untouched(&world, &before);
        assert_eq!(world.entries(), entries);
    }

    fn a_folder_that_cannot_become_active_is_shown_with_its_findings(world: World) {
        firm(&world);
        std::fs::write(world.path("rules/more.yaml"), "rules:\n  - {id: broken, section: clients, when: {title: {wrods: [x]}}, set: {client: nobody}}\n").expect("written");
        world.run(&["rules", "reload"]).expect_err("refused");
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let told = page(&served, &ops, "/rules").await;
            let status = world.output(&["rules", "status", "--format", "json"]);
            let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
            let why = text(&status["folder"], "told");
            assert!(why.contains("more.yaml:2") && why.contains('^'), "{why}");
            assert!(told.contains("holds what cannot become active") && told.contains(&escaped(why)), "{told}");
            assert!(!told.contains("The last reload"), "what was refused is what the folder holds");
            let history = page(&served, &ops, "/rules/history").await;
            assert!(history.contains("refused") && history.contains("/rules/history/2"), "{history}");
            let one = page(&served, &ops, "/rules/history/2").await;
            assert!(one.contains(&escaped(why)) && one.contains("are not kept"), "{one}");
            assert!(page(&served, &ops, "/rules/history/1").await.contains("our_domains: [northwind.example]"));
            // Another folder than the one that was refused: both are told.
            std::fs::write(world.path("rules/more.yaml"), "tests:\n  - {name: odd, event: {title: Lunch}, expect: {outcome: entry}}\n").expect("written");
            let told = page(&served, &ops, "/rules").await;
            assert!(told.contains("FAIL odd (rules/more.yaml:2)") && told.contains("The last reload") && told.contains(&escaped(why)), "{told}");
            // Back to what is active: only the reload is told.
            std::fs::remove_file(world.path("rules/more.yaml")).expect("gone");
            let told = page(&served, &ops, "/rules").await;
            assert!(told.contains("holds what is active") && !told.contains("cannot become active") && told.contains("The last reload"), "{told}");
            let meaning = page(&served, &ops, "/rules/findings/Y008").await;
            assert!(meaning.contains("Y008: An unknown key"), "{meaning}");
        });
    }

    fn the_playground_says_what_explain_says_and_keeps_nothing(world: World) {
        firm(&world);
        let before = book(&world);
        world.log("trace");
        let events = [
            (vec![("title", "[ACME-15] Zebra kickoff"), ("attendees", "dana@northwind.example, omar@globex.example"), ("start", "2026-03-02T09:00"), ("end", "2026-03-02T10:30"), ("timezone", "Europe/Berlin")],
             json!({ "title": "[ACME-15] Zebra kickoff", "attendees": [DANA, "omar@globex.example"], "start": "2026-03-02T09:00", "end": "2026-03-02T10:30", "timezone": "Europe/Berlin" })),
            (vec![("title", "Zebra lunch"), ("person", DANA), ("attendees", "Tom Smith <tom@acme.example>, eva@northwind.example kim@northwind.example")],
             json!({ "title": "Zebra lunch", "attendees": [DANA, "Tom Smith <tom@acme.example>", "eva@northwind.example", "kim@northwind.example"], "timezone": "UTC" })),
            (vec![("title", "Größe: <b>Zebra</b> Globex proposal"), ("organizer", "omar@globex.example"), ("my_response", "tentative"), ("location", "Hall \"A\""), ("recurring", "1"), ("categories", "a, b"), ("duration", "11h")],
             json!({ "title": "Größe: <b>Zebra</b> Globex proposal", "organizer": "omar@globex.example", "my_response": "tentative", "location": "Hall \"A\"", "recurring": true, "categories": ["a", "b"], "duration": "11h" })),
            (vec![("title", "Zebra away"), ("all_day", "1"), ("start", "2026-03-02T00:00"), ("end", "2026-03-02T23:00"), ("show_as", "out-of-office")],
             json!({ "title": "Zebra away", "all_day": true, "start": "2026-03-02T00:00", "show_as": "out-of-office" })),
            (vec![("description", "line one\r\nline two"), ("visibility", "private")], json!({ "description": "line one\nline two", "visibility": "private" })),
        ];
        let log = block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            for (form, event) in &events {
                let (status, told) = posted(&served, &ops, "/rules/playground", form).await;
                assert_eq!(status, 200, "{told}");
                let (asked, why): (Value, Value) = (serde_json::from_str(&inside(&told, "event")).expect("JSON"), serde_json::from_str(&inside(&told, "why")).expect("JSON"));
                assert_eq!(asked, *event);
                let expected = explained(&world, event);
                assert_eq!(why, expected);
                // The same in words: outcome, fields with rule and place, losers, reasons, near misses.
                let mut words = vec![text(&expected, "outcome").to_owned(), text(&expected, "result").to_owned(), text(&expected["skip"], "why").replace('-', "")];
                let given = expected["fields"].as_object().expect("fields").values().chain(expected["losers"].as_array().expect("losers"));
                for one in given {
                    words.push(format!("<bdi>{}</bdi>", escaped(text(one, "value"))));
                    words.push(format!("<code>{}</code> <small>{}</small>", text(one, "rule"), text(one, "at")));
                    words.extend(one["evidence"].as_array().expect("evidence").iter().map(|found| format!("{} <mark><bdi>{}</bdi></mark>", text(found, "place"), escaped(text(found, "text")))));
                }
                words.extend(expected["reasons"].as_array().expect("reasons").iter().map(|reason| format!("<strong>{}</strong>", text(reason, "reason"))));
                words.extend(expected["nearest"].as_array().expect("rules").iter().map(|near| format!("<code>{} {}</code>", text(&near["lacked"][0], "condition"), escaped(text(&near["lacked"][0], "wants")))));
                for word in words {
                    assert!(told.contains(&word) || told.replace("&#39;", "'").contains(&word), "{word}: {told}");
                }
            }
            let (_, told) = posted(&served, &ops, "/rules/playground", &events[0].0).await;
            assert!(told.contains("<bdi>[</bdi><mark><bdi>ACME-15</bdi></mark><bdi>] Zebra </bdi><mark><bdi>kickoff</bdi></mark>"), "{told}");
            assert!(told.contains("nobody said which goes over which"), "{told}");
            // As a test it passes, and holds the rules to what they say.
            assert!(inside(&told, "test").contains("name: \"[ACME-15] Zebra kickoff\""), "{told}");
            std::fs::create_dir(world.path("tested")).expect("a folder");
            for name in ["rules.yaml", "clients.yaml"] {
                std::fs::copy(world.path("rules").join(name), world.path("tested").join(name)).expect("copied");
            }
            let test = inside(&told, "test").replace('\n', "\n  ");
            std::fs::write(world.path("tested/more.yaml"), format!("tests:\n  {test}")).expect("written");
            assert!(world.run(&["rules", "test", "--rules", "tested"]).expect("it passes").contains("10 tests, 0 failed"));
            // What is no event is told where it was typed.
            let (status, told) = posted(&served, &ops, "/rules/playground", &[("title", "Zebra"), ("timezone", "Nowhere/Land")]).await;
            assert!(status == 422 && told.contains("role=\"alert\"") && told.contains("value=\"Zebra\""), "{status} {told}");
            // A test's event by link, and what becomes of it is what the test expects.
            let list = page(&served, &ops, "/rules").await;
            assert!(list.contains("<a href=\"/rules/playground?test=0\">a code wins</a>"), "{list}");
            let filled = page(&served, &ops, "/rules/playground?test=0").await;
            assert!(filled.contains("value=\"[ACME-15] kickoff\"") && filled.contains("eva@northwind.example, tom@acme.example"), "{filled}");
            served.log()
        });
        assert!(log.contains("sqlx") && !log.contains("Zebra"), "a title is in the log");
        is_untouched(&world, &before);
    }

    fn an_edited_copy_says_what_a_backtest_of_the_same_folder_says(world: World) {
        firm(&world);
        let before = book(&world);
        let edited = with_rule(&world, "{id: tried, section: overrides, when: {title: {words: [kickoff, knows, planning]}}, set: {project: GBX-3, task: Tried}}")
            .replace("task: \"Interview ${candidate}\"", "task: \"Talk ${candidate}\"")
            .replace("words: [lunch, dentist", "words: [dentist");
        std::fs::create_dir(world.path("edited")).expect("a folder");
        std::fs::write(world.path("edited/rules.yaml"), &edited).expect("written");
        std::fs::copy(world.path("rules/clients.yaml"), world.path("edited/clients.yaml")).expect("copied");
        let told = world.json(&["rules", "backtest", "--from", "2026-03-01", "--to", "2026-03-20", "--rules", "edited"]);
        assert!(told["changed"].as_u64().is_some_and(|changed| changed >= 4), "{told:#}");
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let sent = edited.replace('\n', "\r\n");
            let form = |act: &'static str| [("file", "rules/rules.yaml"), ("text", sent.as_str()), ("from", "2026-03-01"), ("to", "2026-03-20"), ("act", act)];
            let (status, told_page) = posted(&served, &ops, "/rules/edit", &form("try")).await;
            assert_eq!(status, 200, "{told_page}");
            // Whose words a task holds is not for ops; the rest is told as the command tells it.
            let mut masked = told.clone();
            for one in masked["moves"].as_array_mut().expect("moves") {
                for end in ["from", "to"] {
                    let is_word = text(one, end).ends_with(" Sam");
                    if is_word { one[end] = json!("INT-2, task (words of the event)"); }
                }
            }
            assert_ne!(masked, told, "there is a task made of a title");
            let mut place = 0;
            for line in difference(&masked) {
                let found = told_page.find(&line.replace('\'', "&#39;")).or_else(|| told_page.find(&line));
                let found = found.unwrap_or_else(|| panic!("{line}: {told_page}"));
                assert!(found > place, "{line} stands too early");
                place = found;
            }
            assert_eq!(told_page.matches("data-is=\"Because of\"").count(), told["moves"].as_array().expect("moves").len());
            for word in ["Secret planning", "Sam", "Nobody knows", "Globex secrets"] {
                assert!(!told_page.contains(word), "ops read {word}");
            }
            // The tests go as the command says, field by field; the form is as it was sent.
            assert!(told_page.contains("<span class=\"tag bad\">failed</span> lunch alone is skipped") && told_page.contains("<td>outcome</td><td>skipped</td>"), "{told_page}");
            assert!(told_page.contains("task: &quot;Talk ${candidate}&quot;"), "{told_page}");
            let patch = inside(&told_page, "patch");
            assert!(patch.starts_with("--- a/rules/rules.yaml\n+++ b/rules/rules.yaml\n@@ ") && patch.contains("\n+  - {id: tried"), "{patch}");
            // It is taken along as it is.
            assert_eq!(posted(&served, &ops, "/rules/edit", &form("file")).await.1, edited);
            assert_eq!(posted(&served, &ops, "/rules/edit", &form("patch")).await.1, patch);
            // Who may read the titles reads them.
            let both = served.sign_in(BOTH, PASSWORD).await.expect("signed in");
            let (_, read) = posted(&served, &both, "/rules/edit", &form("try")).await;
            assert!(read.contains("<bdi>[ACME-15] Secret planning</bdi>") && read.contains("<bdi>Nobody knows</bdi>"), "{read}");
        });
        is_untouched(&world, &before);
    }

    fn a_copy_that_makes_values_of_titles_tells_ops_none_of_them(world: World) {
        firm(&world);
        let values = "{tags: [\"${spy}\"], task: \"${spy}\", client: \"${spy}\", project: \"${spy}\", description: \"${spy}\"}";
        let edited = with_rule(&world, &format!("{{id: spy, section: overrides, when: {{title: {{regex: '^(?<spy>.+)$'}}}}, set: {values}}}"));
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let form = [("file", "rules/rules.yaml"), ("text", edited.as_str()), ("from", "2026-03-01"), ("to", "2026-03-20"), ("act", "try")];
            let (status, told) = posted(&served, &ops, "/rules/edit", &form).await;
            assert!(status == 200 && told.contains("(words of the event)"), "{told}");
            for word in ["Secret planning", "Sam", "Nobody knows", "Globex secrets"] {
                assert!(!told.contains(word), "ops read {word}");
            }
        });
    }

    fn a_copy_that_is_no_rule_set_says_why(world: World) {
        firm(&world);
        let before = book(&world);
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let text = with_rule(&world, "{id: tried, section: nowhere, when: {title: {words: [kickoff]}}, set: {project: GBX-3}}");
            let form = |text: &'static str| [("file", "rules/rules.yaml"), ("text", text), ("act", "try")];
            let (status, told) = posted(&served, &ops, "/rules/edit", &[("file", "rules/rules.yaml"), ("text", &text), ("act", "try")]).await;
            assert!(status == 200 && told.contains("nothing could be tried") && told.contains("there is no section `nowhere`") && told.contains("/rules/findings/R012"), "{told}");
            assert!(posted(&served, &ops, "/rules/edit", &form("[[[[")).await.1.contains("this is not YAML"));
            let same = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("rules");
            let (_, told) = posted(&served, &ops, "/rules/edit", &[("file", "rules/rules.yaml"), ("text", &same), ("act", "try")]).await;
            assert!(told.contains("0 of") && told.contains("The copy is what is active."), "{told}");
            for (name, value, status) in [("file", "policy", 404), ("file", "rules/none.yaml", 404), ("from", "2020-01-01", 422), ("to", "never", 422)] {
                let form: Vec<(&str, &str)> = [("file", "rules/rules.yaml"), ("text", same.as_str()), ("act", "try")].into_iter().filter(|(one, _)| *one != name).chain([(name, value)]).collect();
                assert_eq!(posted(&served, &ops, "/rules/edit", &form).await.0, status, "{name}={value}");
            }
            let large = "x".repeat(2 << 20);
            assert_eq!(posted(&served, &ops, "/rules/edit", &[("file", "rules/rules.yaml"), ("text", &large)]).await.0, 413);
        });
        is_untouched(&world, &before);
    }

    fn two_sets_are_compared_by_what_they_say(world: World) {
        firm(&world);
        let edited = with_rule(&world, "{id: tried, section: overrides, when: {title: {words: [planning, knows]}}, set: {project: GBX-3, task: Tried}}").replace("task: \"Interview ${candidate}\"", "task: \"Talk ${candidate}\"");
        std::fs::write(world.path("rules/rules.yaml"), &edited).expect("written");
        // Its own test names the task that is no more.
        let edited = edited.replace("task: Interview Kim", "task: Talk Kim");
        std::fs::write(world.path("rules/rules.yaml"), &edited).expect("written");
        world.run(&["rules", "reload", "--force"]).expect("active");
        let before = book(&world);
        let told = world.output(&["rules", "diff", "1", "active", "--from", "2026-02-21", "--to", "2026-03-20", "--format", "json"]);
        let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        block_on(async {
            let served = served(&world);
            let ops = served.sign_in(OPS, PASSWORD).await.expect("signed in");
            let history = page(&served, &ops, "/rules/history").await;
            assert!(history.contains("ops@northwind.example") && history.contains("became active") && history.contains("<option value=\"1\" selected>"), "{history}");
            let compared = page(&served, &ops, "/rules/compare?one=1&other=active").await;
            assert!(compared.contains(&format!("{} of {} events read differently", told["differing"], told["events"])), "{told:#} {compared}");
            let all = told["differences"].as_array().expect("differences");
            assert!(all.iter().any(|one| text(one, "to").contains("Sam")), "{told:#}");
            for one in all {
                let hide = |text: &str| if text.contains("Sam") || (one["what"] == "description" && text != "nothing") { "(words of the event)".to_owned() } else { escaped(text) };
                let row = format!("<th scope=\"row\">{}</th><td data-is=\"From\"><bdi>{}</bdi></td><td data-is=\"To\"><bdi>{}</bdi></td>", text(one, "what"), hide(text(one, "from")), hide(text(one, "to")));
                assert!(compared.contains(&row), "{row}: {compared}");
            }
            assert!(!compared.contains("Sam"), "ops read a title");
            let same = page(&served, &ops, "/rules/compare?one=active&other=active").await;
            assert!(same.contains("0 of"), "{same}");
            let one = page(&served, &ops, "/rules/history/1").await;
            assert!(one.contains("differs from the active set") && one.contains("/rules/compare?one=1&amp;other=active"), "{one}");
        });
        is_untouched(&world, &before);
    }
}
