//! Who is not of the group is kept out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ostrakon_meta::{MemberChange, MetaError, PeerTls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::kit::{Group, PATIENCE, put};

/// An authority of its own, and a certificate from it.
fn certificates(directory: &Path, name: &str) -> PeerTls {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::from_params(&params, &authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let file = |kind: &str, text: String| -> PathBuf {
        let path = directory.join(format!("{name}.{kind}.pem"));
        std::fs::write(&path, text).unwrap();
        path
    };
    PeerTls {
        certificate: file("certificate", certificate.pem()),
        key: file("key", key.serialize_pem()),
        authority: file("authority", authority.pem()),
    }
}

#[tokio::test]
async fn with_certificates_of_one_authority_nodes_speak_and_without_they_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let ours = certificates(directory.path(), "ours");
    let mut group = Group { tls: Some(ours.clone()), ..Group::default() };
    group.grow(2).await;
    group.node(2).propose(put("a", "1")).await.unwrap();
    // Another authority's certificate; none at all; ours, but another authority is asked for.
    let theirs = certificates(directory.path(), "theirs");
    let mixed = PeerTls { authority: theirs.authority.clone(), ..ours.clone() };
    for tls in [Some(theirs), None, Some(mixed)] {
        group.tls = tls;
        let known = group.address(1);
        group.start(3, &[known]).unwrap();
        let joined = tokio::time::timeout(Duration::from_secs(2), group.node(3).caught_up()).await;
        assert!(joined.is_err(), "it has joined");
        assert!(!group.node(1).load().nodes.contains_key(&3));
        group.stop(3).await;
    }
    group.tls = Some(ours);
    group.join(3).await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_an_error_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let good = certificates(directory.path(), "ours");
    let bad = directory.path().join("bad.pem");
    std::fs::write(&bad, "no certificate").unwrap();
    let missing = directory.path().join("missing.pem");
    for tls in [
        PeerTls { key: bad.clone(), ..good.clone() },
        PeerTls { certificate: bad.clone(), ..good.clone() },
        PeerTls { authority: missing, ..good },
    ] {
        let mut group = Group { tls: Some(tls), ..Group::default() };
        let error = group.start(1, &[]).unwrap_err();
        assert!(matches!(&error, MetaError::Config(text) if text.contains("peer.tls")), "{error}");
    }
}

#[tokio::test]
async fn nodes_of_two_groups_do_not_mix() {
    let ours = Group::of(1).await;
    let mut theirs = Group::of(2).await;
    // Our group takes node 2 for its own; at that address there is a node 2, of another group.
    let address = theirs.address(2);
    ours.node(1).propose(put("voters", "1")).await.unwrap();
    let before = theirs.node(2).catalog();
    ours.node(1).change_members(MemberChange::AddLearner { id: 2, address: address.clone() }).await.unwrap();
    ours.node(1).propose(put("ours", "1")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(theirs.node(2).load().setting("ours"), None);
    assert_eq!(theirs.node(2).catalog().settings, before.settings);
    assert!(theirs.node(2).status().stopped.is_none());
    let second = ours.node(1).members().into_iter().find(|m| m.id == 2).unwrap();
    assert_eq!(second.matched, Some(0));
    // And where another node is expected, the wrong one does not answer.
    let result = ours.node(1).call(2, vec![1], Duration::from_secs(2)).await;
    assert!(result.unwrap_err().to_string().contains("another cluster"));
    theirs.node(1).propose(put("a", "1")).await.unwrap();
}

#[tokio::test]
async fn a_restarted_node_keeps_to_its_group() {
    let mut group = Group::of(2).await;
    let known = group.address(1);
    group.stop(2).await;
    // It has data: the address to join at means nothing any more.
    group.start(2, &["127.0.0.1:1".to_owned(), known]).unwrap();
    tokio::time::timeout(PATIENCE, group.node(2).caught_up()).await.unwrap().unwrap();
    group.node(2).propose(put("a", "1")).await.unwrap();
}
