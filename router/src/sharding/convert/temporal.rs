//! Dates from literals: the formats that servers store alike, and the stricter ones that compare alike.

use std::ops::Bound;

use crate::sharding::key::Date;
use crate::value::Value;

/// What a date column stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Date(Date),
    /// A strict server refuses it.
    Wrong,
    /// Servers or modes differ.
    Unknown,
}

/// A literal understood as a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub date: Date,
    /// At 00:00:00 without a fraction.
    pub midnight: bool,
    /// In the day's last second with a fraction: rounding may carry it into the next day.
    last_second: bool,
}

/// A value as a DATE or DATETIME(fsp) column stores it. MySQL rounds a fraction and MariaDB cuts it, so one that could carry past midnight is
/// `Unknown`; so are dates with a zero month or day, which sql_mode may turn into the zero date.
pub(super) fn stored_date(value: &Value<'_>, fsp: u8) -> Stored {
    let parsed = match value {
        Value::Text(bytes) => {
            match std::str::from_utf8(bytes).ok().and_then(|text| parse(text.trim_matches(' '), Style::Any)) {
                Some(parsed) => parsed,
                // With a digit it may be a date in a way that only servers know: `10:11:12` is the year 2010 to MariaDB.
                None if bytes.iter().any(u8::is_ascii_digit) => return Stored::Unknown,
                None => return Stored::Wrong,
            }
        }
        _ => match parse_value(value) {
            Some(parsed) => parsed,
            None => return Stored::Unknown,
        },
    };
    match parsed.check() {
        Check::Wrong => Stored::Wrong,
        Check::Mode => Stored::Unknown,
        Check::Good if parsed.carries(fsp) => Stored::Unknown,
        Check::Good => Stored::Date(parsed.date),
    }
}

/// The date of every row that equals the value; `None` when that is not certain.
pub(super) fn compared_date(value: &Value<'_>) -> Option<Moment> {
    let parsed = match value {
        Value::Text(bytes) => parse(std::str::from_utf8(bytes).ok()?, Style::Standard)?,
        _ => parse_value(value)?,
    };
    let at = parsed.moment();
    (parsed.check() == Check::Good && !at.last_second).then_some(at)
}

/// The first date that may satisfy a lower bound; `None` when unbounded or unknown.
pub(super) fn low_end(bound: &Bound<Value<'_>>) -> Option<Date> {
    match bound {
        Bound::Unbounded => None,
        // `> '2020-01-01'` still holds later that day.
        Bound::Included(value) | Bound::Excluded(value) => Some(compared_date(value)?.date),
    }
}

/// The last date that may satisfy an upper bound; `None` when unbounded or unknown.
pub(super) fn high_end(bound: &Bound<Value<'_>>) -> Option<Date> {
    match bound {
        Bound::Unbounded => None,
        Bound::Included(value) => Some(compared_date(value)?.date),
        Bound::Excluded(value) => {
            let at = compared_date(value)?;
            if !at.midnight {
                return Some(at.date);
            }
            // Day 0 of the month is the greatest date before day 1, for a server that stores zero days.
            at.date.day.checked_sub(1).map(|day| Date { day, ..at.date })
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Good,
    Wrong,
    /// Depends on sql_mode.
    Mode,
}

/// Which formats are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `YYYY-MM-DD[ hh:mm[:ss[.ffffff]]]`
    Standard,
    /// Also other separators, two-digit years and digits without separators.
    Any,
}

struct Parsed<'t> {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
    fraction: &'t str,
    micros: u32,
}

impl Parsed<'_> {
    fn check(&self) -> Check {
        let midnight = self.moment().midnight;
        if self.hour > 23 || self.minute > 59 || self.second > 59 {
            Check::Wrong
        } else if self.date.is_real() || (self.date == Date::ZERO && midnight) {
            Check::Good
        } else if self.date.month <= 12 && self.date.day <= 31 && (self.date.month == 0 || self.date.day == 0)
        {
            Check::Mode
        } else {
            Check::Wrong
        }
    }

    fn moment(&self) -> Moment {
        let fraction = self.micros > 0 || self.fraction.bytes().any(|b| b != b'0');
        let midnight = self.hour == 0 && self.minute == 0 && self.second == 0 && !fraction;
        let last_second = self.hour == 23 && self.minute == 59 && self.second == 59 && fraction;
        Moment { date: self.date, midnight, last_second }
    }

    /// Rounding to `fsp` digits could reach the next day.
    fn carries(&self, fsp: u8) -> bool {
        if !self.moment().last_second {
            return false;
        }
        let micros = format!("{:06}", self.micros);
        let digits = if self.fraction.is_empty() { micros.as_str() } else { self.fraction };
        let (kept, cut) = digits.split_at_checked(usize::from(fsp)).unwrap_or((digits, ""));
        kept.bytes().all(|b| b == b'9') && cut.bytes().next().is_some_and(|first| first >= b'5')
    }
}

fn parse_value<'t>(value: &Value<'_>) -> Option<Parsed<'t>> {
    let plain = |date| Parsed { date, hour: 0, minute: 0, second: 0, fraction: "", micros: 0 };
    match value {
        Value::DateTime { year, month, day, hour, minute, second, micros } => Some(Parsed {
            hour: *hour,
            minute: *minute,
            second: *second,
            micros: *micros,
            ..plain(Date::new(*year, *month, *day))
        }),
        Value::Date { year, month, day } => Some(plain(Date::new(*year, *month, *day))),
        Value::Int(number) => parse_number(u64::try_from(*number).ok()?),
        Value::UInt(number) => parse_number(*number),
        _ => None,
    }
}

/// YYYYMMDD and YYYYMMDDhhmmss as numbers.
fn parse_number<'t>(number: u64) -> Option<Parsed<'t>> {
    let (date, time) = match number {
        10_000_101..=99_991_231 => (number, 0),
        10_000_101_000_000..=99_991_231_235_959 => (number / 1_000_000, number % 1_000_000),
        _ => return None,
    };
    Some(Parsed {
        date: Date::new((date / 10_000) as u16, (date / 100 % 100) as u8, (date % 100) as u8),
        hour: (time / 10_000) as u8,
        minute: (time / 100 % 100) as u8,
        second: (time % 100) as u8,
        fraction: "",
        micros: 0,
    })
}

fn parse(text: &str, style: Style) -> Option<Parsed<'_>> {
    if style == Style::Any && text.bytes().all(|b| b.is_ascii_digit()) {
        return parse_compact(text);
    }
    let (year, rest) = take_digits(text)?;
    let (separator, rest) = take_char(rest)?;
    let year = match (year.len(), style) {
        (4, _) => year.parse().ok()?,
        (2, Style::Any) => full_year(year.parse().ok()?),
        _ => return None,
    };
    let separators: &[char] = if style == Style::Standard { &['-'] } else { &['-', '/', '.'] };
    if !separators.contains(&separator) {
        return None;
    }
    let (month, rest) = take_two(rest)?;
    let rest = rest.strip_prefix(separator)?;
    let (day, rest) = take_two(rest)?;
    let date = Date::new(year, month, day);
    if rest.is_empty() {
        return Some(Parsed { date, hour: 0, minute: 0, second: 0, fraction: "", micros: 0 });
    }
    parse_time(date, rest.strip_prefix(' ').or_else(|| rest.strip_prefix('T'))?)
}

/// hh:mm[:ss[.fraction]]
fn parse_time(date: Date, text: &str) -> Option<Parsed<'_>> {
    let (hour, rest) = take_two(text)?;
    let (minute, rest) = take_two(rest.strip_prefix(':')?)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => take_two(rest)?,
        None => (0, rest),
    };
    let fraction = match rest.strip_prefix('.') {
        Some(fraction) => fraction,
        None if rest.is_empty() => "",
        None => return None,
    };
    let good = fraction.bytes().all(|b| b.is_ascii_digit());
    good.then_some(Parsed { date, hour, minute, second, fraction, micros: 0 })
}

/// YYYYMMDD, YYMMDD, YYYYMMDDhhmmss, YYMMDDhhmmss.
fn parse_compact(text: &str) -> Option<Parsed<'_>> {
    let (year, rest) = match text.len() {
        8 | 14 => (text.get(..4)?.parse().ok()?, text.get(4..)?),
        6 | 12 => (full_year(text.get(..2)?.parse().ok()?), text.get(2..)?),
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2).map_or(Some(0), |two| two.parse::<u8>().ok());
    Some(Parsed {
        date: Date::new(year, part(0)?, part(2)?),
        hour: part(4)?,
        minute: part(6)?,
        second: part(8)?,
        fraction: "",
        micros: 0,
    })
}

/// MySQL's window: 70 to 99 are 1970 to 1999, 00 to 69 are 2000 to 2069.
fn full_year(two: u16) -> u16 {
    if two < 70 { 2000 + two } else { 1900 + two }
}

fn take_digits(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())
}

fn take_char(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    Some((chars.next()?, chars.as_str()))
}

/// One or two digits.
fn take_two(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = take_digits(text)?;
    (digits.len() <= 2).then_some(())?;
    Some((digits.parse().ok()?, rest))
}
