//! `users`, `tokens`, `audit`: who may do what, what programs sign in with, and what was done.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Format, Outcome, answer, book};
use crate::{
    app::App,
    model::{
        audit,
        ids::{self, TokenId},
        principal::{Principal, Reviews, Role, Scope},
    },
    store::{access::Token, audit::AuditFilter},
    web::signin,
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct SetUser {
    /// Her address.
    email: String,
    /// What she is to the firm: staff, reviewer, ops or admin; once for each. Nothing takes all roles away.
    #[arg(long = "role")]
    roles: Vec<Role>,
    /// Whose time she reviews: `everyone`, or an address; once for each.
    #[arg(long)]
    reviews: Vec<String>,
    /// Reads a password from stdin; an empty line takes it away.
    #[arg(long)]
    password: bool,
}

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct AddToken {
    /// What it is for, as lists show it.
    name: String,
    /// On whose behalf it acts; it may do what she may, and no more than its scopes say.
    #[arg(long)]
    staff: String,
    /// entries:read, entries:write, exceptions:read … Writing does not bring reading.
    #[arg(long = "scope", required = true)]
    scopes: Vec<Scope>,
    /// Its last day.
    #[arg(long)]
    until: Option<NaiveDate>,
}

pub(crate) async fn users(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let mut tx = app.store.read().await?;
    let (people, mut rights) = (tx.staff().await?, tx.rights().await?);
    let words = |roles: &BTreeSet<Role>| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>();
    let shown: Vec<_> = people.iter().map(|person| (person, rights.remove(&person.id).unwrap_or_default())).collect();
    let reviewed = |reviews: &Reviews| match reviews {
        Reviews::Everyone => vec!["everyone".to_owned()],
        Reviews::Only(some) => people.iter().filter(|one| some.contains(&one.id)).map(|one| one.email().to_owned()).collect(),
    };
    if format == Format::Json {
        let list: Vec<_> = shown
            .iter()
            .map(|(one, (roles, reviews))| {
                json!({ "id": one.id, "email": one.email(), "name": one.name, "roles": words(roles), "reviews": reviewed(reviews), "last_day": one.last_day })
            })
            .collect();
        answer(&serde_json::to_string_pretty(&list)?);
        return Ok(Outcome::Done);
    }
    let rows = shown.iter().map(|(one, (roles, reviews))| {
        [one.email().to_owned(), one.name.clone(), words(roles).join(" "), reviewed(reviews).join(" "), book::last_day(one)]
    });
    answer(&book::table(["address", "name", "roles", "reviews", "last day"], rows));
    Ok(Outcome::Done)
}

pub(crate) async fn set_user(app: &App, args: &SetUser) -> anyhow::Result<Outcome> {
    let person = book::person(app, &args.email).await?;
    let reviews = if args.reviews.iter().any(|one| one == "everyone") {
        Reviews::Everyone
    } else {
        let mut some = BTreeSet::new();
        for email in &args.reviews {
            some.insert(book::person(app, email).await?.id);
        }
        Reviews::Only(some)
    };
    let roles: BTreeSet<Role> = args.roles.iter().copied().collect();
    let is_reviewer = roles.contains(&Role::Reviewer);
    ensure!(is_reviewer || reviews == Reviews::default(), "who reviews is a reviewer: add --role reviewer");
    ensure!(!is_reviewer || reviews != Reviews::default(), "say whose time she reviews: --reviews everyone, or --reviews ADDRESS");
    let hash = if args.password {
        let mut typed = String::new();
        std::io::stdin().read_line(&mut typed).context("cannot read stdin")?;
        let typed = typed.trim_end_matches(['\r', '\n']);
        if typed.is_empty() { Some(None) } else { Some(Some(signin::hashed(typed)?)) }
    } else {
        None
    };
    let who = book::operator(app).await?;
    let mut tx = app.store.write().await?;
    tx.lock_staff(person.id).await?;
    let before = tx.principal(person.id).await?;
    let is_password_alone = args.password && args.roles.is_empty();
    if !is_password_alone {
        tx.set_rights(person.id, &roles, &reviews).await?;
    }
    if let Some(hash) = &hash {
        tx.set_password(person.id, hash.as_deref()).await?;
    }
    let after = tx.principal(person.id).await?;
    let act = if is_password_alone { "password" } else { "rights" };
    let done = on_rights(&who.name, act, app.config.clock.now(), (&before, &after));
    tx.audit(&[done.because(args.password.then(|| "password set".to_owned()))]).await?;
    tx.commit().await?;
    let words: Vec<_> = after.roles.iter().map(|role| role.as_str()).collect();
    let roles = if words.is_empty() { "no role".to_owned() } else { words.join(", ") };
    answer(&format!("{} is {roles}; whoever was signed in with this address has to sign in again", person.email()));
    Ok(Outcome::Done)
}

/// What a person may do from now on, as an act.
pub(super) fn on_rights(actor: &str, act: &str, at: DateTime<Utc>, (before, after): (&Principal, &Principal)) -> audit::Act {
    let told = |one: &Principal| json!({ "roles": one.roles, "reviews_everyone": one.reviews == Reviews::Everyone });
    let subject = after.staff.map_or_else(String::new, |id| id.to_string());
    audit::Act::new(actor, act, at, "staff", &subject).from(told(before)).to(told(after))
}

/// Prints a one-time link with which a person signs in.
pub(crate) async fn link(app: &App, email: &str) -> anyhow::Result<Outcome> {
    let person = book::person(app, email).await?;
    ensure!(!person.has_left(app.config.clock.now()), "her last day was {}: nobody signs in after hers", book::last_day(&person));
    let url = signin::link(app, person.id).await?;
    answer(&format!("{}\nIt works once, for 30 minutes, for {}.", url.expose_secret(), person.email()));
    Ok(Outcome::Done)
}

pub(crate) async fn tokens(app: &App, format: Format) -> anyhow::Result<Outcome> {
    let mut tx = app.store.read().await?;
    let (tokens, people) = (tx.tokens().await?, tx.staff().await?);
    let email = |token: &Token| people.iter().find(|one| one.id == token.staff).map_or("", |one| one.email()).to_owned();
    let day = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), |at| at.date_naive().to_string());
    if format == Format::Json {
        let list: Vec<_> = tokens
            .iter()
            .map(|one| {
                json!({ "id": one.id, "name": one.name, "staff": email(one), "scopes": one.scopes, "created_at": one.created_at,
                    "until": one.until, "used_at": one.used_at, "revoked_at": one.revoked_at })
            })
            .collect();
        answer(&serde_json::to_string_pretty(&list)?);
        return Ok(Outcome::Done);
    }
    let rows = tokens.iter().map(|one| {
        let scopes = one.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ");
        let state = if one.revoked_at.is_some() { "revoked".to_owned() } else { day(one.until) };
        [ids::short(one.id.0), one.name.clone(), email(one), scopes, state, day(one.used_at)]
    });
    answer(&book::table(["id", "name", "for", "scopes", "until", "used"], rows));
    Ok(Outcome::Done)
}

pub(crate) async fn add_token(app: &App, args: &AddToken) -> anyhow::Result<Outcome> {
    let person = book::person(app, &args.staff).await?;
    let (secret, digest) = signin::token();
    let now = app.config.clock.now();
    let token = Token {
        id: TokenId(ids::fresh()),
        name: args.name.clone(),
        staff: person.id,
        scopes: args.scopes.iter().copied().collect(),
        created_at: now,
        until: args.until.map(|date| person.zones.start(date + Days::new(1))),
        used_at: None,
        revoked_at: None,
    };
    ensure!(token.until.is_none_or(|until| until > now), "its last day has passed");
    let who = book::operator(app).await?;
    let mut tx = app.store.write().await?;
    tx.insert_token(&token, &digest).await?;
    tx.audit(&[on_token(app, &who, "add-token", &token)]).await?;
    tx.commit().await?;
    answer(&format!("{}\nThis is the only time it is shown. It acts for {}.", secret.expose_secret(), person.email()));
    Ok(Outcome::Done)
}

pub(crate) async fn revoke_token(app: &App, id: &str) -> anyhow::Result<Outcome> {
    let wanted = id.replace('-', "").to_lowercase();
    let mut found: Vec<_> =
        app.store.read().await?.tokens().await?.into_iter().filter(|one| one.id.0.simple().to_string().ends_with(&wanted)).collect();
    ensure!(wanted.len() >= 4 && found.len() < 2, "type more of its id");
    let token = found.pop().context("no token has an id that ends so; see: kalends tokens list")?;
    let who = book::operator(app).await?;
    let mut tx = app.store.write().await?;
    tx.revoke_token(token.id, app.config.clock.now()).await?;
    tx.audit(&[on_token(app, &who, "revoke-token", &token)]).await?;
    tx.commit().await?;
    answer(&format!("{} works no more", token.name));
    Ok(Outcome::Done)
}

fn on_token(app: &App, who: &Principal, act: &str, token: &Token) -> audit::Act {
    audit::Act::new(&who.name, act, app.config.clock.now(), "token", &token.id)
        .to(json!({ "name": token.name, "staff": token.staff, "scopes": token.scopes, "until": token.until }))
}

/// What was done, newest first; or whether a row was changed or taken away since.
pub(crate) async fn audited(app: &App, verify: bool, subject: Option<&str>, format: Format) -> anyhow::Result<Outcome> {
    let who = book::operator(app).await?;
    let mut tx = app.store.read().await?;
    if verify {
        let breaks = tx.audit_breaks().await?;
        let places = breaks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        answer(&if breaks.is_empty() {
            "every row follows from the one before".to_owned()
        } else {
            format!("the chain breaks at: {places}")
        });
        return Ok(if breaks.is_empty() { Outcome::Done } else { Outcome::Findings });
    }
    let subject = match subject {
        Some(typed) => Some(match tx.entry(typed).await {
            Ok(entry) => entry.id.to_string(),
            Err(_) => tx.exception(typed).await.map_or_else(|_| typed.to_owned(), |one| one.id.to_string()),
        }),
        None => None,
    };
    let rows = tx.audited(&who, &AuditFilter { subject, limit: 200, ..AuditFilter::default() }).await?;
    if format == Format::Json {
        let list: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "seq": row.seq, "staff": row.act.staff, "at": row.act.at.to_rfc3339_opts(SecondsFormat::Secs, true), "actor": row.act.actor,
                    "act": row.act.act, "subject": { "kind": row.act.subject_kind, "id": row.act.subject }, "before": row.act.before,
                    "after": row.act.after, "why": row.act.why, "chain": row.chain })
            })
            .collect();
        answer(&serde_json::to_string_pretty(&list)?);
        return Ok(Outcome::Done);
    }
    let rows = rows.into_iter().map(|row| {
        let subject = row.act.subject.get(row.act.subject.len().saturating_sub(8)..).unwrap_or(&row.act.subject).to_owned();
        [
            row.act.at.format("%m-%d %H:%M").to_string(),
            row.act.actor.clone(),
            row.act.act.clone(),
            format!("{} {subject}", row.act.subject_kind),
            row.act.why.clone().unwrap_or_default(),
        ]
    });
    answer(&book::table(["at", "who", "did", "what", "why"], rows));
    Ok(Outcome::Done)
}
