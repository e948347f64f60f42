//! Every way programs write the address of someone who is invited. Whose answer is not heard seems to have come.

use super::tests::spring;
use crate::model::event::{Attendee, Response};

fn attendees(line: &str) -> Vec<Attendee> {
    let answer = spring(&[&format!("UID:a\nDTSTART:20260302T100000Z\n{line}")]);
    assert!(answer.broken.is_empty(), "{line}: {:?}", answer.broken);
    answer.facts[0].text.attendees.clone()
}

#[test]
fn her_no_is_heard_however_her_address_is_written() {
    for line in [
        "ATTENDEE;PARTSTAT=DECLINED:MAILTO:Dana@Northwind.Example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:dana%40northwind.example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:dana@northwind.example?subject=x",
        "ATTENDEE;PARTSTAT=DECLINED:\"mailto:dana@northwind.example\"",
        "ATTENDEE;PARTSTAT=DECLINED:SMTP:dana@northwind.example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:Dana <dana@northwind.example>",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:mailto: dana@northwind.example",
        "ATTENDEE;CN=dana@northwind.example;PARTSTAT=DECLINED:invalid:nomail",
        "ATTENDEE;CN=\"Dana <dana@northwind.example>\";PARTSTAT=DECLINED:invalid:nomail",
        "ATTENDEE;EMAIL=dana@northwind.example;PARTSTAT=\"declined\":urn:uuid:123",
        "ATTENDEE;CN=Room: Berlin;PARTSTAT=DECLINED:mailto:dana@northwind.example",
        "ATTENDEE;CN=Dana; Smith;PARTSTAT=DECLINED:mailto:dana@northwind.example",
        "ATTENDEE;CN=\"Dana \"D\" Smith\";PARTSTAT=DECLINED:mailto:dana@northwind.example",
        "ATTENDEE;CN=\"Dana;PARTSTAT=DECLINED:mailto:dana@northwind.example",
        "ATTENDEE;RSVP;;CN=;SENT-BY=\"mailto:e@x.com\";PARTSTAT=DECLINED:mailto:dana@northwind.example",
    ] {
        let read = attendees(line);
        let [one] = read.as_slice() else { panic!("{line}: {read:?}") };
        assert_eq!((one.email.as_str(), one.response), ("dana@northwind.example", Response::Declined), "{line}");
    }
}

#[test]
fn what_is_no_address_is_nobody() {
    for line in
        ["ATTENDEE;CN=Dana:invalid:nomail", "ATTENDEE;CN=\"Dana/Northwind\":CN=Dana/O=Northwind", "ATTENDEE;CN=Dana", "ATTENDEE:%40%"]
    {
        assert_eq!(attendees(line), [], "{line}");
    }
}

#[test]
fn an_address_keeps_its_plus_and_who_it_names() {
    let read = attendees("ATTENDEE;CN=Bob \"The\" X:mailto:bob+cal@x.com");
    assert_eq!((read[0].email.as_str(), read[0].name.as_deref()), ("bob+cal@x.com", Some("Bob 'The' X")));
}
