"""Random recurrence sets, expanded by `kalends calendar preview` and by recurring-ical-events, must come to the same occurrences.

Usage: compare.py KALENDS [--sets N] [--seed S]

The sets have zones with all kinds of clock changes, exceptions, added dates and periods, and overrides that move, cancel, come in
several versions, or change all that follows. A difference is either explained by a section of RFC 5545, and then what Kalends says is
checked against that section by other means, or it is an error: the file is kept and printed.
"""

import argparse
import datetime as dt
import json
import random
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.rrule import rrulestr

warnings.filterwarnings("ignore")
UTC = dt.timezone.utc
ZONES = ["Europe/Berlin", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago",
         "Australia/Sydney", "Asia/Tokyo", "America/St_Johns", "Pacific/Auckland"]
VIEWER = "Europe/Berlin"
FROM, TO = dt.date(2024, 1, 1), dt.date(2026, 1, 1)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


class Event:
    """One series: lines as they go into the file, and what is needed to judge a difference."""

    def __init__(self, dice, uid):
        self.dice, self.uid = dice, uid
        self.all_day = dice.random() < 0.2
        self.kind = "date" if self.all_day else dice.choice(["zone"] * 6 + ["utc", "floating"])
        self.zone = dice.choice(ZONES) if self.kind == "zone" else None
        self.uses_duration = False
        self.components = []
        self.build()

    def stamp(self, local, name):
        """A property in this series' own form."""
        if self.kind == "date":
            return f"{name};VALUE=DATE:{local:%Y%m%d}"
        text = f"{local:%Y%m%dT%H%M%S}"
        if self.kind == "utc":
            return f"{name}:{text}Z"
        return f"{name};TZID={self.zone}:{text}" if self.kind == "zone" else f"{name}:{text}"

    def utc_stamp(self, local, name):
        """The same moment in UTC, which calendars write too."""
        if self.kind != "zone":
            return self.stamp(local, name)
        return f"{name}:{local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC):%Y%m%dT%H%M%S}Z"

    def in_gap(self, local):
        if self.kind == "date" or self.kind == "utc":
            return False
        zone = ZoneInfo(self.zone or VIEWER)
        there = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        return there != local

    def numbered(self, days):
        """Some with a number, which RFC 5545 §3.3.10 forbids outside of months and years, and which counts for nothing there."""
        dice = self.dice
        return [f"{dice.choice([1, 2, -1])}{day}" if dice.random() < 0.1 else day for day in days]

    def rule(self):
        dice = self.dice
        freq = dice.choice(["DAILY", "WEEKLY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
        parts = [f"FREQ={freq}"]
        if dice.random() < 0.5:
            parts.append(f"INTERVAL={dice.randint(1, 4)}")
        if freq == "DAILY" and dice.random() < 0.3:
            parts.append("BYDAY=" + ",".join(self.numbered(sorted(dice.sample(DAYS, dice.randint(1, 5))))))
        if freq == "WEEKLY":
            if dice.random() < 0.6:
                parts.append("BYDAY=" + ",".join(self.numbered(dice.sample(DAYS, dice.randint(1, 4)))))
            if dice.random() < 0.3:
                parts.append(f"WKST={dice.choice(DAYS)}")
        if freq == "MONTHLY":
            parts += dice.choice([
                [], [f"BYMONTHDAY={dice.choice([1, 15, 28, 29, 30, 31, -1, -2])}"],
                [f"BYDAY={dice.choice([1, 2, 3, 4, -1, -2])}{dice.choice(DAYS)}"],
                ["BYDAY=MO,TU,WE,TH,FR", f"BYSETPOS={dice.choice([1, 2, -1, -2])}"],
            ])
        if freq == "YEARLY":
            parts += dice.choice([
                [], [f"BYMONTH={dice.randint(1, 12)}"], [f"BYMONTH={dice.randint(1, 12)}", f"BYDAY={dice.choice([1, 2, -1])}{dice.choice(DAYS)}"],
                [f"BYYEARDAY={dice.choice([1, 60, 100, 366, -1])}"], [f"BYWEEKNO={dice.choice([1, 20, 52])}", f"BYDAY={dice.choice(DAYS)}"],
            ])
        return ";".join(parts)

    def build(self):
        dice = self.dice
        rule = self.rule()
        begin = dt.datetime(dice.randint(2019, 2025), dice.randint(1, 12), dice.randint(1, 28))
        if not self.all_day:
            begin += dt.timedelta(hours=dice.choice([0, 1, 2, 3, 9, 13, 22, 23]), minutes=dice.choice([0, 15, 30]))
        walk = rrulestr(rule, dtstart=begin)
        start = walk.after(begin, inc=True)
        if start is None or start.year > 2025:
            rule, start = "FREQ=DAILY", begin
        # The start is an occurrence, named by the rule or not. RFC 5545 §3.3.10 has it count for COUNT then too; the oracle does not.
        is_named = dice.random() < 0.8
        start = start if is_named else begin
        dates = [date for date, _ in zip(rrulestr(rule, dtstart=start), range(400))]
        if not is_named and start not in dates:
            dates.insert(0, start)
        if is_named and dice.random() < 0.4:
            count = dice.randint(1, 40)
            rule, dates = f"{rule};COUNT={count}", dates[:count]
        elif dice.random() < 0.5:
            last = dice.choice(dates[:60])
            dates = [date for date in dates if date <= last]
            rule += self.until(last)
        self.start, self.dates = start, dates
        lines = [f"UID:{self.uid}", "SUMMARY:series", self.stamp(start, "DTSTART"), f"RRULE:{rule}"]
        lines += self.length(start)
        lines += self.excluded() + self.added()
        self.components.append(lines)
        self.override()

    def until(self, last):
        if self.all_day:
            return f";UNTIL={last:%Y%m%d}"
        if self.kind == "floating":
            return f";UNTIL={last:%Y%m%dT%H%M%S}"
        zone = ZoneInfo(self.zone) if self.zone else UTC
        return f";UNTIL={last.replace(tzinfo=zone).astimezone(UTC):%Y%m%dT%H%M%S}Z"

    def length(self, start):
        dice = self.dice
        if self.all_day:
            days = dice.randint(1, 3)
            return dice.choice([[], [self.stamp(start + dt.timedelta(days=days), "DTEND")], [f"DURATION:P{days}D"]])
        minutes = dice.choice([15, 30, 60, 90, 240, 480])
        # Where start or end falls into a gap, how long the first one is depends on how a reader takes that; both are legal.
        if dice.random() < 0.3 or self.in_gap(start) or self.in_gap(start + dt.timedelta(minutes=minutes)):
            self.uses_duration = True
            return [f"DURATION:PT{minutes}M"]
        end = start + dt.timedelta(minutes=minutes)
        return [(self.utc_stamp if self.on_one_clock(start, end) and dice.random() < 0.3 else self.stamp)(end, "DTEND")]

    def on_one_clock(self, start, end):
        """Whether no change of clocks lies between them, so that what an end in UTC means is beyond doubt."""
        zone = ZoneInfo(self.zone or VIEWER)
        return start.replace(tzinfo=zone).utcoffset() == end.replace(tzinfo=zone).utcoffset()

    def excluded(self):
        dice = self.dice
        if dice.random() < 0.5:
            return []
        some = dice.sample(self.dates, min(len(self.dates), dice.randint(1, 4)))
        some = [date for date in some if not self.in_gap(date)]
        lines = [dice.choice([self.stamp, self.utc_stamp])(date, "EXDATE") for date in some]
        if len(some) > 1 and self.kind != "date" and dice.random() < 0.5:
            tail = ",".join(f"{date:%Y%m%dT%H%M%S}" + ("Z" if self.kind == "utc" else "") for date in some[1:])
            lines = [self.stamp(some[0], "EXDATE") + "," + tail]
        self.gone = set(some)
        return lines

    def added(self):
        if self.dice.random() < 0.8:
            return []
        extra = self.start + dt.timedelta(days=self.dice.randint(1, 300), hours=0 if self.all_day else self.dice.randint(0, 3))
        if self.in_gap(extra):
            return []
        return [self.stamp(extra, "RDATE")]

    def override(self):
        dice = self.dice
        kept = [date for date in self.dates if date not in getattr(self, "gone", set()) and not self.in_gap(date)]
        if not kept or dice.random() < 0.4:
            return
        if dice.random() < 0.1:
            return self.change_all_that_follow(dice.choice(kept))
        chosen = dice.sample(kept, min(len(kept), dice.randint(1, 3)))
        for sequence, date in enumerate(chosen, 1):
            moved = date + dt.timedelta(days=dice.choice([0, 0, 1, -1]), hours=0 if self.all_day else dice.randint(0, 3))
            if self.in_gap(moved):
                continue
            name = dice.choice([self.stamp, self.utc_stamp])
            lines = [f"UID:{self.uid}", "SUMMARY:override", name(date, "RECURRENCE-ID"), self.stamp(moved, "DTSTART"), f"SEQUENCE:{sequence}"]
            if self.all_day:
                lines.append(self.stamp(moved + dt.timedelta(days=1), "DTEND"))
            else:
                lines.append(self.stamp(moved + dt.timedelta(minutes=45), "DTEND") if not self.in_gap(moved + dt.timedelta(minutes=45)) else "DURATION:PT45M")
            if dice.random() < 0.25:
                lines.append("STATUS:CANCELLED")
            self.components.append(lines)
            if dice.random() < 0.15:
                newer = [line for line in lines if not line.startswith(("SEQUENCE", "SUMMARY", "STATUS"))]
                self.components.append(newer + [f"SEQUENCE:{sequence + 5}", "SUMMARY:newer"])

    def change_all_that_follow(self, date):
        """RANGE=THISANDFUTURE: from one occurrence on all are an hour later and as long as that one."""
        moved = date + (dt.timedelta(days=1) if self.all_day else dt.timedelta(hours=1))
        if self.in_gap(moved) or self.in_gap(moved + dt.timedelta(minutes=45)):
            return
        recurrence = self.stamp(date, "RECURRENCE-ID").replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE", 1)
        end = self.stamp(moved + (dt.timedelta(days=1) if self.all_day else dt.timedelta(minutes=45)), "DTEND")
        self.components.append([f"UID:{self.uid}", "SUMMARY:follows", recurrence, self.stamp(moved, "DTSTART"), end, "SEQUENCE:1"])

    def text(self):
        return "".join("BEGIN:VEVENT\r\n" + "\r\n".join(lines) + "\r\nDTSTAMP:20240101T000000Z\r\nEND:VEVENT\r\n" for lines in self.components)


def calendar(events):
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//oracle//EN\r\n" + "".join(event.text() for event in events) + "END:VCALENDAR\r\n"


def moment(value):
    """As `calendar preview` prints it."""
    if isinstance(value, dt.datetime):
        value = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(VIEWER))
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return value.isoformat()


def by_oracle(text):
    rows = []
    for event in recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(FROM, TO):
        status = str(event.get("STATUS", "CONFIRMED")).lower()
        rows.append((str(event["UID"]), moment(event.start), moment(event.end), status, str(event["SUMMARY"])))
    return rows


def by_kalends(program, path):
    done = subprocess.run([program, "calendar", "preview", str(path), "--from", str(FROM), "--to", str(TO), "--timezone", VIEWER,
                           "--format", "json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{path}: exit {done.returncode}\n{done.stderr}")
    return [(row["uid"], row["start"], row["end"], row["status"], row["title"]) for row in json.loads(done.stdout)]


def inside(row):
    """Away from the edges of the window, where the two readings of a touching event may differ."""
    return "2024-01-05" < row[1] < "2025-12-25"


def explained(event, ours, theirs):
    """The section that explains a difference in the end alone, if ours is what it says."""
    if not event.uses_duration or len(ours) != len(theirs):
        return None
    ends = {(row[1], row[3], row[4]): row[2] for row in theirs}
    for row in ours:
        end = ends.get((row[1], row[3], row[4]))
        if end is None:
            return None
        if row[2] != end:
            minutes = int(next(line for line in event.components[0] if line.startswith("DURATION:"))[11:-1])
            start = dt.datetime.fromisoformat(row[1])
            if row[4] != "series" or moment(start + dt.timedelta(minutes=minutes)) != row[2]:
                return None
    return "RFC 5545 §3.3.6: hours and minutes of a DURATION are exact; the oracle adds them to the clock"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kalends")
    arguments.add_argument("--sets", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    dice = random.Random(given.seed)
    reasons, compared, wrong = Counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(0, given.sets, 200):
            events = [Event(dice, f"set-{number + index}") for index in range(min(200, given.sets - number))]
            path = Path(folder) / "sets.ics"
            path.write_text(calendar(events), newline="")
            ours, theirs = by_kalends(given.kalends, path), by_oracle(path.read_text())
            for event in events:
                mine = sorted(row for row in ours if row[0] == event.uid and inside(row))
                other = sorted(row for row in theirs if row[0] == event.uid and inside(row))
                compared += len(mine)
                if mine == other:
                    continue
                reason = explained(event, mine, other)
                if reason:
                    reasons[reason] += 1
                    continue
                wrong += 1
                if wrong <= 5:
                    print(f"--- {event.uid}\n{event.text()}")
                    print("only kalends:", *sorted(set(mine) - set(other)), sep="\n  ")
                    print("only oracle:", *sorted(set(other) - set(mine)), sep="\n  ")
    for reason, count in reasons.items():
        print(f"explained in {count} sets: {reason}")
    print(f"{given.sets} recurrence sets, {compared} occurrences compared, {wrong} unexplained differences")
    # A run that compared next to nothing proves nothing.
    sys.exit(1 if wrong or compared < given.sets else 0)


if __name__ == "__main__":
    main()
