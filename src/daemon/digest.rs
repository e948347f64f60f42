//! The digest: one message for each person whose hours do not come in, and one for ops. It names calendars, reasons
//! and refused rule files, never events.

use std::collections::BTreeMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor, message::header::ContentType,
    transport::smtp::authentication::Credentials,
};
use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;

use crate::{
    app::{
        App,
        health::{Health, STRANGE},
        place,
        rules::Folder,
        unread::Waiting,
    },
    config::mail::{Tls, Way},
    model::{
        connection::ConnectionStatus,
        exception::{Exception, ExceptionStatus},
        reload::ReloadOutcome,
        staff::Staff,
    },
    yaml::diagnostic::Paint,
};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What someone is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Message {
    to: String,
    subject: String,
    text: String,
}

/// Sends digests, and says how many.
///
/// # Errors
/// Who did not get hers, and why; the others did.
pub(crate) async fn send(app: &App) -> anyhow::Result<usize> {
    let Some(way) = &app.config.mail.way else { return Ok(0) };
    let (health, open) = (app.health().await?, app.store.read().await?.exceptions(ExceptionStatus::Open).await?);
    let (waiting, rules) = (app.waiting(&health).await?, refused(app).await?);
    let known = Known { health: &health, open: &open, waiting: &waiting, rules: rules.as_deref() };
    let messages = messages(&known, &app.config.mail.ops, app.config.clock.now());
    let mut failed = Vec::new();
    for message in &messages {
        if let Err(error) = deliver(way, message).await {
            failed.push(format!("{}: {error:#}", message.to));
        }
    }
    anyhow::ensure!(failed.is_empty(), "{} of {} digests were not sent: {}", failed.len(), messages.len(), failed.join("; "));
    Ok(messages.len())
}

/// What keeps rule files from being in force: those of this folder now, or what was refused last from another one.
async fn refused(app: &App) -> anyhow::Result<Option<String>> {
    let mut tx = app.store.read().await?;
    let (active, last) = (tx.active_digest().await?, tx.reloads(1).await?.pop());
    drop(tx);
    let last = last.filter(|last| last.outcome == ReloadOutcome::Refused);
    Ok(match (Folder::look(app, active.as_deref()), last) {
        (folder @ (Folder::Refused(_) | Folder::Unreadable(_)), _) => {
            let more = if let Folder::Refused(refusal) = &folder { format!("\n\n{}", refusal.told(Paint::Plain)) } else { String::new() };
            Some(format!("{} {}{more}", app.config.rules.display(), folder.told()))
        }
        (Folder::Same, Some(last)) if last.folder == place(&app.config.rules) => None,
        (_, Some(last)) => {
            let at = last.at.format("%Y-%m-%d %H:%M");
            Some(format!("{} was refused at {at}:\n\n{}", last.folder, last.told.unwrap_or_default()))
        }
        (_, None) => None,
    })
}

/// What there is to tell.
struct Known<'a> {
    health: &'a Health,
    open: &'a [Exception],
    waiting: &'a [Waiting],
    /// What keeps rule files from being in force.
    rules: Option<&'a str>,
}

/// Pure: who is told what. Nothing to say is no message.
fn messages(known: &Known<'_>, ops: &[String], now: DateTime<Utc>) -> Vec<Message> {
    let Known { health, open, waiting, rules } = *known;
    let mut messages = Vec::new();
    let mut all = Vec::new();
    for person in &health.people {
        let mut lines = if person.has_left(now) { Vec::new() } else { lines(health, open, person, now) };
        lines.extend(waiting.iter().filter(|one| one.staff == person.id).map(|one| format!("- {}", one.told())));
        if lines.is_empty() {
            continue;
        }
        let asked = open.iter().filter(|one| one.staff == person.id).count();
        let text = format!(
            "{},\n\nhours of yours may be missing:\n\n{}\n\n{asked} questions about your time are open. Whoever runs Kalends can help.\n",
            person.name,
            lines.join("\n")
        );
        messages.push(Message { to: person.email().to_owned(), subject: "Your calendars and Kalends".to_owned(), text });
        all.extend(lines.into_iter().map(|line| format!("{}: {}", person.email(), line.trim_start_matches("- "))));
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in open.iter().filter_map(|one| one.reasons.first()) {
        *reasons.entry(reason.reason.as_str()).or_default() += 1;
    }
    if all.is_empty() && reasons.is_empty() && rules.is_none() {
        return messages;
    }
    let counts: Vec<_> = reasons.iter().map(|(reason, count)| format!("- {reason}: {count}")).collect();
    let sources = if all.is_empty() { "every calendar is read".to_owned() } else { all.join("\n") };
    let counts = if counts.is_empty() { "none".to_owned() } else { counts.join("\n") };
    let files = rules.map(|told| format!("Rule files that are not in force\n\n{told}\n\n")).unwrap_or_default();
    let text = format!("{files}Calendars\n\n{sources}\n\nOpen exceptions by reason\n\n{counts}\n");
    let files = if rules.is_some() { ", and rule files were refused" } else { "" };
    let subject = format!("Kalends on {}: {} sources need someone{files}", now.date_naive(), all.len());
    messages.extend(ops.iter().map(|to| Message { to: to.clone(), subject: subject.clone(), text: text.clone() }));
    messages
}

/// What keeps a person's hours from coming in, a line each.
fn lines(health: &Health, open: &[Exception], person: &Staff, now: DateTime<Utc>) -> Vec<String> {
    let ended = health.connections.iter().filter(|one| one.staff == person.id && one.status == ConnectionStatus::NeedsReconnect);
    let ended = ended.map(|one| format!("- {} at {} has to be connected again; ask for a link", one.email, one.provider.title()));
    let silent = open.iter().filter(|one| one.staff == person.id);
    let silent =
        silent.flat_map(|one| &one.reasons).filter(|reason| reason.reason == "source-silent").map(|reason| format!("- {}", reason.message));
    let mine = health.sources.iter().filter(|source| source.calendar.staff == person.id && health.is_read(source, now));
    let failing = mine.filter_map(|source| {
        let poll = health.poll(source)?;
        let (since, why) = (poll.failing_since?, poll.failure.as_deref().unwrap_or_default());
        Some(format!("- {} could not be read since {}: {why}", source.calendar.name, since.format("%Y-%m-%d %H:%M")))
    });
    let strange = health
        .strange(now)
        .filter(|(_, owner)| owner.id == person.id)
        .map(|(one, owner)| format!("- {} at {} is connected for {}: {}", one.email, one.provider.title(), owner.email(), STRANGE));
    ended.chain(failing).chain(silent).chain(strange).collect()
}

async fn deliver(way: &Way, message: &Message) -> anyhow::Result<()> {
    match way {
        Way::Command(command) => by_command(command, message).await,
        Way::Smtp { host, port, tls, from, login } => {
            let builder = match tls {
                Tls::Implicit => AsyncSmtpTransport::<Tokio1Executor>::relay(host)?,
                Tls::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?,
                Tls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
            };
            let builder = builder.port(*port).timeout(Some(PATIENCE));
            let builder = match login {
                Some((user, Some(password))) => builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned())),
                Some((user, None)) => anyhow::bail!("{user} has no password: KALENDS_SMTP_PASSWORD, password_file or a credential"),
                None => builder,
            };
            let mail =
                Mail::builder().from(from.parse()?).to(message.to.parse()?).subject(&message.subject).header(ContentType::TEXT_PLAIN);
            builder.build().send(mail.body(message.text.clone())?).await?;
            Ok(())
        }
    }
}

/// The message on stdin, with its subject before it; the recipient as the last argument.
async fn by_command(command: &[String], message: &Message) -> anyhow::Result<()> {
    let (program, args) = command.split_first().context("no program")?;
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .arg(&message.to)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{program} cannot be started"))?;
    let text = format!("Subject: {}\n\n{}", message.subject, message.text);
    let mut stdin = child.stdin.take().context("it takes no input")?;
    let talk = async {
        // A program that does not read its input says so by its exit code.
        drop(stdin.write_all(text.as_bytes()).await);
        drop(stdin);
        child.wait().await
    };
    let status = tokio::time::timeout(PATIENCE, talk).await.context("it took too long")??;
    anyhow::ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncBufReadExt, BufReader},
        net::TcpListener,
    };

    use super::*;

    fn message() -> Message {
        Message { to: "dana@northwind.example".into(), subject: "Your calendars".into(), text: "One line.\n".into() }
    }

    #[tokio::test]
    async fn a_command_gets_the_message_and_its_failure_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("out").display().to_string();
        let script = vec!["sh".to_owned(), "-c".to_owned(), format!("cat > {file}; echo $0 >> {file}")];
        deliver(&Way::Command(script), &message()).await.expect("sent");
        let text = std::fs::read_to_string(file).expect("a message");
        assert_eq!(text, "Subject: Your calendars\n\nOne line.\ndana@northwind.example\n");
        assert!(deliver(&Way::Command(vec!["false".into()]), &message()).await.is_err());
        assert!(deliver(&Way::Command(vec!["/nowhere".into()]), &message()).await.is_err());
    }

    #[tokio::test]
    async fn a_mail_server_gets_the_message() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a client");
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 here\r\n").await.expect("greeted");
            let (mut text, mut in_data) = (String::new(), false);
            while let Some(line) = lines.next_line().await.expect("a line") {
                let answer: &[u8] = match line.as_str() {
                    "." if in_data => {
                        in_data = false;
                        b"250 kept\r\n"
                    }
                    _ if in_data => {
                        text.push_str(&line);
                        text.push('\n');
                        continue;
                    }
                    "DATA" => {
                        in_data = true;
                        b"354 go on\r\n"
                    }
                    "QUIT" => return text,
                    _ => b"250 ok\r\n",
                };
                write.write_all(answer).await.expect("answered");
                if answer.starts_with(b"250 kept") {
                    return text;
                }
            }
            text
        });
        let from = "kalends@northwind.example".to_owned();
        let way = Way::Smtp { host: "127.0.0.1".into(), port, tls: Tls::None, from, login: None };
        deliver(&way, &message()).await.expect("sent");
        let text = server.await.expect("served");
        assert!(
            text.contains("Subject: Your calendars") && text.contains("To: dana@northwind.example") && text.contains("One line."),
            "{text}"
        );
    }
}
