//! Nodes come and go.

use std::time::Duration;

use ostrakon_catalog::{Command, Rejection};
use ostrakon_meta::{MemberChange, MetaError, ProposeError};

use crate::kit::{Group, PATIENCE, put};

fn voters(group: &Group, id: u64) -> Vec<u64> {
    group.node(id).members().iter().filter(|m| m.voter).map(|m| m.id).collect()
}

#[tokio::test]
async fn the_first_three_nodes_vote_and_a_fourth_listens() {
    let mut group = Group::of(4).await;
    group.node(4).propose(put("a", "1")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(voters(&group, 4), [1, 2, 3]);
    let members = group.node(group.leader().await).members();
    let fourth = members.iter().find(|m| m.id == 4).unwrap();
    assert_eq!((fourth.voter, fourth.active), (false, Some(true)));
    assert!(fourth.matched.is_some_and(|index| index > 0));
    assert_eq!(fourth.address, group.address(4));
    // Whose setting says five.
    group.node(4).propose(put("voters", "5")).await.unwrap();
    group.until("the fourth votes", |node| node.members().iter().all(|m| m.voter)).await;
}

#[tokio::test]
async fn a_draining_node_is_not_promoted() {
    let mut group = Group::of(1).await;
    group.node(1).propose(put("voters", "1")).await.unwrap();
    group.join(2).await;
    group.node(1).propose(Command::DrainNode { node: 2, draining: true }).await.unwrap();
    group.node(1).propose(put("voters", "3")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(voters(&group, 1), [1]);
    group.node(2).propose(Command::DrainNode { node: 2, draining: false }).await.unwrap();
    group.until("it votes", |node| node.members().iter().all(|m| m.voter)).await;
}

#[tokio::test]
async fn members_are_changed_from_any_node() {
    let group = Group::of(3).await;
    let leader = group.leader().await;
    let follower = (1..=3).find(|id| *id != leader).unwrap();
    let third = (1..=3).find(|id| *id != leader && *id != follower).unwrap();
    group.node(follower).propose(put("voters", "1")).await.unwrap();
    group.node(follower).change_members(MemberChange::Demote { id: third }).await.unwrap();
    assert!(!voters(&group, follower).contains(&third), "seen here when it is answered");
    group.node(third).change_members(MemberChange::Promote { id: third }).await.unwrap();
    assert!(voters(&group, third).contains(&third));
    // What is so already is no error; what makes no sense is.
    group.node(follower).change_members(MemberChange::Promote { id: third }).await.unwrap();
    for change in [
        MemberChange::Promote { id: 9 },
        MemberChange::Demote { id: 9 },
        MemberChange::Remove { id: 9 },
        MemberChange::AddLearner { id: third, address: "h:1".to_owned() },
    ] {
        let result = group.node(follower).change_members(change.clone()).await;
        assert!(matches!(result, Err(ProposeError::Refused { .. })), "{change}: {result:?}");
    }
}

#[tokio::test]
async fn the_leader_itself_can_be_demoted_but_the_last_voter_cannot_go() {
    let group = Group::of(3).await;
    group.node(1).propose(put("voters", "1")).await.unwrap();
    let leader = group.leader().await;
    group.node(leader).change_members(MemberChange::Demote { id: leader }).await.unwrap();
    assert!(!voters(&group, leader).contains(&leader));
    let rest = voters(&group, leader);
    group.node(leader).change_members(MemberChange::Demote { id: rest[0] }).await.unwrap();
    for change in [MemberChange::Demote { id: rest[1] }, MemberChange::Remove { id: rest[1] }] {
        let error = group.node(leader).change_members(change).await.unwrap_err();
        assert!(error.to_string().contains("last voter"), "{error}");
    }
    group.node(leader).propose(put("a", "1")).await.unwrap();
}

#[tokio::test]
async fn leadership_goes_where_it_is_sent() {
    let group = Group::of(3).await;
    for to in [1, 2, 3, 3] {
        let from = group.leader().await;
        group.node(1).transfer_leadership(to).await.unwrap();
        assert_eq!(group.node(1).status().leader, Some(to), "from {from}");
        group.node(2).propose(put("a", &to.to_string())).await.unwrap();
    }
    let error = group.node(1).transfer_leadership(7).await.unwrap_err();
    assert!(matches!(error, ProposeError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_removed_node_hears_of_it_stops_and_never_comes_back() {
    let mut group = Group::of(3).await;
    group.join(4).await;
    // One that votes, one that listens, and one that is away when it happens.
    for id in [3, 4] {
        group.node(1).change_members(MemberChange::Remove { id }).await.unwrap();
        let reason = tokio::time::timeout(PATIENCE, group.node(id).stopped()).await.unwrap();
        assert!(reason.contains(&format!("node {id} was removed")), "{reason}");
        assert!(group.node(1).load().removed_nodes.contains(&id));
        assert!(!group.node(1).load().nodes.contains_key(&id));
        group.stop(id).await;
    }
    group.join(5).await;
    group.until("it votes", |node| node.members().iter().filter(|m| m.voter).count() == 3).await;
    group.stop(5).await;
    group.node(2).change_members(MemberChange::Remove { id: 5 }).await.unwrap();
    group.start(5, &[]).unwrap();
    let reason = tokio::time::timeout(PATIENCE, group.node(5).stopped()).await.unwrap();
    assert!(reason.contains("node 5 was removed"), "{reason}");
    group.stop(5).await;
    // Neither its number with an empty disk, nor by hand.
    group.disks.remove(&5);
    let known = group.address(1);
    group.start(5, &[known]).unwrap();
    let reason = tokio::time::timeout(PATIENCE, group.node(5).stopped()).await.unwrap();
    assert!(reason.contains("node 5 was removed"), "{reason}");
    let again = MemberChange::AddLearner { id: 5, address: "127.0.0.1:1".to_owned() };
    let result = group.node(1).change_members(again).await;
    assert_eq!(result, Err(ProposeError::Rejected(Rejection::NodeRemoved { node: 5 })));
    assert!(group.node(1).members().iter().all(|m| m.id != 5));
}

#[tokio::test]
async fn a_dead_voter_is_replaced() {
    let mut group = Group::of(3).await;
    let dead = (1..=3).find(|id| *id != 1).unwrap();
    group.kill(dead);
    group.node(1).change_members(MemberChange::Remove { id: dead }).await.unwrap();
    group.join(4).await;
    group.until("the new one votes", |node| node.members().iter().filter(|m| m.voter).count() == 3).await;
    // The group has three again: it bears another death.
    group.kill(5 - dead);
    group.node(4).propose(put("a", "1")).await.unwrap();
}

#[tokio::test]
async fn a_number_in_use_is_not_given_to_another_node() {
    let mut group = Group::of(3).await;
    let known = group.address(1);
    group.stop(2).await;
    // The same number, and none of its data: the votes it has cast are forgotten, so it must not come back as it is.
    group.disks.remove(&2);
    group.start(2, &[known]).unwrap();
    let reason = tokio::time::timeout(PATIENCE, group.node(2).stopped()).await.unwrap();
    assert!(reason.contains("is a member of the group already"), "{reason}");
}

#[tokio::test]
async fn a_join_that_was_cut_short_is_taken_up_again() {
    let mut group = Group::of(1).await;
    let known = group.address(1);
    // Registered by hand, and not started yet: the group sends to an address where nobody listens.
    let address = group.address(2);
    group.node(1).propose(put("voters", "1")).await.unwrap();
    group.node(1).change_members(MemberChange::AddLearner { id: 2, address }).await.unwrap();
    // A store that has begun to join, without the catalog.
    let nowhere = "127.0.0.1:1".to_owned();
    group.start(2, &[nowhere]).unwrap();
    group.stop(2).await;
    let error = group.start(2, &[]).unwrap_err();
    assert!(matches!(error, MetaError::Config(_)), "{error}");
    group.start(2, &[known]).unwrap();
    tokio::time::timeout(PATIENCE, group.node(2).caught_up()).await.unwrap().unwrap();
    assert_eq!(group.node(2).load().setting("voters"), Some("1"));
}
