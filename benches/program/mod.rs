//! How the benches run the program.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// One command, which must end well, and how long it took.
pub(super) fn kalends(folder: &Path, args: &[&str]) -> Duration {
    let began = Instant::now();
    let done = Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).current_dir(folder).output().expect("it runs");
    let took = began.elapsed();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    took
}
