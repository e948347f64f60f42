//! `rules explain` of whatever has an id: events, entries of calendars and of people, questions about events and about days.

use serde_json::{Value, json};

use crate::support::{DANA, World, event, on_each_database, text};

fn short(id: &str) -> &str {
    &id[id.len() - 8..]
}

/// The text of a piece of evidence, cut from the words it names.
fn cut<'a>(words: &'a str, evidence: &Value) -> &'a str {
    let at = |name: &str| usize::try_from(evidence[name].as_u64().expect("a place")).expect("small");
    &words[at("start")..at("end")]
}

on_each_database! {
    fn winner_losers_spans_and_the_rule_set_are_named(world: World) {
        let guest = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:omar@globex.example\r\n";
        let title = "Größe: [ACME-15] Kickoff";
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", title, guest)]);
        world.sync();
        let entry = text(&world.entries()[0], "id").to_owned();
        let why = world.json(&["rules", "explain", short(&entry)]);
        let client = &why["fields"]["client"];
        assert_eq!((client["value"].as_str(), client["rule"].as_str()), (Some("acme"), Some("code-in-title")), "{why:#}");
        assert_eq!(cut(title, &client["evidence"][0]), "ACME-15");
        assert_eq!(client["evidence"][0]["text"], "ACME-15");
        let loser = &why["losers"][0];
        assert_eq!((loser["rule"].as_str(), loser["lost_to"].as_str(), loser["why"].as_str()), (Some("client-by-domain"), Some("code-in-title"), Some("conflict")));
        assert_eq!(cut("omar@globex.example", &loser["evidence"][0]), "omar@globex.example");
        assert_eq!(why["reasons"][0]["reason"], "conflict");
        let check = world.json(&["rules", "check"]);
        assert_eq!(why["rule_set"], check["rule_set"], "named by the digest of the files");
        let nearest = why["nearest"].as_array().expect("a list");
        assert!(nearest.iter().all(|one| one["lacked"].as_array().is_some_and(|lacked| lacked.len() == 1)), "{nearest:?}");
        // The exception about it tells the same.
        let exception = text(&world.exceptions()[0], "id").to_owned();
        let asked = world.json(&["rules", "explain", short(&exception)]);
        assert!(["fields", "entries", "losers", "reasons", "nearest", "outcome"].iter().all(|of| asked[of] == why[of]), "{asked:#}");
        assert_eq!(why["reasons"][0]["exception"], exception);
        let mut told = world.run(&["rules", "explain", short(&exception)]).expect("told");
        assert!(told.contains("lost: client globex") && told.contains("on title `ACME-15`"), "{told}");
        told.retain(|char| char != '\n');
        assert!(told.contains(&format!("Rule set {}", &check["rule_set"].as_str().expect("a digest")[..12])), "{told}");
    }

    fn the_nearest_rules_are_shown_whatever_they_ask_for_and_wherever_they_stand(world: World) {
        let rules: Vec<_> = (0..30)
            .map(|number| format!("  - {{id: far-{number}, section: clients, when: {{title: {{words: [zebra{number}]}}, attendees: {{max: 9}}}}, set: {{tags: [far]}}}}\n"))
            .collect();
        let rules = rules.concat();
        let rules = format!(
            "our_domains: [northwind.example]\nsections: [clients, fallback]\nrules:\n{rules}  - {{id: named, section: clients, when: {{client_name: {{}}}}, set: {{client: '${{client}}'}}}}
  - {{id: code, section: clients, when: {{project_code: {{}}}}, set: {{project: '${{code}}'}}}}
  - {{id: slip, section: fallback, when: {{title: {{words: [weekley]}}}}, set: {{tags: [week]}}}}
  - {{id: retainer, section: fallback, when: {{client: acme, project: unset, recurring: true}}, set: {{project: ACME-15}}}}\n"
        );
        std::fs::write(world.path("rules/rules.yaml"), rules).expect("written");
        world.run(&["rules", "reload", "--force"]).expect("active");
        let people = "ORGANIZER:mailto:dana@northwind.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:dana@northwind.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:tom@gmail.com\r\n";
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "Acme weekly", people)]);
        world.sync();
        let entry = text(&world.entries()[0], "id").to_owned();
        let why = world.json(&["rules", "explain", short(&entry)]);
        let nearest: Vec<_> = why["nearest"].as_array().expect("a list").iter().map(|one| text(one, "rule")).collect();
        assert_eq!(nearest, ["retainer", "slip"], "{why:#}");
        assert_eq!((text(&why["nearest"][0]["lacked"][0], "condition"), &why["asked"]), ("recurring", &json!(34)));
        let told = &why["event"];
        assert_eq!((text(told, "title"), text(told, "start"), &told["attendees"]), ("Acme weekly", "2026-03-02T09:00:00Z", &json!([DANA, "tom@gmail.com"])));
    }

    fn the_rule_that_ends_it_is_told_and_counts_as_used(world: World) {
        let rules = "our_domains: [northwind.example]\nsections: [guards, clients]\nrules:
  - {id: talks, section: guards, when: {title: {words: [talk]}}, stop: true}
  - {id: fairs, section: guards, when: {title: {words: [fair]}}, stop: true}
  - {id: named, section: clients, when: {client_name: {}}, set: {client: '${client}'}}
  - {id: elsewhere, section: clients, when: {location: {words: [fair]}}, set: {tags: [fair]}}
";
        std::fs::write(world.path("rules/rules.yaml"), rules).expect("written");
        world.run(&["rules", "reload", "--force"]).expect("active");
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "Acme talk", "")]);
        world.sync();
        let exception = text(&world.exceptions()[0], "id").to_owned();
        let why = world.json(&["rules", "explain", short(&exception)]);
        assert_eq!((&why["ended_by"], &why["matched"], &why["not_asked"]), (&"talks".into(), &json!(["talks"]), &json!(["named"])), "{why:#}");
        let told = world.run(&["rules", "explain", short(&exception)]).expect("told");
        let lines = ["1 rule asked, 1 matched", "  ended: talks (rules/rules.yaml:4)  the 3 after it were not asked", "  would have matched after it: named (rules/rules.yaml:6)"];
        assert!(lines.iter().all(|line| told.contains(line)), "{told}");
        assert_eq!(world.rows("select rule || ' ' || hits from rule_hit where hits > 0"), ["talks 1"]);
        let found = world.json(&["rules", "check", "--history", "30"]);
        let dead = found["findings"].as_array().expect("a list").iter().filter(|one| one["code"] == "R005");
        assert_eq!(dead.map(|one| &one["line"]).collect::<Vec<_>>(), [5, 6, 7]);
    }

    fn questions_about_days_and_entries_of_people_are_explained_too(world: World) {
        world.calendar(&[
            event("a", "20260302T060000Z", "20260302T120000Z", "[ACME-15] Long", ""),
            event("b", "20260302T120000Z", "20260302T180000Z", "[ACME-15] Longer", ""),
        ]);
        world.sync();
        let day = world.exceptions().into_iter().find(|one| one["reasons"].to_string().contains("day-too-full")).expect("a full day");
        let why = world.json(&["rules", "explain", short(text(&day, "id"))]);
        assert!(why["reasons"].to_string().contains("day-too-full") && why["outcome"] == "exception", "{why:#}");
        let told = world.run(&["rules", "explain", short(text(&day, "id"))]).expect("told");
        assert!(told.contains("a question about a day\n2026-03-02") && told.contains("about 2 entries of that day"), "{told}");
        assert_eq!(why["entries"].as_array().map(Vec::len), Some(2), "{why:#}");

        world
            .run(&["entries", "add", "--staff", DANA, "--date", "2026-03-04", "--start", "09:00", "--end", "10:00", "project=ACME-15"])
            .expect("added");
        let written = world.entries().into_iter().find(|one| one["date"] == "2026-03-04").expect("an entry");
        let why = world.json(&["rules", "explain", short(text(&written, "id"))]);
        assert_eq!((why["outcome"].as_str(), why["fields"]["project"]["value"].as_str()), (Some("entry"), Some("ACME-15")), "{why:#}");
        let told = world.run(&["rules", "explain", short(text(&written, "id"))]).expect("told");
        assert!(told.contains("true  by its project"), "{told}");
        assert!(told.contains("no calendar has it: a person wrote it") && !told.contains("rules asked"), "{told}");
    }

    fn a_rule_that_was_renamed_is_said_to_be_in_these_files_no_more(world: World) {
        let rules = |first: &str| format!("rules:\n  - {{id: {first}, section: tasks, when: {{title: {{words: [plan]}}}}, set: {{task: Craft, tags: [a]}}}}\n  - {{id: stays, section: tasks, when: {{title: {{words: [plan]}}}}, set: {{tags: [b]}}}}\n");
        std::fs::write(world.path("rules/more.yaml"), rules("former")).expect("written");
        world.calendar(&[event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Plan", "")]);
        world.sync();
        let entry = text(&world.entries()[0], "id").to_owned();
        let told = || world.run(&["rules", "explain", &entry]).expect("told").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told().contains("task Craft by former (rules/more.yaml:2)"), "{}", told());
        assert!(told().contains("tags a, b by former (rules/more.yaml:2), stays (rules/more.yaml:3)"), "{}", told());
        assert_eq!(world.json(&["rules", "explain", &entry])["fields"]["tags"]["at"], "rules/more.yaml:2, rules/more.yaml:3");
        std::fs::write(world.path("rules/more.yaml"), rules("newer")).expect("written");
        world.run(&["rules", "reload"]).expect("active");
        assert!(told().contains("task Craft by former (no rule of these files is called so any more)"), "{}", told());
        assert!(told().contains("stays (rules/more.yaml:3)"), "{}", told());
    }
}

#[test]
fn only_an_object_is_an_event() {
    let world = World::demo();
    for wrong in ["[]", "[\"Kickoff\"]", "5", "\"x\"", "null", "true"] {
        std::fs::write(world.path("event.json"), wrong).expect("written");
        let refused = world.output(&["rules", "explain", "--event", "event.json"]);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            refused.status.code() == Some(1) && told.contains("event.json is not an event: keys with values belong here"),
            "{wrong}: {told}"
        );
    }
    // What is in one that cannot be is told in words of the reference.
    for (wrong, said) in [
        ("{\"titel\": \"x\"}", "`titel` is not known here: did you mean `title`?"),
        ("{\"attendees\": \"x\"}", "attendees: expected a list: this is the text `x`: write [x]"),
        ("{\"attendees\": [{\"name\": \"x\"}]}", "attendees[0]: `email` is missing"),
        ("{\"show_as\": \"gone\"}", "show_as: `gone` is not known here: known here: free"),
        ("{\"timezone\": \"Berlin\"}", "timezone: this is no time zone: write it as `timezone: Europe/Berlin`"),
        ("{\"title\": \"a\", \"title\": \"b\"}", "duplicate field `title`"),
        ("{", "this is no JSON"),
        // What says one thing here and another there is no event that a calendar could have.
        ("{\"end\": \"2026-03-09T11:30\", \"duration\": \"2h\"}", "end and duration differ"),
        ("{\"start\": \"2026-03-09\", \"all_day\": false}", "is a date, and all_day is false"),
        ("{\"transparency\": \"glass\"}", "write transparent or opaque"),
        ("{\"series\": \"a\", \"uid\": \"b\"}", "are the same thing, and differ"),
    ] {
        std::fs::write(world.path("event.json"), wrong).expect("written");
        let told = world.run(&["rules", "explain", "--event", "event.json"]).expect_err("refused");
        assert!(told.contains(said), "{wrong}: {told}");
    }
    std::fs::write(world.path("event.json"), "{\"title\": \"x\", \"transparency\": \"TRANSPARENT\"}").expect("written");
    let free = world.json(&["rules", "explain", "--event", "event.json"]);
    std::fs::write(world.path("event.json"), "{\"title\": \"x\", \"show_as\": \"free\"}").expect("written");
    assert_eq!(free["outcome"], world.json(&["rules", "explain", "--event", "event.json"])["outcome"], "as calendar files write it");
    std::fs::write(world.path("event.json"), "{}").expect("written");
    world.run(&["rules", "explain", "--event", "event.json"]).expect("an event that says nothing");
}
