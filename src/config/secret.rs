//! Where secrets come from: the environment, a file or a systemd credential; never the configuration itself.

use std::path::PathBuf;

use secrecy::SecretString;

/// Looks for the secret `name` outside the configuration, in this order: `KALENDS_NAME`, the file that
/// `KALENDS_NAME_FILE` names, then the credential `kalends.name` that systemd hands to its service
/// (`LoadCredential=` in systemd.exec(5), which sets `CREDENTIALS_DIRECTORY`).
///
/// # Errors
/// A file that is named and cannot be read. A credential that is not there is none.
pub(super) fn find(name: &str, environment: impl Fn(&str) -> Option<String>) -> Result<Option<SecretString>, String> {
    let variable = format!("KALENDS_{}", name.to_uppercase());
    if let Some(secret) = environment(&variable) {
        return Ok(Some(secret.into()));
    }
    let file = format!("{variable}_FILE");
    if let Some(path) = environment(&file) {
        return read(&PathBuf::from(path)).map(Some).map_err(|problem| format!("{file}: {problem}"));
    }
    let credential = environment("CREDENTIALS_DIRECTORY").map(|folder| PathBuf::from(folder).join(format!("kalends.{name}")));
    match credential.filter(|path| path.exists()) {
        Some(path) => read(&path).map(Some),
        None => Ok(None),
    }
}

/// Reads a secret that has a file to itself. A line feed at its end is the editor's, not the secret's.
///
/// # Errors
/// What is wrong with the file, without its text.
pub(super) fn read(path: &std::path::Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    match text.trim() {
        "" => Err(format!("{} is empty", path.display())),
        secret => Ok(secret.into()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_environment_wins_over_a_file_and_a_file_over_a_credential() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("mine"), "of the file\n").expect("written");
        std::fs::write(path("kalends.database"), "of systemd\n").expect("written");
        let all = [("KALENDS_DATABASE", "typed".to_owned()), ("KALENDS_DATABASE_FILE", path("mine")), ("CREDENTIALS_DIRECTORY", path(""))];
        let found = |from: usize| {
            let known = &all[from..];
            let value = |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            find("database", value).expect("read").map(|secret| secret.expose_secret().to_owned())
        };
        let order: Vec<_> = (0..=all.len()).map(found).collect();
        assert_eq!(order, [Some("typed"), Some("of the file"), Some("of systemd"), None].map(|found| found.map(str::to_owned)));
    }

    #[test]
    fn a_file_that_is_named_must_be_there_and_must_not_be_empty() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let named = |path: String| find("database", |name| (name == "KALENDS_DATABASE_FILE").then(|| path.clone()));
        assert!(named("/none".to_owned()).is_err_and(|problem| problem.contains("cannot read /none")));
        assert!(named(file.path().display().to_string()).is_err_and(|problem| problem.contains("is empty")));
    }
}
