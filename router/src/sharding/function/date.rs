//! The date functions: months, days, weeks and their running forms.

use ostrakon_catalog::rule::ShardFunction;

use crate::sharding::calendar::{Date, WeekStart, fields, week};

/// The period's number; `None` for functions that are not of dates and for the NOLOOP forms.
pub(super) fn period(function: &ShardFunction, date: Date) -> Option<u64> {
    let day = date.day_number();
    let at = fields(day);
    let number = match function {
        ShardFunction::Mm => at.month,
        ShardFunction::Dd => at.day,
        ShardFunction::Week => at.day_of_week,
        ShardFunction::Mmdd => at.day_of_year,
        ShardFunction::Yyyymm | ShardFunction::YyyymmOpt => at.year * 12 + at.month,
        ShardFunction::Yyyydd | ShardFunction::YyyyddOpt => at.year * 366 + at.day_of_year,
        ShardFunction::Yyyyweek | ShardFunction::YyyyweekOpt => year_week(day),
        _ => return None,
    };
    u64::try_from(number).ok()
}

/// DRDS's year-and-week number with its known fault kept: it takes the year from the day a week earlier, so days of week 2 whose week
/// before began in the old year count with the old year. Routing must do what placing does, so the fault stays.
fn year_week(day: i64) -> i64 {
    let this = week(day, WeekStart::Sunday);
    let before = week(day - 7, WeekStart::Sunday);
    let year = fields(day - 7).year + i64::from(this < before);
    year * 54 + this
}

/// The table suffix of a NOLOOP function, without its underscore: `201601`, `20160131`, or year and week without padding (`20161`; weeks
/// start on Monday). `None` for another function.
pub fn period_suffix(function: &ShardFunction, date: Date) -> Option<String> {
    let day = date.day_number();
    let at = fields(day);
    match function {
        ShardFunction::YyyymmNoloop { .. } => Some(format!("{:04}{:02}", at.year, at.month)),
        ShardFunction::YyyyddNoloop { .. } => Some(format!("{:04}{:02}{:02}", at.year, at.month, at.day)),
        ShardFunction::YyyyweekNoloop { .. } => {
            let number = week(day, WeekStart::Monday);
            let year = at.year + i64::from(number == 1 && at.month == 12);
            Some(format!("{year}{number}"))
        }
        _ => None,
    }
}
