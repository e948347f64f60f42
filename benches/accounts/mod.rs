//! Accounts at the fake providers, connected through the program as a person would.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use kalends_fakes::browse;

/// What `kalends.yaml` says of Google, which is at `base`.
pub(super) fn google_lines(base: &str) -> String {
    format!(
        "providers:\n  google: {{client_id: app, authorize_url: \"{base}/o/oauth2/v2/auth\", token_url: \"{base}/token\", api_url: \"{base}/calendar/v3/\"}}\n"
    )
}

/// One person's consent, from the command to the page at the end.
pub(super) fn connect(folder: &Path, provider: &str, email: &str) {
    let args = ["connect", provider, "--staff", email, "--no-browser"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_kalends"));
    let mut child = command.args(args).current_dir(folder).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
    let url = lines.find_map(|line| line.expect("a line").split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned));
    browse(&url.expect("an address")).expect("a page");
    assert!(child.wait().expect("ended").success());
}
