//! How digests reach people: by SMTP, or by a command on this machine.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::secret;

/// What `digest:` says.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "digest")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    /// A program and its arguments; the recipient comes last, the message on stdin.
    command: Option<Vec<String>>,
    smtp: Option<SmtpWritten>,
    /// Who hears of everyone's calendars.
    ops: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "smtp")]
#[serde(deny_unknown_fields)]
struct SmtpWritten {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    tls: Tls,
    from: String,
    user: Option<String>,
    password_file: Option<PathBuf>,
}

/// How the connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tls {
    /// From the first byte (RFC 8314).
    #[default]
    Implicit,
    Starttls,
    /// For a server on this machine.
    None,
}

/// The way to people.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    Command(Vec<String>),
    Smtp { host: String, port: u16, tls: Tls, from: String, login: Option<(String, Option<SecretString>)> },
}

/// Digests, if there is a way to send them.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) way: Option<Way>,
    pub(crate) ops: Vec<String>,
}

impl Written {
    /// # Errors
    /// The first setting that makes no sense, by path.
    pub(super) fn mail(&self, folder: &std::path::Path, environment: impl Fn(&str) -> Option<String>) -> Result<Mail, (String, String)> {
        let wrong = |path: &str, message: &str| Err((format!("digest.{path}"), message.to_owned()));
        let ops = self.ops.clone();
        if let Some(odd) = ops.iter().find(|address| !address.contains('@')) {
            return wrong("ops", &format!("`{odd}` is no address"));
        }
        let smtp = match (&self.command, &self.smtp) {
            (Some(_), Some(_)) => return wrong("command", "digests go either by command or by smtp"),
            (Some(command), None) if command.is_empty() => return wrong("command", "a command has at least a program"),
            (Some(command), None) => return Ok(Mail { way: Some(Way::Command(command.clone())), ops }),
            (None, None) => return Ok(Mail { way: None, ops }),
            (None, Some(smtp)) => smtp,
        };
        let path = |problem| ("digest.smtp".to_owned(), problem);
        let password = match (secret::find("smtp_password", environment).map_err(path)?, &smtp.password_file) {
            (Some(password), _) => Some(password),
            (None, Some(file)) => Some(secret::read(&folder.join(file)).map_err(path)?),
            (None, None) => None,
        };
        // Only the service may be handed the password, while commands read this file too: that it is missing is told when mail is sent.
        let login = smtp.user.clone().map(|user| (user, password));
        let port = smtp.port.unwrap_or(match smtp.tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        });
        let (host, tls, from) = (smtp.host.clone(), smtp.tls, smtp.from.clone());
        Ok(Mail { way: Some(Way::Smtp { host, port, tls, from, login }), ops })
    }
}
