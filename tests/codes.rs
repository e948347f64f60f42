//! Every code of a finding has its section in `rules/REFERENCE.md`, and what stands there as an example raises it.

use std::{collections::BTreeSet, path::Path, process::Command};

use serde_json::Value;

fn reference() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/REFERENCE.md")).expect("the reference")
}

/// The codes that the program knows, in its own source.
fn codes() -> BTreeSet<String> {
    let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/yaml/code.rs")).expect("the codes");
    let pattern = regex::Regex::new(r#"(?m)^    \w+ = "([YKR]\d{3})", "#).expect("a pattern");
    pattern.captures_iter(&source).map(|found| found[1].to_owned()).collect()
}

/// Sections of the reference: code, title, text.
fn sections() -> Vec<(String, String, String)> {
    let reference = reference();
    let (_, all) = reference.split_once("## What a check says").expect("the part on findings");
    let parts = all.split("\n### ").skip(1);
    let part = |text: &str| {
        let (heading, body) = text.split_once('\n').expect("a heading");
        let (code, title) = heading.split_once(' ').expect("a code and a title");
        (code.to_owned(), title.to_owned(), body.to_owned())
    };
    parts.map(part).collect()
}

fn kalends(folder: &Path, args: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs")
}

#[test]
fn every_code_has_a_section_and_every_section_a_code() {
    let (codes, sections) = (codes(), sections());
    assert!(codes.len() > 40, "{} codes", codes.len());
    let there: BTreeSet<String> = sections.iter().map(|(code, ..)| code.clone()).collect();
    assert_eq!(codes, there);
    assert_eq!(there.len(), sections.len(), "a section stands twice");
    let folder = tempfile::tempdir().expect("a folder");
    for (code, title, body) in sections {
        assert!(body.contains("\nFix: "), "{code} does not say what to do");
        let out = kalends(folder.path(), &["rules", "check", "--explain", &code.to_lowercase()]);
        let told = String::from_utf8_lossy(&out.stdout);
        assert_eq!(told.trim_end(), format!("{code}: {title}\n\n{}", body.trim()), "{code}");
    }
}

#[test]
fn every_example_of_the_reference_raises_its_code() {
    let clients = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/clients.yaml")).expect("clients");
    let mut shown = 0;
    for (code, _, body) in sections() {
        let Some(example) = body.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()) else { continue };
        let folder = tempfile::tempdir().expect("a folder");
        let is_clients = example.starts_with("# clients.yaml");
        let (clients, rules) = if is_clients { (example, "rules: []\n") } else { (clients.as_str(), example) };
        std::fs::write(folder.path().join("clients.yaml"), clients).expect("written");
        std::fs::write(folder.path().join("rules.yaml"), rules).expect("written");
        let out = kalends(folder.path(), &["rules", "check", "--rules", ".", "--format", "json"]);
        let found: Value = serde_json::from_slice(&out.stdout).expect("findings");
        let raised: Vec<_> = found["findings"].as_array().expect("a list").iter().map(|one| one["code"].clone()).collect();
        assert!(raised.iter().any(|one| *one == code), "{code}: {raised:?}\n{example}");
        shown += 1;
    }
    assert!(shown >= 36, "{shown} examples");
}
