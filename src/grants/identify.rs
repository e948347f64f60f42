//! Signing in with an account at Google, at Microsoft or at the firm's own `OpenID` Connect provider (code flow with PKCE): who it is, and
//! nothing else. No grant is kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use oauth2::{CsrfToken, PkceCodeChallenge, Scope};
use serde::Deserialize;
use url::Url;

use super::{
    connect::{Begun, NotConnected, Return, exchange, redirect_url},
    wire::OAuth,
};
use crate::{
    calendar::api::Api,
    config::{
        providers::{App, Client, is_guarded},
        sign_in::Firm,
    },
    model::connection::Provider,
};

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// The provider of calendars.
    Account(&'a App),
    Firm(&'a Firm),
}

/// What a provider publishes of itself (`OpenID` Connect Discovery §3).
#[derive(Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
}

impl Asked<'_> {
    /// Where it is asked, and as whom.
    ///
    /// # Errors
    /// The firm's provider cannot be reached, or says something else of itself than the configuration.
    pub(crate) async fn client(self, api: &Api) -> Result<Client, NotConnected> {
        match self {
            Self::Account(app) => Ok(app.client.clone()),
            Self::Firm(firm) => {
                let (authorize_url, token_url) = match &firm.endpoints {
                    Some(written) => written.clone(),
                    None => discovered(firm, api).await?,
                };
                let (id, secret) = (firm.client_id.clone(), firm.client_secret.clone());
                Ok(Client { id, secret, authorize_url, token_url, device_url: None })
            }
        }
    }

    /// Whose answers are believed.
    fn address<'c>(&'c self, client: &'c Client) -> &'c Url {
        match self {
            Self::Account(_) => &client.authorize_url,
            Self::Firm(firm) => &firm.address,
        }
    }

    /// Whether an issuer is the provider that was asked: by its lasting name, or where people are sent to sign in (national clouds).
    fn is_issuer(&self, issuer: &str) -> bool {
        let lasting = match self {
            Self::Firm(firm) => return issuer == firm.issuer,
            Self::Account(app) if app.provider == Provider::Outlook => "https://login.microsoftonline.com",
            Self::Account(_) => "https://accounts.google.com",
        };
        let Ok(issuer) = Url::parse(&named(issuer)) else { return false };
        matches!(self, Self::Account(app) if issuer.origin() == app.client.authorize_url.origin())
            || issuer.origin().ascii_serialization() == lasting
    }
}

/// Google leaves the scheme out.
fn named(issuer: &str) -> String {
    if issuer.contains("://") { issuer.to_owned() } else { format!("https://{issuer}") }
}

/// A provider's own description is a few kilobytes.
const DESCRIPTION_BYTES_MAX: usize = 256 << 10;

async fn discovered(firm: &Firm, api: &Api) -> Result<(Url, Url), NotConnected> {
    let odd = |words: String| NotConnected::Odd(format!("{}: {words}", firm.title));
    let at = format!("{}/.well-known/openid-configuration", firm.issuer.trim_end_matches('/'));
    let request = oauth2::http::Request::get(&at).header("accept", "application/json").body(Vec::new());
    let (status, body) = api.send_raw(request.map_err(|error| odd(error.to_string()))?, DESCRIPTION_BYTES_MAX).await.map_err(odd)?;
    if status != 200 {
        return Err(odd(format!("{at} answers with status {status}; compare sign_in.issuer")));
    }
    let published: Published =
        serde_json::from_slice(&body).map_err(|_| odd(format!("{at} does not describe an OpenID Connect provider")))?;
    if published.issuer != firm.issuer {
        return Err(odd(format!("it calls itself {}; write sign_in.issuer so", published.issuer)));
    }
    let (authorize_url, token_url) = (published.authorization_endpoint, published.token_endpoint);
    if !is_guarded(&authorize_url) || !is_guarded(&token_url) {
        return Err(odd("it wants to be asked without https".to_owned()));
    }
    if authorize_url.origin() != firm.address.origin() {
        // Browsers follow a form only to where its page said it leads.
        return Err(odd(format!("people sign in at {authorize_url}; write sign_in.authorize_url and sign_in.token_url")));
    }
    Ok((authorize_url, token_url))
}

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
    /// What someone signs in there with. At Microsoft its domain is one that the directory proved to be its own.
    pub(crate) user_name: Option<String>,
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
    #[serde(default)]
    preferred_username: Option<String>,
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
    asked: Asked<'_>,
    (client, api): (&Client, &Api),
    redirect: &Url,
    verifier: &secrecy::SecretString,
    back: Return,
    now: DateTime<Utc>,
) -> Result<Account, NotConnected> {
    let oauth = OAuth::new(client, api)?;
    let tokens = exchange(asked.address(client), &oauth, redirect, verifier, back).await?;
    let odd = |words: &str| NotConnected::Odd(words.to_owned());
    let payload = tokens.extra_fields().id_token.as_deref().and_then(|token| token.split('.').nth(1));
    let json = payload.and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
    let claims: Option<Claims> = json.and_then(|json| serde_json::from_slice(&json).ok());
    checked(asked, &client.id, claims.ok_or_else(|| odd("the provider does not say who it is"))?, now).map_err(odd)
}

fn checked(asked: Asked<'_>, client: &str, claims: Claims, now: DateTime<Utc>) -> Result<Account, &'static str> {
    if !claims.aud.is(client) {
        return Err("the provider's answer is meant for another program");
    }
    if claims.exp < now.timestamp() {
        return Err("the provider's answer is out of date; compare this machine's clock");
    }
    if !asked.is_issuer(&claims.iss) {
        return Err("the answer comes from another provider than the one that was asked");
    }
    let is_microsoft = matches!(asked, Asked::Account(app) if app.provider == Provider::Outlook);
    let email = claims.email.filter(|_| !is_microsoft && claims.email_verified == Some(true));
    let account = if is_microsoft { claims.oid.unwrap_or_else(|| claims.sub.clone()) } else { claims.sub.clone() };
    let issuer = if matches!(asked, Asked::Firm(_)) { claims.iss } else { named(&claims.iss) };
    let lower = |text: String| text.to_lowercase();
    Ok(Account { issuer, subject: claims.sub, account, email: email.map(lower), user_name: claims.preferred_username.map(lower) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(provider: Provider, authorize: &str) -> App {
        let url = |text: &str| Url::parse(text).expect("an address");
        App {
            provider,
            client: Client {
                id: "us".to_owned(),
                secret: None,
                authorize_url: url(authorize),
                token_url: url("https://t.example/"),
                device_url: None,
            },
            revoke_url: None,
            api_url: url("https://a.example/"),
        }
    }

    fn claims(iss: &str, aud: &str, exp: i64) -> Claims {
        let (email, email_verified, oid) = (Some("Eva@firm.example".to_owned()), Some(true), Some("oid-1".to_owned()));
        let aud = Audience::One(aud.to_owned());
        Claims { iss: iss.to_owned(), sub: "sub-1".to_owned(), aud, exp, email, email_verified, oid, preferred_username: None }
    }

    #[test]
    fn only_what_is_for_us_from_whom_was_asked_and_still_holds_says_who_it_is() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let (later, before) = (now.timestamp() + 60, now.timestamp() - 60);
        let google = app(Provider::Google, "https://accounts.google.com/o/oauth2/v2/auth");
        let known = checked(Asked::Account(&google), "us", claims("accounts.google.com", "us", later), now).expect("known");
        assert_eq!((known.account.as_str(), known.email.as_deref()), ("sub-1", Some("eva@firm.example")));
        assert!(checked(Asked::Account(&google), "us", claims("https://accounts.google.com", "them", later), now).is_err());
        assert!(checked(Asked::Account(&google), "us", claims("https://accounts.google.com", "us", before), now).is_err());
        assert!(checked(Asked::Account(&google), "us", claims("https://evil.example", "us", later), now).is_err());
    }

    #[test]
    fn an_address_that_microsoft_tells_proves_nothing() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let outlook = app(Provider::Outlook, "https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
        let known =
            checked(Asked::Account(&outlook), "us", claims("https://login.microsoftonline.com/t/v2.0", "us", now.timestamp() + 60), now)
                .expect("known");
        assert_eq!((known.account.as_str(), known.email), ("oid-1", None));
    }

    #[test]
    fn the_firms_own_provider_is_who_it_says_letter_by_letter() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let issuer = "https://id.firm.example/realms/firm";
        let firm = Firm {
            title: "Firm".to_owned(),
            issuer: issuer.to_owned(),
            address: Url::parse(issuer).expect("an address"),
            client_id: "us".to_owned(),
            client_secret: None,
            endpoints: None,
        };
        let told = |iss: &str, verified| Claims { email_verified: verified, ..claims(iss, "us", now.timestamp() + 60) };
        let known = checked(Asked::Firm(&firm), "us", told(issuer, Some(true)), now).expect("known");
        assert_eq!((known.account.as_str(), known.email.as_deref()), ("sub-1", Some("eva@firm.example")));
        assert_eq!(checked(Asked::Firm(&firm), "us", told(issuer, None), now).expect("known").email, None);
        assert!(checked(Asked::Firm(&firm), "us", told("https://id.firm.example/realms/another", Some(true)), now).is_err());
        assert!(checked(Asked::Firm(&firm), "us", told("https://id.firm.example/realms/firm/", Some(true)), now).is_err());
    }
}
