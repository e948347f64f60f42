//! Who is invited: addresses in every form that programs write, and answers.

use icalendar::parser::Property;
use percent_encoding::percent_decode_str;

use super::property::{composed, parameter};
use crate::model::event::{Attendee, Response};

/// The lower-case address of a person or room; some programs put it in EMAIL, or into the name, beside an opaque value.
pub(super) fn address(property: &Property<'_>) -> Option<String> {
    let places = [Some(property.val.as_str()), parameter(property, "EMAIL"), parameter(property, "CN")];
    places.into_iter().flatten().find_map(mail)
}

/// The address in `mailto:dana%40x.com?subject=y`, `"mailto:dana@x.com"`, `SMTP:dana@x.com` or `Dana <dana@x.com>`.
fn mail(text: &str) -> Option<String> {
    let text = text.split('?').next()?;
    let text = percent_decode_str(text).decode_utf8().unwrap_or(text.into()).to_lowercase();
    let text = text.rsplit_once('<').map_or(text.as_str(), |(_, inside)| inside);
    let mut mail = text.trim_matches(|char: char| char.is_whitespace() || matches!(char, '"' | '>' | '\''));
    while let Some(rest) = mail.strip_prefix("mailto:").or_else(|| mail.strip_prefix("smtp:")) {
        mail = rest.trim_start();
    }
    let (local, domain) = mail.rsplit_once('@')?;
    let is_address = !local.is_empty() && !domain.is_empty() && !mail.contains(char::is_whitespace);
    is_address.then(|| mail.to_owned())
}

pub(super) fn attendee(property: &Property<'_>) -> Option<Attendee> {
    let word = |name| parameter(property, name).map(str::to_ascii_uppercase);
    Some(Attendee {
        email: address(property)?,
        name: parameter(property, "CN").filter(|name| !name.is_empty()).map(composed),
        resource: matches!(word("CUTYPE").as_deref(), Some("ROOM" | "RESOURCE")),
        response: match word("PARTSTAT").as_deref() {
            Some("ACCEPTED") => Response::Accepted,
            Some("TENTATIVE") => Response::Tentative,
            // Who delegates sends someone else (RFC 5545 §3.2.12).
            Some("DECLINED" | "DELEGATED") => Response::Declined,
            None | Some("NEEDS-ACTION") => Response::NeedsAction,
            Some(_) => Response::Unknown,
        },
    })
}
