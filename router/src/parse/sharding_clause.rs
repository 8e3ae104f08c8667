//! DRDS's clauses: DBPARTITION BY, TBPARTITION BY, BROADCAST, SINGLE, PLACEMENT. Whether a rule makes sense is the sharding module's
//! to say; here it is only read.

use std::ops::Range;

use ostrakon_catalog::rule::{Placement, ShardFunction};

use super::cursor::Cursor;
use super::ddl::{PartitionClause, ShardingClause};
use crate::RouterError;

/// The clauses seen so far.
#[derive(Debug)]
pub(super) struct ShardingClauses {
    pub sharding: ShardingClause,
    pub placement: Placement,
    /// Where they stand, so that the servers do not see them.
    pub cut: Vec<Range<usize>>,
}

impl Default for ShardingClauses {
    fn default() -> Self {
        Self { sharding: ShardingClause::Default, placement: Placement::Folded, cut: Vec::new() }
    }
}

/// True when one of DRDS's clauses starts here.
pub(super) fn starts_clause(c: &Cursor<'_>) -> bool {
    c.is_any(&["DBPARTITION", "TBPARTITION", "BROADCAST", "SINGLE", "PLACEMENT"])
}

impl ShardingClauses {
    /// Reads one clause; false when none starts here. `kept`: table options that the servers see stand before it, so a comma before
    /// the clause goes with it; without them the comma after it goes, so that what is left is well formed.
    pub fn accept(&mut self, c: &mut Cursor<'_>, kept: bool) -> Result<bool, RouterError> {
        if !starts_clause(c) {
            return Ok(false);
        }
        let before = *c;
        match &mut self.sharding {
            ShardingClause::Default if c.accept("BROADCAST") => self.sharding = ShardingClause::Broadcast,
            ShardingClause::Default if c.accept("SINGLE") => self.sharding = ShardingClause::Single,
            ShardingClause::Default if c.is("DBPARTITION") => {
                self.sharding = ShardingClause::Sharded { db: Some(partition(c, "DBPARTITIONS")?), tb: None };
            }
            ShardingClause::Default if c.is("TBPARTITION") => {
                self.sharding = ShardingClause::Sharded { db: None, tb: Some(partition(c, "TBPARTITIONS")?) };
            }
            ShardingClause::Sharded { tb: tb @ None, .. } if c.is("TBPARTITION") => {
                *tb = Some(partition(c, "TBPARTITIONS")?);
            }
            _ if c.accept("PLACEMENT") => self.placement = placement(c)?,
            _ => return Err(c.error()),
        }
        self.cut.push(cut_range(&before, c, kept));
        Ok(true)
    }
}

/// The clause between the two cursors, with the comma before it (`kept`) or after it.
pub(super) fn cut_range(before: &Cursor<'_>, after: &Cursor<'_>, kept: bool) -> Range<usize> {
    match before.previous() {
        Some(comma) if kept && before.bytes(comma) == b"," => comma.start as usize..after.last_end(),
        _ if !kept && after.is_op(",") => before.start()..after.peek().end as usize,
        _ => before.start()..after.last_end(),
    }
}

fn placement(c: &mut Cursor<'_>) -> Result<Placement, RouterError> {
    c.accept_op("=");
    if c.accept("DRDS") {
        Ok(Placement::Drds)
    } else if c.accept("FOLDED") {
        Ok(Placement::Folded)
    } else {
        Err(c.error())
    }
}

/// `DBPARTITION BY f(...) [bounds] [DBPARTITIONS n]`
fn partition(c: &mut Cursor<'_>, count_word: &str) -> Result<PartitionClause, RouterError> {
    c.advance();
    c.expect("BY")?;
    let name = c.name()?.to_uppercase();
    let (mut function, columns) = function(c, &name)?;
    let mut bounded = bounds(c, &mut function)?;
    let mut count = None;
    if c.accept(count_word) {
        c.accept_op("=");
        count = Some(c.small::<u32>()?);
        bounded |= bounds(c, &mut function)?;
    }
    if !bounded && is_noloop(&function) {
        return Err(RouterError::not_supported(format_args!("{name} without BETWEEN from AND to")));
    }
    Ok(PartitionClause { function, columns, count })
}

/// The function called `name` with its columns and parameters.
fn function(c: &mut Cursor<'_>, name: &str) -> Result<(ShardFunction, Vec<String>), RouterError> {
    c.expect_op("(")?;
    if name == "HASH" && c.accept_op(")") {
        return Ok((ShardFunction::Hash, Vec::new()));
    }
    let mut columns = vec![c.name()?];
    let empty = String::new;
    let function = match name {
        "HASH" => ShardFunction::Hash,
        "UNI_HASH" => ShardFunction::UniHash,
        "STR_HASH" => str_hash(c)?,
        "RIGHT_SHIFT" => {
            c.expect_op(",")?;
            ShardFunction::RightShift { shift: c.signed()? }
        }
        "RANGE_HASH" | "RANGE_HASH1" => {
            c.expect_op(",")?;
            columns.push(c.name()?);
            c.expect_op(",")?;
            let tail = c.small::<u32>()?;
            if name == "RANGE_HASH" {
                ShardFunction::RangeHash { tail }
            } else {
                ShardFunction::RangeHash1 { tail }
            }
        }
        "MM" => ShardFunction::Mm,
        "DD" => ShardFunction::Dd,
        "WEEK" => ShardFunction::Week,
        "MMDD" => ShardFunction::Mmdd,
        "YYYYMM" => ShardFunction::Yyyymm,
        "YYYYWEEK" => ShardFunction::Yyyyweek,
        "YYYYDD" => ShardFunction::Yyyydd,
        "YYYYMM_OPT" => ShardFunction::YyyymmOpt,
        "YYYYWEEK_OPT" => ShardFunction::YyyyweekOpt,
        "YYYYDD_OPT" => ShardFunction::YyyyddOpt,
        "YYYYMM_NOLOOP" => ShardFunction::YyyymmNoloop { from: empty(), to: empty() },
        "YYYYWEEK_NOLOOP" => ShardFunction::YyyyweekNoloop { from: empty(), to: empty() },
        "YYYYDD_NOLOOP" => ShardFunction::YyyyddNoloop { from: empty(), to: empty() },
        _ => return Err(RouterError::not_supported(format_args!("the sharding function {name}"))),
    };
    if c.is_op(",") {
        return Err(RouterError::not_supported(format_args!("{name} with so many parameters")));
    }
    c.expect_op(")")?;
    Ok((function, columns))
}

/// `, start, end[, value type[, seed]]` after the column; without them the whole string.
fn str_hash(c: &mut Cursor<'_>) -> Result<ShardFunction, RouterError> {
    let (mut start, mut end, mut value_type, mut seed) = (-1, -1, 0, 31);
    if c.accept_op(",") {
        start = small_signed(c)?;
        if !c.accept_op(",") {
            // DRDS takes this form and ignores the number.
            return Err(RouterError::not_supported("STR_HASH with a start and no end"));
        }
        end = small_signed(c)?;
        if c.accept_op(",") {
            value_type = c.small::<u8>()?;
            if c.accept_op(",") {
                if value_type == 1 {
                    return Err(RouterError::not_supported("STR_HASH with value type 1 and a seed"));
                }
                seed = c.small::<u32>()?;
            }
        }
    }
    Ok(ShardFunction::StrHash { start, end, value_type, seed })
}

fn small_signed(c: &mut Cursor<'_>) -> Result<i32, RouterError> {
    let before = *c;
    i32::try_from(c.signed()?).map_err(|_| before.error())
}

fn is_noloop(function: &ShardFunction) -> bool {
    matches!(
        function,
        ShardFunction::YyyymmNoloop { .. }
            | ShardFunction::YyyyweekNoloop { .. }
            | ShardFunction::YyyyddNoloop { .. }
    )
}

/// `BETWEEN a AND b`, `STARTWITH a ENDWITH b`; true when there are some.
fn bounds(c: &mut Cursor<'_>, function: &mut ShardFunction) -> Result<bool, RouterError> {
    let (ShardFunction::YyyymmNoloop { from, to }
    | ShardFunction::YyyyweekNoloop { from, to }
    | ShardFunction::YyyyddNoloop { from, to }) = function
    else {
        return if c.is_any(&["BETWEEN", "STARTWITH"]) { Err(c.error()) } else { Ok(false) };
    };
    let separator = if c.accept("BETWEEN") {
        "AND"
    } else if c.accept("STARTWITH") {
        "ENDWITH"
    } else {
        return Ok(false);
    };
    *from = bound(c)?;
    c.expect(separator)?;
    *to = bound(c)?;
    Ok(true)
}

/// A period as a number or string; `2016-01` and `201601` are left to the sharding module.
fn bound(c: &mut Cursor<'_>) -> Result<String, RouterError> {
    if c.peek().kind == crate::lexer::TokenKind::String {
        return c.string();
    }
    c.unsigned().map(|period| period.to_string())
}
