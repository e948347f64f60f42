//! The occurrences of everything that shares one UID: the rule walked, exclusions taken out, overrides put in their instances' places.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{
    event::Parsed,
    property::{Fault, Written, bad},
    recurrence::{Start, starts},
    scan::Limits,
};
use crate::{
    calendar::{Answer, Window},
    model::{
        day::{Zones, instant},
        event::{Fact, Moment, Span},
    },
};

/// Adds the occurrences of one UID that overlap the window.
pub(super) fn expand(
    uid: &str,
    components: Vec<(usize, Parsed)>,
    window: &Window,
    floating: Tz,
    limits: &Limits,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let (replacing, masters): (Vec<_>, Vec<_>) = components.into_iter().partition(|(_, parsed)| parsed.recurrence_id.is_some());
    if let [_, (line, _), ..] = masters.as_slice() {
        answer.notes.push(format!("line {line}: another event has the same UID; the one with the highest SEQUENCE counts, then the last"));
    }
    let master = masters.into_iter().map(|(_, parsed)| parsed).max_by_key(|parsed| parsed.sequence);
    let mut made = Made { uid, window, floating, answer };
    let overrides = overrides(replacing, master.as_ref(), floating);
    if let Some(master) = &master {
        made.series(master, &overrides, limits)?;
    }
    for (original, parsed) in &overrides {
        made.note_start(parsed.start);
        made.add(parsed, parsed.start.local, Some(*original))?;
    }
    Ok(())
}

/// By the instant each replaces; the highest SEQUENCE wins, then the later in the file.
fn overrides(parsed: Vec<(usize, Parsed)>, master: Option<&Parsed>, floating: Tz) -> BTreeMap<Moment, Parsed> {
    let mut found: BTreeMap<Moment, Parsed> = BTreeMap::new();
    for (_, parsed) in parsed {
        let Some(written) = parsed.recurrence_id else { continue };
        let series = master.map_or(parsed.start, |master| master.start);
        let moment = moment(series, series.local_of(written, floating));
        if found.get(&moment).is_none_or(|before| before.sequence <= parsed.sequence) {
            found.insert(moment, parsed);
        }
    }
    found
}

fn moment(start: Start, local: NaiveDateTime) -> Moment {
    if start.all_day { Moment::On(local.date()) } else { Moment::At(instant(start.zone, local)) }
}

struct Made<'a> {
    uid: &'a str,
    window: &'a Window,
    floating: Tz,
    answer: &'a mut Answer,
}

impl Made<'_> {
    fn series(&mut self, master: &Parsed, overrides: &BTreeMap<Moment, Parsed>, limits: &Limits) -> Result<(), Fault> {
        self.note_start(master.start);
        if !master.repeats() {
            return self.add(master, master.start.local, None);
        }
        let excluded: BTreeSet<Moment> = self.moments(master, &master.excluded);
        for local in self.locals(master, limits)? {
            let original = moment(master.start, local);
            if !overrides.contains_key(&original) && !excluded.contains(&original) {
                self.add(master, local, Some(original))?;
            }
        }
        Ok(())
    }

    fn moments(&self, master: &Parsed, written: &[Written]) -> BTreeSet<Moment> {
        written.iter().map(|written| moment(master.start, master.start.local_of(*written, self.floating))).collect()
    }

    /// Local starts that may reach into the window: by the rules, and those added one by one.
    fn locals(&self, master: &Parsed, limits: &Limits) -> Result<BTreeSet<NaiveDateTime>, Fault> {
        // Two days cover every difference between a wall clock and UTC.
        let slack = TimeDelta::days(2);
        let length = TimeDelta::days(master.length.days().clamp(0, 36_500));
        let span = ((self.window.from - slack - length).naive_utc(), (self.window.until + slack).naive_utc());
        let rules: Vec<_> = master.rules.iter().map(String::as_str).collect();
        let mut locals = starts(master.start, &rules, span, limits.occurrences, self.floating)?;
        if rules.is_empty() {
            locals.insert(master.start.local);
        }
        locals.extend(master.added.iter().map(|written| master.start.local_of(*written, self.floating)));
        locals.retain(|local| span.0 <= *local && *local < span.1);
        if locals.len() > limits.occurrences {
            return bad("it has more occurrences in this window than we read");
        }
        Ok(locals)
    }

    fn note_start(&mut self, start: Start) {
        let at = match moment(start, start.local) {
            Moment::At(at) => at,
            Moment::On(date) => Zones::only(self.floating).start(date),
        };
        self.answer.earliest = Some(self.answer.earliest.map_or(at, |earliest| earliest.min(at)));
    }

    fn add(&mut self, parsed: &Parsed, local: NaiveDateTime, original_start: Option<Moment>) -> Result<(), Fault> {
        let Some(span) = self.span(parsed, local) else { return bad("its end is beyond the end of the calendar") };
        if !self.overlaps(&span) {
            return Ok(());
        }
        let provider_id = original_start.map_or_else(|| self.uid.to_owned(), |original| format!("{}#{original}", self.uid));
        self.answer.facts.push(Fact {
            provider_id,
            ical_uid: self.uid.to_owned(),
            recurring: original_start.is_some(),
            original_start,
            span,
            status: parsed.status,
            show_as: parsed.show_as,
            visibility: parsed.visibility,
            text: parsed.text.clone(),
        });
        Ok(())
    }

    fn span(&self, parsed: &Parsed, local: NaiveDateTime) -> Option<Span> {
        let Start { zone, all_day, .. } = parsed.start;
        if all_day {
            let days = u64::try_from(parsed.length.days()).ok()?;
            return Some(Span::AllDay { first: local.date(), until: local.date().checked_add_days(Days::new(days))? });
        }
        let end = parsed.length.end(local, zone)?;
        // A time written in UTC names no place: the reader's own zone is kept beside it.
        let shown = if zone == Tz::UTC { self.floating } else { zone };
        Some(Span::Timed { start: instant(zone, local), end, zone: shown })
    }

    fn overlaps(&self, span: &Span) -> bool {
        let (start, end): (DateTime<Utc>, DateTime<Utc>) = match span {
            Span::Timed { start, end, .. } => (*start, *end),
            Span::AllDay { first, until } => {
                let zones = Zones::only(self.floating);
                (zones.start(*first), zones.start(*until))
            }
        };
        start < self.window.until && (end > self.window.from || start >= self.window.from)
    }
}
