//! What the program is made of: licences, sources and bans, as `.cargo/deny.toml` states them, checked without a network.

use std::process::Command;

/// Any one of these may hold for a package; an expression with `OR` needs one, with `AND` all.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "CDLA-Permissive-2.0",
];
/// One TLS stack, and nothing that is unsound or given up.
const BANNED: &[&str] = &["openssl-sys", "native-tls", "aws-lc-sys", "serde_yml", "backoff"];
const PACKAGES_MAX: usize = 440;

fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], "");
    plain.split(" AND ").all(|all| all.split(" OR ").any(|one| LICENCES.contains(&one.trim())))
}

#[test]
fn every_package_has_a_licence_a_source_and_a_place_here() {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let args = ["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", &target];
    let out = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo");
    let data: serde_json::Value = serde_json::from_slice(&out.stdout).expect("metadata");
    let packages: Vec<_> = data["packages"].as_array().expect("packages").iter().filter(|package| !package["source"].is_null()).collect();
    assert!((50..=PACKAGES_MAX).contains(&packages.len()), "{} packages", packages.len());
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = text("name");
        assert!(is_allowed(text("license")), "{name} is under {}", text("license"));
        assert!(
            text("source").starts_with("registry+https://github.com/rust-lang/crates.io-index"),
            "{name} comes from {}",
            text("source")
        );
        assert!(!BANNED.contains(&name), "{name} is banned");
    }
}
