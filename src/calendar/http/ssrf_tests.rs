//! Addresses that lead inside, with a canary there. That each would have led there is tried as well, with a client that is not guarded.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::io::AsyncWriteExt;

use super::{
    server::{Canary, Server},
    *,
};

/// This machine, in spellings that all reach it. `PORT` is the canary's.
const LOOPBACK: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.000.000.001:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.1:PORT/",
    "http://0x7F.0x0.0x0.0x1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://017700000001:PORT/",
    "http://0x7f.0.1:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://１２７.0.0.1:PORT/",
    "http://①②⑦.0.0.1:PORT/",
    "http://127。0。0。1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://user:word@127.0.0.1:PORT/",
    "http://calendar.google.com@127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    " http://127.0.0.1:PORT/#@calendar.google.com",
    "ht\ntp://127.0.\t0.1:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:ffff:7f00:0001]:PORT/",
];

/// Insides that no canary can stand in.
const ELSEWHERE: &[&str] = &[
    "http://[::1]:PORT/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
    "http://[::]:PORT/",
    "https://127.0.0.1:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.255.255.254:PORT/",
    "http://10.0.0.5/",
    "http://10.255.255.255/",
    "http://0xa000005/",
    "http://012.0.0.5/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://3232235521/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0xA9FEA9FE/",
    "http://2852039166/",
    "http://169.254.43518/",
    "http://0251.0376.0251.0376/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://0.1.2.3/",
    "http://192.0.2.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[fe80::1]/",
    "http://[febf::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:5::1]/",
    "http://[2001:0:7f00:1::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    "http://[100::1]/",
    "http://8.8.8.8:22/",
    "http://8.8.8.8:6379/",
    "https://calendar.google.com:25/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_x",
    "ftp://127.0.0.1/",
    "dict://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "data:text/calendar,BEGIN:VCALENDAR",
    "jar:http://127.0.0.1!/",
    "unix:/run/docker.sock",
];

/// A name server that says one thing after another, and the last for ever.
struct Says(Vec<Vec<IpAddr>>, AtomicUsize);

impl Says {
    fn each(answers: &[&[&str]]) -> Arc<Self> {
        let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse().expect("an address")).collect();
        Arc::new(Self(answers.iter().map(addresses).collect(), AtomicUsize::new(0)))
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Resolve for Says {
    fn resolve(&self, _: Name) -> Resolving {
        let turn = self.1.fetch_add(1, Ordering::SeqCst).min(self.0.len() - 1);
        let answer: Vec<_> = self.0[turn].iter().map(|address| SocketAddr::new(*address, 0)).collect();
        Box::pin(async move { Ok(Box::new(answer.into_iter()) as Addrs) })
    }
}

/// A guard that has nothing against these ports, so that only the address can be what it refuses.
fn guarded(allowed: &[String], ports: &[u16], names: Arc<dyn Resolve>) -> Web {
    let mut gate = Gate::of(Guard { allowed: allowed.iter().map(|entry| entry.parse().expect("a server")).collect() });
    gate.ports.extend(ports);
    let limits = Limits { connect: Duration::from_millis(300), read: Duration::from_secs(2), ..Limits::default() };
    Web::with(gate, limits, names)
}

fn at(text: &str, canary: &Canary) -> Url {
    text.replace("PORT", &canary.port.to_string()).parse().expect("an address")
}

async fn refused(web: &Web, url: &Url) -> Error {
    web.get(url, HeaderMap::new()).await.expect_err("refused")
}

#[tokio::test]
async fn no_spelling_of_an_inside_address_is_reached() {
    let canary = Canary::new().await;
    let web = guarded(&[], &[canary.port], Says::each(&[&["127.0.0.1"]]));
    for text in LOOPBACK.iter().chain(ELSEWHERE) {
        let error = refused(&web, &at(text, &canary)).await;
        assert!(matches!(error, Error::Forbidden(_)), "{text}: {error}");
    }
    assert_eq!(canary.seen(), 0);
    assert!(LOOPBACK.len() + ELSEWHERE.len() >= 60);
}

#[tokio::test]
async fn each_of_those_spellings_reaches_the_canary_without_a_guard() {
    let canary = Canary::new().await;
    let bare = plain().build().expect("a client");
    for (before, text) in LOOPBACK.iter().enumerate() {
        let answer = bare.get(at(text, &canary)).send().await;
        assert!(answer.is_ok() && canary.seen() == before + 1, "{text}: {answer:?}");
    }
}

#[tokio::test]
async fn a_name_that_stands_for_an_inside_address_is_not_reached() {
    let canary = Canary::new().await;
    let inside = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "64:ff9b::7f00:1", "10.0.0.5", "169.254.169.254", "fd00::1"];
    for address in inside {
        let names = Says::each(&[&[address]]);
        let web = guarded(&[], &[canary.port], names.clone());
        for name in ["localtest.me", "127.0.0.1.nip.io", "LOCALHOST.", "metadata.google.internal"] {
            let error = refused(&web, &at(&format!("http://{name}:PORT/"), &canary)).await;
            assert!(matches!(&error, Error::Forbidden(why) if why.contains(" is at ")), "{name} {address}: {error}");
        }
        assert_eq!(names.asked(), 4);
    }
    assert_eq!(canary.seen(), 0);
}

#[tokio::test]
async fn one_inside_address_among_public_ones_is_enough() {
    let canary = Canary::new().await;
    for answer in [["2d00::1", "127.0.0.1"], ["127.0.0.1", "2d00::1"]] {
        let web = guarded(&[], &[canary.port], Says::each(&[&answer]));
        assert!(matches!(refused(&web, &at("http://two.example:PORT/", &canary)).await, Error::Forbidden(_)));
    }
    assert_eq!(canary.seen(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_answer_after_the_check_gains_nothing() {
    let canary = Canary::new().await;
    // Nobody has the first, so nobody is bothered by the attempt.
    let names = Says::each(&[&["2d00::1"], &["127.0.0.1"]]);
    let web = guarded(&[], &[canary.port], names.clone());
    let first = refused(&web, &at("http://rebind.example:PORT/", &canary)).await;
    assert!(matches!(first, Error::Unreachable { .. }), "{first}");
    assert_eq!(names.asked(), 1, "a second look is what a rebinding name waits for");
    let second = refused(&web, &at("http://rebind.example:PORT/", &canary)).await;
    assert!(matches!(second, Error::Forbidden(_)), "{second}");
    assert_eq!(canary.seen(), 0);
}

#[tokio::test]
async fn a_named_server_is_reached_by_its_name_and_only_on_its_port() {
    let canary = Canary::new().await;
    let web = guarded(&[format!("radicale.lan:{}", canary.port)], &[canary.port + 1], Says::each(&[&["127.0.0.1"]]));
    let answer = web.get(&at("http://radicale.lan:PORT/", &canary), HeaderMap::new()).await;
    assert!(answer.is_ok_and(|answer| answer.status == 200));
    assert_eq!(canary.seen(), 1);
    let beside = format!("http://radicale.lan:{}/", canary.port + 1).parse().expect("an address");
    assert!(matches!(refused(&web, &beside).await, Error::Forbidden(_)));
}

#[tokio::test]
async fn no_redirect_leads_inside() {
    let canary = Canary::new().await;
    // It redirects with the status and to the place that it is asked for.
    let server = Server::doing(|head, mut stream| async move {
        let (status, place) = head[5..head.find(" http/1").expect("a request")].split_once('?').expect("both");
        let answer = format!("HTTP/1.1 {status} Go\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n");
        drop(stream.write_all(answer.as_bytes()).await);
    })
    .await;
    let web = guarded(&[server.name()], &[canary.port], Says::each(&[&["127.0.0.1"]]));
    let places = ["http://127.0.0.1:PORT/", "//127.1:PORT/", "http://[::1]:PORT/", "http://localtest.me:PORT/", "http://169.254.169.254/"];
    let others = ["file:///etc/passwd", "gopher://127.0.0.1:PORT/_x", "http://u:p@127.0.0.1:PORT/", "http://8.8.8.8:22/", "http://[::bad"];
    for place in places.iter().chain(&others) {
        for status in [301, 302, 303, 307, 308] {
            let url = at(&format!("{}?{place}", server.url(&format!("/{status}"))), &canary);
            let error = refused(&web, &url).await;
            assert!(matches!(error, Error::Forbidden(_)), "{status} {place}: {error}");
        }
    }
    assert_eq!((server.heads().len(), canary.seen()), (50, 0));
}

#[tokio::test]
async fn a_chain_is_followed_to_its_end_and_not_for_ever() {
    let server = Server::doing(|head, mut stream| async move {
        let step: usize = head.split(['/', ' ']).nth(2).and_then(|step| step.parse().ok()).expect("a number");
        let more = format!("HTTP/1.1 302 Go\r\nlocation: /{}\r\ncontent-length: 0\r\n\r\n", step.saturating_sub(1));
        let answer = if step == 1 { "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nend".to_owned() } else { more };
        drop(stream.write_all(answer.as_bytes()).await);
    })
    .await;
    let web = guarded(&[server.name()], &[], Says::each(&[&["127.0.0.1"]]));
    let answer = web.get(&server.url("/6"), HeaderMap::new()).await.expect("the end");
    assert_eq!((answer.body.as_slice(), answer.final_url.path()), (b"end".as_slice(), "/1"));
    assert!(matches!(refused(&web, &server.url("/7")).await, Error::Redirects { limit: 5 }));
    assert_eq!(server.heads().len(), 6 + 6);
}

#[tokio::test]
async fn a_password_in_an_address_is_sent_to_its_own_server_only() {
    let other = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = format!("HTTP/1.1 302 Go\r\nlocation: http://{}/b\r\ncontent-length: 0\r\n\r\n", other.name());
    let own = Server::saying(answer).await;
    let web = guarded(&[own.name(), other.name()], &[], Says::each(&[&["127.0.0.1"]]));
    let url = own.url("/a").as_str().replace("http://", "http://d%40na:p%3Aw@").parse().expect("an address");
    let answer = web.get(&url, HeaderMap::new()).await.expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(own.heads()[0].contains("authorization: basic zebuytpwonc="), "{:?}", own.heads());
    assert!(!other.heads()[0].contains("authorization"), "{:?}", other.heads());
    assert!(!other.heads()[0].contains("referer") && other.heads()[0].contains("accept-encoding: gzip\r\n"), "{:?}", other.heads());
}
