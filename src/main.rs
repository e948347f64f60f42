//! Runs one command and sets the exit code.

fn main() -> std::process::ExitCode {
    kalends::cli::main()
}
