//! Layout: from hash values to a group and a table in it, in the five ways that DRDS's functions place rows.

/// YYYYMM_OPT with the same key for groups and tables: consecutive tables go to different instances. `number` is the global table
/// number, `instances` the number of servers that the groups were spread over. Groups that `instances` does not divide evenly
/// get uneven shares, as in DRDS.
pub(crate) fn interleaved_group(number: u64, groups: u32, instances: u32) -> u64 {
    let (groups, instances) = (u64::from(groups.max(1)), u64::from(instances.max(1)));
    let d = number % groups;
    (d / instances + (d % instances) * (groups / instances)) % groups
}
