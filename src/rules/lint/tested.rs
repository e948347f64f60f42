//! Rules that no test reaches, and tests that cannot all pass.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::{Findings, Known, Ruled, Tested};
use crate::{
    rules::{
        compile::Read,
        expectations::{is_same, named, shown},
        findings::Place,
        syntax::Test,
    },
    yaml::code::{Code, Level},
};

pub(super) fn tests(files: &[Read<'_>], rules: &[Ruled<'_>], known: &Known<'_>, found: &mut Findings) {
    let all: Vec<(Place<'_>, String, &Test)> = files
        .iter()
        .flat_map(|(source, file, positions)| {
            let place = Place { source, positions, path: "" };
            file.tests.iter().enumerate().map(move |(index, test)| (place, format!("tests[{index}]"), test))
        })
        .collect();
    if let Some(tested) = known.tested {
        untested(rules, &all, tested, found);
    }
    for (at, (place, path, test)) in all.iter().enumerate() {
        let before = all[..at].iter().find_map(|(_, _, other)| Some((other, contradicts(other, test)?)));
        if let Some((other, key)) = before {
            let message = format!("`{}` and `{}` cannot both pass", other.name, test.name);
            let label = format!("the same event, and another `{key}`");
            place.complain_at(found, (Code::Untested, Level::Warning), &format!("{path}.expect.{key}"), message, &label);
        }
    }
}

fn untested(rules: &[Ruled<'_>], tests: &[(Place<'_>, String, &Test)], tested: &Tested, found: &mut Findings) {
    let named: BTreeSet<&str> = tests.iter().flat_map(|(_, _, test)| named(&test.expect)).collect();
    for rule in rules {
        let id = rule.rule.id.as_str();
        let label = match () {
            () if !tested.reached.contains(id) => "add one whose event it fits, with `by` and its name",
            () if !named.contains(id) && !tested.expected.contains(id) && gives(rule) => {
                "tests reach it, and none expects what comes from it: they would not see it lose"
            }
            () => continue,
        };
        rule.place().complain(found, Code::Untested, "id", format!("no test is about `{id}`"), label);
    }
}

/// Whether a test can say that something came by it.
fn gives(rule: &Ruled<'_>) -> bool {
    let fields = rule.rule.set.as_ref().is_some_and(|set| {
        set.client.is_some() || set.project.is_some() || set.task.is_some() || set.billable.is_some() || set.description.is_some()
    });
    fields || rule.rule.skip.is_some()
}

/// The key on which two tests of one event want different things.
fn contradicts<'a>(one: &'a Test, two: &Test) -> Option<&'a str> {
    let same = one.event == two.event && one.same_day == two.same_day;
    let differs = |(key, wanted): &(&'a String, &Value)| {
        let other = two.expect.get(*key);
        let one_of = *key == "reason" || *key == "by";
        !one_of && other.is_some_and(|other| !is_same(key, &shown(other), &shown(wanted)))
    };
    one.expect.iter().filter(|_| same).find(differs).map(|(key, _)| key.as_str())
}
