//! TPC-H's 22 queries, and the values that are put into them (clause 2.4): the specification's own first, then others of its ranges.

use super::rows::{COLOURS, MODES, NATIONS, REGIONS, SEGMENTS, TYPES};

/// A query with `:1`, `:2` and so on, and the lists of what they may be.
pub struct Query {
    pub number: usize,
    text: &'static str,
    choices: Vec<Vec<String>>,
}

impl Query {
    /// The query with the values of that try; the first try has the specification's validation values.
    pub fn with(&self, number: usize) -> String {
        let mut text = self.text.to_owned();
        let mut rest = number;
        for (at, choice) in self.choices.iter().enumerate().rev() {
            let value = &choice[rest % choice.len()];
            rest /= choice.len();
            text = text.replace(&format!(":{}", at + 1), value);
        }
        text
    }

    /// How many tries there are.
    pub fn tries(&self) -> usize {
        self.choices.iter().map(Vec::len).product()
    }
}

/// A list that begins with one of its items.
fn from<'a>(first: &str, list: impl Iterator<Item = &'a str>) -> Vec<String> {
    let rest = list.filter(|item| !item.is_empty() && *item != first).map(str::to_owned);
    std::iter::once(first.to_owned()).chain(rest).collect()
}

fn nations(first: &str) -> Vec<String> {
    from(first, NATIONS.iter().map(|nation| nation.0))
}

fn regions(first: &str) -> Vec<String> {
    from(first, REGIONS.iter().copied())
}

fn brands(first: &str) -> Vec<String> {
    let all: Vec<String> = (1..6).flat_map(|m| (1..6).map(move |n| format!("Brand#{m}{n}"))).collect();
    from(first, all.iter().map(String::as_str))
}

fn numbers(first: u32, list: std::ops::RangeInclusive<u32>) -> Vec<String> {
    let all: Vec<String> = list.map(|number| number.to_string()).collect();
    from(&first.to_string(), all.iter().map(String::as_str))
}

fn fixed(value: &str) -> Vec<String> {
    vec![value.to_owned()]
}

const TEXTS: [&str; 22] = [
    "SELECT l_returnflag, l_linestatus, SUM(l_quantity) AS sum_qty, SUM(l_extendedprice) AS sum_base_price, \
     SUM(l_extendedprice * (1 - l_discount)) AS sum_disc_price, SUM(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge, \
     AVG(l_quantity) AS avg_qty, AVG(l_extendedprice) AS avg_price, AVG(l_discount) AS avg_disc, COUNT(*) AS count_order \
     FROM lineitem WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL :1 DAY GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus",
    "SELECT s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment FROM part, supplier, partsupp, nation, region \
     WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND p_size = :1 AND p_type LIKE '%:2' AND s_nationkey = n_nationkey \
     AND n_regionkey = r_regionkey AND r_name = ':3' AND ps_supplycost = (SELECT MIN(ps_supplycost) FROM partsupp, supplier, nation, region \
     WHERE p_partkey = ps_partkey AND s_suppkey = ps_suppkey AND s_nationkey = n_nationkey AND n_regionkey = r_regionkey AND r_name = ':3') \
     ORDER BY s_acctbal DESC, n_name, s_name, p_partkey LIMIT 100",
    "SELECT l_orderkey, SUM(l_extendedprice * (1 - l_discount)) AS revenue, o_orderdate, o_shippriority FROM customer, orders, lineitem \
     WHERE c_mktsegment = ':1' AND c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate < DATE '1995-03-15' \
     AND l_shipdate > DATE '1995-03-15' GROUP BY l_orderkey, o_orderdate, o_shippriority ORDER BY revenue DESC, o_orderdate LIMIT 10",
    "SELECT o_orderpriority, COUNT(*) AS order_count FROM orders WHERE o_orderdate >= DATE ':1' AND o_orderdate < DATE ':1' + INTERVAL 3 MONTH \
     AND EXISTS (SELECT * FROM lineitem WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate) \
     GROUP BY o_orderpriority ORDER BY o_orderpriority",
    "SELECT n_name, SUM(l_extendedprice * (1 - l_discount)) AS revenue FROM customer, orders, lineitem, supplier, nation, region \
     WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND l_suppkey = s_suppkey AND c_nationkey = s_nationkey AND s_nationkey = n_nationkey \
     AND n_regionkey = r_regionkey AND r_name = ':1' AND o_orderdate >= DATE ':2-01-01' AND o_orderdate < DATE ':2-01-01' + INTERVAL 1 YEAR \
     GROUP BY n_name ORDER BY revenue DESC",
    "SELECT SUM(l_extendedprice * l_discount) AS revenue FROM lineitem WHERE l_shipdate >= DATE '1994-01-01' \
     AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR AND l_discount BETWEEN 0.0:1 - 0.01 AND 0.0:1 + 0.01 AND l_quantity < 24",
    "SELECT supp_nation, cust_nation, l_year, SUM(volume) AS revenue FROM (SELECT n1.n_name AS supp_nation, n2.n_name AS cust_nation, \
     EXTRACT(YEAR FROM l_shipdate) AS l_year, l_extendedprice * (1 - l_discount) AS volume FROM supplier, lineitem, orders, customer, nation n1, nation n2 \
     WHERE s_suppkey = l_suppkey AND o_orderkey = l_orderkey AND c_custkey = o_custkey AND s_nationkey = n1.n_nationkey AND c_nationkey = n2.n_nationkey \
     AND ((n1.n_name = ':1' AND n2.n_name = ':2') OR (n1.n_name = ':2' AND n2.n_name = ':1')) \
     AND l_shipdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31') AS shipping GROUP BY supp_nation, cust_nation, l_year \
     ORDER BY supp_nation, cust_nation, l_year",
    "SELECT o_year, SUM(CASE WHEN nation = ':1' THEN volume ELSE 0 END) / SUM(volume) AS mkt_share FROM (SELECT EXTRACT(YEAR FROM o_orderdate) AS o_year, \
     l_extendedprice * (1 - l_discount) AS volume, n2.n_name AS nation FROM part, supplier, lineitem, orders, customer, nation n1, nation n2, region \
     WHERE p_partkey = l_partkey AND s_suppkey = l_suppkey AND l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_nationkey = n1.n_nationkey \
     AND n1.n_regionkey = r_regionkey AND r_name = ':2' AND s_nationkey = n2.n_nationkey AND o_orderdate BETWEEN DATE '1995-01-01' AND DATE '1996-12-31' \
     AND p_type = ':3 ANODIZED STEEL') AS all_nations GROUP BY o_year ORDER BY o_year",
    "SELECT nation, o_year, SUM(amount) AS sum_profit FROM (SELECT n_name AS nation, EXTRACT(YEAR FROM o_orderdate) AS o_year, \
     l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity AS amount FROM part, supplier, lineitem, partsupp, orders, nation \
     WHERE s_suppkey = l_suppkey AND ps_suppkey = l_suppkey AND ps_partkey = l_partkey AND p_partkey = l_partkey AND o_orderkey = l_orderkey \
     AND s_nationkey = n_nationkey AND p_name LIKE '%:1%') AS profit GROUP BY nation, o_year ORDER BY nation, o_year DESC",
    "SELECT c_custkey, c_name, SUM(l_extendedprice * (1 - l_discount)) AS revenue, c_acctbal, n_name, c_address, c_phone, c_comment \
     FROM customer, orders, lineitem, nation WHERE c_custkey = o_custkey AND l_orderkey = o_orderkey AND o_orderdate >= DATE ':1' \
     AND o_orderdate < DATE ':1' + INTERVAL 3 MONTH AND l_returnflag = 'R' AND c_nationkey = n_nationkey \
     GROUP BY c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment ORDER BY revenue DESC LIMIT 20",
    "SELECT ps_partkey, SUM(ps_supplycost * ps_availqty) AS value FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey \
     AND s_nationkey = n_nationkey AND n_name = ':1' GROUP BY ps_partkey HAVING SUM(ps_supplycost * ps_availqty) > \
     (SELECT SUM(ps_supplycost * ps_availqty) * 0.0001 FROM partsupp, supplier, nation WHERE ps_suppkey = s_suppkey AND s_nationkey = n_nationkey \
     AND n_name = ':1') ORDER BY value DESC, ps_partkey",
    "SELECT l_shipmode, SUM(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH' THEN 1 ELSE 0 END) AS high_line_count, \
     SUM(CASE WHEN o_orderpriority <> '1-URGENT' AND o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END) AS low_line_count FROM orders, lineitem \
     WHERE o_orderkey = l_orderkey AND l_shipmode IN (':1', ':2') AND l_commitdate < l_receiptdate AND l_shipdate < l_commitdate \
     AND l_receiptdate >= DATE '1994-01-01' AND l_receiptdate < DATE '1994-01-01' + INTERVAL 1 YEAR GROUP BY l_shipmode ORDER BY l_shipmode",
    "SELECT c_count, COUNT(*) AS custdist FROM (SELECT c_custkey, COUNT(o_orderkey) AS c_count FROM customer LEFT OUTER JOIN orders \
     ON c_custkey = o_custkey AND o_comment NOT LIKE '%:1%:2%' GROUP BY c_custkey) AS c_orders GROUP BY c_count ORDER BY custdist DESC, c_count DESC",
    "SELECT 100.00 * SUM(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END) / \
     SUM(l_extendedprice * (1 - l_discount)) AS promo_revenue FROM lineitem, part WHERE l_partkey = p_partkey AND l_shipdate >= DATE ':1' \
     AND l_shipdate < DATE ':1' + INTERVAL 1 MONTH",
    "WITH revenue AS (SELECT l_suppkey AS supplier_no, SUM(l_extendedprice * (1 - l_discount)) AS total_revenue FROM lineitem \
     WHERE l_shipdate >= DATE ':1' AND l_shipdate < DATE ':1' + INTERVAL 3 MONTH GROUP BY l_suppkey) \
     SELECT s_suppkey, s_name, s_address, s_phone, total_revenue FROM supplier, revenue WHERE s_suppkey = supplier_no \
     AND total_revenue = (SELECT MAX(total_revenue) FROM revenue) ORDER BY s_suppkey",
    "SELECT p_brand, p_type, p_size, COUNT(DISTINCT ps_suppkey) AS supplier_cnt FROM partsupp, part WHERE p_partkey = ps_partkey \
     AND p_brand <> ':1' AND p_type NOT LIKE 'MEDIUM POLISHED%' AND p_size IN (49, 14, 23, 45, 19, 3, 36, 9) AND ps_suppkey NOT IN \
     (SELECT s_suppkey FROM supplier WHERE s_comment LIKE '%Customer%Complaints%') GROUP BY p_brand, p_type, p_size \
     ORDER BY supplier_cnt DESC, p_brand, p_type, p_size",
    "SELECT SUM(l_extendedprice) / 7.0 AS avg_yearly FROM lineitem, part WHERE p_partkey = l_partkey AND p_brand = ':1' AND p_container = ':2' \
     AND l_quantity < (SELECT 0.2 * AVG(l_quantity) FROM lineitem WHERE l_partkey = p_partkey)",
    "SELECT c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, SUM(l_quantity) FROM customer, orders, lineitem WHERE o_orderkey IN \
     (SELECT l_orderkey FROM lineitem GROUP BY l_orderkey HAVING SUM(l_quantity) > :1) AND c_custkey = o_custkey AND o_orderkey = l_orderkey \
     GROUP BY c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice ORDER BY o_totalprice DESC, o_orderdate LIMIT 100",
    "SELECT SUM(l_extendedprice * (1 - l_discount)) AS revenue FROM lineitem, part WHERE (p_partkey = l_partkey AND p_brand = ':1' \
     AND p_container IN ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG') AND l_quantity >= 1 AND l_quantity <= 1 + 10 AND p_size BETWEEN 1 AND 5 \
     AND l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON') OR (p_partkey = l_partkey AND p_brand = ':2' \
     AND p_container IN ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK') AND l_quantity >= 10 AND l_quantity <= 10 + 10 AND p_size BETWEEN 1 AND 10 \
     AND l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON') OR (p_partkey = l_partkey AND p_brand = ':3' \
     AND p_container IN ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG') AND l_quantity >= 20 AND l_quantity <= 20 + 10 AND p_size BETWEEN 1 AND 15 \
     AND l_shipmode IN ('AIR', 'AIR REG') AND l_shipinstruct = 'DELIVER IN PERSON')",
    "SELECT s_name, s_address FROM supplier, nation WHERE s_suppkey IN (SELECT ps_suppkey FROM partsupp WHERE ps_partkey IN \
     (SELECT p_partkey FROM part WHERE p_name LIKE ':2%') AND ps_availqty > (SELECT 0.5 * SUM(l_quantity) FROM lineitem \
     WHERE l_partkey = ps_partkey AND l_suppkey = ps_suppkey AND l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL 1 YEAR)) \
     AND s_nationkey = n_nationkey AND n_name = ':1' ORDER BY s_name",
    "SELECT s_name, COUNT(*) AS numwait FROM supplier, lineitem l1, orders, nation WHERE s_suppkey = l1.l_suppkey AND o_orderkey = l1.l_orderkey \
     AND o_orderstatus = 'F' AND l1.l_receiptdate > l1.l_commitdate AND EXISTS (SELECT * FROM lineitem l2 WHERE l2.l_orderkey = l1.l_orderkey \
     AND l2.l_suppkey <> l1.l_suppkey) AND NOT EXISTS (SELECT * FROM lineitem l3 WHERE l3.l_orderkey = l1.l_orderkey AND l3.l_suppkey <> l1.l_suppkey \
     AND l3.l_receiptdate > l3.l_commitdate) AND s_nationkey = n_nationkey AND n_name = ':1' GROUP BY s_name ORDER BY numwait DESC, s_name LIMIT 100",
    "SELECT cntrycode, COUNT(*) AS numcust, SUM(c_acctbal) AS totacctbal FROM (SELECT SUBSTRING(c_phone FROM 1 FOR 2) AS cntrycode, c_acctbal \
     FROM customer WHERE SUBSTRING(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17') AND c_acctbal > (SELECT AVG(c_acctbal) \
     FROM customer WHERE c_acctbal > 0.00 AND SUBSTRING(c_phone FROM 1 FOR 2) IN ('13', '31', '23', '29', '30', '18', '17')) \
     AND NOT EXISTS (SELECT * FROM orders WHERE o_custkey = c_custkey)) AS custsale GROUP BY cntrycode ORDER BY cntrycode",
];

/// All of them.
pub fn all() -> Vec<Query> {
    let months: Vec<String> =
        (1993..1997).flat_map(|y| [1, 4, 7, 10].map(|m| format!("{y}-{m:02}-01"))).collect();
    let month = |first: &str| from(first, months.iter().map(String::as_str));
    let materials = || from("BRASS", TYPES[2].iter().copied());
    let choices: [Vec<Vec<String>>; 22] = [
        vec![fixed("90")],
        vec![numbers(15, 1..=50), materials(), regions("EUROPE")],
        vec![from("BUILDING", SEGMENTS.iter().copied())],
        vec![month("1993-07-01")],
        vec![regions("ASIA"), numbers(1994, 1993..=1997)],
        vec![numbers(6, 2..=8)],
        vec![nations("FRANCE"), nations("GERMANY")],
        vec![nations("BRAZIL"), regions("AMERICA"), from("ECONOMY", TYPES[0].iter().copied())],
        vec![from("green", COLOURS.iter().copied())],
        vec![month("1993-10-01")],
        vec![nations("GERMANY")],
        vec![from("MAIL", MODES.iter().copied()), from("SHIP", MODES.iter().copied())],
        vec![fixed("special"), fixed("requests")],
        vec![month("1995-09-01")],
        vec![month("1996-01-01")],
        vec![brands("Brand#45")],
        vec![
            brands("Brand#23"),
            from("MED BOX", ["SM CASE", "LG BOX", "WRAP BAG", "JUMBO JAR", "MED PACK"].into_iter()),
        ],
        // Few orders are as large as the specification's 300 when there are few.
        vec![vec!["300".to_owned(), "250".to_owned(), "200".to_owned()]],
        vec![brands("Brand#12"), brands("Brand#23"), brands("Brand#34")],
        vec![nations("CANADA"), from("forest", COLOURS.iter().copied())],
        vec![nations("SAUDI ARABIA")],
        vec![fixed("")],
    ];
    TEXTS
        .into_iter()
        .zip(choices)
        .enumerate()
        .map(|(at, (text, choices))| Query { number: at + 1, text, choices })
        .collect()
}

#[test]
fn the_first_try_has_the_first_values() {
    let all = all();
    assert!(all[5].with(0).contains("BETWEEN 0.06 - 0.01 AND 0.06 + 0.01"));
    assert!(all[6].with(0).contains("n1.n_name = 'FRANCE' AND n2.n_name = 'GERMANY'"));
    assert!(all[1].with(1).contains("p_size = 15") && all[1].with(1).contains("'AFRICA'"));
    assert!(all.iter().all(|query| !query.with(query.tries() - 1).contains(":1")));
}
