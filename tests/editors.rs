//! What editors are told of files: schemas that are shipped, complete, and say neither more nor less than the program; and layout.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::language::{cases, known_keys};

fn kalends(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shipped(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&shipped(&format!("rules/schema/{name}.json"))).expect("JSON")
}

/// A file as an editor reads it; one of nothing but comments has no keys.
fn read(text: &str) -> Value {
    let value: Value = serde_yaml::from_str(text).expect("YAML");
    if value.is_null() { json!({}) } else { value }
}

/// What a validator that was not written here says.
fn complaints(schema: &Value, text: &str) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator.iter_errors(&read(text)).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn rule_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = fs::read_dir(folder).expect("the example").map(|file| file.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

#[test]
fn the_shipped_schemas_are_those_that_the_program_prints() {
    for name in ["rules", "clients", "config"] {
        let printed = text(&kalends(Path::new("."), &["schema", name]).stdout);
        assert_eq!(shipped(&format!("rules/schema/{name}.json")), printed, "kalends schema {name} > rules/schema/{name}.json");
    }
}

#[test]
fn shipped_files_and_those_of_init_name_their_schema_and_fit_it() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(kalends(folder.path(), &["init", "."]).status.success());
    let mut files: Vec<PathBuf> = rule_files();
    files.extend(rule_files().iter().map(|path| folder.path().join("rules").join(path.file_name().expect("a name"))));
    files.push(folder.path().join("kalends.yaml"));
    for file in files {
        let text = fs::read_to_string(&file).expect("text");
        let named = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema=")).expect("a modeline");
        let schema = fs::read_to_string(file.parent().expect("a folder").join(named)).expect(named);
        let schema = serde_json::from_str(&schema).expect("JSON");
        assert_eq!(complaints(&schema, &text), [""; 0], "{}", file.display());
    }
}

#[test]
fn the_settings_that_the_configuration_shows_fit_its_schema() {
    let shown: String = shipped("src/cli/kalends.yaml")
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| {
            let key = line.trim_start().split(':').next().unwrap_or_default();
            line.starts_with("  ")
                || (line.contains(": ") && key.chars().all(|char| char.is_ascii_lowercase() || char == '_'))
                || line.ends_with("providers:")
        })
        .filter(|line| !line.contains("yaml-language-server"))
        .fold(String::new(), |all, line| all + line + "\n");
    assert!(shown.lines().count() > 15, "{shown}");
    assert_eq!(complaints(&schema("config"), &shown), [""; 0], "{shown}");
}

#[test]
fn what_the_program_takes_fits_the_schema_and_what_its_types_refuse_does_not() {
    let (of_rules, of_clients) = (schema("rules"), schema("clients"));
    let mut refused = 0;
    for case in cases() {
        assert_eq!(complaints(&of_rules, &case.rules), [""; 0], "{}\n{}", case.key, case.rules);
        assert_eq!(complaints(&of_clients, &case.clients), [""; 0], "{}\n{}", case.key, case.clients);
        if ["Y008", "Y009", "Y010", "Y011"].contains(&case.code) && !is_a_matter_of_text(case.key) {
            let told = complaints(&of_rules, &case.wrong).len() + complaints(&of_clients, &case.wrong_clients).len();
            assert!(told > 0, "{}: the schema takes\n{}\n{}", case.key, case.wrong, case.wrong_clients);
            refused += 1;
        }
    }
    assert!(refused > 30, "{refused}");
    for broken in [
        "rules: 1",
        "rules: [{section: a}]",
        "rules: [{id: a, section: b, whn: {}}]",
        "tests: [{name: a, event: {}, expect: {clint: x}}]",
        "zzz: 1",
    ] {
        assert!(!complaints(&of_rules, broken).is_empty(), "{broken}");
    }
    for broken in
        ["clients: {acme: {}}", "clients: {acme: {name: 1}}", "required: [clint]", "clients: {acme: {name: A, projects: {A-1: {name: B}}}}"]
    {
        assert!(!complaints(&of_clients, broken).is_empty(), "{broken}");
    }
    for broken in ["databas: x", "four_eyes: maybe", "rounding: {to: sideways}", "poll: {at_once: many}", "digest: {smtp: {host: a}}"] {
        assert!(!complaints(&schema("config"), broken).is_empty(), "{broken}");
    }
}

/// Zones, dates and addresses are texts to a schema.
fn is_a_matter_of_text(key: &str) -> bool {
    ["rule.from", "rule.until", "project.from", "project.until", "event.timezone", "header.timezone"].contains(&key)
}

/// Keys of `kalends.yaml` as the program names them when it meets an unknown one.
fn settings() -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let places = [
        ("config", "zzz: 1"),
        ("rounding", "rounding: {zzz: 1}"),
        ("providers", "providers: {zzz: 1}"),
        ("provider", "providers: {google: {zzz: 1}}"),
        ("poll", "poll: {zzz: 1}"),
        ("feeds", "feeds: {zzz: 1}"),
        ("digest", "digest: {zzz: 1}"),
        ("smtp", "digest: {smtp: {zzz: 1}}"),
        ("review", "review: {zzz: 1}"),
    ];
    let mut known = BTreeSet::new();
    for (place, text_of_file) in places {
        fs::write(folder.path().join("kalends.yaml"), format!("{text_of_file}\n")).expect("written");
        let told = text(&kalends(folder.path(), &["db", "check"]).stderr);
        let keys = told.split("known here: ").nth(1).unwrap_or_else(|| panic!("{place}: {told}")).lines().next().expect("the keys");
        known.extend(keys.split(", ").map(|key| format!("{place}.{key}")));
    }
    known
}

#[test]
fn every_key_that_the_program_knows_has_words_and_an_example_that_fits() {
    let schemas = [("header", schema("rules")), ("clients", schema("clients")), ("config", schema("config"))];
    let known: BTreeSet<String> = known_keys().into_iter().chain(settings()).collect();
    assert!(known.len() > 160, "{} keys", known.len());
    for key in known {
        let (place, name) = key.split_once('.').expect("a place and a key");
        let found = schemas.iter().find_map(|(root, schema)| {
            let of = if *root == place { schema } else { &schema["definitions"][place] };
            of["properties"].get(name).map(|property| (property.clone(), schema["definitions"].clone()))
        });
        let (property, definitions) = found.unwrap_or_else(|| panic!("{key} is in no schema"));
        assert!(property["description"].as_str().is_some_and(|words| words.len() > 5), "{key}: {property}");
        let example = &property["examples"][0];
        assert!(!example.is_null(), "{key} has no example: {property}");
        let of_key = json!({ "definitions": definitions, "allOf": [property] });
        assert!(jsonschema::validator_for(&of_key).expect("a schema").is_valid(example), "{key}: {example}");
    }
}

#[test]
fn fmt_lays_files_out_keeps_what_they_say_and_leaves_alone_what_it_cannot() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("clients.yaml", "clients:\n    acme: { name:   Acme }   # who\n");
    write("rules.yaml", "sections:   [a]\nrules:\n# first\n- {id: one,   section: a, skip: \"why\" }\n");
    let fmt = |more: &[&str]| kalends(folder.path(), &[&["rules", "fmt", "--rules", "."], more].concat());
    let checked = fmt(&["--check"]);
    assert_eq!(
        (checked.status.code(), text(&checked.stdout)),
        (Some(3), "./clients.yaml\n./rules.yaml\n2 of 2 files would change\n".into())
    );
    assert_eq!(fs::read_to_string(folder.path().join("clients.yaml")).expect("text"), "clients:\n    acme: { name:   Acme }   # who\n");
    assert_eq!(text(&fmt(&[]).stdout), "./clients.yaml\n./rules.yaml\n2 of 2 files changed\n");
    let now = |name: &str| fs::read_to_string(folder.path().join(name)).expect("text");
    assert_eq!(now("clients.yaml"), "clients:\n  acme: {name: Acme}   # who\n");
    assert_eq!(now("rules.yaml"), "sections: [a]\nrules:\n  # first\n  - {id: one, section: a, skip: \"why\"}\n");
    assert_eq!((fmt(&["--check"]).status.code(), fmt(&[]).status.code()), (Some(0), Some(0)));
    write("rules.yaml", "a: &x [1]\nb: *x\n");
    let refused = fmt(&[]);
    assert!(refused.status.code() == Some(3) && text(&refused.stderr).contains("anchors are not allowed"), "{refused:?}");
    assert_eq!(now("rules.yaml"), "a: &x [1]\nb: *x\n");
    // What cannot be laid out is told where it stands, with what to do.
    for (text_of, place, told) in [
        (
            "sections: [a]\nrules:\n  - id: é\n    section: a\n    review: |\n      who\n      pays?  \n      we\n",
            "7:12",
            "the spaces at the end of this line would go",
        ),
        (
            "sections: [a]\nrules:\n  - id: a\n    section: a\n    review: |+\n      who?\n\n\n",
            "6:7",
            "the empty lines behind this text would go",
        ),
        ("sections: [a]\n? rules\n: - {id: a, section: a, skip: why}\n", "2:1", "write the key without it"),
    ] {
        write("rules.yaml", text_of);
        let refused = fmt(&[]);
        let said = text(&refused.stderr);
        assert!(
            refused.status.code() == Some(3) && said.starts_with(&format!("./rules.yaml:{place}: ")) && said.contains(told),
            "{refused:?}"
        );
        assert_eq!(now("rules.yaml"), text_of);
    }
}

#[test]
fn fmt_leaves_a_file_alone_whose_findings_would_come_or_go() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("clients.yaml"), "clients: {acme: {name: Acme}}\n").expect("written");
    let words = (0..30).map(|number| format!("word{number}")).collect::<Vec<_>>().join(", ");
    let rules = format!(
        "sections: [a]\nrules:\n  - {{id: one, section: a, when: {{title: {{words: [word1]}}}}, set: {{task: One}}}}\n  \
         - {{id: two, section: a, when: {{title: {{words: [{words}]}}, recurring: true}}, set: {{task: Two}}}}   # kalends: allow R004 because a person decides\n"
    );
    fs::write(folder.path().join("rules.yaml"), &rules).expect("written");
    let run = |command: &str| kalends(folder.path(), &["rules", command, "--rules", "."]);
    assert_eq!(run("check").status.code(), Some(0));
    let refused = run("fmt");
    assert!(refused.status.code() == Some(3) && text(&refused.stderr).contains("would no longer stand beside"), "{refused:?}");
    assert_eq!((fs::read_to_string(folder.path().join("rules.yaml")).expect("text"), run("check").status.code()), (rules, Some(0)));
}

#[cfg(unix)]
#[test]
fn fmt_keeps_links_and_who_may_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("kept")).expect("a folder");
    let (kept, linked) = (folder.path().join("kept/rules.yaml"), folder.path().join("rules.yaml"));
    fs::write(&kept, "sections:   [a]\n").expect("written");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o660)).expect("set");
    symlink(&kept, &linked).expect("linked");
    assert_eq!(kalends(folder.path(), &["rules", "fmt", "--rules", "."]).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&kept).expect("text"), "sections: [a]\n");
    assert!(linked.is_symlink() && fs::metadata(&kept).expect("there").permissions().mode() & 0o777 == 0o660);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_or_no_text_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rules.yaml"), b"sections: [a]\n# caf\xe9\n").expect("written");
    let told = kalends(folder.path(), &["rules", "check", "--rules", "."]);
    assert!(text(&told.stderr).contains("no UTF-8 text") && text(&told.stderr).contains("rules.yaml:2:6"), "{told:?}");
    fs::write(folder.path().join("more.yaml"), "nonsense: 1\n").expect("written");
    let told = kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
    assert!(text(&told.stdout).contains("Y001") && text(&told.stdout).contains("Y008"), "all at once, in every form: {told:?}");
    fs::remove_file(folder.path().join("more.yaml")).expect("gone");
    kalends(folder.path(), &["rules", "fmt", "--rules", "."]);
    assert_eq!(fs::read(folder.path().join("rules.yaml")).expect("there"), b"sections: [a]\n# caf\xe9\n", "nothing is lost");
    fs::remove_file(folder.path().join("rules.yaml")).expect("gone");
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("z.yaml")).status().expect("it runs").success());
    let told = kalends(folder.path(), &["rules", "check", "--rules", "."]);
    assert!(text(&told.stderr).contains("z.yaml is no file"), "{told:?}");
}

#[test]
fn both_endings_are_read_and_no_file_stands_there_with_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    let check = || kalends(folder.path(), &["rules", "check", "--rules", "."]);
    write("rules.yml", "sections: [a]\n");
    write("clients.yml", "clients: {acme: {name: Acme}}\n");
    write("more.yml", "rules:\n  - {id: one, section: a, when: {client_name: {}}, set: {client: \"${client}\"}}\n");
    assert!(text(&check().stdout).starts_with("1 rule, 1 client"), "{:?}", check());
    write("clients.yaml", "clients: {globex: {name: Globex}}\n");
    assert!(check().status.code() == Some(3) && text(&check().stderr).contains("`clients.yaml` is there twice"), "{:?}", check());
}

#[test]
fn the_shipped_rules_are_laid_out_as_fmt_would() {
    let checked = kalends(Path::new(env!("CARGO_MANIFEST_DIR")), &["rules", "fmt", "--check", "--rules", "rules"]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", text(&checked.stdout), text(&checked.stderr));
}
