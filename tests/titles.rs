//! Titles as people, phones and word processors write them.

use crate::lint::failures;

const CLIENTS: &str = "clients:
  mueller: {name: Müller, projects: {MUE-1: {name: One, billable: true}}}
  obrien: {name: O'Brien, aliases: [Rolls-Royce], projects: {OBR-1: {name: One, billable: true}}}
  toyota: {name: トヨタ, projects: {TOY-1: {name: One, billable: true}}}
";
const RULES: &str = "sections: [codes, clients, tags]
defaults: {task: Meeting, billable: true}
rules:
  - {id: code, section: codes, when: {project_code: {}}, set: {project: '${code}', description: '${rest}'}}
  - {id: name, section: clients, when: {client_name: {}}, set: {client: '${client}'}}
  - {id: word, section: tags, when: {title: {words: [e-mail, don't]}}, set: {tags: [word]}}
  - {id: pattern, section: tags, when: {title: {regex: 'e-mail|don.t (?<who>wörk)'}}, set: {tags: [pattern]}}
  - {id: odd, section: tags, when: {title: {regex: 'O’Brien|zu‑hause'}}, set: {tags: [odd]}}
  - {id: dash, section: tags, when: {title: {regex: 'range \\d[‐-―]\\d'}}, set: {tags: [dash]}}
tests:
";

/// Each title with what is expected of it.
fn all_say(cases: &[(&str, &str)]) {
    let test = |(index, (title, expect)): (usize, &(&str, &str))| {
        let title = serde_json::to_string(title).expect("text");
        format!("  - {{name: t{index}, event: {{title: {title}}}, expect: {{{expect}}}}}\n")
    };
    let rules = format!("{RULES}{}", cases.iter().enumerate().map(test).collect::<String>());
    assert_eq!(failures(CLIENTS, &rules), Vec::<serde_json::Value>::new());
}

#[test]
fn a_description_is_the_title_without_its_code_and_nothing_else() {
    all_say(&[
        ("[MUE-1] Workshop (remote)", "description: Workshop (remote)"),
        ("[MUE-1] [WIP] Kickoff", "description: '[WIP] Kickoff'"),
        ("Re: [MUE-1] x", "description: 'Re: x'"),
        ("Kickoff – MUE-1 – phase 2", "description: Kickoff – phase 2"),
        ("MUE-1 -10 % offer", "description: -10 % offer"),
        ("MUE-1 & MUE-1", "project: MUE-1, description: nothing"),
        ("MUE-1: Plan of [MUE-1, draft]", "description: 'Plan of [draft]'"),
    ]);
}

#[test]
fn typographic_characters_are_the_ones_on_the_keyboard() {
    all_say(&[
        ("O’Brien sync", "client: obrien, tags: odd"),
        ("OʼBrien sync", "client: obrien"),
        ("O'Brien sync", "client: obrien, tags: odd"),
        ("Rolls‑Royce", "client: obrien"),
        ("Mu\u{308}ller sync", "client: mueller"),
        ("e‑mail", "tags: [word, pattern]"),
        ("I don’t wo\u{308}rk", "tags: [word, pattern]"),
        ("zu-hause", "tags: odd"),
        ("zu‑hause", "tags: odd"),
        ("range 1–2", "tags: dash"),
        ("range 1‑2", "tags: dash"),
        ("range 1a2", "tags: nothing"),
        ("Mu\u{308}ller: MUE‑1 – Gru\u{308}n", "client: mueller, project: MUE-1, description: 'Mu\u{308}ller: Gru\u{308}n'"),
    ]);
}

#[test]
fn words_of_scripts_without_spaces_stand_beside_each_other() {
    all_say(&[
        ("トヨタ会議", "client: toyota"),
        ("新トヨタ", "client: toyota"),
        ("会议TOY-1讨论", "project: TOY-1, description: 会议讨论"),
        ("トヨタホーム", "client: nothing"),
        ("xTOY-1", "project: nothing"),
    ]);
}

#[test]
fn a_code_that_goes_on_is_another_one_and_asked_about() {
    for code in ["MUE-1-2", "MUE-1.5", "MUE-1/2", "MUE-1–2", "MUE-1‑2", "mue-1-2026", "MUE-1.5h", "MUE-1-2-3"] {
        all_say(&[(&format!("[{code}] Kickoff"), "project: nothing, outcome: exception, reason: unknown-code")]);
    }
    all_say(&[
        ("MUE-1-Kickoff", "project: MUE-1, outcome: entry"),
        ("MUE-1. 2 people", "project: MUE-1, outcome: entry"),
        ("MUE-1 -2 people", "project: MUE-1, outcome: entry"),
        ("MUE-1/OBR-1", "project: MUE-1, reason: conflict"),
    ]);
}
