//! An authorization server: codes with PKCE, refresh tokens in families, the device flow. Both vendors' dialects differ in little.

use std::collections::{BTreeMap, HashMap};

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    faults::{html, respond},
    server::Vendor,
    state::{Consent, Rotation, State},
};

pub(crate) type Query = HashMap<String, String>;

/// A grant of one account to one client.
#[derive(Clone, Debug)]
struct Family {
    email: String,
    client: String,
    scope: String,
    generation: u32,
    is_revoked: bool,
}

#[derive(Clone, Debug)]
struct Code {
    email: String,
    client: String,
    redirect: String,
    challenge: Option<String>,
    scope: String,
    is_offline: bool,
}

#[derive(Clone, Debug)]
struct Device {
    user_code: String,
    client: String,
    scope: String,
    email: Option<String>,
    is_denied: bool,
    asked_at: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
}

/// Everything that was handed out.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    families: BTreeMap<u32, Family>,
    /// Refresh token: its family, and which of it it is.
    refresh: HashMap<String, (u32, u32)>,
    /// Access token: its family, and when it ends.
    access: HashMap<String, (u32, DateTime<Utc>)>,
    devices: HashMap<String, Device>,
    pub(crate) issued: Vec<String>,
    pub(crate) granted: u32,
    pub(crate) refused: u32,
}

/// An error of the token endpoint.
fn refused(state: &State, error: &str, description: &str) -> Response<Body> {
    let status = match (state.vendor, error) {
        (_, "invalid_client") => 401,
        (Vendor::Google, "authorization_pending") => 428,
        (Vendor::Google, "slow_down" | "access_denied") => 403,
        _ => 400,
    };
    let body = match state.vendor {
        Vendor::Google => json!({ "error": error, "error_description": description }),
        Vendor::Outlook => {
            json!({ "error": error, "error_description": format!("AADSTS70000: {description} Trace ID: 1 Correlation ID: 2 Timestamp: 2026-01-01 00:00:00Z"),
            "error_codes": [70000], "timestamp": "2026-01-01 00:00:00Z", "trace_id": "1", "correlation_id": "2", "error_uri": "https://login.microsoftonline.com/error?code=70000" })
        }
    };
    respond(status, &body)
}

fn redirect(to: &str, params: &[(&str, &str)]) -> Response<Body> {
    let query: Vec<String> = params.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    let joined = if to.contains('?') { "&" } else { "?" };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(value) = header::HeaderValue::from_str(&format!("{to}{joined}{}", query.join("&"))) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Percent-encoding of a query's value.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// The consent page, or what it would have done by itself.
pub(crate) fn authorize(state: &mut State, query: &Query, base: &str) -> Response<Body> {
    let get = |key: &str| query.get(key).cloned().unwrap_or_default();
    let (target, back) = (get("redirect_uri"), get("state"));
    if target.is_empty() || get("response_type") != "code" || get("client_id").is_empty() {
        return html(400, "<h1>Error 400: invalid_request</h1>");
    }
    match state.consent.clone() {
        Consent::Deny => redirect(&target, &[("error", "access_denied"), ("state", &back)]),
        Consent::Auto { email, withhold } => {
            let email = email.or_else(|| query.get("login_hint").cloned()).or_else(|| state.accounts.keys().next().cloned());
            agree(state, query, &email.unwrap_or_default(), &withhold, base)
        }
        Consent::Page => html(200, &page(state, query)),
    }
}

fn page(state: &State, query: &Query) -> String {
    let hidden: String =
        query.iter().map(|(key, value)| format!("<input type=hidden name=\"{}\" value=\"{}\">", escaped(key), escaped(value))).collect();
    let accounts: String = state.accounts.keys().map(|email| format!("<option>{}</option>", escaped(email))).collect();
    let scopes: String =
        query.get("scope").map(String::as_str).unwrap_or_default().split_whitespace().fold(String::new(), |list, scope| {
            list + &format!("<label><input type=checkbox name=\"granted\" value=\"{0}\" checked> {0}</label><br>", escaped(scope))
        });
    format!(
        "<!doctype html><title>Sign in</title><h1>Choose an account</h1><form method=post>{hidden}<select name=email>{accounts}</select><p>{scopes}</p><button name=answer value=allow>Allow</button><button name=answer value=deny>Deny</button></form>"
    )
}

/// What the page's form says.
pub(crate) fn answered(state: &mut State, form: &[(String, String)], base: &str) -> Response<Body> {
    let query: Query = form.iter().cloned().collect();
    let get = |key: &str| query.get(key).cloned().unwrap_or_default();
    if get("answer") != "allow" {
        return redirect(&get("redirect_uri"), &[("error", "access_denied"), ("state", &get("state"))]);
    }
    let granted: Vec<_> = form.iter().filter(|(key, _)| key == "granted").map(|(_, value)| value.as_str()).collect();
    let withheld: Vec<String> = get("scope").split_whitespace().filter(|scope| !granted.contains(scope)).map(str::to_owned).collect();
    agree(state, &query, &get("email"), &withheld, base)
}

fn agree(state: &mut State, query: &Query, email: &str, withhold: &[String], base: &str) -> Response<Body> {
    let get = |key: &str| query.get(key).cloned().unwrap_or_default();
    let scope = get("scope").split_whitespace().filter(|scope| !withhold.iter().any(|out| out == scope)).collect::<Vec<_>>().join(" ");
    let code = state.fresh("4/0A");
    let is_offline = match state.vendor {
        Vendor::Google => get("access_type") == "offline",
        Vendor::Outlook => scope.split(' ').any(|scope| scope == "offline_access"),
    };
    let challenge = query.get("code_challenge").cloned();
    let entry = Code {
        email: email.to_owned(),
        client: get("client_id"),
        redirect: get("redirect_uri"),
        challenge,
        scope: scope.clone(),
        is_offline,
    };
    state.grants.codes.insert(code.clone(), entry);
    state.grants.issued.push(code.clone());
    let back = get("state");
    let mut params = vec![("code", code.as_str()), ("state", back.as_str())];
    if state.vendor == Vendor::Google {
        params.extend([("scope", scope.as_str()), ("authuser", "0"), ("prompt", "consent")]);
    }
    if state.policy.iss {
        params.push(("iss", base));
    }
    redirect(&get("redirect_uri"), &params)
}

/// The token endpoint.
pub(crate) fn token(state: &mut State, form: &Query) -> Response<Body> {
    match form.get("grant_type").map(String::as_str) {
        Some("authorization_code") => by_code(state, form),
        Some("refresh_token") => by_refresh(state, form),
        Some("urn:ietf:params:oauth:grant-type:device_code") => by_device(state, form),
        _ => refused(state, "unsupported_grant_type", "The grant type is not supported."),
    }
}

fn by_code(state: &mut State, form: &Query) -> Response<Body> {
    let given = |key: &str| form.get(key).cloned().unwrap_or_default();
    let Some(code) = state.grants.codes.remove(&given("code")) else { return refused(state, "invalid_grant", "Malformed auth code.") };
    if code.redirect != given("redirect_uri") || code.client != given("client_id") {
        return refused(state, "invalid_grant", "redirect_uri or client_id mismatch.");
    }
    let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier").as_bytes()));
    if code.challenge.is_some_and(|challenge| challenge != hashed) {
        return refused(state, "invalid_grant", "Invalid code verifier.");
    }
    open(state, &code.email, &code.client, &code.scope, code.is_offline)
}

/// A new grant.
fn open(state: &mut State, email: &str, client: &str, scope: &str, is_offline: bool) -> Response<Body> {
    let id = u32::try_from(state.grants.families.len()).unwrap_or(u32::MAX);
    let family = Family { email: email.to_owned(), client: client.to_owned(), scope: scope.to_owned(), generation: 0, is_revoked: false };
    state.grants.families.insert(id, family);
    let same = |family: &Family| family.email == email && family.client == client && !family.is_revoked;
    let live: Vec<u32> = state.grants.families.iter().filter(|(_, family)| same(family)).map(|(id, _)| *id).collect();
    if state.vendor == Vendor::Google && live.len() > state.policy.refresh_tokens_max {
        // The oldest dies, and nobody is told.
        live.first().and_then(|oldest| state.grants.families.get_mut(oldest)).into_iter().for_each(|oldest| oldest.is_revoked = true);
    }
    let refresh = (is_offline && !state.policy.no_refresh_token).then(|| refresh_token(state, id, 0));
    answer(state, id, refresh)
}

fn refresh_token(state: &mut State, family: u32, generation: u32) -> String {
    let token = state.fresh("1//0g");
    state.grants.refresh.insert(token.clone(), (family, generation));
    state.grants.issued.push(token.clone());
    token
}

fn answer(state: &mut State, id: u32, refresh: Option<String>) -> Response<Body> {
    let Some(family) = state.grants.families.get(&id).cloned() else { return refused(state, "invalid_grant", "No such grant.") };
    let access = state.fresh("ya29.a0");
    let lasts = TimeDelta::seconds(state.policy.access_seconds);
    state.grants.access.insert(access.clone(), (id, now() + lasts));
    state.grants.issued.push(access.clone());
    let mut scope = family.scope.clone();
    if state.vendor == Vendor::Outlook {
        let short = |scope: &str| scope.rsplit('/').next().unwrap_or(scope).to_owned();
        scope = scope.split(' ').filter(|scope| *scope != "offline_access").map(short).collect::<Vec<_>>().join(" ");
    }
    let mut body = json!({ "access_token": access, "expires_in": state.policy.access_seconds, "scope": scope, "token_type": "Bearer" });
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
        if state.policy.testing {
            body["refresh_token_expires_in"] = json!(604_799);
        }
    }
    if state.vendor == Vendor::Outlook {
        body["ext_expires_in"] = body["expires_in"].clone();
    }
    if state.policy.id_token && family.scope.split(' ').any(|scope| scope == "openid") {
        body["id_token"] = json!(id_token(state, &family));
    }
    respond(200, &body)
}

/// The tenant of every account at Microsoft.
const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Who signs, as the vendor names himself.
fn issuer(state: &State) -> String {
    if let Some(issuer) = &state.policy.issuer {
        return issuer.clone();
    }
    match state.vendor {
        Vendor::Google => "https://accounts.google.com".to_owned(),
        Vendor::Outlook => format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
    }
}

/// Where everything is (`OpenID` Connect Discovery).
pub(crate) fn discovery(state: &State, base: &str) -> Value {
    let vendor = state.vendor;
    let (authorize, token, device) = match vendor {
        Vendor::Google => ("o/oauth2/v2/auth", "token", "device/code"),
        Vendor::Outlook => ("common/oauth2/v2.0/authorize", "common/oauth2/v2.0/token", "common/oauth2/v2.0/devicecode"),
    };
    let mut all = json!({ "issuer": issuer(state), "authorization_endpoint": format!("{base}/{authorize}"),
        "token_endpoint": format!("{base}/{token}"), "device_authorization_endpoint": format!("{base}/{device}"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"], "code_challenge_methods_supported": ["S256"] });
    if vendor == Vendor::Google {
        all["revocation_endpoint"] = json!(format!("{base}/revoke"));
    }
    all
}

fn id_token(state: &State, family: &Family) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let at = now().timestamp();
    let mut claims = json!({ "iss": issuer(state), "sub": subject(&family.email), "email": family.email, "aud": family.client, "iat": at,
        "exp": at + 3600 });
    match state.vendor {
        Vendor::Google => claims["email_verified"] = json!(true),
        Vendor::Outlook => {
            claims["preferred_username"] = json!(family.email);
            claims["tid"] = json!(TENANT);
            claims["ver"] = json!("2.0");
        }
    }
    format!("{}.{}.{}", part(&json!({ "alg": "RS256", "kid": "1" })), part(&claims), URL_SAFE_NO_PAD.encode("signature"))
}

/// An account's lasting name.
pub(crate) fn subject(email: &str) -> String {
    Sha256::digest(email.as_bytes()).iter().take(8).fold("1".to_owned(), |digits, byte| format!("{digits}{byte:03}"))
}

fn by_refresh(state: &mut State, form: &Query) -> Response<Body> {
    let known = form.get("refresh_token").and_then(|token| state.grants.refresh.get(token)).copied();
    let family = known.and_then(|(id, _)| state.grants.families.get(&id).cloned());
    let (Some((id, generation)), Some(family)) = (known, family.filter(|family| !family.is_revoked)) else { return expired(state) };
    if form.get("client_id").is_some_and(|client| *client != family.client) {
        return refused(state, "unauthorized_client", "Unauthorized");
    }
    if state.policy.rotation == Rotation::Strict && generation != family.generation {
        // Someone has a copy: nobody gets anything any more.
        state.fire("refresh-token-reused");
        state.grants.families.get_mut(&id).into_iter().for_each(|family| family.is_revoked = true);
        return expired(state);
    }
    state.grants.granted += 1;
    let refresh = (state.policy.rotation != Rotation::None).then(|| {
        let next = family.generation + 1;
        state.grants.families.get_mut(&id).into_iter().for_each(|family| family.generation = next);
        refresh_token(state, id, next)
    });
    answer(state, id, refresh)
}

fn expired(state: &mut State) -> Response<Body> {
    state.grants.refused += 1;
    refused(state, "invalid_grant", "Token has been expired or revoked.")
}

/// Begins the device flow. Google names the page `verification_url`.
pub(crate) fn device(state: &mut State, form: &Query, base: &str) -> Response<Body> {
    let (code, user_code) = (state.fresh("AH-1"), state.fresh("").split_off(14).to_uppercase());
    let get = |key: &str| form.get(key).cloned().unwrap_or_default();
    let email = match &state.consent {
        Consent::Auto { email, .. } => email.clone().or_else(|| state.accounts.keys().next().cloned()),
        _ => None,
    };
    let is_denied = state.consent == Consent::Deny;
    let lasts = state.policy.device_seconds;
    let entry = Device {
        user_code: user_code.clone(),
        client: get("client_id"),
        scope: get("scope"),
        email,
        is_denied,
        asked_at: None,
        until: now() + TimeDelta::seconds(lasts),
    };
    state.grants.devices.insert(code.clone(), entry);
    state.grants.issued.push(code.clone());
    let page = format!("{base}/device");
    let mut body = json!({ "device_code": code, "user_code": user_code, "expires_in": lasts, "interval": 1 });
    match state.vendor {
        Vendor::Google => body["verification_url"] = json!(page),
        Vendor::Outlook => {
            body["verification_uri"] = json!(page);
            body["message"] = json!(format!("To sign in, use a web browser to open the page {page} and enter the code {user_code}."));
        }
    }
    respond(200, &body)
}

/// Someone types a code in.
pub(crate) fn approve(state: &mut State, user_code: &str, email: &str) {
    let devices = state.grants.devices.values_mut().filter(|device| device.user_code == user_code);
    devices.for_each(|device| device.email = Some(email.to_owned()));
}

fn by_device(state: &mut State, form: &Query) -> Response<Body> {
    let given = form.get("device_code").cloned().unwrap_or_default();
    let Some(device) = state.grants.devices.get_mut(&given) else {
        let error = if state.vendor == Vendor::Google { "invalid_grant" } else { "bad_verification_code" };
        return refused(state, error, "Malformed device code.");
    };
    let quick = device.asked_at.is_some_and(|at| now() - at < TimeDelta::milliseconds(900));
    device.asked_at = Some(now());
    let device = device.clone();
    if device.until <= now() {
        return refused(state, "expired_token", "The code has expired.");
    }
    if device.is_denied {
        let error = if state.vendor == Vendor::Google { "access_denied" } else { "authorization_declined" };
        return refused(state, error, "The user refused.");
    }
    if quick {
        return refused(state, "slow_down", "Too quick.");
    }
    let Some(email) = device.email else { return refused(state, "authorization_pending", "Precondition Required") };
    state.grants.devices.remove(&given);
    open(state, &email, &device.client, &device.scope, true)
}

impl Grants {
    /// Whose token it is, while it is taken.
    pub(crate) fn account(&self, token: &str) -> Option<(String, String)> {
        let (family, until) = self.access.get(token)?;
        let family = self.families.get(family).filter(|family| !family.is_revoked && *until > now())?;
        Some((family.email.clone(), family.scope.clone()))
    }

    /// Every access token handed out so far ends.
    pub(crate) fn expire(&mut self) {
        self.access.clear();
    }

    /// An account takes its grants back.
    pub(crate) fn revoke(&mut self, email: &str) {
        self.families.values_mut().filter(|family| family.email == email).for_each(|family| family.is_revoked = true);
    }

    /// A client gives its grant back (RFC 7009).
    pub(crate) fn revoke_token(&mut self, token: &str) -> bool {
        let family = self.refresh.get(token).map(|(family, _)| *family).or_else(|| self.access.get(token).map(|(family, _)| *family));
        match family.and_then(|family| self.families.get_mut(&family)) {
            Some(family) => {
                family.is_revoked = true;
                true
            }
            None => false,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the vendors live in real time")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
