//! `kalends.yaml`: where the book and the rules are, and house policy. Read once; nothing here does anything.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    calendar::http::Named,
    clock::Clock,
    model::policy::{Policy, Rounding},
    store::Database,
    yaml::{
        self,
        code::Code,
        diagnostic::{Diagnostic, Source},
        positions::Positions,
    },
};

pub(crate) mod mail;
pub(crate) mod poll;
pub(crate) mod providers;
mod secret;
pub(crate) mod sign_in;

const LISTEN_PORT: u16 = 8721;
const REQUESTS_A_MINUTE: u32 = 600;

/// What may be set, in the file or as `KALENDS_NAME` in the environment. Everything has a default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "config")]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// A file, or a PostgreSQL address without a password.
    database: Option<String>,
    /// A file that holds the address, for one with a password.
    database_file: Option<PathBuf>,
    rules: Option<PathBuf>,
    rounding: Option<Rounding>,
    locked_through: Option<NaiveDate>,
    /// A time at which everything stands still, for demonstrations.
    clock: Option<DateTime<Utc>>,
    four_eyes: Option<bool>,
    providers: providers::AllWritten,
    sign_in: sign_in::Written,
    /// A file with the keys that tokens are sealed with.
    key_file: Option<PathBuf>,
    poll: poll::Written,
    feeds: Feeds,
    digest: mail::Written,
    /// Where `serve` listens for people who come to connect.
    #[schemars(with = "Option<String>")]
    listen: Option<std::net::SocketAddr>,
    /// How people reach that from outside.
    public_url: Option<url::Url>,
    /// Proxies that are believed about whom they stand before.
    trusted_proxies: Vec<std::net::IpAddr>,
    review: Review,
    /// How many requests a token may send to the API in a minute.
    requests_a_minute: Option<u32>,
    connections: Connections,
}

/// What `connections:` says: how many there may be at once.
#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "connections")]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Connections {
    pub(crate) all: NonZeroUsize,
    /// From one address. An office behind one address has a browser's six for everyone in it.
    pub(crate) each: NonZeroUsize,
}

impl Default for Connections {
    fn default() -> Self {
        let number = |number| NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN);
        Self { all: number(1_024), each: number(128) }
    }
}

/// What `review:` says.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "review")]
#[serde(deny_unknown_fields, default)]
struct Review {
    /// Which titles reviewers read.
    titles: Option<Titles>,
}

/// Which titles reviewers read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Titles {
    #[default]
    All,
    /// Not those of unmatched events that nobody else was invited to: they look private.
    NotPrivateLooking,
}

/// What `feeds:` says.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "feeds")]
#[serde(deny_unknown_fields, default)]
struct Feeds {
    /// Hosts inside the firm's own network, which are refused otherwise.
    allow: Vec<String>,
}

/// Settings that the environment may overrule. The book's address, a secret, has a way of its own.
const OVERRULED: &[&str] = &["rules", "rounding", "locked_through", "clock", "four_eyes"];

impl Feeds {
    /// # Errors
    /// The first entry that names no server, by path.
    fn servers(&self) -> Result<Vec<Named>, (String, String)> {
        let read = |(place, entry): (usize, &String)| entry.parse().map_err(|message| (format!("feeds.allow[{place}]"), message));
        self.allow.iter().enumerate().map(read).collect()
    }
}

/// What the program runs with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) database: Database,
    pub(crate) rules: PathBuf,
    /// Without the limits on a day, which rule files bring.
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    /// Whether nobody approves her own time (S9).
    pub(crate) four_eyes: bool,
    pub(crate) apps: providers::Apps,
    /// The firm's own place to sign in.
    pub(crate) firm: Option<sign_in::Firm>,
    pub(crate) keys: KeySource,
    pub(crate) polling: poll::Polling,
    /// Hosts of feeds that may be inside the firm's own network.
    pub(crate) feeds: Vec<Named>,
    pub(crate) mail: mail::Mail,
    pub(crate) listen: std::net::SocketAddr,
    pub(crate) public_url: Option<url::Url>,
    pub(crate) trusted_proxies: Vec<std::net::IpAddr>,
    pub(crate) titles: Titles,
    /// How many requests a token may send to the API in a minute.
    pub(crate) requests_a_minute: u32,
    pub(crate) connections: Connections,
}

/// Where the keys are that tokens are sealed with.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// Handed over once: by the environment or as a credential.
    Given(SecretString),
    /// A file, looked at again whenever it changed, so that a rotation reaches a running daemon.
    File(PathBuf),
}

/// The schema of `kalends.yaml`.
pub(crate) fn schema() -> serde_json::Value {
    yaml::schema::of::<Settings>("config", "Kalends: kalends.yaml")
}

/// Findings, each with the text it is about.
pub(crate) type Findings = Vec<(Source, Diagnostic)>;

/// Reads a configuration; paths in it are relative to the folder it stands in.
///
/// # Errors
/// Everything that is wrong with it and with the environment.
pub(crate) fn read(source: &Source, folder: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Config, Findings> {
    let outside = overruling(&environment);
    let mut findings = Findings::new();
    let mut settings = |source: &Source| match yaml::read::<Settings>(source) {
        Ok(read) => read,
        Err(found) => {
            findings.extend(found.into_iter().map(|finding| (source.clone(), finding)));
            Default::default()
        }
    };
    let ((file, positions), (over, _)) = (settings(source), settings(&outside));
    let database = book(source, &positions, &file, folder, &environment);
    let database = database.map_err(|found| {
        let shown = Source { text: masked(&source.text, file.database.as_deref()).into(), ..source.clone() };
        findings.push((shown, found));
    });
    let mut beside = |(path, message): (String, String)| {
        let span = positions.value(&path);
        let label = "see the configuration that `kalends init` writes".to_owned();
        findings.push((source.clone(), Diagnostic::new(Code::Setting, span, message, label)));
    };
    let apps = file.providers.apps(folder, &environment).map_err(&mut beside);
    let firm = file.sign_in.firm(folder, &environment).map_err(&mut beside);
    let polling = file.poll.polling().map_err(&mut beside);
    let mail = file.digest.mail(folder, &environment).map_err(&mut beside);
    let feeds = file.feeds.servers().map_err(&mut beside);
    let keys = keys(file.key_file.as_deref(), folder, &environment).map_err(&mut beside);
    let found_nothing = findings.is_empty();
    let (Ok(database), Ok(apps), Ok(firm), Ok(keys), Ok(polling), Ok(mail), Ok(feeds), true) =
        (database, apps, firm, keys, polling, mail, feeds, found_nothing)
    else {
        return Err(findings);
    };
    Ok(Config {
        database,
        rules: folder.join(over.rules.or(file.rules).unwrap_or_else(|| "rules".into())),
        policy: Policy {
            rounding: over.rounding.or(file.rounding).unwrap_or_default(),
            day_limits: Vec::new(),
            locked_through: over.locked_through.or(file.locked_through),
        },
        clock: over.clock.or(file.clock).map_or_else(Clock::system, Clock::standing),
        four_eyes: over.four_eyes.or(file.four_eyes).unwrap_or(true),
        apps,
        firm,
        keys,
        polling,
        feeds,
        mail,
        listen: file.listen.unwrap_or_else(|| std::net::SocketAddr::from(([127, 0, 0, 1], LISTEN_PORT))),
        public_url: file.public_url,
        trusted_proxies: file.trusted_proxies,
        titles: file.review.titles.unwrap_or_default(),
        requests_a_minute: file.requests_a_minute.unwrap_or(REQUESTS_A_MINUTE),
        connections: file.connections,
    })
}

/// Keys handed over from outside win over the file.
fn keys(file: Option<&Path>, folder: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<KeySource, (String, String)> {
    let given = secret::find("key", environment).map_err(|problem| ("key_file".to_owned(), problem))?;
    Ok(given.map_or_else(|| KeySource::File(folder.join(file.unwrap_or(Path::new("kalends.key")))), KeySource::Given))
}

/// What the environment overrules, written as a file, so that a mistake in it is told like any other.
fn overruling(environment: impl Fn(&str) -> Option<String>) -> Source {
    let line = |name: &&str| {
        let value = environment(&format!("KALENDS_{}", name.to_uppercase()))?;
        Some(format!("{name}: {}\n", value.replace('\n', " ")))
    };
    Source::new("environment (KALENDS_…)", &OVERRULED.iter().filter_map(line).collect::<String>())
}

/// Where the book is: outside the file if it is named there, for its address may hold a password.
fn book(
    source: &Source,
    positions: &Positions,
    file: &Settings,
    folder: &Path,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Database, Diagnostic> {
    let wrong = |path: &str, message: &str, label: String| {
        let span = if path.is_empty() { 0..source.text.lines().next().map_or(0, str::len) } else { positions.value(path) };
        Diagnostic::new(Code::Book, span, message, label)
    };
    if file.database.is_some() && file.database_file.is_some() {
        return Err(wrong("database_file", "the book is named twice", "leave out either `database` or `database_file`".to_owned()));
    }
    if file.database.as_deref().is_some_and(has_password) {
        let label = "put the whole address into a file of its own and name that with `database_file`".to_owned();
        return Err(wrong("database", "a password does not belong in the configuration", label));
    }
    if let Some(outside) = secret::find("database", environment).map_err(|problem| wrong("", "the book is not named", problem))? {
        return Ok(database(outside, folder));
    }
    let named = match &file.database_file {
        Some(path) => secret::read(&folder.join(path)).map_err(|problem| wrong("database_file", "the book is not named", problem))?,
        None => file.database.clone().unwrap_or_else(|| "kalends.db".to_owned()).into(),
    };
    Ok(database(named, folder))
}

fn database(named: SecretString, folder: &Path) -> Database {
    let typed = named.expose_secret();
    if typed.starts_with("postgres://") || typed.starts_with("postgresql://") {
        return Database::Postgres(named);
    }
    Database::Sqlite(folder.join(typed.strip_prefix("sqlite:").unwrap_or(typed)))
}

/// The file as it is shown: a line that is complained of must not print the password it holds.
fn masked(text: &str, address: Option<&str>) -> String {
    match address.filter(|address| has_password(address)) {
        Some(address) => text.replace(address, &"*".repeat(address.len())),
        None => text.to_owned(),
    }
}

/// PostgreSQL takes a password before the host or among the parameters.
fn has_password(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("kalends.yaml", text)
    }

    #[test]
    fn paths_are_those_of_the_file_and_the_environment_wins() {
        let given = source("database: books/time.db\nlocked_through: 2026-01-31\n");
        let config =
            read(&given, Path::new("/firm"), |name| (name == "KALENDS_RULES").then(|| "/etc/rules".to_owned())).expect("a configuration");
        assert!(matches!(config.database, Database::Sqlite(path) if path == Path::new("/firm/books/time.db")));
        assert_eq!(config.rules, PathBuf::from("/etc/rules"));
        assert_eq!(config.policy.locked_through, NaiveDate::from_ymd_opt(2026, 1, 31));
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let found = read(&source("databas: x\nfour_eyes: maybe\n"), Path::new("."), |_| None).expect_err("mistakes");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_server_that_is_none_is_told_where_it_stands_and_what_to_write() {
        let given = source("feeds:\n  allow: [radicale.lan, \"10.0.0.0/8\"]\n");
        let found = read(&given, Path::new("."), |_| None).expect_err("refused");
        assert_eq!((found.len(), found[0].1.position(&given)), (1, (2, 25)));
        assert!(found[0].1.message.contains("`10.0.0.0/8` names no server; write each as HOST"), "{}", found[0].1.message);
    }

    #[test]
    fn the_environment_overrules_every_setting_and_is_told_its_mistakes_like_the_file() {
        let set = |name: &str| match name {
            "KALENDS_ROUNDING" => Some("{minutes: 15, to: up}".to_owned()),
            "KALENDS_FOUR_EYES" => Some("false".to_owned()),
            "KALENDS_LOCKED_THROUGH" => Some("2026-02-28".to_owned()),
            _ => None,
        };
        let config = read(&source("locked_through: 2026-01-31\nfour_eyes: true\n"), Path::new("."), set).expect("a configuration");
        assert_eq!((config.policy.rounding.minutes, config.four_eyes), (15, false));
        assert_eq!(config.policy.locked_through, NaiveDate::from_ymd_opt(2026, 2, 28));
        let wrong = |name: &str| (name == "KALENDS_FOUR_EYES").then(|| "maybe".to_owned());
        let found = read(&source("clock: soon\n"), Path::new("."), wrong).expect_err("mistakes");
        let names: Vec<_> = found.iter().map(|(source, _)| source.name.as_str()).collect();
        assert_eq!(names, ["kalends.yaml", "environment (KALENDS_…)"]);
    }

    #[test]
    fn a_password_stands_in_no_configuration_and_in_no_message() {
        for address in ["postgres://book:hunter2@db/time", "postgres://db/time?user=book&password=hunter2"] {
            let typed = source(&format!("database: {address}\n"));
            let found = read(&typed, Path::new("."), |_| None).expect_err("refused");
            assert_eq!((found[0].1.code, found[0].1.position(&typed)), (Code::Book, (1, 11)));
            assert!(!found[0].1.draw(&found[0].0, crate::yaml::diagnostic::Paint::Plain).contains("hunter2"));
        }
        let outside = |name: &str| (name == "KALENDS_DATABASE").then(|| "postgres://book:hunter2@db/time".to_owned());
        let config = read(&source(""), Path::new("."), outside).expect("a configuration");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
