//! A zone that the rules name is that of hours and weekdays; dates are those on which entries stand, wherever people are (S24).

use crate::support::{World, event, on_each_database, text};

const CLIENTS: &str = "clients:
  acme: {name: Acme, domains: [acme.example], projects: {A-1: {name: old, billable: true, until: 2026-02-28}, A-2: {name: new, billable: true, from: 2026-03-01}}}
";
const RULES: &str = "timezone: Europe/Berlin\nour_domains: [northwind.example]\nsections: [guards, clients, tags]\nrules:
  - {id: dom, section: clients, when: {client_domain: {}}, set: {project: '${client.open_project}'}}
  - {id: until, section: tags, until: 2026-02-28, when: {title: {words: [sync]}}, set: {tags: [winter]}}
  - {id: late, section: tags, when: {time: {within: '23:00-24:00'}}, set: {tags: [late]}}
  - {id: saturday, section: tags, when: {title: {words: [sync]}, weekday: sat}, set: {tags: [saturday]}}
";

fn tags(entry: &serde_json::Value) -> Vec<&str> {
    entry["tags"].as_array().expect("a list").iter().filter_map(serde_json::Value::as_str).collect()
}

on_each_database! {
    fn a_date_is_that_of_the_entry_and_an_hour_that_of_the_rules(world: World) {
        std::fs::write(world.path("rules/clients.yaml"), CLIENTS).expect("written");
        std::fs::write(world.path("rules/rules.yaml"), RULES).expect("written");
        let people = [("aki@northwind.example", "Pacific/Auckland", "20260228T223000Z"), ("joe@northwind.example", "America/New_York", "20260301T010000Z")];
        for (person, zone, start) in people {
            world.run(&["staff", "add", person, "--timezone", zone, "--first-day", "2026-02-01"]).expect("added");
            let guests = format!("ORGANIZER:mailto:{person}\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{person}\r\nATTENDEE:mailto:tom@acme.example\r\n");
            let file = format!("{person}.ics");
            world.file(&file, &[event(person, start, &start.replace("000Z", "400Z"), "Sync", &guests)]);
            world.run(&["calendar", "add", "ics", "--staff", person, "--file", &file]).expect("added");
        }
        world.sync();
        assert_eq!(world.reasons(), [""; 0]);
        let of = |staff: &str| world.entries().into_iter().find(|one| text(one, "staff").starts_with(staff)).expect("an entry");
        // On Sunday in Auckland it is Saturday, half past eleven, in Berlin.
        let (aki, joe) = (of("aki"), of("joe"));
        assert_eq!((text(&aki, "date"), text(&aki, "project"), tags(&aki)), ("2026-03-01", "A-2", vec!["late", "saturday"]));
        // On Saturday in New York it is Sunday, two o'clock.
        assert_eq!((text(&joe, "date"), text(&joe, "project"), tags(&joe)), ("2026-02-28", "A-1", vec!["winter"]));
        let told = world.run(&["rules", "explain", text(&joe, "id")]).expect("told");
        assert!(told.contains("Sat 2026-02-28 20:00-") && told.contains("it has sun Europe/Berlin"), "{told}");
        // A test that is written from it says the zone of the person, and means the same.
        let test = world.run(&["rules", "test", "--from-event", text(&joe, "id")]).expect("a test");
        std::fs::write(world.path("rules/tests.yaml"), format!("tests:\n{test}")).expect("written");
        assert!(test.contains("timezone: America/New_York") && test.contains("project: A-1"), "{test}");
        world.run(&["rules", "test"]).expect("it passes");
    }
}
