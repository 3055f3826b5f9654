//! What every report of `verify` says of the run: who, where, when, with what.

use std::ffi::OsString;
use std::time::{SystemTime, UNIX_EPOCH};

use super::verify_args::VerifyArgs;
use vav1d_lab::conform::probe::Probe;
use vav1d_lab::surroundings::{Surroundings, quoted};

/// Names and values for every report. `shape` are the options of the children.
pub(super) fn properties(
    args: &VerifyArgs,
    probe: &Probe,
    shape: &[OsString],
) -> Vec<(String, String)> {
    let driver = format!("{} {}", probe.driver_name, probe.driver_info);
    let mut words = std::env::args_os();
    let called = words.next().unwrap_or_else(|| "vav1d".into());
    let words: Vec<_> = words.collect();
    let shape: Vec<_> = shape.iter().map(|word| quoted(word)).collect();
    let shape = if shape.is_empty() { "default".to_owned() } else { shape.join(" ") };
    let mut all = vec![
        ("vav1d", super::version::short().to_owned()),
        ("device", probe.name.clone()),
        ("device-option", args.device.clone()),
        ("driver", driver.trim().to_owned()),
        ("vulkan", probe.api_version.clone()),
        ("uuid", probe.uuid.clone()),
        ("shape", shape),
        ("host", kernel("hostname")),
        ("kernel", format!("{} {}", kernel("ostype"), kernel("osrelease"))),
        ("command", Surroundings::here().line(&called, &words)),
    ];
    if !args.no_times {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        all.push(("date", date(now.as_secs())));
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What Linux calls itself; `unknown` elsewhere.
fn kernel(what: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/sys/kernel/{what}"));
    text.map_or("unknown".to_owned(), |text| text.trim().to_owned())
}

/// Seconds since 1970 as a date of ISO 8601, in UTC.
fn date(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(date(seconds), text);
        }
    }
}
