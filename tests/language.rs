//! Every key of the rule language: what it means, how it can be wrong, and its place in `rules/REFERENCE.md`. The keys are those that the
//! program itself names when it meets an unknown one, so that a new one without a test here fails.

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

const CLIENTS: &str = "clients:
  acme:
    name: Acme
    aliases: [{name: Robo, weak: true}]
    domains: [acme.example]
    addresses: [tom@gmail.com]
    projects:
      ACME-1: {name: One, billable: true}
  globex:
    name: Globex
    domains: [globex.example]
    projects:
      GBX-1: {name: Two, billable: false}
";

/// What a key means, as a rule file whose tests pass, and a file in which it is wrong, with the code of the finding.
pub(crate) struct Case {
    pub(crate) key: &'static str,
    pub(crate) clients: String,
    pub(crate) rules: String,
    pub(crate) wrong_clients: String,
    pub(crate) wrong: String,
    pub(crate) code: &'static str,
}

/// A condition: an event that fits, one that does not, and what is no such condition.
fn when(key: &'static str, condition: &str, fits: &str, fits_not: &str, (wrong, code): (&str, &'static str)) -> Case {
    let file = |condition: &str, tests: &str| {
        format!(
            "sections: [first, then]\nour_domains: [ours.example]\nrules:\n  - {{id: named, section: first, when: {{title: {{words: [named]}}}}, set: {{project: ACME-1, task: Talk}}, confidence: low}}\n  - {{id: one, section: then, when: {{{condition}}}, set: {{tags: [hit]}}}}\n{tests}"
        )
    };
    let tests = format!(
        "tests:\n  - {{name: fits, event: {{{fits}}}, expect: {{tags: hit}}}}\n  - {{name: fits not, event: {{{fits_not}}}, expect: {{tags: nothing}}}}\n"
    );
    rules(key, &file(condition, &tests), &file(wrong, ""), code)
}

/// Whole rule files.
fn rules(key: &'static str, rules: &str, wrong: &str, code: &'static str) -> Case {
    Case { key, clients: CLIENTS.into(), rules: rules.into(), wrong_clients: CLIENTS.into(), wrong: wrong.into(), code }
}

/// A rule, and what comes of an event.
fn rule(key: &'static str, body: &str, tests: &str, wrong: &str, code: &'static str) -> Case {
    let file = |body: &str, tests: &str| {
        format!(
            "sections: [a, b]\nrules:\n  - {{id: one, section: a, {body}}}\n  - {{id: two, section: b, when: {{title: {{words: [two]}}}}, set: {{client: globex, tags: [two]}}}}\n{tests}"
        )
    };
    rules(key, &file(body, &format!("tests:\n{tests}")), &file(wrong, ""), code)
}

/// A field of the written event: it makes this condition true.
fn event(key: &'static str, condition: &str, fits: &str, wrong: &str, code: &'static str) -> Case {
    let file = |event: &str, expect: &str| {
        format!(
            "sections: [a]\nrules:\n  - {{id: one, section: a, when: {{{condition}}}, set: {{tags: [hit]}}}}\ntests:\n  - {{name: a, event: {{{event}}}, expect: {{{expect}}}}}\n"
        )
    };
    rules(key, &file(fits, "tags: hit"), &file(wrong, "tags: hit"), code)
}

/// A part of clients.yaml, in place of another.
fn clients(key: &'static str, (from, to): (&str, &str), tests: &str, wrong: &str, code: &'static str) -> Case {
    let rules = format!(
        "sections: [a, b]\nrules:\n  - {{id: code, section: a, when: {{project_code: {{}}}}, set: {{project: \"${{code}}\"}}}}\n  - {{id: domain, section: b, when: {{client_domain: {{}}}}, set: {{client: \"${{client}}\"}}}}\n  - {{id: name, section: b, when: {{client_name: {{}}}}, set: {{client: \"${{client}}\"}}}}\ntests:\n{tests}"
    );
    assert!(CLIENTS.contains(from), "{from}");
    let wrong_clients = CLIENTS.replacen(from, wrong, 1);
    Case { key, clients: CLIENTS.replacen(from, to, 1), wrong: rules.clone(), rules, wrong_clients, code }
}

const VALUE: &str = "Y010";
const WRONG: &str = "R002";

#[expect(clippy::too_many_lines, reason = "a table, one row per key")]
fn conditions() -> Vec<Case> {
    let bad = |wrong: &'static str| (wrong, VALUE);
    vec![
        when("when.title", "title: {words: [kickoff]}", "title: The Kickoff", "title: Kickoffs", ("title: {}", WRONG)),
        when(
            "when.description",
            "description: {words: [bill]}",
            "description: \"bill it\\nnot\"",
            "description: \"no\\nbill it\"",
            ("description: {}", WRONG),
        ),
        when("when.location", "location: {words: [Hamburg]}", "location: Hamburg Hbf", "location: Bremen", ("location: {}", WRONG)),
        when("title.words", "title: {words: [one on one]}", "title: One  on\u{a0}one", "title: one on", ("title: {words: ['']}", WRONG)),
        when("title.not_words", "title: {not_words: [retro]}", "title: pitch", "title: pitch retro", ("title: {not_words: []}", VALUE)),
        when("title.regex", "title: {regex: '^a+$'}", "title: AAA", "title: ab", ("title: {regex: '('}", "R025")),
        when("when.categories", "categories: [Training]", "categories: [training, x]", "categories: [x]", bad("categories: []")),
        when("when.colour", "colour: [teal]", "colour: Teal", "title: x", bad("colour: []")),
        when("when.event_type", "event_type: focus-time", "event_type: focusTime", "event_type: default", bad("event_type: []")),
        when(
            "when.conference",
            "conference: [zoom.us]",
            "conference: 'https://x.zoom.us/j/1'",
            "conference: 'https://meet.example'",
            bad("conference: {}"),
        ),
        when("when.series", "series: weekly", "series: weekly", "series: daily", bad("series: []")),
        when("when.project_code", "project_code: {}", "title: ACME-1 call", "title: call", ("project_code: {in: nowhere}", "R012")),
        when(
            "when.client_domain",
            "client_domain: {}",
            "attendees: [a@eu.acme.example]",
            "attendees: [a@other.example]",
            ("client_domain: {in: title}", "R012"),
        ),
        when("when.client_name", "client_name: {}", "title: acme call", "title: acmes call", ("client_name: {in: attendees}", "R012")),
        when(
            "project_code.in",
            "project_code: {in: categories}",
            "categories: [ACME-1]",
            "title: ACME-1",
            ("project_code: {in: categoris}", "R012"),
        ),
        when(
            "project_code.is",
            "client_domain: {is: acme}",
            "attendees: [a@acme.example]",
            "attendees: [a@globex.example]",
            ("client_domain: {is: acmee}", "R012"),
        ),
        when(
            "project_code.exactly",
            "client_domain: {exactly: 1}",
            "attendees: [a@acme.example]",
            "attendees: [a@acme.example, b@globex.example]",
            bad("client_domain: {exactly: one}"),
        ),
        when(
            "project_code.at_least",
            "client_domain: {at_least: 2}",
            "attendees: [a@acme.example, b@globex.example]",
            "attendees: [a@acme.example]",
            ("client_domain: {at_least: 2, exactly: 1}", "R006"),
        ),
        when("when.attendees", "attendees: {max: 1}", "title: x", "attendees: [a@ours.example, b@x.example]", ("attendees: {}", WRONG)),
        when(
            "attendees.min",
            "attendees: {min: 2}",
            "attendees: [a@ours.example, b@x.example]",
            "attendees: [a@ours.example, {email: room@x.example, resource: true}]",
            ("attendees: {min: 3, max: 2}", "R006"),
        ),
        when(
            "attendees.max",
            "attendees: {max: 2}",
            "attendees: [a@ours.example, b@x.example]",
            "attendees: [a@ours.example, b@x.example, c@x.example]",
            bad("attendees: {max: few}"),
        ),
        when(
            "attendees.exactly",
            "attendees: {exactly: 2}",
            "attendees: [a@ours.example, b@x.example]",
            "title: x",
            ("attendees: {exactly: 2, min: 1}", "R006"),
        ),
        when(
            "attendees.only",
            "attendees: {only: our_domains}",
            "attendees: [a@ours.example, b@ours.example]",
            "attendees: [a@ours.example]",
            ("attendees: {only: our_domain}", WRONG),
        ),
        when(
            "attendees.any",
            "attendees: {any: [legal.example]}",
            "attendees: [a@ours.example, b@legal.example]",
            "attendees: [a@ours.example, b@x.example]",
            ("attendees: {any: legal}", WRONG),
        ),
        when(
            "when.guests",
            "guests: {min: 1}",
            "attendees: [a@ours.example, b@x.example]",
            "attendees: [a@ours.example, b@ours.example]",
            ("guests: {}", WRONG),
        ),
        when(
            "guests.min",
            "guests: {min: 2}",
            "attendees: [a@ours.example, b@x.example, c@x.example]",
            "attendees: [a@ours.example, b@x.example]",
            bad("guests: {min: -1}"),
        ),
        when(
            "guests.max",
            "guests: {max: 0}",
            "attendees: [a@ours.example, b@ours.example]",
            "attendees: [a@ours.example, b@x.example]",
            ("guests: {min: 2, max: 1}", "R006"),
        ),
        when(
            "guests.unknown",
            "guests: {unknown: true}",
            "attendees: [a@ours.example, b@x.example]",
            "attendees: [a@ours.example, b@acme.example]",
            bad("guests: {unknown: maybe}"),
        ),
        when("when.organizer", "organizer: [acme.example]", "organizer: a@acme.example", "organizer: a@x.example", bad("organizer: []")),
        when("when.calendar", "calendar: [Work]", "calendar: work", "calendar: Home", bad("calendar: []")),
        when("when.duration", "duration: {min: 2h}", "duration: 2h", "duration: 1h59m", ("duration: {}", WRONG)),
        when("duration.min", "duration: {min: 45m}", "duration: 45m", "duration: 44m", ("duration: {min: soon}", WRONG)),
        when("duration.max", "duration: {max: 1h}", "duration: 1h", "duration: 61m", ("duration: {min: 2h, max: 1h}", "R006")),
        when("when.time", "time: {within: '08:00-18:00'}", "start: 2026-03-09T08:00", "start: 2026-03-09T18:00", ("time: {}", WRONG)),
        when(
            "time.within",
            "time: {within: '22:00-06:00'}",
            "start: 2026-03-09T23:00",
            "start: 2026-03-09T12:00",
            ("time: {within: night}", WRONG),
        ),
        when(
            "time.outside",
            "time: {outside: '08:00-18:00'}",
            "start: 2026-03-09T19:00",
            "start: 2026-03-09T12:00",
            ("time: {outside: '08:00-08:00'}", WRONG),
        ),
        when("when.weekday", "weekday: [sat, sun]", "start: 2026-03-08T12:00", "start: 2026-03-09T12:00", ("weekday: [caturday]", WRONG)),
        when("when.recurring", "recurring: true", "recurring: true", "title: x", bad("recurring: maybe")),
        when("when.all_day", "all_day: false", "title: x", "start: 2026-03-09", bad("all_day: maybe")),
        when("when.my_response", "my_response: declined", "my_response: declined", "my_response: accepted", ("my_response: no", "Y011")),
        when("when.show_as", "show_as: free", "show_as: free", "show_as: busy", ("show_as: gone", "Y011")),
        when(
            "when.visibility",
            "visibility: [private, confidential]",
            "visibility: confidential",
            "title: x",
            ("visibility: hidden", "Y011"),
        ),
        when("when.status", "status: tentative", "status: tentative", "title: x", ("status: maybe", "Y011")),
        when("when.client", "client: acme", "title: named", "title: x", ("client: acmee", "R012")),
        when("when.project", "project: unset", "title: x", "title: named", ("project: ACME-2", "R012")),
        when("when.task", "task: Talk", "title: named", "title: x", bad("task: []")),
        when("when.confidence", "confidence: {below: high}", "title: named", "title: x", bad("confidence: low")),
        when("confidence.below", "confidence: {below: medium}", "title: named", "title: x", ("confidence: {below: some}", "Y011")),
        when("when.any", "any: [{recurring: true}, {status: tentative}]", "recurring: true", "title: x", ("any: []", WRONG)),
        when(
            "when.all",
            "all: [{recurring: true}, {status: tentative}]",
            "recurring: true, status: tentative",
            "recurring: true",
            ("all: [{}]", WRONG),
        ),
        when("when.not", "not: {recurring: true}", "title: x", "recurring: true", ("not: {}", WRONG)),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table, one row per key")]
fn of_rules() -> Vec<Case> {
    let t =
        |event: &str, expect: &str| format!("  - {{name: \"{}\", event: {{{event}}}, expect: {{{expect}}}}}\n", event.replace('"', "'"));
    let split = "split: [{project: ACME-1, share: 60}, {project: GBX-1, task: Steering, billable: true, share: 40}]";
    let two_projects = t("title: x", "project: [ACME-1, GBX-1]");
    vec![
        rule("rule.id", "set: {client: acme}", &t("title: x", "by: {client: one}"), "id: one, set: {client: acme}", "Y006"),
        rule("rule.section", "set: {client: acme}", &t("title: two", "client: acme"), "section: c, set: {client: acme}", "Y006"),
        rules(
            "rule.over",
            "sections: [a]\nrules:\n  - {id: one, section: a, over: two, set: {task: x}}\n  - {id: two, section: a, set: {task: y}}\n  - {id: three, section: a, set: {project: ACME-1}}\ntests:\n  - {name: a, event: {title: x}, expect: {task: x, outcome: entry}}\n",
            "sections: [a]\nrules:\n  - {id: one, section: a, over: tow, set: {task: x}}\n",
            "R018",
        ),
        rule(
            "rule.from",
            "from: 2026-03-10, set: {client: acme}",
            &(t("start: 2026-03-09T10:00", "client: nothing") + &t("start: 2026-03-10T10:00", "client: acme")),
            "from: 2026-03-11, until: 2026-03-10, set: {client: acme}",
            "R006",
        ),
        rule(
            "rule.until",
            "until: 2026-03-09, set: {client: acme}",
            &(t("start: 2026-03-09T10:00", "client: acme") + &t("start: 2026-03-10T10:00", "client: nothing")),
            "until: never, set: {client: acme}",
            VALUE,
        ),
        rule(
            "rule.when",
            "when: {recurring: true, status: tentative}, set: {client: acme}",
            &(t("recurring: true, status: tentative", "client: acme") + &t("recurring: true", "client: nothing")),
            "when: always, set: {client: acme}",
            VALUE,
        ),
        rule("rule.set", "set: {client: acme, task: x}", &t("title: y", "client: acme, task: x"), "set: {}", "R027"),
        rule("rule.split", split, &two_projects, "split: []", WRONG),
        rule(
            "rule.hours",
            "hours: 7h30m, set: {project: ACME-1}",
            &(t("start: 2026-03-09", "outcome: entry") + &t("start: 2026-03-08", "outcome: none")),
            "hours: 25h",
            WRONG,
        ),
        rule(
            "rule.skip",
            "when: {all_day: false}, skip: no",
            &t("title: x", "outcome: skipped, by: one"),
            "skip: no, set: {client: acme}",
            "R006",
        ),
        rule(
            "rule.review",
            "when: {all_day: false}, review: look",
            &t("title: two", "reason: review, client: nothing"),
            "review: []",
            VALUE,
        ),
        rule("rule.stop", "when: {all_day: false}, set: {task: x}, stop: true", &t("title: two", "client: nothing"), "stop: maybe", VALUE),
        rules(
            "rule.confidence",
            "sections: [a]\nrules:\n  - {id: one, section: a, set: {project: ACME-1}, confidence: low}\nsuspicious:\n  - {id: weak, when: {confidence: {below: medium}}}\ntests:\n  - {name: a, event: {title: x}, expect: {reason: weak}}\n",
            "sections: [a]\nrules:\n  - {id: one, section: a, set: {project: ACME-1}, confidence: 3}\n",
            VALUE,
        ),
        rule(
            "set.client",
            "when: {client_name: {}}, set: {client: \"${client}\"}",
            &t("title: acme", "client: acme"),
            "set: {client: acmee}",
            "R012",
        ),
        rule(
            "set.project",
            "when: {client_name: {}}, set: {project: \"${client.open_project}\"}",
            &t("title: acme", "client: acme, project: ACME-1"),
            "set: {project: ACME-2}",
            "R012",
        ),
        rule(
            "set.task",
            "when: {title: {regex: 'by (?<who>\\w+)'}}, set: {client: acme, task: \"with ${who}\"}",
            &t("title: call by Kim", "task: with Kim"),
            "set: {task: \"${who}\"}",
            "R010",
        ),
        rule(
            "set.billable",
            "set: {project: ACME-1, billable: false}",
            &t("title: x", "billable: false"),
            "set: {billable: perhaps}",
            VALUE,
        ),
        rule(
            "set.description",
            "when: {project_code: {in: title}}, set: {project: \"${code}\", description: \"${rest}\"}",
            &t("title: \"[ACME-1] the rest\"", "description: the rest"),
            "set: {description: \"${rest\"}",
            "R010",
        ),
        rule(
            "set.tags",
            "when: {title: {words: [red, blue]}}, set: {client: acme, tags: [\"${word}\", x]}",
            &t("title: blue two", "tags: [blue, two, x]"),
            "set: {tags: []}",
            VALUE,
        ),
        rule("split.share", split, &two_projects, "split: [{client: acme, share: 60}, {client: globex, share: 30}]", "R017"),
        rule(
            "split.client",
            "split: [{client: acme, share: 60}, {client: globex, share: 40}]",
            &t("title: x", "client: [acme, globex]"),
            "split: [{share: 60}, {client: globex, share: 40}]",
            "R017",
        ),
        rule("split.project", split, &two_projects, "split: [{project: ACME-2, share: 60}, {client: globex, share: 40}]", "R012"),
        rule(
            "split.task",
            split,
            &t("title: x", "task: Steering"),
            "split: [{client: acme, task: [x], share: 60}, {client: globex, share: 40}]",
            VALUE,
        ),
        rule(
            "split.billable",
            split,
            &t("title: x", "billable: true"),
            "split: [{client: acme, billable: 1, share: 60}, {client: globex, share: 40}]",
            VALUE,
        ),
        rule(
            "skip.why",
            "when: {all_day: false}, skip: {why: away, as: absence}",
            &t("title: x", "outcome: skipped"),
            "skip: {as: absence}",
            "Y009",
        ),
        rule(
            "skip.as",
            "when: {all_day: false}, skip: {why: away, as: note}",
            &t("title: x", "outcome: skipped"),
            "skip: {why: away, as: holiday}",
            "Y011",
        ),
    ]
}

fn of_files() -> Vec<Case> {
    let one = "rules:\n  - {id: one, section: a, when: {weekday: mon}, set: {client: acme, project: ACME-1}}\n";
    let test = "tests:\n  - {name: t, event: {start: 2026-03-09T00:30}, expect: {client: acme}}\n";
    let file = |head: &str| format!("{head}{one}{test}");
    let holds = |when: &str, more: &str| format!("sections: [a]\n{one}suspicious:\n  - {{id: odd, {more}when: {{{when}}}}}\n");
    let odd = |event: &str, expect: &str| format!("tests:\n  - {{name: t, event: {{{event}}}, expect: {{{expect}}}}}\n");
    vec![
        rules("header.version", &file("version: 1\nsections: [a]\n"), &file("version: 9\nsections: [a]\n"), "R026"),
        // Half past midnight in Berlin is still Sunday in UTC, and the event's own zone is that of the file.
        rules("header.timezone", &file("timezone: Europe/Berlin\nsections: [a]\n"), &file("timezone: Berlin\nsections: [a]\n"), "R012"),
        rules(
            "header.our_domains",
            "our_domains: [ours.example]\nsections: [a]\nrules:\n  - {id: one, section: a, when: {attendees: {only: our_domains}}, set: {client: acme}}\ntests:\n  - {name: t, event: {attendees: [a@ours.example, b@eu.ours.example]}, expect: {client: acme}}\n",
            "our_domains: [acme.example]\nsections: [a]\n",
            "R015",
        ),
        rules("header.sections", &file("sections: [a]\n"), &file("sections: [a, a]\n"), "R001"),
        rules(
            "header.defaults",
            &(file("sections: [a]\ndefaults: {task: Meeting}\n").replace("expect: {", "expect: {task: Meeting, ")),
            &file("sections: [a]\ndefaults: Meeting\n"),
            VALUE,
        ),
        rules(
            "defaults.task",
            &(file("sections: [a]\ndefaults: {task: Meeting}\n").replace("expect: {", "expect: {task: Meeting, by: {task: defaults}, ")),
            &file("sections: [a]\ndefaults: {task: \"${word}\"}\n"),
            "R010",
        ),
        rules(
            "defaults.billable",
            &(file("sections: [a]\ndefaults: {billable: false}\n").replace("expect: {", "expect: {billable: false, ")),
            &file("sections: [a]\ndefaults: {billable: perhaps}\n"),
            WRONG,
        ),
        rules(
            "defaults.description",
            &(file("sections: [a]\ndefaults: {description: d}\n").replace("expect: {", "expect: {description: d, ")),
            &file("sections: [a]\ndefaults: {description: \"${rest}\"}\n"),
            "R010",
        ),
        rules("header.rules", &file("sections: [a]\n"), "rules: none\n", VALUE),
        rules("header.suspicious", &(holds("recurring: true", "") + &odd("recurring: true", "reason: odd")), "suspicious: {}\n", VALUE),
        rules("header.tests", &file("sections: [a]\n"), "tests: {}\n", VALUE),
        rules(
            "suspicious.id",
            &(holds("recurring: true", "") + &odd("recurring: true", "reason: odd")),
            "suspicious:\n  - {id: one, when: {recurring: true}}\n  - {id: one, when: {recurring: true}}\n",
            "R001",
        ),
        rules(
            "suspicious.reason",
            &(holds("recurring: true", "reason: very-odd, ") + &odd("recurring: true", "reason: very-odd")),
            &holds("recurring: true", "reason: overlap, "),
            "R028",
        ),
        rules(
            "suspicious.text",
            &(holds("recurring: true", "text: so odd, ") + &odd("recurring: true", "reason: odd")),
            &holds("recurring: true", "text: [], "),
            VALUE,
        ),
        rules("suspicious.when", &(holds("recurring: true", "") + &odd("title: x", "outcome: entry")), &holds("", ""), WRONG),
        rules(
            "when.day_total",
            &(holds("day_total: {min: 2h}", "") + &odd("duration: 2h", "reason: odd")),
            &holds("day_total: {min: 2h}, recurring: true", ""),
            WRONG,
        ),
        rules("when.billable", &(holds("billable: true", "") + &odd("title: x", "reason: odd")), &holds("billable: perhaps", ""), VALUE),
        rules(
            "when.same_day",
            &(holds("same_day: {show_as: out-of-office}", "")
                + "tests:\n  - {name: t, event: {title: x}, same_day: [{show_as: out-of-office}], expect: {reason: odd}}\n  - {name: u, event: {title: x}, expect: {outcome: entry}}\n"),
            &holds("same_day: {}", ""),
            WRONG,
        ),
        rules(
            "test.name",
            &file("sections: [a]\n"),
            &(file("sections: [a]\n") + "  - {name: t, event: {title: x}, expect: {client: acme}}\n"),
            "R001",
        ),
        rules("test.event", &file("sections: [a]\n"), "tests:\n  - {name: t, event: x, expect: {client: acme}}\n", VALUE),
        rules(
            "test.same_day",
            &(holds("same_day: {recurring: true}", "")
                + "tests:\n  - {name: t, event: {title: x}, same_day: [{recurring: true}], expect: {reason: odd}}\n"),
            "tests:\n  - {name: t, event: {title: x}, same_day: x, expect: {client: acme}}\n",
            VALUE,
        ),
        rules("test.expect", &file("sections: [a]\n"), "tests:\n  - {name: t, event: {title: x}, expect: {clint: acme}}\n", "Y008"),
    ]
}

fn of_events() -> Vec<Case> {
    let unknown = "Y011";
    vec![
        event("event.title", "title: {words: [x]}", "title: x", "title: [x]", VALUE),
        event("event.description", "description: {words: [x]}", "description: x", "description: [x]", VALUE),
        event("event.location", "location: {words: [x]}", "location: x", "location: [x]", VALUE),
        event("event.categories", "categories: [x]", "categories: [x]", "categories: x", VALUE),
        event(
            "event.attendees",
            "attendees: {min: 3}",
            "attendees: [a@x.example, {email: b@x.example, name: B, response: declined}]",
            "attendees: [{name: B}]",
            "Y009",
        ),
        event("event.owner", "attendees: {max: 1}", "attendees: [a@x.example], owner: a@x.example", "owner: [x]", VALUE),
        event("event.organizer", "organizer: [x.example]", "organizer: a@x.example", "organizer: []", VALUE),
        event("event.calendar", "calendar: x", "calendar: x", "calendar: [x]", VALUE),
        event("event.start", "weekday: sun", "start: 2026-03-08T10:00", "start: sunday", WRONG),
        event("event.end", "duration: {min: 2h}", "start: 2026-03-08T10:00, end: 2026-03-08T12:00", "end: later", WRONG),
        event("event.duration", "duration: {min: 2h}", "duration: 2h", "duration: long", WRONG),
        event(
            "event.timezone",
            "time: {within: '09:00-10:00'}",
            "start: 2026-03-08T08:30Z, timezone: Europe/Berlin",
            "timezone: Berlin",
            VALUE,
        ),
        event("event.recurring", "recurring: true", "recurring: true", "recurring: yes", VALUE),
        event("event.series", "series: s", "series: s", "series: [s]", VALUE),
        event("event.uid", "series: s", "uid: s", "uid: [s]", VALUE),
        event("event.original_start", "recurring: true", "original_start: 2026-03-08T10:00", "original_start: []", VALUE),
        event("event.all_day", "all_day: false", "title: x", "all_day: yes", VALUE),
        event("event.transparency", "show_as: free", "transparency: transparent", "transparency: []", VALUE),
        event("event.my_response", "my_response: declined", "my_response: declined", "my_response: no", unknown),
        event("event.show_as", "show_as: free", "show_as: free", "show_as: gone", unknown),
        event("event.visibility", "visibility: private", "visibility: private", "visibility: hidden", unknown),
        event("event.status", "status: tentative", "status: tentative", "status: maybe", unknown),
        event("event.colour", "colour: teal", "colour: teal", "colour: []", VALUE),
        event("event.event_type", "event_type: focus-time", "event_type: focus_time", "event_type: []", VALUE),
        event("event.conference", "conference: true", "conference: 'https://zoom.us'", "conference: []", VALUE),
    ]
}

fn of_clients() -> Vec<Case> {
    let t = |event: &str, expect: &str| format!("  - {{name: t, event: {{{event}}}, expect: {{{expect}}}}}\n");
    let one = "{name: One, billable: true}";
    let with = |more: &str| format!("{{name: One, billable: true, {more}}}");
    let on = t("title: ACME-1", "project: ACME-1");
    let closed = |start: &str| t(&format!("title: ACME-1, start: {start}"), "reason: closed-project");
    vec![
        clients("clients.version", ("clients:\n", "version: 1\nclients:\n"), &on, "version: [1]\nclients:\n", VALUE),
        clients(
            "clients.required",
            ("clients:\n", "required: [client, project, task]\nclients:\n"),
            &t("title: ACME-1", "reason: missing-field"),
            "required: [clint]\nclients:\n",
            "Y011",
        ),
        clients("clients.clients", ("clients:\n", "clients:\n"), &on, "clients: []\nclint:\n", VALUE),
        clients("client.name", ("name: Acme", "name: Acme Works"), &t("title: acme works", "client: acme"), "name: ''", WRONG),
        clients("client.aliases", ("[{name: Robo, weak: true}]", "[Roboty]"), &t("title: roboty", "client: acme"), "[globex]", "R001"),
        clients("alias.name", ("{name: Robo, weak: true}", "{name: Robo}"), &t("title: robo", "client: acme"), "{weak: true}", "Y009"),
        clients(
            "alias.weak",
            ("{name: Robo, weak: true}", "{name: Robo, weak: true}"),
            &t("title: robo", "client: nothing"),
            "{name: Robo, weak: very}",
            VALUE,
        ),
        clients(
            "client.domains",
            ("[acme.example]", "[acme.example, acme.test]"),
            &t("attendees: [a@acme.test]", "client: acme"),
            "[gmail.com]",
            "R015",
        ),
        clients(
            "client.addresses",
            ("[tom@gmail.com]", "[tom@gmail.com]"),
            &t("attendees: [tom@gmail.com]", "client: acme"),
            "[gmail.com]",
            WRONG,
        ),
        clients(
            "client.was",
            ("name: Acme", "was: acm\n    name: Acme"),
            &t("title: acme", "client: acme"),
            "was: globex\n    name: Acme",
            "R029",
        ),
        clients(
            "client.own",
            ("name: Acme", "own: true\n    name: Acme"),
            &t("title: acme", "client: nothing"),
            "own: perhaps\n    name: Acme",
            VALUE,
        ),
        clients("client.projects", ("ACME-1:", "ACME-9:"), &t("title: ACME-9", "project: ACME-9, client: acme"), "GBX-1:", "R001"),
        clients("project.name", (one, "{name: Eins, billable: true}"), &on, "{billable: true}", "Y009"),
        clients("project.kind", (one, &with("kind: presales")), &on, &with("kind: pre"), "Y011"),
        clients("project.billable", (one, "{name: One, billable: false}"), &t("title: ACME-1", "billable: false"), "{name: One}", "Y009"),
        clients("project.from", (one, &with("from: 2026-03-10")), &closed("2026-03-09T10:00"), &with("from: soon"), VALUE),
        clients(
            "project.until",
            (one, &with("until: 2026-03-08")),
            &closed("2026-03-09T10:00"),
            &with("from: 2026-03-09, until: 2026-03-08"),
            "R006",
        ),
        clients(
            "project.required",
            (one, &with("required: [task]")),
            &t("title: ACME-1", "reason: missing-field"),
            &with("required: [tsk]"),
            "Y011",
        ),
        clients("project.tasks", (one, &with("tasks: [Design]")), &on, &with("tasks: Design"), VALUE),
        clients("project.was", (one, &with("was: OLD-1")), &t("title: OLD-1", "project: ACME-1"), &with("was: []"), VALUE),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    [conditions(), of_rules(), of_files(), of_events(), of_clients()].into_iter().flatten().collect()
}

fn kalends(folder: &Path, command: &str, clients: &str, rules: &str) -> Value {
    for (name, text) in [("clients.yaml", clients), ("rules.yaml", rules)] {
        std::fs::write(folder.join(name), text).expect("written");
    }
    let args = ["rules", command, "--rules", ".", "--format", "json"];
    let out = Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{rules}\n{}", String::from_utf8_lossy(&out.stderr)))
}

#[test]
fn every_key_means_what_its_tests_say_and_is_refused_where_it_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    for case in cases() {
        let results = kalends(folder.path(), "test", &case.clients, &case.rules);
        let results = results.as_array().expect("results");
        assert!(!results.is_empty(), "{} is not tested", case.key);
        assert!(results.iter().all(|result| result["passed"] == true), "{}: {results:#?}\n{}", case.key, case.rules);
        let found = kalends(folder.path(), "check", &case.wrong_clients, &case.wrong);
        let codes: Vec<_> = found["findings"].as_array().expect("findings").iter().map(|finding| finding["code"].clone()).collect();
        assert!(codes.iter().any(|code| code == case.code), "{}: {codes:?} has no {}\n{}", case.key, case.code, case.wrong);
    }
}

/// Every place where keys stand: its name, and a rule file or catalog with an unknown key there.
fn places() -> Vec<(&'static str, String, String)> {
    let of_rule = |body: &str| (CLIENTS.to_owned(), format!("sections: [a]\nrules:\n  - {{id: one, section: a, {body}}}\n"));
    let of_when = |when: &str| of_rule(&format!("when: {{{when}}}, set: {{client: acme}}"));
    let of_clients = |text: &str| (text.to_owned(), "rules: []\n".to_owned());
    let of_test = |body: &str| (CLIENTS.to_owned(), format!("tests:\n  - {{{body}}}\n"));
    let all = [
        ("header", (CLIENTS.to_owned(), "zzz: 1\n".to_owned())),
        ("defaults", (CLIENTS.to_owned(), "defaults: {zzz: 1}\n".to_owned())),
        ("rule", of_rule("zzz: 1, set: {client: acme}")),
        ("set", of_rule("set: {zzz: 1}")),
        ("split", of_rule("split: [{zzz: 1}]")),
        ("skip", of_rule("skip: {zzz: 1}")),
        ("when", of_when("zzz: 1")),
        ("title", of_when("title: {zzz: 1}")),
        ("project_code", of_when("project_code: {zzz: 1}")),
        ("attendees", of_when("attendees: {zzz: 1}")),
        ("guests", of_when("guests: {zzz: 1}")),
        ("duration", of_when("duration: {zzz: 1}")),
        ("time", of_when("time: {zzz: 1}")),
        ("confidence", of_when("confidence: {zzz: 1}")),
        ("suspicious", (CLIENTS.to_owned(), "suspicious:\n  - {zzz: 1}\n".to_owned())),
        ("test", of_test("zzz: 1")),
        ("event", of_test("name: t, event: {zzz: 1}, expect: {client: acme}")),
        ("clients", of_clients("zzz: 1\n")),
        ("client", of_clients("clients: {acme: {name: Acme, zzz: 1}}\n")),
        ("alias", of_clients("clients: {acme: {name: Acme, aliases: [{zzz: 1}]}}\n")),
        ("project", of_clients("clients: {acme: {name: Acme, projects: {A-1: {zzz: 1}}}}\n")),
    ];
    all.map(|(place, (clients, rules))| (place, clients, rules)).to_vec()
}

/// Every key as the program names it when it meets an unknown one, with its place.
pub(crate) fn known_keys() -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut known = BTreeSet::new();
    for (place, clients, rules) in places() {
        let found = kalends(folder.path(), "check", &clients, &rules);
        let findings = found["findings"].as_array().expect("findings");
        let told =
            findings.iter().find(|finding| finding["message"] == "`zzz` is not known here").unwrap_or_else(|| panic!("{place}: {found:#}"));
        let keys = told["label"].as_str().and_then(|label| label.strip_prefix("known here: ")).expect("the keys");
        known.extend(keys.split(", ").map(|key| format!("{place}.{key}")));
    }
    known
}

#[test]
fn no_key_is_without_a_test_or_a_place_in_the_reference() {
    let tested: BTreeSet<String> = cases().iter().map(|case| case.key.to_owned()).collect();
    let reference = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/REFERENCE.md")).expect("the reference");
    let known = known_keys();
    assert!(known.len() > 120, "{} keys", known.len());
    let missing: Vec<_> = known.iter().filter(|key| !tested.contains(*key)).collect();
    assert!(missing.is_empty(), "without a test: {missing:?}");
    let undocumented: Vec<_> = known.iter().filter(|key| !reference.contains(&format!("| `{key}` |"))).collect();
    assert!(undocumented.is_empty(), "not in REFERENCE.md: {undocumented:?}");
    let stale: Vec<_> = tested.iter().filter(|key| !known.contains(*key)).collect();
    assert!(stale.is_empty(), "no such keys: {stale:?}");
}

#[test]
fn the_shipped_example_shows_every_key_but_those_of_events() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = std::fs::read_dir(folder).expect("the example").map(|file| file.expect("a file").path());
    let files: String = files
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| std::fs::read_to_string(path).expect("text"))
        .collect();
    let shown: BTreeSet<&str> = files.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == ':')).collect();
    let hidden: Vec<_> = cases()
        .into_iter()
        .map(|case| case.key)
        .filter(|key| !key.starts_with("event."))
        .filter(|key| !shown.contains(format!("{}:", key.rsplit('.').next().expect("a name")).as_str()))
        .collect();
    assert!(hidden.is_empty(), "not in the example: {hidden:?}");
}

/// Where each part of a rule file stands, with a place for one of its keys.
const PLACES: &[(&str, &str)] = &[
    ("rule", "rules: [{id: a, section: a, @}]"),
    ("when", "rules: [{id: a, section: a, skip: x, when: {@}}]"),
    ("set", "rules: [{id: a, section: a, set: {@}}]"),
    ("split", "rules: [{id: a, section: a, split: [{@}]}]"),
    ("skip", "rules: [{id: a, section: a, skip: {@}}]"),
    ("title", "rules: [{id: a, section: a, skip: x, when: {title: {@}}}]"),
    ("attendees", "rules: [{id: a, section: a, skip: x, when: {attendees: {@}}}]"),
    ("guests", "rules: [{id: a, section: a, skip: x, when: {guests: {@}}}]"),
    ("duration", "rules: [{id: a, section: a, skip: x, when: {duration: {@}}}]"),
    ("time", "rules: [{id: a, section: a, skip: x, when: {time: {@}}}]"),
    ("confidence", "rules: [{id: a, section: a, skip: x, when: {confidence: {@}}}]"),
    ("project_code", "rules: [{id: a, section: a, skip: x, when: {project_code: {@}}}]"),
    ("suspicious", "suspicious: [{@}]"),
    ("test", "tests: [{@}]"),
    ("event", "tests: [{name: x, event: {@}, expect: {client: a}}]"),
    ("expect", "tests: [{name: x, event: {title: x}, expect: {@}}]"),
    ("person", "tests: [{name: x, event: {attendees: [{@}]}, expect: {client: a}}]"),
    ("client", "clients: {k: {@}}"),
    ("alias", "clients: {k: {name: K, aliases: [{@}]}}"),
    ("project", "clients: {k: {name: K, projects: {P-1: {@}}}}"),
];

/// Whatever is written where something else belongs, nobody is told of the types of the program; mostly she is shown how it is written.
#[test]
fn a_value_of_another_kind_is_told_in_words_of_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let kalends =
        |args: &[&str]| Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder.path()).output().expect("it runs");
    let definitions =
        |file: &str| serde_json::from_slice::<Value>(&kalends(&["schema", file]).stdout).expect("a schema")["definitions"].clone();
    let (of_rules, of_clients) = (definitions("rules"), definitions("clients"));
    let (mut told, mut shown, mut seen) = (0, 0, 0);
    for (place, text) in PLACES {
        let keys = of_rules[place]["properties"].as_object().or(of_clients[place]["properties"].as_object()).expect("keys");
        seen += keys.len();
        for value in ["5", "-1", "1.5", "true", "text", "[x]", "{x: 1}", "[[x]]"] {
            // One key each: what one of them is told is not to hide another.
            for key in keys.keys() {
                let text = text.replace('@', &format!("{key}: {value}"));
                let name = if text.starts_with("clients") { "clients.yaml" } else { "more.yaml" };
                std::fs::write(folder.path().join("rules.yaml"), "sections: [a]\n").expect("written");
                std::fs::write(folder.path().join(name), &text).expect("written");
                let out = kalends(&["rules", "check", "--rules", ".", "--format", "json"]);
                std::fs::remove_file(folder.path().join(name)).expect("gone");
                let found: Value = serde_json::from_slice(&out.stdout).expect("JSON");
                for one in found["findings"].as_array().expect("findings").iter().filter(|one| one["code"] == VALUE) {
                    let words = format!("{}: {}", one["message"].as_str().expect("a message"), one["label"].as_str().expect("a label"));
                    let inner = [
                        "struct ",
                        "enum",
                        "usize",
                        "u8",
                        "u16",
                        "u32",
                        "string",
                        "sequence",
                        "integer",
                        "boolean",
                        "Value::",
                        "the value of",
                    ];
                    assert!(!inner.iter().any(|word| words.contains(word)), "{text}\n{words}");
                    told += 1;
                    shown += usize::from(words.contains("write") || words.contains("put"));
                }
            }
        }
    }
    assert!(seen > 120 && told > 700, "{seen} keys, {told} findings");
    assert!(shown * 100 >= told * 99, "{shown} of {told} say what to write");
}
