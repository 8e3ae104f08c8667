//! The leader makes learners voters until there are as many as there should be.

use crate::driver::Driver;
use crate::members::MemberChange;
use crate::store::LogStore;

/// The cluster's setting: 1, 3 or 5.
pub(super) const SETTING: &str = "voters";
const DEFAULT: usize = 3;

/// Asks for the promotion of a learner that has caught up, if the group needs it. Raft makes one change after the other, so this may
/// be called as often as wanted.
pub(super) fn promote<S: LogStore>(driver: &mut Driver<S>) {
    let members = driver.members();
    if members.iter().filter(|member| member.voter).count() >= wanted(driver) {
        return;
    }
    let catalog = driver.catalog();
    let is_fit = |id: u64| catalog.nodes.get(&id).is_some_and(|node| node.start != 0 && !node.draining);
    let learner = members.iter().find(|m| !m.voter && is_fit(m.id) && driver.has_caught_up(m.id));
    let Some(id) = learner.map(|learner| learner.id) else { return };
    if let Err(error) = driver.change_members(&MemberChange::Promote { id }, None) {
        tracing::debug!(node = id, %error, "not promoted");
    }
}

fn wanted<S: LogStore>(driver: &Driver<S>) -> usize {
    match driver.catalog().setting(SETTING) {
        Some("1") => 1,
        Some("5") => 5,
        _ => DEFAULT,
    }
}
