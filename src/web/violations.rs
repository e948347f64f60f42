//! What browsers report of pages in which something was to run that may not (CSP): a line in the log for whoever looks after the
//! installation. Anyone can send such a report, so little of it is believed, less is written, and no more than some lines a minute.

use std::sync::{Mutex, PoisonError};

use axum::{body::Bytes, extract::DefaultBodyLimit, http::StatusCode, routing::post};
use serde_json::Value;
use url::Url;

use super::{guard::now, routes::Route};

pub(super) const ROUTES: &[Route] = &[Route::post(PATH, || post(heard).layer(DefaultBodyLimit::max(BODY_MAX)))];

const PATH: &str = "/csp-report";
/// What a policy over TLS adds: without TLS browsers report nothing there, and what is named there they send nowhere else either.
pub(super) const REPORT_TO: &str = "; report-to csp";
pub(super) const ENDPOINTS: &str = "csp=\"/csp-report\"";
const BODY_MAX: usize = 8 << 10;
const LINES_A_MINUTE: u32 = 10;
const LONGEST: usize = 80;
const UNKNOWN: &str = "unknown";

/// The minute that is counted, and its lines.
static SAID: Mutex<(i64, u32)> = Mutex::new((0, 0));

async fn heard(body: Bytes) -> StatusCode {
    if !is_turn(now().timestamp() / 60) {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    let Some(line) = serde_json::from_slice(&body).ok().as_ref().and_then(told) else { return StatusCode::BAD_REQUEST };
    tracing::warn!("A browser kept something from running in a page: {line}");
    StatusCode::NO_CONTENT
}

/// A report that cannot be read is counted too: it was work.
fn is_turn(minute: i64) -> bool {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    *said = if said.0 == minute { (minute, said.1.saturating_add(1)) } else { (minute, 1) };
    said.1 <= LINES_A_MINUTE
}

/// The first report of a body, of either form that browsers send.
fn told(body: &Value) -> Option<String> {
    let report = body.get("csp-report").or_else(|| body.as_array()?.first()?.get("body"))?;
    let text = |names: [&str; 2]| names.iter().find_map(|name| report[*name].as_str());
    let directive = text(["effective-directive", "effectiveDirective"]).or_else(|| report["violated-directive"].as_str())?;
    let (page, source) = (text(["document-uri", "documentURL"]), text(["source-file", "sourceFile"]));
    let line = report.get("line-number").or_else(|| report.get("lineNumber")).and_then(Value::as_u64).unwrap_or_default();
    let blocked = plain(&text(["blocked-uri", "blockedURL"]).map_or_else(|| UNKNOWN.to_owned(), origin));
    let (page, source) = (plain(&page.map_or_else(|| UNKNOWN.to_owned(), path)), plain(&source.map_or_else(|| UNKNOWN.to_owned(), path)));
    Some(format!("directive {}, blocked {blocked}, page {page}, source {source}:{line}", plain(directive)))
}

/// Where an address leads without what it says there; a query may hold a one-time link, and words that were to be carried off.
fn origin(text: &str) -> String {
    Url::parse(text).map_or_else(
        |_| text.split(['/', '?', '#']).next().unwrap_or_default().to_owned(),
        |url| match url.host() {
            Some(_) => url.origin().ascii_serialization(),
            None => url.scheme().to_owned(),
        },
    )
}

fn path(text: &str) -> String {
    Url::parse(text).map_or_else(|_| UNKNOWN.to_owned(), |url| url.path().to_owned())
}

/// Few characters, and none that could pass for another line or for ours.
fn plain(text: &str) -> String {
    text.chars().take(LONGEST).map(|char| if char.is_ascii_alphanumeric() || "-_./:'".contains(char) { char } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_what_and_where_and_nothing_that_is_secret() {
        let old = json!({ "csp-report": { "document-uri": "https://kalends.example/sign-in/link?link=SECRET#SECRET", "effective-directive": "img-src",
            "blocked-uri": "https://evil.example:8443/steal?title=SECRET", "source-file": "https://kalends.example/assets/app.js?SECRET",
            "line-number": 12, "script-sample": "SECRET" } });
        assert_eq!(
            told(&old).as_deref(),
            Some("directive img-src, blocked https://evil.example:8443, page /sign-in/link, source /assets/app.js:12")
        );
        let new = json!([{ "type": "csp-violation", "url": "https://SECRET.example", "body": { "documentURL": "https://kalends.example/queue?item=SECRET",
            "effectiveDirective": "script-src-elem", "blockedURL": "inline", "sample": "SECRET" } }, { "body": {} }]);
        assert_eq!(told(&new).as_deref(), Some("directive script-src-elem, blocked inline, page /queue, source unknown:0"));
        let data = json!({ "csp-report": { "violated-directive": "img-src", "blocked-uri": "data:image/png;SECRET" } });
        assert_eq!(told(&data).as_deref(), Some("directive img-src, blocked data, page unknown, source unknown:0"));
    }

    #[test]
    fn no_report_makes_a_line_of_its_own_or_a_long_one() {
        let long = "x".repeat(5_000);
        let odd = json!({ "csp-report": { "effective-directive": "a\nERROR all is lost \u{1b}[31m", "blocked-uri": long, "document-uri": format!("https://x.example/{long}") } });
        let line = told(&odd).expect("a line");
        assert!(line.len() < 400 && line.starts_with("directive a_ERROR_all_is_lost___31m, blocked xxx"), "{line}");
        for nothing in [json!(null), json!([]), json!("x"), json!({ "csp-report": 1 }), json!([{ "body": [] }])] {
            assert_eq!(told(&nothing), None, "{nothing}");
        }
    }
}
