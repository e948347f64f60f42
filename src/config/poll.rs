//! How often calendars are read, when jobs run, and what they do.

use std::{collections::BTreeMap, str::FromStr};

use chrono::TimeDelta;
use chrono_tz::Tz;
use cron::Schedule;
use serde::Deserialize;

/// What `poll:` says.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "poll")]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    /// Shortest and longest time between two readings of a calendar, such as 5m and 30m.
    shortest: Option<String>,
    longest: Option<String>,
    /// Calendars that are read at the same time.
    at_once: Option<usize>,
    /// The zone the schedules below are in.
    #[schemars(with = "Option<String>")]
    timezone: Option<Tz>,
    /// Cron expressions: minute, hour, day of month, month, day of week.
    full_read: Option<String>,
    submit: Option<String>,
    retention: Option<String>,
    digest: Option<String>,
    /// A day without open questions submits itself this many days after it ended; `manual` for never.
    submit_after: Option<String>,
    /// The words of events older than this many months go.
    retention_months: Option<u32>,
}

/// How the daemon spends its time.
#[derive(Clone, Debug)]
pub(crate) struct Polling {
    pub(crate) shortest: TimeDelta,
    pub(crate) longest: TimeDelta,
    pub(crate) at_once: usize,
    pub(crate) timezone: Tz,
    /// The jobs, each with its expression.
    pub(crate) jobs: BTreeMap<&'static str, String>,
    /// Days after which a day without open questions submits itself; none if only people submit (S9).
    pub(crate) submit_after: Option<u32>,
    pub(crate) retention_months: u32,
}

impl Written {
    /// # Errors
    /// The first setting that makes no sense, by path.
    pub(super) fn polling(&self) -> Result<Polling, (String, String)> {
        let wrong = |key: &str, message: String| (format!("poll.{key}"), message);
        let length = |key: &str, given: &Option<String>, default: i64| match given {
            None => Ok(TimeDelta::seconds(default)),
            Some(text) => length(text).ok_or_else(|| wrong(key, format!("`{text}` is no length of time such as 30s, 5m or 1h"))),
        };
        let (shortest, longest) = (length("shortest", &self.shortest, 300)?, length("longest", &self.longest, 1800)?);
        if longest < shortest {
            return Err(wrong("longest", "the longest time between two readings is shorter than the shortest".to_owned()));
        }
        let mut jobs = BTreeMap::new();
        let all = [
            ("full-read", "full_read", &self.full_read, "15 2 * * *"),
            ("submit", "submit", &self.submit, "0 3 * * *"),
            ("retention", "retention", &self.retention, "30 3 * * *"),
            ("digest", "digest", &self.digest, "0 8 * * 1-5"),
        ];
        for (name, key, given, default) in all {
            let expression = given.clone().unwrap_or_else(|| default.to_owned());
            schedule(&expression).map_err(|message| wrong(key, message))?;
            jobs.insert(name, expression);
        }
        let submit_after = match self.submit_after.as_deref() {
            None => Some(3),
            Some("manual") => None,
            Some(text) => Some(
                text.trim_end_matches('d')
                    .parse()
                    .map_err(|_| wrong("submit_after", format!("`{text}` is neither a number of days such as 3 nor `manual`")))?,
            ),
        };
        Ok(Polling {
            shortest,
            longest,
            at_once: self.at_once.unwrap_or(16).clamp(1, 256),
            timezone: self.timezone.unwrap_or(Tz::UTC),
            jobs,
            submit_after,
            retention_months: self.retention_months.unwrap_or(25),
        })
    }
}

/// `30s`, `5m`, `1h`: at least a second, at most a day.
fn length(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.trim().split_at_checked(text.trim().len().checked_sub(1)?)?;
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let seconds = number.parse::<i64>().ok()?.checked_mul(scale)?;
    (1..=86_400).contains(&seconds).then(|| TimeDelta::seconds(seconds))
}

/// A cron expression of five fields, as crontab(5) has them. The library wants one for seconds in front, and counts days from Sunday = 1.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn schedule(expression: &str) -> Result<Schedule, String> {
    let mut fields: Vec<String> = expression.split_whitespace().map(str::to_owned).collect();
    let [_, _, _, _, weekday] = fields.as_mut_slice() else {
        return Err(format!("`{expression}` has not five fields: minute, hour, day of month, month, day of week"));
    };
    *weekday = weekdays(weekday)
        .ok_or_else(|| format!("`{expression}` has a day of week that is none; 0 or 7 is Sunday, 1-5 Monday to Friday"))?;
    Schedule::from_str(&format!("0 {}", fields.join(" "))).map_err(|error| format!("`{expression}` is no schedule: {error}"))
}

/// Numbers of crontab(5), 0 and 7 both Sunday, as names, which no two programs count differently.
fn weekdays(field: &str) -> Option<String> {
    const NAMES: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    let one = |part: &str| match part.parse::<usize>() {
        Ok(number) => NAMES.get(number).map(|name| (*name).to_owned()),
        Err(_) => Some(part.to_uppercase()),
    };
    let range = |part: &str| -> Option<String> {
        let (days, step) = part.split_once('/').map_or((part, None), |(days, step)| (days, Some(step)));
        let days = match days.split_once('-') {
            Some((from, "7")) if from != "0" => format!("{}-SAT,SUN", one(from)?),
            Some((from, to)) => format!("{}-{}", one(from)?, one(to)?),
            None if days == "*" => "*".to_owned(),
            None => one(days)?,
        };
        Some(step.map_or(days.clone(), |step| format!("{days}/{step}")))
    };
    field.split(',').map(range).collect::<Option<Vec<_>>>().map(|parts| parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_those_of_crontab() {
        let next = |expression: &str| {
            let after: chrono::DateTime<chrono::Utc> = "2026-11-25T12:00:00Z".parse().expect("an instant");
            let at = schedule(expression).expect("a schedule").after(&after).next().expect("a slot");
            at.format("%a %d %H:%M").to_string()
        };
        assert_eq!(next("0 8 * * 1-5"), "Thu 26 08:00");
        assert_eq!(next("0 8 * * 0"), "Sun 29 08:00");
        assert_eq!(next("0 8 * * 7"), "Sun 29 08:00");
        assert_eq!(next("0 8 * * 6-7"), "Sat 28 08:00");
        assert_eq!(next("*/15 * * * *"), "Wed 25 12:15");
        assert!(schedule("0 8 * *").is_err_and(|told| told.contains("five fields")));
        assert!(schedule("0 25 * * *").is_err());
        assert!(schedule("0 8 * * 8").is_err());
    }

    #[test]
    fn lengths_have_a_unit() {
        assert_eq!(length("5m"), Some(TimeDelta::minutes(5)));
        for text in ["5", "m", "", "0s", "25h", "5 m", "ö"] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
