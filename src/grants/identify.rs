//! Signing in with an account at Google or Microsoft (`OpenID` Connect, code flow with PKCE): who it is, and nothing else. No grant is kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use serde::Deserialize;
use url::Url;

use super::{
    connect::{Begun, NotConnected, Return, exchange, redirect_url},
    wire::OAuth,
};
use crate::{config::providers::App, model::connection::Provider};

/// An account, by names that last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "what a provider calls it")]
pub(crate) struct Account {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// What a connection to the same account is known by here.
    pub(crate) account: String,
    /// Its address, where the provider vouches that it belongs to it. Microsoft does not: anyone can write one into a directory of her own.
    pub(crate) email: Option<String>,
}

/// Of an ID token (`OpenID` Connect Core §2), and of Microsoft's the lasting id of the user in her directory.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<bool>,
    #[serde(default)]
    oid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Some(Vec<String>),
}

impl Audience {
    fn is(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Some(some) => some.len() == 1 && some[0] == client,
        }
    }
}

/// Begins an attempt to sign in.
pub(crate) fn begin(oauth: &OAuth, redirect: &Url) -> Result<Begun, NotConnected> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = oauth.client().clone().set_redirect_uri(redirect_url(redirect)?);
    let mut request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge).add_extra_param("prompt", "select_account");
    for scope in ["openid", "email", "profile"] {
        request = request.add_scope(Scope::new(scope.to_owned()));
    }
    let (url, state) = request.url();
    Ok(Begun { url, state: state.secret().clone().into(), verifier: verifier.secret().clone().into() })
}

/// Who came back. The ID token comes straight from the token endpoint over TLS, which stands for its signature (`OpenID` Connect Core
/// §3.1.3.7); whom it is for, from whom it is and whether it still holds is checked.
pub(crate) async fn finish(
    app: &App,
    oauth: &OAuth,
    redirect: &Url,
    verifier: &secrecy::SecretString,
    back: Return,
    now: DateTime<Utc>,
) -> Result<Account, NotConnected> {
    let tokens = exchange(app, oauth, redirect, verifier, back).await?;
    let odd = |words: &str| NotConnected::Odd(words.to_owned());
    let payload = tokens.extra_fields().id_token.as_deref().and_then(|token| token.split('.').nth(1));
    let json = payload.and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
    let claims: Option<Claims> = json.and_then(|json| serde_json::from_slice(&json).ok());
    checked(app, claims.ok_or_else(|| odd("the provider does not say who it is"))?, now).map_err(odd)
}

fn checked(app: &App, claims: Claims, now: DateTime<Utc>) -> Result<Account, &'static str> {
    if !claims.aud.is(&app.client_id) {
        return Err("the provider's answer is meant for another program");
    }
    if claims.exp < now.timestamp() {
        return Err("the provider's answer is out of date; compare this machine's clock");
    }
    let issuer = if claims.iss.contains("://") { claims.iss.clone() } else { format!("https://{}", claims.iss) };
    if !is_issuer(app, &issuer) {
        return Err("the answer comes from another provider than the one that was asked");
    }
    let email = claims.email.filter(|_| app.provider == Provider::Google && claims.email_verified == Some(true));
    let account = match app.provider {
        Provider::Outlook => claims.oid.unwrap_or_else(|| claims.sub.clone()),
        _ => claims.sub.clone(),
    };
    Ok(Account { issuer, subject: claims.sub, account, email: email.map(|email| email.to_lowercase()) })
}

/// Whether an issuer is the provider that was asked: by its lasting name, or where people are sent to sign in (national clouds).
fn is_issuer(app: &App, issuer: &str) -> bool {
    let lasting = if app.provider == Provider::Outlook { "https://login.microsoftonline.com" } else { "https://accounts.google.com" };
    let Ok(issuer) = Url::parse(issuer) else { return false };
    issuer.origin() == app.authorize_url.origin() || issuer.origin().ascii_serialization() == lasting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(provider: Provider, authorize: &str) -> App {
        let url = |text: &str| Url::parse(text).expect("an address");
        App {
            provider,
            client_id: "us".to_owned(),
            client_secret: None,
            authorize_url: url(authorize),
            token_url: url("https://t.example/"),
            device_url: None,
            revoke_url: None,
            api_url: url("https://a.example/"),
        }
    }

    fn claims(iss: &str, aud: &str, exp: i64) -> Claims {
        let (email, email_verified, oid) = (Some("Eva@firm.example".to_owned()), Some(true), Some("oid-1".to_owned()));
        Claims { iss: iss.to_owned(), sub: "sub-1".to_owned(), aud: Audience::One(aud.to_owned()), exp, email, email_verified, oid }
    }

    #[test]
    fn only_what_is_for_us_from_whom_was_asked_and_still_holds_says_who_it_is() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let (later, before) = (now.timestamp() + 60, now.timestamp() - 60);
        let google = app(Provider::Google, "https://accounts.google.com/o/oauth2/v2/auth");
        let known = checked(&google, claims("accounts.google.com", "us", later), now).expect("known");
        assert_eq!((known.account.as_str(), known.email.as_deref()), ("sub-1", Some("eva@firm.example")));
        assert!(checked(&google, claims("https://accounts.google.com", "them", later), now).is_err());
        assert!(checked(&google, claims("https://accounts.google.com", "us", before), now).is_err());
        assert!(checked(&google, claims("https://evil.example", "us", later), now).is_err());
    }

    #[test]
    fn an_address_that_microsoft_tells_proves_nothing() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let outlook = app(Provider::Outlook, "https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
        let known = checked(&outlook, claims("https://login.microsoftonline.com/t/v2.0", "us", now.timestamp() + 60), now).expect("known");
        assert_eq!((known.account.as_str(), known.email), ("oid-1", None));
    }
}
