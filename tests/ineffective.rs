//! What would silently never be found, or be of two things at once: told where it stands, with what to write.

use crate::lint::{kalends, write};

const RULES: &str = "our_domains: [studio.example]\nsections: [a]\nrules:\n  - {id: one, section: a, when: {client_domain: {}}, set: {client: '${client}'}}\n";

/// Codes and labels of errors.
fn errors(clients: &str, rules: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), clients, rules);
    let found = kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
    let all = found["findings"].as_array().expect("a list").clone();
    let text = |of: &serde_json::Value| of.as_str().expect("text").to_owned();
    all.iter().filter(|one| one["level"] == "error").map(|one| (text(&one["code"]), text(&one["label"]))).collect()
}

fn client(more: &str) -> String {
    format!("clients:\n  acme: {{name: Acme, {more}, projects: {{A-1: {{name: x, billable: true}}}}}}\n")
}

#[test]
fn mail_that_nobody_can_have_is_told_with_what_was_meant() {
    let (here, none) = (|label: &str| vec![("R002".to_owned(), label.to_owned())], Vec::new());
    for (odd, written) in [
        ("*.acme.example", "acme.example"),
        ("https://acme.example", "acme.example"),
        ("acme.example/", "acme.example"),
        ("'@acme.example'", "acme.example"),
    ] {
        let label = format!("write it as `{written}`; single addresses go under `addresses`");
        assert_eq!(errors(&client(&format!("domains: ['{}']", odd.trim_matches('\''))), RULES), here(&label));
    }
    assert_eq!(errors(&client("addresses: ['Tom <tom@x.example>']"), RULES), here("write it as `tom@x.example`"));
    assert_eq!(errors(&client("domains: [EU.acme-x.example], addresses: [tom.o'b+x@x.example]"), RULES), none);
    for (odd, written) in [("@studio.example", "studio.example"), ("tom@studio.example", "studio.example"), ("studio", "acme.example")] {
        let rules = RULES.replace("[studio.example]", &format!("['{odd}']"));
        assert_eq!(errors(&client("domains: [acme.example]"), &rules), here(&format!("write it as `{written}`")), "{odd}");
    }
    let (gmail, label) = (RULES.replace("studio.example", "Gmail.com"), "anyone can have it: all of its addresses would be ours");
    assert_eq!(errors(&client("domains: [acme.example]"), &gmail), [("R015".to_owned(), label.to_owned())]);
    for (when, label) in [
        ("organizer: acme", "write it as `acme.example`"),
        ("organizer: '*@acme.example'", "write it as `acme.example`"),
        ("attendees: {any: '@acme.example'}", "write it as `acme.example`"),
        ("attendees: {any: 'Tom <tom@acme.example>'}", "write it as `tom@acme.example`"),
        ("attendees: {only: ours}", "write it as `acme.example`, or `our_domains` alone"),
    ] {
        let rules = RULES.replace("client_domain: {}", &format!("client_domain: {{}}, {when}"));
        assert_eq!(errors(&client("domains: [acme.example]"), &rules), here(label), "{when}");
    }
}

#[test]
fn a_client_s_domain_below_our_own_is_told() {
    let found = errors(&client("domains: [client.studio.example]"), RULES);
    let label =
        "it covers `client.studio.example`, which clients.yaml gives to `acme`: that says nothing of a client; list single addresses there";
    assert_eq!(found, [("R015".to_owned(), label.to_owned())]);
    assert_eq!(errors(&client("domains: [notstudio.example]"), RULES), []);
}

#[test]
fn codes_and_keys_are_of_one_thing_now_and_before() {
    let project = |code: &str, was: &str| format!("{code}: {{name: x, billable: true{was}}}");
    let codes = |one: &str, more: &str, other: &str| {
        let text =
            format!("clients:\n  acme: {{name: Acme{more}, projects: {{{one}}}}}\n  bee: {{name: Bee, was: old, projects: {{{other}}}}}\n");
        errors(&text, RULES).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    let (live, other) = (project("A-1", ""), project("B-1", ""));
    assert_eq!(codes(&format!("{live}, {}", project("a-1", "")), "", &other), ["R001"]);
    assert_eq!(codes(&live, "", &project("a-1", "")), ["R001"]);
    assert_eq!(codes(&live, "", &project("B-1", ", was: a-1")), ["R029"]);
    assert_eq!(codes(&project("A-1", ", was: Z-1"), "", &project("B-1", ", was: [Y-1, z-1]")), ["R001"]);
    assert_eq!(codes(&live, ", was: old", &other), ["R001"]);
    assert_eq!(codes(&live, ", was: bee", &other), ["R029"]);
    assert_eq!(codes(&project("A-1", ", was: [A-0, a-1]"), ", was: older", &project("B-1", ", was: B-0")), [""; 0]);
}

#[test]
fn a_field_that_is_asked_for_too_early_is_told_inside_of_conditions_too() {
    for when in ["any: [{client: acme}, {recurring: true}]", "not: {client: acme}", "all: [{any: [{not: {task: unset}}]}]", "client: acme"]
    {
        let early = format!("  - {{id: early, section: a, when: {{{when}}}, set: {{tags: [x]}}}}\n");
        let rules = RULES.replace("rules:\n", &format!("rules:\n{early}"));
        let codes: Vec<_> = errors(&client("domains: [acme.example]"), &rules).into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes, ["R011"], "{when}");
    }
}
