//! What looks wrong and is right: nothing is said of it, and it does what it says.

use crate::lint::{check, failures};

const CLIENTS: &str = "clients:
  acme: {name: Acme, domains: [acme.example], projects: {ACME-15: {name: One, billable: true}}}
  globex: {name: Globex, was: globex-ag, domains: [globex.example], projects: {GBX-3: {name: Two, billable: true, was: GBX-1}}}
";

fn is_right(rules: &str) {
    let rules = format!("our_domains: [northwind.example]\nsections: [a, b, c]\nrules:\n{rules}");
    assert_eq!(check(CLIENTS, &rules), [], "{rules}");
    assert_eq!(failures(CLIENTS, &rules), Vec::<serde_json::Value>::new(), "{rules}");
}

#[test]
fn evidence_in_an_alternative_counts_against_a_rule_before_it() {
    is_right(
        "  - {id: one, section: a, when: {title: {words: [steering]}}, set: {client: globex}}
  - {id: two, section: b, when: {title: {words: [steering]}, any: [{client_domain: {is: acme}}, {client_name: {is: acme}}]}, set: {client: acme}}
tests:
  - {name: t, event: {title: Acme steering}, expect: {reason: conflict}}
",
    );
}

#[test]
fn fields_that_are_set_between_two_rules_keep_nothing_apart() {
    is_right(
        "  - {id: zero, section: a, when: {title: {words: [start]}}, set: {project: ACME-15}}
  - {id: one, section: b, over: [two], when: {client: unset, title: {words: [pitch]}}, set: {client: acme, task: Pitch}}
  - {id: two, section: b, when: {client: acme, title: {words: [pitch, lunch]}}, set: {task: Workshop}}
tests:
  - {name: t, event: {title: pitch}, expect: {task: Pitch, by: {task: one}}}
  - {name: u, event: {title: start pitch}, expect: {task: Workshop, outcome: entry}}
",
    );
}

#[test]
fn a_span_that_ends_at_midnight_does_not_go_over_it() {
    for (span, tags) in [
        ("within: '22:00-00:00'", ["late", "nothing", "nothing"]),
        ("within: '22:00-24:00'", ["late", "nothing", "nothing"]),
        ("outside: '06:00-00:00'", ["nothing", "nothing", "late"]),
        ("outside: '06:00-24:00'", ["nothing", "nothing", "late"]),
    ] {
        let starts = ["2026-03-13T23:30", "2026-03-13T21:59", "2026-03-13T00:30"];
        let test = |(start, tags)| format!("  - {{name: at {start}, event: {{title: x, start: {start}}}, expect: {{tags: {tags}}}}}\n");
        let tests = starts.iter().zip(tags).map(test).collect::<Vec<_>>().concat();
        is_right(&format!("  - {{id: one, section: a, when: {{weekday: fri, time: {{{span}}}}}, set: {{tags: [late]}}}}\ntests:\n{tests}"));
    }
}

#[test]
fn two_tests_that_say_the_same_in_other_words_both_pass() {
    let rules = "sections: [a]
rules:
  - {id: one, section: a, when: {title: {words: [pitch]}}, set: {project: ACME-15, task: Pitch, tags: [a, b]}}
tests:
  - {name: t, event: {title: pitch}, expect: {tags: [a, b], task: Pitch, by: {task: one}}}
  - {name: u, event: {title: pitch}, expect: {tags: [b, a], task: [Pitch]}}
";
    let folder = tempfile::tempdir().expect("a folder");
    crate::lint::write(folder.path(), CLIENTS, rules);
    let found = crate::lint::kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
    assert!(found["findings"].as_array().expect("a list").iter().all(|one| one["code"] != "R022"), "{found:#}");
    assert_eq!(failures(CLIENTS, rules), Vec::<serde_json::Value>::new());
}

#[test]
fn s6_a_former_name_means_what_is_called_otherwise_now_wherever_it_stands() {
    is_right(
        "  - {id: word, section: a, when: {title: {words: [steering]}}, set: {client: globex-ag}}
  - {id: code, section: a, when: {title: {words: [data]}}, set: {project: gbx-1}}
  - {id: said, section: a, when: {title: {regex: '^for (?<who>[a-z-]+)$'}}, set: {client: '${who}'}}
  - {id: both, section: a, when: {title: {words: [shared]}}, split: [{project: GBX-1, share: 50}, {client: acme, share: 50}]}
  - {id: domain, section: b, when: {client_domain: {}}, set: {client: '${client}'}}
  - {id: seen, section: c, when: {any: [{client_domain: {is: globex-ag}}, {not: {client: [acme, unset]}, recurring: true}]}, set: {tags: [seen]}}
  - {id: one, section: c, when: {client: globex-ag, all: [{client: globex}]}, set: {tags: [client]}}
  - {id: two, section: c, when: {project: GBX-1, all: [{project: gbx-3}]}, set: {tags: [project]}}
suspicious:
  - {id: odd, when: {client: globex-ag, recurring: true}}
tests:
  - {name: t, event: {title: steering, attendees: [x@globex.example]}, expect: {client: globex-ag, tags: [seen, client], reason: missing-field}}
  - {name: u, event: {title: data, attendees: [x@globex.example], recurring: true}, expect: {project: GBX-1, tags: [seen, client, project], reason: odd}}
  - {name: v, event: {title: for globex-ag, attendees: [x@globex.example]}, expect: {client: globex, by: {client: said}, reason: missing-field}}
  - {name: w, event: {title: shared}, expect: {project: GBX-1}}
",
    );
}
