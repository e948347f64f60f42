//! The occurrences of everything that shares one UID: the rule walked, exclusions taken out, overrides put in their instances' places.
//! `icalendar` merges none of that.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    Components,
    event::{Length, Parsed},
    property::{Fault, Written, bad},
    reach::Reach,
    recurrence::{Dates, Start, dates},
    scan::Limits,
    series_of,
    unread::{Unread, broken},
};
use crate::{
    calendar::{Answer, Window},
    model::{
        day::{Zones, instant},
        event::{Fact, Moment, Span},
    },
};

/// Adds the occurrences of one UID that overlap the window, and what cannot be read of it.
pub(super) fn expand(uid: &str, components: Components, window: &Window, limits: &Limits, answer: &mut Answer) {
    let (replacing, masters): (Vec<_>, Vec<_>) = components.read.into_iter().partition(|(_, parsed)| parsed.recurrence_id.is_some());
    let line = masters.iter().chain(&replacing).map(|(line, _)| *line).min().unwrap_or(0);
    let mut masters = newest(masters, answer);
    let mut overrides = overrides(replacing, masters.first());
    let (unread, questions) = Unread::of(components.lost, uid, masters.first(), window);
    answer.broken.extend(questions);
    // Of several events none is what an unread one was before.
    if masters.len() == 1 {
        masters.retain(|master| !unread.surpasses(master, None));
    }
    overrides.retain(|original, parsed| !unread.surpasses(parsed, Some(*original)));
    let mut made = Made { key: uid, uid: series_of(uid), window, answer };
    if let Err(fault) = made.all(&masters, &overrides, &unread, limits) {
        let reach = masters.iter().chain(overrides.values()).map(Reach::of);
        if !reach.clone().all(|reach| reach.is_outside(window)) {
            let question = broken(uid.to_owned(), Some(made.uid), line, reach.clone().next(), &fault);
            made.answer.broken.push(question);
        }
    }
}

/// The masters that count, the series that may have overrides first. Those that start alike are versions of one event, and so are those of
/// the same title, or in VCALENDARs of their own as in a mailbox: the highest SEQUENCE counts (RFC 5546 §2.1.5), then the last in the file.
/// Those that stand side by side, start apart and are called otherwise are different events whose UIDs were not made with care (RFC 5545
/// §3.8.4.7), however they are numbered: time that was seen is never left out.
fn newest(mut masters: Vec<(usize, Parsed)>, answer: &mut Answer) -> Vec<Parsed> {
    if let [_, (line, _), ..] = masters.as_slice() {
        answer
            .notes
            .push(format!("line {line}: another event has the same UID; of the same title the highest SEQUENCE counts, else each does"));
    }
    masters.sort_by_key(|(line, parsed)| (parsed.version(), *line));
    let mut kept: Vec<Parsed> = Vec::new();
    for (_, parsed) in masters {
        let is_version = |known: &Parsed| {
            let is_older = known.sequence != parsed.sequence && (known.file != parsed.file || known.text.title == parsed.text.title);
            begin(known) == begin(&parsed) || is_older
        };
        kept.retain(|known| !is_version(known));
        kept.push(parsed);
    }
    kept.sort_by_key(|parsed| (!parsed.repeats(), begin(parsed)));
    kept
}

fn begin(parsed: &Parsed) -> Moment {
    moment(parsed.start, parsed.start.local)
}

/// By the instant each replaces; the newest version wins, then the later in the file.
fn overrides(parsed: Vec<(usize, Parsed)>, master: Option<&Parsed>) -> BTreeMap<Moment, Parsed> {
    let mut found: BTreeMap<Moment, Parsed> = BTreeMap::new();
    for (_, parsed) in parsed {
        let Some(written) = parsed.recurrence_id else { continue };
        // One without a series, as in feeds of free and busy times, stands for itself.
        let series = master.unwrap_or(&parsed);
        let moment = moment(series.start, series.start.local_of(written, series.unzoned(floating(master, &parsed))));
        if found.get(&moment).is_none_or(|before| before.version() <= parsed.version()) {
            found.insert(moment, parsed);
        }
    }
    found
}

/// The zone in which a part of a series names its place: one that floats as the series does is on its clock, wherever that is by then.
fn floating(master: Option<&Parsed>, part: &Parsed) -> Tz {
    master.filter(|master| float_alike(master, part)).map_or(part.floating, |master| master.start.zone)
}

fn float_alike(master: &Parsed, part: &Parsed) -> bool {
    master.start.floats && part.start.floats && master.clocks == part.clocks
}

fn earlier(known: Option<DateTime<Utc>>, at: DateTime<Utc>) -> DateTime<Utc> {
    known.map_or(at, |known| known.min(at))
}

pub(super) fn moment(start: Start, local: NaiveDateTime) -> Moment {
    if start.all_day { Moment::On(local.date()) } else { Moment::At(instant(start.zone, local)) }
}

struct Made<'a> {
    /// The UID as it is written.
    key: &'a str,
    /// Of the series, whatever a part of it is called.
    uid: String,
    window: &'a Window,
    answer: &'a mut Answer,
}

/// What is not as the rule of a series has it.
struct Exceptions<'a> {
    overrides: &'a BTreeMap<Moment, Parsed>,
    ranges: &'a [(Moment, &'a Parsed)],
    unread: &'a Unread,
}

impl Made<'_> {
    fn all(&mut self, masters: &[Parsed], overrides: &BTreeMap<Moment, Parsed>, unread: &Unread, limits: &Limits) -> Result<(), Fault> {
        let ranges: Vec<(Moment, &Parsed)> =
            overrides.iter().filter(|(_, parsed)| parsed.and_future).map(|(original, parsed)| (*original, parsed)).collect();
        let exceptions = Exceptions { overrides, ranges: &ranges, unread };
        let none = Exceptions { overrides: &BTreeMap::new(), ranges: &[], unread: &Unread::default() };
        let key = self.key;
        for (index, master) in masters.iter().enumerate() {
            // What shares its UID is named by where it starts, so that no name depends on what stands beside it; a series names its
            // occurrences so anyway.
            let is_series = index == 0 && (masters.len() == 1 || master.repeats());
            let name = if is_series { key.to_owned() } else { format!("{key}~{}", begin(master)) };
            self.series(&name, master, if is_series { &exceptions } else { &none }, limits)?;
        }
        let is_loose = !masters.first().is_some_and(Parsed::repeats);
        for (original, parsed) in overrides {
            let start = self.note_start(parsed);
            if is_loose {
                self.answer.earliest_loose = Some(earlier(self.answer.earliest_loose, start));
            }
            self.add(key, parsed, parsed.start.local, parsed.length, Some(*original))?;
        }
        Ok(())
    }

    fn series(&mut self, name: &str, master: &Parsed, exceptions: &Exceptions<'_>, limits: &Limits) -> Result<(), Fault> {
        let start = self.note_start(master);
        if !master.repeats() {
            // A part of a series that was split, of one occurrence.
            let is_part = name == self.key && self.uid != name;
            if !is_part {
                self.answer.earliest_single = Some(earlier(self.answer.earliest_single, start));
            }
            let original = (is_part || name != self.key).then(|| begin(master));
            return self.add(name, master, master.start.local, master.length, original);
        }
        self.answer.ruled.insert(self.uid.clone());
        let Exceptions { overrides, ranges, unread } = exceptions;
        let excluded: BTreeSet<Moment> = moments(master, &master.excluded);
        for (local, length) in self.locals(master, limits)? {
            let original = moment(master.start, local);
            if overrides.contains_key(&original) || excluded.contains(&original) || unread.holds(original) {
                continue;
            }
            match ranges.iter().rev().find(|(from, _)| *from <= original) {
                Some((from, changed)) => self.changed(name, master, local, (*from, changed), original)?,
                None => self.add(name, master, local, length, Some(original))?,
            }
        }
        Ok(())
    }

    /// An occurrence behind one that changed it and all that follow: moved by as much, as long as that one (RFC 5545 §3.8.4.4).
    fn changed(
        &mut self,
        name: &str,
        master: &Parsed,
        local: NaiveDateTime,
        (from, changed): (Moment, &Parsed),
        original: Moment,
    ) -> Result<(), Fault> {
        let both_float = float_alike(master, changed);
        let same_clock = changed.start.all_day || master.start.all_day || both_float || changed.start.zone == master.start.zone;
        let on_its_clock = |at: NaiveDateTime| {
            if same_clock { at } else { instant(master.start.zone, at).with_timezone(&changed.start.zone).naive_local() }
        };
        let replaced = match from {
            // Where it was is told on the clock of the series.
            Moment::At(at) if both_float => at.with_timezone(&master.start.zone).naive_local(),
            Moment::At(at) => at.with_timezone(&changed.start.zone).naive_local(),
            Moment::On(date) => date.and_time(chrono::NaiveTime::MIN),
        };
        let moved = on_its_clock(local).checked_add_signed(changed.start.local - replaced);
        let Some(moved) = moved else { return bad("it is moved beyond the end of the calendar") };
        self.add(name, changed, moved, changed.length, Some(original))
    }

    /// Local starts that may reach into the window: by the rules, less those of EXRULE, and those added one by one, which may have a
    /// length of their own.
    fn locals(&self, master: &Parsed, limits: &Limits) -> Result<BTreeMap<NaiveDateTime, Length>, Fault> {
        // Two days cover every difference between a wall clock and UTC.
        let slack = TimeDelta::days(2);
        let length = TimeDelta::days(master.length.days().clamp(0, 36_500));
        let edge = |at: Option<DateTime<Utc>>| at.map(|at| at.naive_utc());
        let from = edge(self.window.from.checked_sub_signed(slack + length)).unwrap_or(NaiveDateTime::MIN);
        let span = (from, edge(self.window.until.checked_add_signed(slack)).unwrap_or(NaiveDateTime::MAX));
        let by = |rules: &[String]| dates(master.start, rules, span, limits.occurrences, master.floating);
        let Dates { mut locals, begin } = by(&master.rules)?;
        if begin || master.rules.is_empty() {
            locals.insert(master.start.local);
        }
        let unwanted = by(&master.unwanted)?.locals;
        locals.retain(|local| !unwanted.contains(local));
        let mut locals: BTreeMap<_, _> = locals.into_iter().map(|local| (local, master.length)).collect();
        for (written, length) in &master.added {
            locals.insert(master.start.local_of(*written, master.start.zone), length.unwrap_or(master.length));
        }
        locals.retain(|local, _| span.0 <= *local && *local < span.1);
        if locals.len() > limits.occurrences {
            return bad("it has more occurrences in this window than we read");
        }
        Ok(locals)
    }

    fn note_start(&mut self, parsed: &Parsed) -> DateTime<Utc> {
        let at = match begin(parsed) {
            Moment::At(at) => at,
            Moment::On(date) => parsed.clocks.start(date),
        };
        self.answer.earliest = Some(earlier(self.answer.earliest, at));
        at
    }

    fn add(&mut self, name: &str, parsed: &Parsed, local: NaiveDateTime, length: Length, original: Option<Moment>) -> Result<(), Fault> {
        let Some(span) = span(parsed, local, length) else { return bad("its end is beyond the end of the calendar") };
        if !self.overlaps(&span, &parsed.clocks) {
            return Ok(());
        }
        let provider_id = original.map_or_else(|| name.to_owned(), |original| format!("{name}#{original}"));
        self.answer.facts.push(Fact {
            provider_id,
            ical_uid: self.uid.clone(),
            // One that shares its UID has a place among those that do, and repeats no more than any other.
            recurring: original.is_some() && (name == self.key || parsed.repeats()),
            original_start: original,
            span,
            status: parsed.status,
            show_as: parsed.show_as,
            visibility: parsed.visibility,
            text: Arc::clone(&parsed.text),
        });
        Ok(())
    }

    fn overlaps(&self, span: &Span, zones: &Zones) -> bool {
        let (start, end): (DateTime<Utc>, DateTime<Utc>) = match span {
            Span::Timed { start, end, .. } => (*start, *end),
            Span::AllDay { first, until } => (zones.start(*first), zones.start(*until)),
        };
        start < self.window.until && (end > self.window.from || start >= self.window.from)
    }
}

fn moments(master: &Parsed, written: &[Written]) -> BTreeSet<Moment> {
    written.iter().map(|written| moment(master.start, master.start.local_of(*written, master.start.zone))).collect()
}

fn span(parsed: &Parsed, local: NaiveDateTime, length: Length) -> Option<Span> {
    let Start { zone: first_zone, all_day, floats, .. } = parsed.start;
    if all_day {
        let days = u64::try_from(length.days()).ok()?;
        return Some(Span::AllDay { first: local.date(), until: local.date().checked_add_days(Days::new(days))? });
    }
    let zone = if floats { parsed.clocks.on(local.date()) } else { first_zone };
    let length = match length {
        // What ends on its own clock ends where it is by then.
        Length::Until { local, zone: ends } if floats && ends == first_zone => Length::Until { local, zone },
        length => length,
    };
    let (start, end) = (instant(zone, local), length.end(local, zone)?);
    // A time written in UTC names no place: the reader's own zone is kept beside it.
    let shown = if zone == Tz::UTC { parsed.clocks.on(start.date_naive()) } else { zone };
    Some(Span::Timed { start, end, zone: shown })
}
