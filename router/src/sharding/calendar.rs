//! Calendar arithmetic of the date functions: Java's default calendar, Julian before 15 October 1582, with lenient fields.
//!
//! DRDS turns a date's fields into a calendar day this way, so the vectors hold it: month 0 is December of the year before, day 0 the
//! last day of the month before. Days are counted from 1970-01-01 (day 0, a Thursday).

/// Day number of 1582-10-15, the first Gregorian day.
const CUTOVER: i64 = -141_427;

/// A date's fields as MySQL stores them: `0000-00-00`, month 0 and day 0 are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// 0 to 9999.
    pub year: u16,
    /// 0 to 12.
    pub month: u8,
    /// 0 to 31.
    pub day: u8,
}

impl Date {
    /// MySQL's "zero" date.
    pub const ZERO: Self = Self { year: 0, month: 0, day: 0 };

    pub fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// True for a date of MySQL's own calendar (proleptic Gregorian), without zero parts.
    pub fn is_real(self) -> bool {
        (1..=12).contains(&self.month) && self.day >= 1 && self.day <= days_in_month(self.year, self.month)
    }

    /// The calendar day that these fields mean.
    pub(crate) fn day_number(self) -> i64 {
        let (year, month) = match self.month {
            0 => (i64::from(self.year) - 1, 12),
            month => (i64::from(self.year), i64::from(month)),
        };
        fixed_day(year, month, i64::from(self.day))
    }
}

/// Days of a month in MySQL's proleptic Gregorian calendar; 0 for a month that does not exist.
pub fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4)
            && (!year.is_multiple_of(100) || year.is_multiple_of(400))
            && year != 0 =>
        {
            29
        }
        2 => 28,
        1..=12 => 31,
        _ => 0,
    }
}

/// Fields of a calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Year of the era: 1 BC is 1, as Java counts.
    pub year: i64,
    pub month: i64,
    pub day: i64,
    /// 1 to 366.
    pub day_of_year: i64,
    /// 1 (Sunday) to 7.
    pub day_of_week: i64,
}

/// The fields of a day number.
pub(crate) fn fields(day: i64) -> Fields {
    let (year, month, day_of_month) = civil(day);
    Fields {
        year: era_year(year),
        month,
        day: day_of_month,
        day_of_year: day - fixed_day(year, 1, 1) + 1,
        // 1970-01-01 was a Thursday, the fifth day of a week that starts on Sunday.
        day_of_week: (day + 4).rem_euclid(7) + 1,
    }
}

/// The day on which weeks start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeekStart {
    Sunday,
    Monday,
}

/// Week of the year; week 1 holds 1 January, so the last days of December may be in week 1.
pub(crate) fn week(day: i64, start: WeekStart) -> i64 {
    let (year, _, _) = civil(day);
    let first = week_begin(day, start);
    let next_january = fixed_day(year + 1, 1, 1);
    if next_january <= first + 6 {
        return 1;
    }
    (first - week_begin(fixed_day(year, 1, 1), start)) / 7 + 1
}

fn week_begin(day: i64, start: WeekStart) -> i64 {
    let offset = match start {
        WeekStart::Sunday => 4,
        WeekStart::Monday => 3,
    };
    day - (day + offset).rem_euclid(7)
}

fn era_year(year: i64) -> i64 {
    if year > 0 { year } else { 1 - year }
}

/// Day number of a month's day, which may run over the month's ends.
fn fixed_day(year: i64, month: i64, day: i64) -> i64 {
    let gregorian = gregorian_day(year, month) + day - 1;
    if gregorian >= CUTOVER { gregorian } else { julian_day(year, month) + day - 1 }
}

/// Year, month and day of a day number.
fn civil(day: i64) -> (i64, i64, i64) {
    // Years start in March inside, so that the leap day is the last one. 719,468 days lie between 0000-03-01 and 1970-01-01.
    let (year, day_of_year) = if day >= CUTOVER {
        let z = day + 719_468;
        let era = z.div_euclid(146_097);
        let d = z.rem_euclid(146_097);
        let y = (d - d / 1_460 + d / 36_524 - d / 146_096) / 365;
        (y + era * 400, d - (365 * y + y / 4 - y / 100))
    } else {
        let z = day + 719_470;
        let era = z.div_euclid(1_461);
        let d = z.rem_euclid(1_461);
        let y = (d - d / 1_460) / 365;
        (y + era * 4, d - 365 * y)
    };
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// Day number of the first day of a Gregorian month.
fn gregorian_day(year: i64, month: i64) -> i64 {
    let (y, day_of_year) = march_year(year, month);
    365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + day_of_year - 719_468
}

/// Day number of the first day of a Julian month.
fn julian_day(year: i64, month: i64) -> i64 {
    let (y, day_of_year) = march_year(year, month);
    365 * y + y.div_euclid(4) + day_of_year - 719_470
}

/// The year that starts in March, and the days from its start to the month.
fn march_year(year: i64, month: i64) -> (i64, i64) {
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    (year - i64::from(month <= 2), (153 * shifted + 2) / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: u16, month: u8, day: u8) -> i64 {
        Date::new(year, month, day).day_number()
    }

    #[test]
    fn day_numbers_count_from_1970() {
        assert_eq!(day(1970, 1, 1), 0);
        assert_eq!(day(2000, 3, 1), 11_017);
        assert_eq!(day(1582, 10, 15), CUTOVER);
    }

    #[test]
    fn the_day_before_the_cutover_is_julian() {
        assert_eq!(day(1582, 10, 4), CUTOVER - 1);
        assert_eq!(civil(CUTOVER - 1), (1582, 10, 4));
    }

    #[test]
    fn days_round_trip_over_both_calendars() {
        for number in (-730_000..60_000).step_by(17) {
            let (y, m, d) = civil(number);
            assert_eq!(fixed_day(y, m, d), number, "{y}-{m}-{d}");
        }
    }

    #[test]
    fn zero_parts_run_into_the_month_before() {
        assert_eq!(day(2020, 0, 15), day(2019, 12, 15));
        assert_eq!(day(2020, 5, 0), day(2020, 4, 30));
        let zero = fields(Date::ZERO.day_number());
        assert_eq!((zero.year, zero.month, zero.day), (2, 11, 30));
    }

    #[test]
    fn late_december_may_be_in_week_one() {
        assert_eq!(week(day(2018, 12, 29), WeekStart::Sunday), 52);
        assert_eq!(week(day(2018, 12, 30), WeekStart::Sunday), 1);
        assert_eq!(week(day(2016, 12, 31), WeekStart::Sunday), 53);
        assert_eq!(week(day(2016, 1, 3), WeekStart::Monday), 1);
        assert_eq!(week(day(2016, 1, 4), WeekStart::Monday), 2);
    }

    #[test]
    fn real_dates_are_those_of_mysql() {
        assert!(Date::new(2020, 2, 29).is_real());
        assert!(!Date::new(2021, 2, 29).is_real());
        assert!(!Date::new(2021, 0, 1).is_real());
        assert!(!Date::ZERO.is_real());
    }
}
