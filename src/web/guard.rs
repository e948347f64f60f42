//! Who is there, and whether a request is really hers: sessions, the token on every form, and the headers that every answer has.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderName, ORIGIN, REFERRER_POLICY, SET_COOKIE,
            STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;

use super::{
    refused::{out_of_date, signed_out},
    server::Peer,
    violations,
};
use crate::{
    app::App,
    clock::Clock,
    grants::keys::digest,
    model::{connection::Provider, principal::Principal},
    store,
};

/// A session ends when nobody used it for this long, and after a day whatever happens.
const IDLE: TimeDelta = TimeDelta::hours(8);
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// A page is used more often than its session has to be noted as used.
const NOTED: TimeDelta = TimeDelta::minutes(5);
pub(super) const BODY_MAX: usize = 1 << 20;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; object-src 'none'; frame-ancestors 'none'; report-uri /csp-report";
/// The field and the header that carry a session's token.
pub(super) const CSRF_FIELD: &str = "csrf";
const CSRF_HEADER: &str = "x-csrf-token";

/// A person who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) who: Principal,
    pub(crate) csrf: String,
}

/// Which cookie holds a session: over TLS one that no other host can set (RFC 6265bis, `__Host-`).
pub(super) fn cookie_name(app: &App) -> &'static str {
    if is_secure(app) { "__Host-kalends" } else { "kalends" }
}

pub(super) fn is_secure(app: &App) -> bool {
    app.config.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
}

/// The header that hands a session over, or takes it back.
pub(super) fn set_cookie(app: &App, secret: Option<&str>) -> (HeaderName, String) {
    let secure = if is_secure(app) { "; Secure" } else { "" };
    let age = secret.map_or(0, |_| LONGEST.num_seconds());
    (SET_COOKIE, format!("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}", cookie_name(app), secret.unwrap_or_default()))
}

/// The session that a browser sends.
pub(super) fn cookie(app: &App, headers: &HeaderMap) -> Option<String> {
    cookies(headers, cookie_name(app)).next()
}

/// Every value that a browser sends under a name: another host of the same site may have set one too.
pub(super) fn cookies(headers: &HeaderMap, name: &str) -> impl Iterator<Item = String> {
    let prefix = format!("{name}=");
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    all.filter_map(move |cookie| Some(cookie.trim().strip_prefix(&prefix)?.to_owned())).filter(|value| !value.is_empty())
}

/// The policy of a page whose form leads on to a provider: browsers hold what follows a form against it too.
pub(super) fn leads_on(app: &App) -> [(HeaderName, String); 1] {
    let apps = [Provider::Google, Provider::Outlook].into_iter().filter_map(|one| app.config.apps.of(one));
    let firm = app.config.firm.as_ref().map(|firm| firm.endpoints.as_ref().map_or(&firm.address, |(authorize, _)| authorize));
    let origins = apps.map(|one| &one.client.authorize_url).chain(firm).map(|url| url.origin().ascii_serialization());
    let targets: Vec<_> = ["form-action 'self'".to_owned()].into_iter().chain(origins).collect();
    [(CONTENT_SECURITY_POLICY, POLICY.replace("form-action 'self'", &targets.join(" ")))]
}

async fn signed(app: &App, headers: &HeaderMap) -> Result<Option<Signed>, store::Error> {
    let Some(secret) = cookie(app, headers) else { return Ok(None) };
    let (digest, now) = (digest(&secret), now());
    let mut tx = app.store.read().await?;
    let Some(session) = tx.session(&digest).await?.filter(|one| now - one.seen_at < IDLE && now - one.began_at < LONGEST) else {
        return Ok(None);
    };
    if tx.staff_member(session.staff).await?.has_left(app.config.clock.now()) {
        return Ok(None);
    }
    let who = tx.principal(session.staff).await?;
    drop(tx);
    if now - session.seen_at > NOTED {
        let mut tx = app.store.write().await?;
        tx.touch_session(&digest, now).await?;
        tx.commit().await?;
    }
    Ok(Some(Signed { who, csrf: session.csrf }))
}

/// Sessions live by the machine's clock even where the book's stands still, as in the demo.
pub(super) fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// When a session that nobody used since is over.
pub(super) fn idle_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - IDLE
}

impl FromRequestParts<Arc<App>> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        match signed(app, &parts.headers).await {
            Ok(Some(signed)) => Ok(signed),
            Ok(None) if parts.method == Method::GET => {
                let asked = parts.uri.path_and_query().map_or("/", |asked| asked.as_str());
                let next: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
                Err(Redirect::to(&format!("/sign-in?next={next}")).into_response())
            }
            Ok(None) => Err(signed_out()),
            Err(error) => Err((StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()),
        }
    }
}

/// Lets a request that changes something through only if it comes from a page of ours: the browser says so, and the form carries the
/// session's own token.
pub(super) async fn forms(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if !is_from_here(&app, request.headers()) {
        return forbidden("This request comes from another site.");
    }
    let signed = match signed(&app, request.headers()).await {
        Ok(Some(signed)) => signed,
        Ok(None) => return signed_out(),
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "This is too much.").into_response();
    };
    if !carries(&parts.headers, &body, &signed.csrf) {
        return out_of_date(&signed);
    }
    parts.extensions.insert(signed);
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn carries(headers: &HeaderMap, body: &Bytes, csrf: &str) -> bool {
    let is = |value: &str| bool::from(value.as_bytes().ct_eq(csrf.as_bytes()));
    if let Some(value) = headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()) {
        return is(value);
    }
    let is_form = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    is_form && url::form_urlencoded::parse(body).any(|(name, value)| name == CSRF_FIELD && is(&value))
}

/// What the browser says about where a request comes from. Old ones say nothing; then the token decides.
pub(super) fn is_from_here(app: &App, headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(&ORIGIN) else { return true };
    let ours = app.config.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    ours.as_deref() == Some(origin) || text(&HOST).is_some_and(|host| origin.split("://").nth(1) == Some(host))
}

pub(super) fn forbidden(why: &'static str) -> Response {
    (StatusCode::FORBIDDEN, why).into_response()
}

/// Who sent a request: the other end, or whom a proxy that the configuration names says it stands before.
pub(super) fn client(app: &App, peer: Option<&Peer>, headers: &HeaderMap) -> String {
    let Some(Peer(peer)) = peer else { return "unknown".to_owned() };
    if app.config.trusted_proxies.contains(peer) {
        let named = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let hops = named.rsplit(',').filter_map(|hop| hop.trim().parse::<std::net::IpAddr>().ok());
        let mut outside = hops.filter(|hop| !app.config.trusted_proxies.contains(hop));
        if let Some(outside) = outside.next() {
            return outside.to_string();
        }
    }
    peer.to_string()
}

/// The headers that every answer has, errors too.
pub(super) async fn headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let all = [
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in all {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_secure(&app) {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
        report_to(response.headers_mut());
    }
    response
}

/// Browsers with the Reporting API take this before `report-uri`.
fn report_to(headers: &mut HeaderMap) {
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(&(policy.to_owned() + violations::REPORT_TO)).ok()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.insert(HeaderName::from_static("reporting-endpoints"), HeaderValue::from_static(violations::ENDPOINTS));
    }
}
