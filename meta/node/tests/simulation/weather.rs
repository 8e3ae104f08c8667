//! What goes wrong in one run, and how often: each fault is absent from some runs, since one fault can hide what another would show.

use crate::random::Random;

/// A thousandth of all steps each.
pub struct Weather {
    pub drop: u64,
    pub repeat: u64,
    pub lose_power: u64,
    pub break_disk: u64,
    pub slow_disk: u64,
    pub isolate: u64,
    pub split: u64,
    pub one_way: u64,
    pub heal: u64,
    pub lose_inbound: u64,
    /// Changes of the group's members.
    pub members: u64,
    /// Messages overtake one another.
    pub reorder: bool,
    /// Commands of clients.
    pub proposals: u64,
    pub ticks: u64,
}

impl Weather {
    pub fn of(random: &mut Random) -> Self {
        let mut maybe = |most: u64| if random.one_in(3) { 0 } else { 1 + random.below(most) };
        Self {
            drop: maybe(30),
            repeat: maybe(30),
            lose_power: maybe(4),
            break_disk: maybe(4),
            slow_disk: maybe(8),
            isolate: maybe(4),
            split: maybe(3),
            one_way: maybe(5),
            heal: 8 + maybe(24),
            lose_inbound: maybe(6),
            members: maybe(12),
            reorder: maybe(3) > 0,
            proposals: 15 + maybe(60),
            ticks: 100 + maybe(120),
        }
    }
}
