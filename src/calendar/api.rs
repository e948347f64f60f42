//! The HTTP client for the providers' own services: which answers mean what, and how much of them is read. Feeds, whose addresses people
//! type, go through the guarded client in `http`.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{
    clean,
    http::{api_client, capped, retry_after},
};
use crate::clock::Clock;

/// A page of 2,500 events with long descriptions stays below this.
const PAGE_BYTES_MAX: usize = 64 << 20;
const SHOWN_MAX: usize = 200;

/// Why a provider gave no answer, each a case for which the daemon does something else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// The change detector has ended: read everything again, and compare.
    #[error("the provider has forgotten what it told before")]
    CursorExpired,
    /// The access token is not taken.
    #[error("the provider does not take the access token")]
    Unauthorized,
    /// The consent given does not cover this, or an administrator forbids it: a person has to act.
    #[error("the provider refuses access: {0}")]
    Forbidden(String),
    /// The calendar is not there, or no longer shared.
    #[error("the provider has no such calendar any more, or it is no longer shared")]
    Gone,
    #[error("the provider asks to slow down")]
    RateLimited(Option<TimeDelta>),
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// It answered something that is no answer: nothing is concluded from it.
    #[error("the provider answered something that cannot be read: {0}")]
    Odd(String),
}

/// A client for one provider's services.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: reqwest::Client,
    clock: Clock,
}

impl Api {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { client: api_client(), clock: clock.clone() }
    }

    /// Sends a request that was made elsewhere; the status and the capped body of the answer, whatever they are.
    ///
    /// # Errors
    /// Why there is no answer, without the address.
    pub(crate) async fn send_raw(&self, request: impl TryInto<reqwest::Request>, cap: usize) -> Result<(u16, Vec<u8>), String> {
        let request = request.try_into().map_err(|_| "the request cannot be made".to_owned())?;
        let response = self.client.execute(request).await.map_err(told)?;
        let status = response.status().as_u16();
        Ok((status, capped(response, cap).await.map_err(|error| error.to_string())?))
    }

    /// Sends a form; the status of the answer.
    ///
    /// # Errors
    /// Why there is no answer, without the address.
    pub(crate) async fn post_form(&self, url: Url, fields: &[(&str, &str)]) -> Result<u16, String> {
        let response = self.client.post(url).form(fields).send().await.map_err(told)?;
        Ok(response.status().as_u16())
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub(crate) async fn get<T: DeserializeOwned>(&self, url: Url, token: &SecretString, headers: HeaderMap) -> Result<T, Trouble> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
            .map_err(|_| Trouble::Odd("its access token is no header value".to_owned()))?;
        bearer.set_sensitive(true);
        let request =
            self.client.request(Method::GET, url).headers(headers).header(AUTHORIZATION, bearer).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| Trouble::Unreachable(told(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = capped(response, PAGE_BYTES_MAX).await.map_err(|error| Trouble::Unreachable(error.to_string()))?;
        if status != StatusCode::OK {
            return Err(trouble(status, &headers, &body, self.clock.now()));
        }
        serde_json::from_str(&clean::json(&body))
            .map_err(|error| Trouble::Odd(format!("at line {} column {}", error.line(), error.column())))
    }
}

/// What an answer without data means. Both providers say it in `error`; Google's reasons and Graph's codes do not overlap.
fn trouble(status: StatusCode, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Trouble {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let codes = codes(&json["error"]);
    let is = |names: &[&str]| codes.iter().any(|code| names.iter().any(|name| name.eq_ignore_ascii_case(code)));
    let later = || Trouble::RateLimited(retry_after(headers, now));
    if is(&["fullSyncRequired", "updatedMinTooLongAgo", "SyncStateNotFound", "resyncRequired", "SyncStateInvalid"]) {
        return Trouble::CursorExpired;
    }
    if is(&["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "ApplicationThrottled", "TooManyRequests"]) {
        return later();
    }
    match status.as_u16() {
        401 => Trouble::Unauthorized,
        403 => Trouble::Forbidden(forbidden(&codes)),
        404 => Trouble::Gone,
        410 => Trouble::CursorExpired,
        429 => later(),
        503 | 504 if headers.contains_key(RETRY_AFTER) => later(),
        500.. => Trouble::Unreachable(format!("it answered with status {}", status.as_u16())),
        other => Trouble::Odd(format!("status {other}{}", codes.first().map_or_else(String::new, |code| format!(" ({code})")))),
    }
}

/// Every reason and code an error names, those further inside last.
fn codes(error: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(shortened);
    let mut found: Vec<String> = text(&error["code"]).into_iter().chain(text(&error["status"])).collect();
    for list in [&error["errors"], &error["details"]] {
        found.extend(list.as_array().into_iter().flatten().filter_map(|one| text(&one["reason"])));
    }
    for inner in ["innerError", "innererror"] {
        if error[inner].is_object() {
            found.extend(codes(&error[inner]));
        }
    }
    found
}

fn forbidden(codes: &[String]) -> String {
    let has = |name: &str| codes.iter().any(|code| code.eq_ignore_ascii_case(name));
    let advice = match () {
        () if has("ACCESS_TOKEN_SCOPE_INSUFFICIENT") || has("insufficientPermissions") => {
            "the consent does not cover calendars; connect again and leave every box ticked"
        }
        () if has("accessNotConfigured") => "the Calendar API is not switched on for this app; enable it in the Google Cloud console",
        () if has("insufficient_claims") => "the organisation asks for another sign-in; connect again",
        () => "an administrator or the calendar's owner forbids it",
    };
    format!("{advice}{}", codes.first().map_or_else(String::new, |code| format!(" ({code})")))
}

/// What went wrong on the way, without the address, which may hold secrets.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let kind = match () {
        () if error.is_timeout() => "it took too long",
        () if error.is_connect() => "no connection",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the connection broke",
    };
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    causes.last().map_or_else(|| kind.to_owned(), |cause| format!("{kind} ({})", shortened(&cause.to_string())))
}

/// Words of a provider, in one line and of bounded length.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_what_they_name_and_not_by_status_alone() {
        let judged = |status: u16, body: &str| {
            trouble(StatusCode::from_u16(status).expect("a status"), &HeaderMap::new(), body.as_bytes(), DateTime::UNIX_EPOCH)
        };
        let google = |reason: &str| {
            format!(r#"{{"error":{{"errors":[{{"domain":"x","reason":"{reason}","message":"m"}}],"code":403,"message":"m"}}}}"#)
        };
        assert_eq!(judged(410, &google("fullSyncRequired")), Trouble::CursorExpired);
        assert_eq!(judged(403, &google("rateLimitExceeded")), Trouble::RateLimited(None));
        assert_eq!(judged(403, &google("quotaExceeded")), Trouble::RateLimited(None));
        assert!(matches!(judged(403, &google("insufficientPermissions")), Trouble::Forbidden(told) if told.contains("connect again")));
        assert_eq!(judged(400, r#"{"error":{"code":"syncstatenotfound","message":"m"}}"#), Trouble::CursorExpired);
        assert_eq!(judged(429, r#"{"error":{"code":"ApplicationThrottled","message":"m"}}"#), Trouble::RateLimited(None));
        assert_eq!(judged(401, "{}"), Trouble::Unauthorized);
        assert_eq!(judged(404, "<html>"), Trouble::Gone);
        assert!(matches!(judged(502, "<html>"), Trouble::Unreachable(_)));
        assert!(matches!(judged(200, "<html>"), Trouble::Odd(_)));
    }
}
