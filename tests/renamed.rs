//! A project that is renamed stays the same one, however often: what was answered or written under an earlier code is its time.

use crate::support::{World, event, on_each_database, text};

fn rename(world: &World, from: &str, to: &str) {
    let path = world.path("rules/clients.yaml");
    let clients = std::fs::read_to_string(&path).expect("clients");
    assert!(clients.contains(from), "{clients}");
    std::fs::write(path, clients.replacen(from, to, 1)).expect("written");
}

fn projects(world: &World) -> Vec<String> {
    world.entries().iter().map(|entry| format!("{} {}", text(entry, "project"), entry["held"])).collect()
}

on_each_database! {
    fn a_second_rename_takes_along_what_has_the_first_code(world: World) {
        let at = |number: u32, title: &str| event(&format!("e{number}"), &format!("2026030{number}T090000Z"), &format!("2026030{number}T100000Z"), title, "");
        world.calendar(&[at(2, "Orion"), at(3, "[GBX-3] Logo"), at(4, "[GBX-9] Pitch")]);
        // The firm's own tests name what is renamed here.
        let rules = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("rules");
        std::fs::write(world.path("rules/rules.yaml"), rules.split("\ntests:").next().expect("rules").replace("project: GBX-9", "project: ACME-15")).expect("written");
        world.sync();
        let question = text(&world.exceptions()[0], "id").to_owned();
        world.run(&["exceptions", "resolve", &question, "project=GBX-3"]).expect("answered");
        let steps = [("GBX-3: {", "GBX-30: {was: GBX-3, "), ("GBX-30: {was: GBX-3, ", "GBX-300: {was: GBX-30, "), ("GBX-300: {was: GBX-30, ", "GBX-3000: {was: GBX-300, ")];
        for ((from, to), now) in steps.into_iter().zip(["GBX-30", "GBX-300", "GBX-3000"]) {
            rename(&world, from, to);
            let told = world.json(&["rules", "backtest", "--from", "2026-01-01", "--to", "2026-12-31"]);
            assert_eq!(told["rows"].as_array().expect("rows").iter().map(|row| text(&row["after"], "project")).collect::<Vec<_>>(), [now, now], "{told:#}");
            world.run(&["rules", "reload"]).expect("active");
            assert_eq!(projects(&world), [format!("{now} false"), format!("{now} false"), "GBX-9 false".to_owned()]);
        }
    }
}
