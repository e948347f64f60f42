//! Names of zones: of IANA, of Windows, and those that Outlook shows to people. What is no name of a place, or of an offset, is none.

use chrono::{DateTime, Offset, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use windows_timezones::WindowsTimezone;

/// A zone by name: of IANA in any case, below a path, of Windows, or as Outlook shows it.
pub(crate) fn named(name: &str) -> Option<Tz> {
    let name = plain(name);
    if let Some(zone) = iana(&name).or_else(|| windows(&name)).or_else(|| shown(&name)) {
        return Some(zone);
    }
    // "/mozilla.org/20050126_1/Europe/Berlin", "/freeassociation.sourceforge.net/America/Argentina/Salta"
    let parts: Vec<&str> = name.strip_prefix('/')?.split('/').collect();
    [3, 2, 1].iter().filter_map(|count| parts.len().checked_sub(*count)).find_map(|from| iana(&parts[from..].join("/")))
}

/// A name without quotes and the escapes of a text.
pub(super) fn plain(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).trim().replace('\\', "")
}

fn iana(name: &str) -> Option<Tz> {
    name.parse::<Tz>().ok().or_else(|| TZ_VARIANTS.iter().copied().find(|zone| zone.name().eq_ignore_ascii_case(name)))
}

fn windows(name: &str) -> Option<Tz> {
    if matches!(name.to_ascii_lowercase().as_str(), "z" | "coordinated universal time" | "tzone://microsoft/utc") {
        return Some(Tz::UTC);
    }
    // Exchange counts those that differ: "W. Europe Standard Time 1".
    let counted = name.rsplit_once(' ').filter(|(_, count)| count.bytes().all(|byte| byte.is_ascii_digit())).map(|(name, _)| name);
    [Some(name), counted].into_iter().flatten().find_map(|name| name.parse::<WindowsTimezone>().ok()).map(Tz::from)
}

/// What Outlook shows and is not named by its cities.
const REGIONS: &[(&str, Tz)] = &[
    ("alaska", Tz::America__Anchorage),
    ("arizona", Tz::America__Phoenix),
    ("atlantic time (canada)", Tz::America__Halifax),
    ("baja california", Tz::America__Tijuana),
    ("brasilia", Tz::America__Sao_Paulo),
    ("central america", Tz::America__Guatemala),
    ("central time (us & canada)", Tz::America__Chicago),
    ("city of buenos aires", Tz::America__Argentina__Buenos_Aires),
    ("coordinated universal time", Tz::UTC),
    ("eastern time (us & canada)", Tz::America__New_York),
    ("hawaii", Tz::Pacific__Honolulu),
    ("indiana (east)", Tz::America__Indiana__Indianapolis),
    ("mountain time (us & canada)", Tz::America__Denver),
    ("newfoundland", Tz::America__St_Johns),
    ("pacific time (us & canada)", Tz::America__Los_Angeles),
    ("saskatchewan", Tz::America__Regina),
    ("west central africa", Tz::Africa__Lagos),
];

/// `(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna`, with `GMT`, dots, slashes or without its offset: the zone of the places
/// in it, if they keep the same clocks, and ones with that offset. Two places, or one and its offset, are enough.
fn shown(name: &str) -> Option<Tz> {
    let bracketed = name.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (offset, text) =
        bracketed.and_then(|(offset, text)| Some((seconds(offset)?, text))).map_or((None, name), |(at, text)| (Some(at), text));
    let text = text.rsplit(" : ").next()?.trim().to_lowercase().replace(" and ", " & ").replace(" + ", " & ");
    let text = text.split(';').next()?;
    let has_offset = |zone: &Tz| offset.is_none_or(|offset| clocks(*zone).contains(&offset));
    if let Some((_, zone)) = REGIONS.iter().find(|(region, _)| *region == text) {
        return Some(*zone).filter(has_offset);
    }
    let places: Vec<Tz> = text.split([',', '/']).flat_map(places).filter(has_offset).collect();
    let first = *places.first()?;
    let is_enough = offset.is_some() || places.len() > 1;
    (is_enough && places.iter().all(|zone| clocks(*zone) == clocks(first))).then_some(first)
}

/// The zones that IANA names for a city.
fn places(city: &str) -> impl Iterator<Item = Tz> {
    let city = city.split('(').next().unwrap_or_default().trim().replace(' ', "_");
    let continents = ["Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/"];
    let is_place = move |zone: &Tz| continents.iter().any(|continent| zone.name().starts_with(continent));
    let is_city = move |zone: &Tz| zone.name().rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case(&city));
    TZ_VARIANTS.iter().copied().filter(is_place).filter(is_city)
}

/// What a zone's clocks show in the years that calendars are about, month by month.
fn clocks(zone: Tz) -> Vec<i32> {
    let at = |year: i32, month: u32| Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single();
    let months = [2024, 2030].into_iter().flat_map(|year| (1..=12).filter_map(move |month| at(year, month)));
    months.map(|at| offset_at(zone, at)).collect()
}

pub(super) fn offset_at(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// `UTC+2`, `(GMT -03:30)`, `+0100`: a clock that never changes.
pub(super) fn offset(name: &str) -> Option<Tz> {
    let name = name.trim().trim_matches(['"', '(', ')']);
    // UTC itself has a name.
    let is_utc = ["UTC", "GMT"].iter().any(|utc| name.trim().eq_ignore_ascii_case(utc));
    if is_utc { None } else { fixed(seconds(name)?) }
}

/// `UTC`, `UTC+2`, `GMT -03.30`, `+0100`, `-05:00`.
fn seconds(text: &str) -> Option<i32> {
    let text = text.trim().to_ascii_uppercase().replace('.', ":");
    let named = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).map(str::trim_start);
    if named == Some("") {
        return Some(0);
    }
    let rest = named.unwrap_or(&text);
    let (sign, digits) = rest.strip_prefix('+').map(|digits| (1, digits)).or_else(|| rest.strip_prefix('-').map(|digits| (-1, digits)))?;
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        // Without a word and without minutes it may be any number.
        None if named.is_none() => return None,
        None => (digits, "0"),
    };
    Some(sign * (hours.parse::<i32>().ok()?.checked_mul(3600)? + minutes.parse::<i32>().ok()?.checked_mul(60)?))
}

/// A zone that always keeps an offset.
fn fixed(seconds: i32) -> Option<Tz> {
    let at = |year: i32, month: u32| Utc.with_ymd_and_hms(year, month, 1, 0, 0, 0).single();
    let keeps = |zone: &&Tz| {
        let years = [2000, 2010, 2020, 2030].into_iter().flat_map(|year| [at(year, 1), at(year, 7)]).flatten();
        years.into_iter().all(|at| offset_at(**zone, at) == seconds)
    };
    let etc = TZ_VARIANTS.iter().filter(|zone| zone.name().starts_with("Etc/"));
    etc.chain(TZ_VARIANTS.iter()).find(keeps).copied()
}
