//! A cluster and a plain server side by side: each statement runs on both and must answer the same.

use mysql_async::{Conn, Value};
use ostrakon::dev::server::ServerKind;

use crate::cluster::{PlainServer, TestCluster, connect, run, shorten};
use crate::compare::{Outcome, Way, outcome};
use crate::family::server_of;

/// Both servers with one client each, in the database `app`.
#[derive(Debug)]
pub struct Pair {
    pub node: Conn,
    pub plain: Conn,
    pub cluster: TestCluster,
    pub plain_server: PlainServer,
}

impl Pair {
    /// Starts both, with an empty database `app`.
    pub async fn start() -> Self {
        Self::with(TestCluster::start(), PlainServer::start()).await
    }

    /// As [`Pair::start`], on servers of that family.
    pub async fn of(kind: ServerKind) -> Self {
        Self::with(TestCluster::of(&[kind]), PlainServer::of(server_of(kind))).await
    }

    async fn with(cluster: TestCluster, plain_server: PlainServer) -> Self {
        let node = cluster.database("app", "").await;
        let mut plain = connect(plain_server.port(), None).await;
        run(&mut plain, "CREATE DATABASE app").await;
        run(&mut plain, "USE app").await;
        Self { node, plain, cluster, plain_server }
    }

    /// Makes a table on both; `clause` (DRDS's) is for the node only.
    pub async fn create(&mut self, table: &str, clause: &str) {
        run(&mut self.node, &format!("{table} {clause}")).await;
        run(&mut self.plain, table).await;
    }

    /// Runs a statement on both that must succeed, without comparing: preparation.
    pub async fn prepare(&mut self, sql: &str) {
        run(&mut self.node, sql).await;
        run(&mut self.plain, sql).await;
    }

    /// A new client of the plain server.
    pub async fn renew_plain(&mut self) {
        self.plain = connect(self.plain_server.port(), Some("app")).await;
    }

    async fn both(&mut self, sql: &str, way: &Way) -> (Outcome, Outcome) {
        let node = outcome(&mut self.node, sql, way).await.without_message();
        let plain = outcome(&mut self.plain, sql, way).await.without_message();
        (node, plain)
    }

    /// The node must answer exactly as the plain server does, in order.
    pub async fn same(&mut self, sql: &str) {
        let (node, plain) = self.both(sql, &Way::Text).await;
        assert_eq!(node, plain, "\nleft: node, right: plain server\n{}", shorten(sql));
    }

    /// As [`Pair::same`], but of columns only the labels count: SHOW's columns name internal tables of the server.
    pub async fn same_labels(&mut self, sql: &str) {
        let (node, plain) = self.both(sql, &Way::Text).await;
        assert_eq!(
            node.labels_only(),
            plain.labels_only(),
            "\nleft: node, right: plain server\n{}",
            shorten(sql)
        );
    }

    /// As [`Pair::same`], for statements whose rows have no order.
    pub async fn same_set(&mut self, sql: &str) {
        let (node, plain) = self.both(sql, &Way::Text).await;
        assert_eq!(node.sorted(), plain.sorted(), "\nleft: node, right: plain server\n{}", shorten(sql));
    }

    /// As [`Pair::same`], prepared.
    pub async fn same_prepared(&mut self, sql: &str, values: Vec<Value>) {
        let way = Way::Prepared(values);
        let (node, plain) = self.both(sql, &way).await;
        assert_eq!(node, plain, "\nleft: node, right: plain server\n{} with {way:?}", shorten(sql));
    }

    /// As [`Pair::same_prepared`], for statements whose rows have no order.
    pub async fn same_set_prepared(&mut self, sql: &str, values: Vec<Value>) {
        let way = Way::Prepared(values);
        let (node, plain) = self.both(sql, &way).await;
        assert_eq!(
            node.sorted(),
            plain.sorted(),
            "\nleft: node, right: plain server\n{} with {way:?}",
            shorten(sql)
        );
    }

    /// As [`Pair::same_set`], by text and prepared, but of columns only the labels count.
    pub async fn same_labels_set(&mut self, sql: &str, values: Vec<Value>) {
        let mut ways = vec![Way::Prepared(values)];
        if !sql.contains('?') {
            ways.push(Way::Text);
        }
        for way in ways {
            let (node, plain) = self.both(sql, &way).await;
            assert_eq!(
                node.labels_only().sorted(),
                plain.labels_only().sorted(),
                "\nleft: node, right: plain server\n{} with {way:?}",
                shorten(sql)
            );
        }
    }

    /// The same answer in any order, or error 1235: nothing else. What the node refuses does not run on the plain server.
    /// Gives true when it was answered.
    pub async fn same_or_refused(&mut self, sql: &str) -> bool {
        let node = outcome(&mut self.node, sql, &Way::Text).await;
        if node.is_refusal() {
            return false;
        }
        let plain = outcome(&mut self.plain, sql, &Way::Text).await;
        let (node, plain) = (node.without_message().sorted(), plain.without_message().sorted());
        assert_eq!(node, plain, "\nleft: node, right: plain server\n{}", shorten(sql));
        true
    }
}
