//! Rules that are loaded again and again leave no memory behind.

use std::{fs, path::Path, process::Command};

use kalends::measured::Rules;

const RELOADS: usize = 10_000;
/// Loads after which everything that is made once has been made.
const WARM: usize = 500;
const GROWTH_MAX: usize = 4 << 20;
/// Says to the process that loads that it is this one: alone, so that no other test counts.
const LOADING: &str = "KALENDS_TEST_LOADS";

/// Bytes of memory that this process has.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    1024 * line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number")
}

fn load_them_all() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = fs::read_dir(folder).expect("the example").map(|file| file.expect("a file").path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let files: Vec<(String, String)> = files
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read_to_string(&path).expect("text")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let event =
        |set: &Rules| set.event(serde_json::json!({ "title": "Interview: Kim, [ACME-15]", "attendees": ["eva@northwind.example"] }));
    let load = |times: usize| {
        for _ in 0..times {
            let set = Rules::load(&files);
            assert!(set.judge(&event(&set)) > 0);
        }
    };
    load(WARM);
    let before = resident();
    load(RELOADS - WARM);
    let grown = resident().saturating_sub(before);
    assert!(grown <= GROWTH_MAX, "{RELOADS} loads: {} KiB more than after {WARM}", grown >> 10);
}

#[test]
fn ten_thousand_loads_of_the_shipped_rules_take_no_more_memory_than_a_few() {
    if std::env::var_os(LOADING).is_some() {
        return load_them_all();
    }
    let name = "reloads::ten_thousand_loads_of_the_shipped_rules_take_no_more_memory_than_a_few";
    let mut alone = Command::new(std::env::current_exe().expect("this program"));
    let out = alone.args(["--exact", name, "--nocapture"]).env(LOADING, "1").output().expect("it runs");
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("1 passed"), "{}", String::from_utf8_lossy(&out.stderr));
}
