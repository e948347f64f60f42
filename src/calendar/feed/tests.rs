//! Feeds that answer well, badly, and not at all.

use super::*;
use crate::calendar::http::{Guard, Limits, server::Server};

const FILE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn noon() -> DateTime<Utc> {
    at("2026-11-25T12:00:00Z")
}

fn known(etag: Option<&str>, last_modified: Option<&str>) -> Validators {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Validators { etag: owned(etag), last_modified: owned(last_modified), unconditional_at: Some(noon()) }
}

async fn ask(server: &Server, before: &Validators, now: DateTime<Utc>) -> Result<Fetched, Refused> {
    let web =
        Web::new(Guard { allowed: vec![server.name().parse().expect("a server")] }, Limits { body_bytes: 1 << 20, ..Limits::default() });
    fetch(&web, &server.url("/private-0123456789abcdef/SECRET.ics").as_str().into(), before, now).await
}

/// What a feed that says this is taken for.
async fn taken(status: &str, headers: &str, body: &str) -> Result<Fetched, Refused> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    ask(&Server::saying(head + body).await, &Validators::default(), noon()).await
}

/// The conditions that are sent.
async fn conditions(before: &Validators, now: DateTime<Utc>) -> Vec<String> {
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\n\r\n{FILE}")).await;
    ask(&server, before, now).await.expect("a calendar");
    server.heads()[0].lines().filter(|line| line.starts_with("if-")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_calendar_is_passed_on_as_it_is_with_what_to_ask_by_next_time() {
    let headers = "etag: W/\"a\"\r\nlast-modified: Wed, 25 Nov 2026 08:00:00 GMT\r\ncontent-type: text/html; charset=latin1\r\n";
    let body = format!("\u{feff}\r\n {FILE}é");
    let Fetched::Body(bytes, validators) = taken("200 OK", headers, &body).await.expect("a calendar") else { panic!("new") };
    assert_eq!(bytes, body.as_bytes());
    assert_eq!(validators, known(Some("W/\"a\""), Some("Wed, 25 Nov 2026 08:00:00 GMT")));
}

#[tokio::test]
async fn what_a_header_says_of_a_code_page_is_believed() {
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/calendar; Charset=\"iso-8859-2\"\r\n\r\n";
    let server = Server::saying([head.as_bytes(), FILE.as_bytes(), b"\xa3\xf3d\xbc"].concat()).await;
    let Ok(Fetched::Body(bytes, _)) = ask(&server, &Validators::default(), noon()).await else { panic!("new") };
    assert_eq!(String::from_utf8(bytes).expect("UTF-8"), format!("{FILE}Łódź"));
}

#[tokio::test]
async fn an_etag_goes_before_a_date_and_after_a_day_nothing_is_asked() {
    let (tag, date) = (Some("W/\"a\""), Some("Wed, 25 Nov 2026 08:00:00 GMT"));
    assert_eq!(conditions(&known(tag, date), noon()).await, ["if-none-match: w/\"a\""]);
    assert_eq!(conditions(&known(None, date), noon()).await, ["if-modified-since: wed, 25 nov 2026 08:00:00 gmt"]);
    assert!(conditions(&known(None, None), noon()).await.is_empty());
    assert_eq!(conditions(&known(tag, date), at("2026-11-26T11:59:59Z")).await.len(), 1);
    assert!(conditions(&known(tag, date), at("2026-11-26T12:00:00Z")).await.is_empty());
    assert!(conditions(&known(tag, date), at("2026-11-25T11:59:59Z")).await.is_empty(), "the clock was set back");
    assert!(conditions(&Validators { unconditional_at: None, ..known(tag, date) }, noon()).await.is_empty());
    assert!(conditions(&known(Some("a\r\nevil: b"), date), noon()).await.is_empty());
}

#[tokio::test]
async fn a_conditional_reading_does_not_put_off_the_daily_one() {
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\netag: \"b\"\r\n\r\n{FILE}")).await;
    for (now, expected) in [(at("2026-11-25T18:00:00Z"), noon()), (at("2026-11-26T13:00:00Z"), at("2026-11-26T13:00:00Z"))] {
        let Ok(Fetched::Body(_, after)) = ask(&server, &known(Some("\"a\""), None), now).await else { panic!("new") };
        assert_eq!(after, Validators { unconditional_at: Some(expected), ..known(Some("\"b\""), None) });
    }
}

#[tokio::test]
async fn not_modified_is_an_answer_only_to_who_asked() {
    let bare = "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned();
    let with_body = format!("HTTP/1.1 304 Not Modified\r\ncontent-length: {}\r\n\r\n{FILE}", FILE.len());
    for answer in [bare, with_body] {
        let server = Server::saying(answer).await;
        assert!(matches!(ask(&server, &known(Some("\"a\""), None), noon()).await, Ok(Fetched::NotModified)));
        assert!(matches!(ask(&server, &Validators::default(), noon()).await, Err(Refused::Unreachable(_))));
    }
}

#[tokio::test]
async fn what_is_no_calendar_is_none_whatever_its_status() {
    let blank = " \r\n".repeat(1000);
    let bodies = [
        "",
        &blank,
        "<!DOCTYPE html><title>Sign in</title>",
        "{\"error\": 1}",
        "Not now",
        "\u{feff}",
        "VEVENT",
        "BEGIN:VCARD\r\n",
        "\u{1f}\u{8b}",
    ];
    for body in bodies {
        let refused = taken("200 OK", "content-type: text/calendar\r\n", body).await.expect_err(body);
        assert!(matches!(refused, Refused::NotACalendar { .. }), "{body}: {refused}");
    }
    for status in ["201 Created", "204 No Content", "206 Partial Content", "302 Found"] {
        let body = if status.starts_with("204") { "" } else { FILE };
        let refused = taken(status, "", body).await.expect_err(status);
        assert!(matches!(refused, Refused::Unreachable(_)), "{status}: {refused}");
    }
}

#[tokio::test]
async fn a_packed_calendar_is_unpacked_although_nobody_said_so() {
    let packed = |file: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, file).expect("memory");
        packer.finish().expect("memory")
    };
    let feed = |body: Vec<u8>| async move {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/gzip\r\n\r\n";
        ask(&Server::saying([head.as_bytes(), &body].concat()).await, &Validators::default(), noon()).await
    };
    let Ok(Fetched::Body(bytes, _)) = feed(packed(FILE.as_bytes())).await else { panic!("new") };
    assert_eq!(bytes, FILE.as_bytes());
    let cut = packed(FILE.as_bytes())[..20].to_vec();
    let bomb = packed(&vec![b' '; ics::Limits::default().bytes + 1]);
    for (body, why) in [(packed(b"<html>"), "a web page"), (cut, "packed"), (bomb, "packed")] {
        let refused = feed(body).await.expect_err(why);
        assert!(matches!(&refused, Refused::NotACalendar { .. }) && refused.to_string().contains(why), "{refused}");
    }
}

#[tokio::test]
async fn a_download_that_was_cut_is_none() {
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{FILE}", FILE.len() + 1)).await;
    assert!(matches!(ask(&server, &Validators::default(), noon()).await, Err(Refused::Unreachable(_))));
    // Where the server did not say how much there is, only its end tells; `ics` looks for that.
    let Ok(Fetched::Body(bytes, _)) = taken("200 OK", "", &FILE[..20]).await else { panic!("a beginning") };
    let window = Window { from: noon(), until: noon() };
    let read = ics::read(&bytes, &window, chrono_tz::UTC, &ics::Limits::default());
    assert!(matches!(read, Err(ics::Refused::Truncated { .. })));
}

#[tokio::test]
async fn each_status_is_what_the_daemon_does_about_it() {
    let kind = |refused: Refused| match refused {
        Refused::Forbidden(_) => "forbidden".to_owned(),
        Refused::Gone { .. } => "gone".to_owned(),
        Refused::Denied { .. } => "denied".to_owned(),
        Refused::Later { after, .. } => format!("later {:?}", after.map(|after| after.num_seconds())),
        Refused::Unreachable(_) => "unreachable".to_owned(),
        Refused::NotACalendar { .. } => "no calendar".to_owned(),
        Refused::TooLarge(_) => "too large".to_owned(),
    };
    let cases = [
        ("400 Bad Request", "", "denied"),
        ("401 Unauthorized", "", "denied"),
        ("403 Forbidden", "", "denied"),
        ("404 Not Found", "", "gone"),
        ("410 Gone", "", "gone"),
        ("408 Request Timeout", "", "unreachable"),
        ("429 Too Many", "", "later None"),
        ("429 Too Many", "retry-after: 120\r\n", "later Some(120)"),
        ("429 Too Many", "retry-after: Wed, 25 Nov 2026 12:01:00 GMT\r\n", "later Some(60)"),
        ("503 Unavailable", "retry-after: 7\r\n", "later Some(7)"),
        ("503 Unavailable", "", "unreachable"),
        ("500 Fault", "", "unreachable"),
        ("599 Odd", "", "unreachable"),
        ("302 Found", "location: http://10.0.0.5/SECRET\r\n", "forbidden"),
        ("302 Found", "location: /SECRET\r\n", "forbidden"),
    ];
    for (status, headers, expected) in cases {
        let refused = taken(status, headers, FILE).await.expect_err(status);
        let text = format!("{refused} {refused:?}");
        assert!(!text.contains("SECRET") && !text.contains("private-"), "{text}");
        assert_eq!(kind(refused), expected, "{status} {headers}");
    }
    let large = taken("200 OK", "", &FILE.repeat(30_000)).await.expect_err("large");
    assert_eq!(kind(large), "too large");
}

#[tokio::test]
async fn a_person_reads_what_to_do() {
    let text = async |status| taken(status, "", "").await.expect_err(status).to_string();
    insta::assert_snapshot!(text("404 Not Found").await, @"127.0.0.1/….ics is no longer there (404): make a new secret address in the calendar's settings, and add it in its place");
    insta::assert_snapshot!(text("403 Forbidden").await, @"127.0.0.1/….ics is no longer accepted (403): look whether the calendar is still shared, or make a new secret address in its settings and add it in its place");
    insta::assert_snapshot!(text("200 OK").await, @"127.0.0.1/….ics: the file is empty; export the calendar again");
    let json = taken("200 OK", "", "{\"error\": 1}").await.expect_err("JSON").to_string();
    insta::assert_snapshot!(json, @"127.0.0.1/….ics: this is data for programs (JSON), not a calendar; copy the address that ends in .ics, or the one that calendars subscribe to");
    let typed = fetch(&Web::new(Guard::default(), Limits::default()), &"SECRET".into(), &Validators::default(), noon()).await;
    insta::assert_snapshot!(typed.expect_err("no address"), @"this is no web address; copy the address from the calendar's settings; it begins with https:// or webcal://");
}

#[test]
fn validators_are_kept_as_json() {
    let kept = serde_json::to_string(&known(Some("\"a\""), None)).expect("written");
    assert_eq!(serde_json::from_str::<Validators>(&kept).expect("read"), known(Some("\"a\""), None));
    assert_eq!(serde_json::from_str::<Validators>("{}").expect("read"), Validators::default());
}
