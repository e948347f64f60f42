//! What rules make of events.

use chrono::{DateTime, TimeDelta, Utc};

use super::{RuleSet, Scene, load};
use crate::{
    model::{
        catalog::Field,
        day::Zones,
        event::{Attendee, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
        residual::{Decided, Residual},
        verdict::Verdict,
    },
    yaml::diagnostic::Source,
};

const CLIENTS: &str = "
clients:
  acme:
    name: Acme Robotics
    aliases: [Acme, {name: Robo, weak: true}]
    domains: [acme.com]
    projects:
      ACME-12: {name: Onboarding, billable: true}
      ACME-15: {name: Support, billable: true}
  globex:
    name: Globex
    domains: [globex.com]
    projects:
      GBX-3: {name: Migration, billable: true}
";

const RULES: &str = "
sections: [guards, codes, clients, tasks]
our_domains: [ourfirm.com]
defaults: {task: Meeting, billable: '${project.billable}'}
rules:
  - {id: lunch, section: guards, when: {title: {words: [lunch]}, attendees: {max: 1}}, skip: personal}
  - {id: code, section: codes, when: {project_code: {in: [title]}}, set: {project: '${code}', description: '${rest}'}, confidence: high}
  - {id: domain, section: clients, when: {client_domain: {in: [attendees]}}, set: {client: '${client}'}}
  - {id: name, section: clients, when: {client_name: {in: [title]}}, set: {client: '${client}'}, confidence: low}
  - {id: interview, section: tasks, when: {title: {regex: '^interview: (?<who>\\w+)'}}, set: {task: 'Interview ${who}'}}
  - {id: early, section: tasks, when: {client: globex, time: {outside: '08:00-18:00'}}, set: {tags: [after-hours]}}
suspicious:
  - {id: too-long, text: longer than ten hours, when: {duration: {min: 10h}}}
  - {id: full, reason: day-too-full, text: a long day, when: {day_total: {min: 10h}}}
";

fn source(name: &str, text: &str) -> Source {
    Source::new(name, text)
}

fn rules(text: &str) -> RuleSet {
    load(&[source("rules/rules.yaml", text), source("rules/clients.yaml", CLIENTS)]).expect("rules")
}

fn fact(title: &str, people: &[&str]) -> Fact {
    let start: DateTime<Utc> = "2026-03-09T07:00:00Z".parse().expect("an instant");
    let attendee = |email: &&str| Attendee { email: (*email).to_owned(), name: None, resource: false, response: Response::Accepted };
    Fact {
        provider_id: "a".into(),
        ical_uid: "a".into(),
        recurring: false,
        original_start: None,
        span: Span::Timed { start, end: start + TimeDelta::hours(1), zone: chrono_tz::UTC },
        status: EventStatus::Confirmed,
        show_as: ShowAs::Busy,
        visibility: Visibility::Public,
        text: Text { title: title.into(), attendees: people.iter().map(attendee).collect(), ..Text::default() }.into(),
    }
}

fn judge(set: &RuleSet, fact: &Fact) -> Verdict {
    let addresses = ["eva@ourfirm.com".to_owned()];
    let date = Zones::only(chrono_tz::UTC).first_date(&fact.span);
    let (response, zone) = (Response::Accepted, chrono_tz::UTC);
    set.judge(&Scene { fact, response, calendar: "Work", addresses: &addresses, date, zone, same_day: &[] })
}

fn field(title: &str, people: &[&str], field: Field) -> Option<String> {
    judge(&rules(RULES), &fact(title, people)).value(field).map(str::to_owned)
}

#[test]
fn a_code_brings_its_project_and_its_client() {
    let verdict = judge(&rules(RULES), &fact("[ACME-12] kickoff", &["eva@ourfirm.com", "tom@acme.com"]));
    assert_eq!((verdict.value(Field::Client), verdict.value(Field::Project)), (Some("acme"), Some("ACME-12")));
    assert_eq!(verdict.value(Field::Description), Some("kickoff"));
    assert_eq!((&*verdict.fields[&Field::Project].rule, verdict.conflicts().count()), ("code", 0));
}

#[test]
fn evidence_about_the_client_that_disagrees_is_a_conflict_across_sections() {
    let verdict = judge(&rules(RULES), &fact("GBX-3 review", &["tom@acme.com"]));
    assert_eq!((verdict.value(Field::Client), verdict.conflicts().count()), (Some("globex"), 1));
    let conflict = verdict.conflicts().next().expect("a conflict");
    assert_eq!((&*conflict.won.rule, &*conflict.lost.rule), ("code", "domain"));
}

#[test]
fn over_settles_a_conflict() {
    let over = RULES.replace("{id: code, ", "{id: code, over: domain, ");
    assert!(judge(&rules(&over), &fact("GBX-3 review", &["tom@acme.com"])).conflicts().count() == 0);
}

#[test]
fn names_match_whole_words_in_any_case_and_the_longest_wins() {
    assert_eq!(field("ACME\u{a0}robotics weekly", &[], Field::Client).as_deref(), Some("acme"));
    assert_eq!(field("Pacmeister", &[], Field::Client), None);
}

#[test]
fn a_weak_alias_needs_a_second_witness() {
    assert_eq!(field("Robo steering", &[], Field::Client), None);
    assert_eq!(field("Robo steering", &["tom@acme.com"], Field::Client).as_deref(), Some("acme"));
}

#[test]
fn a_domain_covers_its_subdomains_and_free_mail_is_nobody() {
    assert_eq!(field("Sync", &["tom@eu.acme.com"], Field::Client).as_deref(), Some("acme"));
    assert_eq!(field("Sync", &["tom@gmail.com"], Field::Client), None);
}

#[test]
fn a_code_that_names_no_project_is_told_with_the_nearest() {
    let verdict = judge(&rules(RULES), &fact("ACME-13 and ISO-9001", &[]));
    assert_eq!(verdict.unknown_codes.len(), 1);
    assert_eq!(verdict.unknown_codes[0].near.as_deref(), Some("ACME-12"));
}

#[test]
fn named_captures_fill_templates() {
    assert_eq!(field("Interview: Kim (design)", &[], Field::Task).as_deref(), Some("Interview Kim"));
}

#[test]
fn skip_ends_evaluation_and_counts_people_with_their_owner() {
    assert!(judge(&rules(RULES), &fact("Lunch", &["eva@ourfirm.com"])).skip.is_some());
    assert!(judge(&rules(RULES), &fact("Lunch with Acme", &["eva@ourfirm.com", "tom@acme.com"])).skip.is_none());
}

#[test]
fn a_condition_may_read_what_an_earlier_section_set() {
    assert_eq!(judge(&rules(RULES), &fact("Globex call", &[])).tags[0].value, "after-hours");
    assert!(judge(&rules(RULES), &fact("Acme call", &[])).tags.is_empty());
}

#[test]
fn of_a_private_event_the_words_are_not_read() {
    let private = Fact { visibility: Visibility::Confidential, ..fact("[ACME-12] kickoff", &["tom@acme.com"]) };
    assert!(judge(&rules(RULES), &private).fields.is_empty());
}

#[test]
fn suspicion_waits_for_the_decided_values() {
    let verdict = judge(&rules(RULES), &fact("Acme call", &[]));
    let decided = |seconds| Decided { client: None, project: None, task: None, billable: None, seconds, confidence: None };
    let when: &Residual = &verdict.suspicions[0].when;
    assert!(when.holds(&decided(11 * 3600)) && !when.holds(&decided(3600)));
    assert_eq!(rules(RULES).day_limits[0].min_seconds, 36_000);
}

#[test]
fn everything_wrong_is_told_at_once_and_nothing_loads() {
    let bad = "
sections: [codes]
rules:
  - {id: a, section: code, set: {client: acmee}}
  - {id: a, section: codes, set: {project: ACME-21}, over: [b], when: {title: {regex: '(x'}, duration: {min: long}}}
";
    let found = load(&[source("rules.yaml", bad), source("clients.yaml", CLIENTS)]).map(drop).expect_err("findings");
    let told: Vec<_> =
        found.iter().map(|(source, finding)| (finding.code.as_str(), finding.position(source).0, finding.label.as_str())).collect();
    assert_eq!(
        told,
        [
            ("R012", 4, "did you mean `codes`?"),
            ("R012", 4, "did you mean `acme`?"),
            ("R001", 5, "also at rules.yaml:4: rename one"),
            ("R012", 5, "did you mean `ACME-12`?"),
            ("R018", 5, "did you mean `a`?"),
            ("R025", 5, "unclosed group"),
            ("R002", 5, "write it as `45m` or `1h30m`"),
        ]
    );
}
