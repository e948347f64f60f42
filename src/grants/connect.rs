//! Connecting an account: the address to send a person to, what is made of her coming back, and what is refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use oauth2::{
    AuthorizationCode, CsrfToken, DeviceCodeErrorResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardDeviceAuthorizationResponse, TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{
    keys::{KeyError, Place},
    questions,
    refresh::{Vault, seal, usable},
    wire::{GrantError, OAuth, Tokens, judged},
};
use crate::{
    calendar::{
        Offered,
        api::{Api, Trouble},
        google::Google,
        outlook::Outlook,
    },
    config::providers::App,
    model::{
        audit::Act,
        connection::{Connection, ConnectionStatus, Provider},
        ids::{self, CalendarId, ConnectionId},
        staff::{Calendar, Privacy, Staff, Whose},
    },
    store::{self, Store},
};

/// Why an account was not connected, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotConnected {
    #[error("the consent does not cover {0}; connect again and leave every box ticked")]
    Scopes(&'static str),
    #[error("the provider gave no lasting grant (no refresh token); {0}")]
    NoRefreshToken(&'static str),
    #[error(
        "this is another account ({found}) than the one connected before ({before}); choose {before} there; if both are meant, whoever runs Kalends connects it with: kalends connect {provider} --staff {staff} --another-account"
    )]
    AnotherAccount { before: String, found: String, provider: Provider, staff: String },
    #[error(
        "this account ({0}) is already connected for {1}; its time would count twice; if it is not hers: kalends connections remove {2}"
    )]
    AnotherPerson(String, String, String),
    #[error("{0} is an address of {1}, and this was to be an account of {2}; choose another account there")]
    OfAnother(String, String, String),
    #[error("it was not allowed at the provider ({0})")]
    Denied(String),
    #[error("{0}")]
    Odd(String),
    #[error(transparent)]
    Grant(#[from] GrantError),
    #[error("the provider's calendars cannot be read: {0}")]
    Calendars(#[from] Trouble),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An attempt that was begun: where to send the person, and what her return is known by.
pub(crate) struct Begun {
    pub(crate) url: Url,
    pub(crate) state: SecretString,
    pub(crate) verifier: SecretString,
}

/// What a provider sends a person back with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Return {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    /// Who sends it (RFC 9207), where the provider says so.
    pub(crate) iss: Option<String>,
}

impl Return {
    /// What an address says that a browser ended at.
    pub(crate) fn of(url: &Url) -> Self {
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let (code, state, error) = (value("code"), value("state"), value("error"));
        Self { code, state, error, error_description: value("error_description"), iss: value("iss") }
    }
}

/// An account that was connected.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) connection: Connection,
    /// Everything it offers, and those of it that are read from now on.
    pub(crate) offered: Vec<Offered>,
    pub(crate) added: Vec<Calendar>,
}

/// What is asked for: the least that lists calendars and their events, and says who it is. Microsoft's in their short form, which is that
/// of Graph in every national cloud.
fn scopes(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Outlook => &["offline_access", "Calendars.Read", "User.Read"],
        _ => &["openid", "email", "https://www.googleapis.com/auth/calendar.readonly"],
    }
}

/// Begins an attempt: a fresh state and verifier (RFC 9700 §2.1), and the provider's page.
pub(crate) fn begin(app: &App, oauth: &OAuth, redirect: &Url, hint: Option<&str>) -> Result<Begun, NotConnected> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = oauth.client().clone().set_redirect_uri(redirect_url(redirect)?);
    let mut request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    for scope in scopes(app.provider) {
        request = request.add_scope(Scope::new((*scope).to_owned()));
    }
    // A provider gives a lasting grant for certain only if the person is asked anew.
    request = match app.provider {
        Provider::Outlook => request.add_extra_param("prompt", "consent").add_extra_param("response_mode", "query"),
        _ => request.add_extra_param("prompt", "consent").add_extra_param("access_type", "offline"),
    };
    if let Some(email) = hint {
        request = request.add_extra_param("login_hint", email);
    }
    let (url, state) = request.url();
    Ok(Begun { url, state: state.secret().clone().into(), verifier: verifier.secret().clone().into() })
}

/// Trades the code in that a person came back with from who was asked. The caller has matched the state.
pub(crate) async fn exchange(
    asked: &Url,
    oauth: &OAuth,
    redirect: &Url,
    verifier: &SecretString,
    back: Return,
) -> Result<Tokens, NotConnected> {
    if let Some(error) = back.error {
        let more = back.error_description.map(|text| format!(": {}", crate::calendar::api::shortened(&text))).unwrap_or_default();
        return Err(NotConnected::Denied(format!("{}{more}", crate::calendar::api::shortened(&error))));
    }
    // One who answers in another's name would be sent our code (RFC 9700 §4.4).
    if back.iss.as_deref().is_some_and(|iss| Url::parse(iss).map(|iss| iss.origin()) != Ok(asked.origin())) {
        return Err(NotConnected::Odd("the answer comes from another provider than the one that was asked".to_owned()));
    }
    let code = back.code.ok_or_else(|| NotConnected::Odd("the provider sent neither a code nor an error".to_owned()))?;
    let client = oauth.client().clone().set_redirect_uri(redirect_url(redirect)?);
    let request = client.exchange_code(AuthorizationCode::new(code));
    let request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
    Ok(request.request_async(&oauth.http).await.map_err(judged)?)
}

pub(super) fn redirect_url(redirect: &Url) -> Result<RedirectUrl, NotConnected> {
    // The address as it was written: providers compare it letter by letter.
    RedirectUrl::new(redirect.to_string()).map_err(|error| NotConnected::Odd(error.to_string()))
}

/// Begins the flow for hosts without a browser (RFC 8628).
pub(crate) async fn begin_device(app: &App, oauth: &OAuth) -> Result<StandardDeviceAuthorizationResponse, NotConnected> {
    let mut request = oauth.client().exchange_device_code().map_err(|error| NotConnected::Odd(error.to_string()))?;
    for scope in scopes(app.provider) {
        request = request.add_scope(Scope::new((*scope).to_owned()));
    }
    Ok(request.request_async(&oauth.http).await.map_err(judged)?)
}

/// Waits until the person has typed the code in.
pub(crate) async fn finish_device(oauth: &OAuth, begun: &StandardDeviceAuthorizationResponse) -> Result<Tokens, NotConnected> {
    #[expect(clippy::disallowed_methods, reason = "RFC 8628 §3.5: the client waits between two questions")]
    let request = oauth.client().exchange_device_access_token(begun).request_async(&oauth.http, tokio::time::sleep, None);
    request.await.map_err(|error| match error {
        RequestTokenError::ServerResponse(answer) => {
            let answer: DeviceCodeErrorResponse = answer;
            NotConnected::Denied(answer.error().to_string())
        }
        RequestTokenError::Request(error) => GrantError::Unreachable(error.to_string()).into(),
        RequestTokenError::Parse(..) => GrantError::Unreachable("its answer cannot be read".to_owned()).into(),
        RequestTokenError::Other(text) => GrantError::Odd(text).into(),
    })
}

/// Whether the consent that was really given covers calendars. A provider that says nothing granted what was asked (RFC 6749 §5.1).
fn covers(provider: Provider, tokens: &Tokens) -> bool {
    let Some(granted) = tokens.scopes() else { return true };
    let has = |ends: &[&str]| granted.iter().any(|scope| ends.iter().any(|end| scope.to_lowercase().rsplit('/').next() == Some(end)));
    match provider {
        Provider::Outlook => has(&["calendars.read", "calendars.readwrite", "calendars.read.shared", "calendars.readwrite.shared"]),
        _ => {
            has(&["calendar.readonly", "calendar"])
                || (has(&["calendar.events.readonly", "calendar.events"])
                    && has(&["calendar.calendarlist.readonly", "calendar.calendarlist"]))
        }
    }
}

#[derive(Default, Deserialize)]
struct Claims {
    sub: Option<String>,
    email: Option<String>,
}

/// What an ID token says. It came straight from the token endpoint over TLS, which stands for its signature (`OpenID` Connect Core §3.1.3.7).
fn claims(tokens: &Tokens) -> Claims {
    let payload = tokens.extra_fields().id_token.as_deref().and_then(|token| token.split('.').nth(1));
    let json = payload.and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
    json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
}

/// Keeps a grant that was given to a person, after everything about it was checked, and has its main calendar read.
pub(crate) async fn accept(
    store: &Store,
    vault: &Vault,
    api: &Api,
    app: &App,
    staff: &Staff,
    (tokens, may_be_another): (&Tokens, bool),
    (actor, now): (&str, DateTime<Utc>),
) -> Result<Connected, NotConnected> {
    if !covers(app.provider, tokens) {
        return Err(NotConnected::Scopes("calendars"));
    }
    if tokens.refresh_token().is_none() {
        return Err(NotConnected::NoRefreshToken(match app.provider {
            Provider::Google => "withdraw the old one at https://myaccount.google.com/connections and connect again",
            _ => "the app must be allowed offline_access; see README",
        }));
    }
    let token: SecretString = tokens.access_token().secret().clone().into();
    let (account, email, offered) = identity(api, app, &token, claims(tokens)).await?;
    let keys = vault.keys()?;
    let mut tx = store.write().await?;
    tx.lock_staff(staff.id).await?;
    let known = tx.connections().await?;
    let same = |other: &&Connection| other.provider == app.provider && other.account == account;
    let before = known.iter().filter(|other| other.staff == staff.id).find(same);
    let lives = |other: &&Connection| other.provider == app.provider && other.status != ConnectionStatus::Removed;
    if let Some(other) = known.iter().filter(|other| other.staff != staff.id).filter(same).find(lives) {
        let whose = tx.staff_member(other.staff).await?;
        return Err(NotConnected::AnotherPerson(email, whose.email().to_owned(), ids::short(other.id.0)));
    }
    // Chosen by mistake at the provider's page, or a link that was passed on: her meetings are not this person's time.
    if let Some(other) = tx.staff().await?.iter().find(|other| other.id != staff.id && other.has_address(&email)) {
        return Err(NotConnected::OfAnother(email, other.email().to_owned(), staff.email().to_owned()));
    }
    let is_new = before.is_none() && !may_be_another && !staff.has_address(&email);
    if let Some(other) = known.iter().filter(|other| other.staff == staff.id).find(lives).filter(|_| is_new) {
        let (provider, staff) = (app.provider, staff.email().to_owned());
        return Err(NotConnected::AnotherAccount { before: other.email.clone(), found: email, provider, staff });
    }
    let id = before.map_or_else(|| ConnectionId(ids::fresh()), |before| before.id);
    let granted = tokens.scopes().map(|all| all.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "));
    let connection = Connection {
        id,
        staff: staff.id,
        provider: app.provider,
        account,
        email: email.clone(),
        scopes: granted.unwrap_or_else(|| scopes(app.provider).join(" ")),
        status: ConnectionStatus::Active,
        version: 1,
        access_until: Some(now + usable(tokens)),
        grant_until: tokens.extra_fields().refresh_token_expires_in.and_then(TimeDelta::try_seconds).map(|lasts| now + lasts),
        connected_at: now,
        refreshed_at: None,
        pause_until: None,
    };
    tx.save_connection(&connection, &seal(id, tokens, &keys)?).await?;
    questions::connected(&mut tx, &connection, now).await?;
    let sources = tx.calendars().await?;
    let mine: Vec<_> = sources.iter().filter(|source| source.calendar.connection == Some(id)).collect();
    let mut added = Vec::new();
    for source in &mine {
        tx.want_full(Some(source.calendar.id), now).await?;
    }
    if mine.iter().all(|source| source.removed_at.is_some()) {
        for offered in offered.iter().filter(|one| one.is_primary) {
            let calendar = of_offered(staff, id, offered);
            tx.insert_calendar(&calendar).await?;
            added.push(calendar);
        }
    }
    let told = json!({ "provider": connection.provider, "account": connection.account, "calendars": added.len() });
    tx.audit(&[Act::new(actor, "connect", now, "connection", &id).of(staff.id).to(told)]).await?;
    tx.commit().await?;
    Ok(Connected { connection, offered, added })
}

/// A calendar that is read with a grant.
pub(crate) fn of_offered(staff: &Staff, connection: ConnectionId, offered: &Offered) -> Calendar {
    Calendar {
        id: CalendarId(ids::fresh()),
        staff: staff.id,
        name: offered.name.clone(),
        location: offered.id.clone(),
        connection: Some(connection),
        owner: offered.owner.clone(),
        whose: Whose::Mine,
        privacy: Privacy::Full,
        position: 0,
    }
}

/// The account's lasting name, its address, and what it offers.
async fn identity(api: &Api, app: &App, token: &SecretString, claims: Claims) -> Result<(String, String, Vec<Offered>), NotConnected> {
    let base = &app.api_url;
    if app.provider == Provider::Outlook {
        let outlook = Outlook { api, base, token };
        let me = outlook.me().await?;
        let email = me.mail.or(me.user_principal_name).or(claims.email).unwrap_or_default().to_lowercase();
        let offered = outlook.calendars(&email).await?;
        return Ok((me.id, email, offered));
    }
    let google = Google { api, base, token };
    let known = claims.email.unwrap_or_default().to_lowercase();
    let mut offered = google.calendars(&known).await?;
    // The id of the main calendar is the account's address.
    let main = offered.iter().find(|one| one.is_primary).map(|one| one.id.to_lowercase());
    let email = Some(known).filter(|known| !known.is_empty()).or(main).unwrap_or_default();
    offered.iter_mut().filter(|one| one.owner.is_empty()).for_each(|one| one.owner.clone_from(&email));
    Ok((claims.sub.unwrap_or_else(|| email.clone()), email, offered))
}

/// What an account offers now.
pub(crate) async fn offered(vault: &Vault, api: &Api, app: &App, connection: &Connection) -> Result<Vec<Offered>, NotConnected> {
    let access = vault.access(connection.id, None).await.map_err(|error| NotConnected::Odd(error.to_string()))?;
    let (base, token) = (&app.api_url, &access.token);
    Ok(match app.provider {
        Provider::Outlook => Outlook { api, base, token }.calendars(&connection.email).await?,
        _ => Google { api, base, token }.calendars(&connection.email).await?,
    })
}

/// Takes a grant back: at the provider, where that is possible, and here. What was read with it stands (S7).
///
/// # Errors
/// Of the book. Whether the provider heard of it is told.
pub(crate) async fn remove(
    store: &Store,
    vault: &Vault,
    api: &Api,
    app: Option<&App>,
    connection: &Connection,
    (actor, now): (&str, DateTime<Utc>),
) -> Result<bool, NotConnected> {
    let (_, sealed) = store.read().await?.connection(connection.id).await?;
    let place = Place::connection(connection.id.0, "refresh_token");
    let token = sealed.refresh_token.and_then(|sealed| vault.keys().ok()?.open(place, &sealed).ok());
    let revoked = match (app.and_then(|app| app.revoke_url.as_ref()), token) {
        (Some(url), Some(token)) => revoke(url, api, &token).await,
        _ => false,
    };
    let mut tx = store.write().await?;
    tx.lock_staff(connection.staff).await?;
    let (now_stands, _) = tx.connection(connection.id).await?;
    tx.end_connection(connection.id, now_stands.version, ConnectionStatus::Removed).await?;
    questions::connected(&mut tx, connection, now).await?;
    let told = json!({ "provider": connection.provider, "account": connection.account });
    tx.audit(&[Act::new(actor, "disconnect", now, "connection", &connection.id).of(connection.staff).from(told)]).await?;
    tx.commit().await?;
    Ok(revoked)
}

/// RFC 7009. By hand: the `oauth2` crate insists on https, also on loopback.
async fn revoke(url: &Url, api: &Api, token: &SecretString) -> bool {
    api.post_form(url.clone(), &[("token", token.expose_secret())]).await.is_ok_and(|status| status == 200)
}
