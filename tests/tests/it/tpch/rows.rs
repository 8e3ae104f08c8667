//! TPC-H's tables and their rows (clauses 1.4 and 4.2.3 of the specification), in any size. Texts are shorter than the specification's.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Columns and keys, and how the table is sharded.
pub const TABLES: [(&str, &str, &str); 8] = [
    (
        "region",
        "r_regionkey INT NOT NULL PRIMARY KEY, r_name CHAR(25) NOT NULL, r_comment VARCHAR(152)",
        "BROADCAST",
    ),
    (
        "nation",
        "n_nationkey INT NOT NULL PRIMARY KEY, n_name CHAR(25) NOT NULL, n_regionkey INT NOT NULL, n_comment VARCHAR(152)",
        "BROADCAST",
    ),
    (
        "supplier",
        "s_suppkey INT NOT NULL PRIMARY KEY, s_name CHAR(25) NOT NULL, s_address VARCHAR(40) NOT NULL, s_nationkey INT NOT NULL, s_phone CHAR(15) NOT NULL, \
         s_acctbal DECIMAL(15,2) NOT NULL, s_comment VARCHAR(101) NOT NULL",
        "BROADCAST",
    ),
    (
        "customer",
        "c_custkey INT NOT NULL PRIMARY KEY, c_name VARCHAR(25) NOT NULL, c_address VARCHAR(40) NOT NULL, c_nationkey INT NOT NULL, c_phone CHAR(15) NOT NULL, \
         c_acctbal DECIMAL(15,2) NOT NULL, c_mktsegment CHAR(10) NOT NULL, c_comment VARCHAR(117) NOT NULL",
        "DBPARTITION BY HASH(c_custkey)",
    ),
    (
        "part",
        "p_partkey INT NOT NULL PRIMARY KEY, p_name VARCHAR(55) NOT NULL, p_mfgr CHAR(25) NOT NULL, p_brand CHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, \
         p_size INT NOT NULL, p_container CHAR(10) NOT NULL, p_retailprice DECIMAL(15,2) NOT NULL, p_comment VARCHAR(23) NOT NULL",
        "DBPARTITION BY HASH(p_partkey)",
    ),
    (
        "partsupp",
        "ps_partkey INT NOT NULL, ps_suppkey INT NOT NULL, ps_availqty INT NOT NULL, ps_supplycost DECIMAL(15,2) NOT NULL, ps_comment VARCHAR(199) NOT NULL, \
         PRIMARY KEY (ps_partkey, ps_suppkey), KEY by_supplier (ps_suppkey)",
        "DBPARTITION BY HASH(ps_partkey)",
    ),
    (
        "orders",
        "o_orderkey INT NOT NULL PRIMARY KEY, o_custkey INT NOT NULL, o_orderstatus CHAR(1) NOT NULL, o_totalprice DECIMAL(15,2) NOT NULL, o_orderdate DATE NOT NULL, \
         o_orderpriority CHAR(15) NOT NULL, o_clerk CHAR(15) NOT NULL, o_shippriority INT NOT NULL, o_comment VARCHAR(79) NOT NULL, KEY by_customer (o_custkey)",
        "DBPARTITION BY HASH(o_orderkey)",
    ),
    (
        "lineitem",
        "l_orderkey INT NOT NULL, l_partkey INT NOT NULL, l_suppkey INT NOT NULL, l_linenumber INT NOT NULL, l_quantity DECIMAL(15,2) NOT NULL, \
         l_extendedprice DECIMAL(15,2) NOT NULL, l_discount DECIMAL(15,2) NOT NULL, l_tax DECIMAL(15,2) NOT NULL, l_returnflag CHAR(1) NOT NULL, \
         l_linestatus CHAR(1) NOT NULL, l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL, l_receiptdate DATE NOT NULL, l_shipinstruct CHAR(25) NOT NULL, \
         l_shipmode CHAR(10) NOT NULL, l_comment VARCHAR(44) NOT NULL, PRIMARY KEY (l_orderkey, l_linenumber), KEY by_part (l_partkey, l_suppkey)",
        "DBPARTITION BY HASH(l_orderkey)",
    ),
];

pub const REGIONS: [&str; 5] = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];

/// Names and regions.
pub const NATIONS: [(&str, usize); 25] = [
    ("ALGERIA", 0),
    ("ARGENTINA", 1),
    ("BRAZIL", 1),
    ("CANADA", 1),
    ("EGYPT", 4),
    ("ETHIOPIA", 0),
    ("FRANCE", 3),
    ("GERMANY", 3),
    ("INDIA", 2),
    ("INDONESIA", 2),
    ("IRAN", 4),
    ("IRAQ", 4),
    ("JAPAN", 2),
    ("JORDAN", 4),
    ("KENYA", 0),
    ("MOROCCO", 0),
    ("MOZAMBIQUE", 0),
    ("PERU", 1),
    ("CHINA", 2),
    ("ROMANIA", 3),
    ("SAUDI ARABIA", 4),
    ("VIETNAM", 2),
    ("RUSSIA", 3),
    ("UNITED KINGDOM", 3),
    ("UNITED STATES", 1),
];

pub const COLOURS: [&str; 92] = [
    "almond",
    "antique",
    "aquamarine",
    "azure",
    "beige",
    "bisque",
    "black",
    "blanched",
    "blue",
    "blush",
    "brown",
    "burlywood",
    "burnished",
    "chartreuse",
    "chiffon",
    "chocolate",
    "coral",
    "cornflower",
    "cornsilk",
    "cream",
    "cyan",
    "dark",
    "deep",
    "dim",
    "dodger",
    "drab",
    "firebrick",
    "floral",
    "forest",
    "frosted",
    "gainsboro",
    "ghost",
    "goldenrod",
    "green",
    "grey",
    "honeydew",
    "hot",
    "indian",
    "ivory",
    "khaki",
    "lace",
    "lavender",
    "lawn",
    "lemon",
    "light",
    "lime",
    "linen",
    "magenta",
    "maroon",
    "medium",
    "metallic",
    "midnight",
    "mint",
    "misty",
    "moccasin",
    "navajo",
    "navy",
    "olive",
    "orange",
    "orchid",
    "pale",
    "papaya",
    "peach",
    "peru",
    "pink",
    "plum",
    "powder",
    "puff",
    "purple",
    "red",
    "rose",
    "rosy",
    "royal",
    "saddle",
    "salmon",
    "sandy",
    "seashell",
    "sienna",
    "sky",
    "slate",
    "smoke",
    "snow",
    "spring",
    "steel",
    "tan",
    "thistle",
    "tomato",
    "turquoise",
    "violet",
    "wheat",
    "white",
    "yellow",
];
pub const TYPES: [[&str; 6]; 3] = [
    ["STANDARD", "SMALL", "MEDIUM", "LARGE", "ECONOMY", "PROMO"],
    ["ANODIZED", "BURNISHED", "PLATED", "POLISHED", "BRUSHED", ""],
    ["TIN", "NICKEL", "BRASS", "STEEL", "COPPER", ""],
];
pub const CONTAINERS: ([&str; 5], [&str; 8]) =
    (["SM", "LG", "MED", "JUMBO", "WRAP"], ["CASE", "BOX", "BAG", "JAR", "PKG", "PACK", "CAN", "DRUM"]);
pub const SEGMENTS: [&str; 5] = ["AUTOMOBILE", "BUILDING", "FURNITURE", "MACHINERY", "HOUSEHOLD"];
pub const PRIORITIES: [&str; 5] = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
const INSTRUCTIONS: [&str; 4] = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"];
pub const MODES: [&str; 7] = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];
const WORDS: [&str; 24] = [
    "furiously",
    "sly",
    "careful",
    "special",
    "pending",
    "regular",
    "express",
    "final",
    "ironic",
    "even",
    "bold",
    "silent",
    "requests",
    "deposits",
    "packages",
    "accounts",
    "instructions",
    "theodolites",
    "foxes",
    "ideas",
    "dependencies",
    "sleep",
    "haggle",
    "nag",
];

/// Days from 1992-01-01 to the last day of an order, and to the day on which the data is looked at (1995-06-17).
const LAST_ORDER: u32 = 2405;
const CURRENT: u32 = 1263;

/// How large the tables are. The specification's 1 has 150,000 customers and 6 million lines.
#[derive(Clone, Copy, Debug)]
pub struct Scale(pub f64);

impl Scale {
    fn of(self, rows: u32) -> u32 {
        let count = (f64::from(rows) * self.0).round() as u32;
        count.max(10)
    }

    pub fn suppliers(self) -> u32 {
        self.of(10_000)
    }

    pub fn parts(self) -> u32 {
        self.of(200_000)
    }

    pub fn customers(self) -> u32 {
        self.of(150_000)
    }

    pub fn orders(self) -> u32 {
        self.of(1_500_000)
    }
}

/// Makes rows from a seed.
pub struct Maker {
    rng: StdRng,
    scale: Scale,
}

fn cents(amount: i64) -> String {
    format!("{}{}.{:02}", if amount < 0 { "-" } else { "" }, amount.abs() / 100, amount.abs() % 100)
}

/// The day so many days after 1992-01-01.
pub fn day(number: u32) -> String {
    let (mut year, mut rest) = (1992u32, number);
    loop {
        let length = if year.is_multiple_of(4) { 366 } else { 365 };
        if rest < length {
            break;
        }
        rest -= length;
        year += 1;
    }
    let february = if year.is_multiple_of(4) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < length {
            break;
        }
        rest -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", rest + 1)
}

impl Maker {
    pub fn new(scale: Scale, seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), scale }
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        self.rng.random_range(low..=high)
    }

    fn one<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.rng.random_range(0..list.len())]
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| self.one(&WORDS)).collect();
        words.join(" ")
    }

    fn phone(&mut self, nation: i64) -> String {
        let part = [self.between(100, 999), self.between(100, 999), self.between(1000, 9999)];
        format!("{}-{}-{}-{}", nation + 10, part[0], part[1], part[2])
    }

    pub fn regions(&mut self) -> Vec<String> {
        let row = |(key, name): (usize, &&str)| format!("({key}, '{name}', '{}')", self.words(4));
        REGIONS.iter().enumerate().map(row).collect()
    }

    pub fn nations(&mut self) -> Vec<String> {
        let row = |(key, (name, region)): (usize, &(&str, usize))| {
            format!("({key}, '{name}', {region}, '{}')", self.words(4))
        };
        NATIONS.iter().enumerate().map(row).collect()
    }

    pub fn supplier(&mut self, key: u32) -> String {
        let nation = self.between(0, 24);
        // Five of each 10,000 complain, and five recommend; in small data more of them.
        let comment = match self.between(0, 1999).min(i64::from(key) % 97) {
            0 => "sly Customer foxes Complaints".to_owned(),
            1 => "even Customer ideas Recommends".to_owned(),
            _ => self.words(5),
        };
        format!(
            "({key}, 'Supplier#{key:09}', '{}', {nation}, '{}', {}, '{comment}')",
            self.words(2),
            self.phone(nation),
            cents(self.between(-99_999, 999_999))
        )
    }

    pub fn customer(&mut self, key: u32) -> String {
        let nation = self.between(0, 24);
        format!(
            "({key}, 'Customer#{key:09}', '{}', {nation}, '{}', {}, '{}', '{}')",
            self.words(2),
            self.phone(nation),
            cents(self.between(-99_999, 999_999)),
            self.one(&SEGMENTS),
            self.words(6)
        )
    }

    pub fn part(&mut self, key: u32) -> String {
        let names: Vec<&str> = (0..5).map(|_| self.one(&COLOURS)).collect();
        let maker = self.between(1, 5);
        let brand = maker * 10 + self.between(1, 5);
        let kind = [self.one(&TYPES[0]), self.one(&TYPES[1][..5]), self.one(&TYPES[2][..5])].join(" ");
        let container = format!("{} {}", self.one(&CONTAINERS.0), self.one(&CONTAINERS.1));
        format!(
            "({key}, '{}', 'Manufacturer#{maker}', 'Brand#{brand}', '{kind}', {}, '{container}', {}, '{}')",
            names.join(" "),
            self.between(1, 50),
            cents(price(key)),
            self.words(1)
        )
    }

    /// The four suppliers of a part.
    pub fn part_suppliers(&mut self, part: u32) -> Vec<String> {
        let row = |number| {
            format!(
                "({part}, {}, {}, {}, '{}')",
                supplier_of(part, number, self.scale),
                self.between(1, 9999),
                cents(self.between(100, 100_000)),
                self.words(8)
            )
        };
        (0..4).map(row).collect()
    }

    /// An order and its lines.
    pub fn order(&mut self, number: u32) -> (String, Vec<String>) {
        // Eight keys of each 32 are used.
        let key = number / 8 * 32 + number % 8 + 1;
        let customer = loop {
            let customer = self.rng.random_range(1..=self.scale.customers());
            // A third of the customers order nothing.
            if customer % 3 != 0 {
                break customer;
            }
        };
        let date = self.rng.random_range(0..=LAST_ORDER - 151);
        let (mut lines, mut total, mut open) = (Vec::new(), 0i64, 0);
        let count = self.between(1, 7);
        for line in 1..=count {
            let part = self.rng.random_range(1..=self.scale.parts());
            let which = self.rng.random_range(0..4);
            let supplier = supplier_of(part, which, self.scale);
            let quantity = self.between(1, 50);
            let extended = quantity * price(part);
            let (discount, tax) = (self.between(0, 10), self.between(0, 8));
            total += extended * (100 + tax) * (100 - discount) / 10_000;
            let shipped = date + self.rng.random_range(1..=121);
            let committed = date + self.rng.random_range(30..=90);
            let received = shipped + self.rng.random_range(1..=30);
            let returned = if received <= CURRENT { self.one(&["R", "A"]) } else { "N" };
            let status = if shipped > CURRENT { "O" } else { "F" };
            open += i64::from(status == "O");
            lines.push(format!(
                "({key}, {part}, {supplier}, {line}, {quantity}, {}, 0.{discount:02}, 0.{tax:02}, '{returned}', '{status}', '{}', '{}', '{}', '{}', '{}', '{}')",
                cents(extended),
                day(shipped),
                day(committed),
                day(received),
                self.one(&INSTRUCTIONS),
                self.one(&MODES),
                self.words(3)
            ));
        }
        let status = match open {
            0 => "F",
            _ if open == count => "O",
            _ => "P",
        };
        let order = format!(
            "({key}, {customer}, '{status}', {}, '{}', '{}', 'Clerk#{:09}', 0, '{}')",
            cents(total),
            day(date),
            self.one(&PRIORITIES),
            self.between(1, 1000),
            self.words(5)
        );
        (order, lines)
    }
}

/// p_retailprice, in cents.
fn price(part: u32) -> i64 {
    let part = i64::from(part);
    90_000 + (part / 10) % 20_001 + 100 * (part % 1000)
}

/// The supplier of that number (0 to 3) of a part; with few suppliers the specification's formula would give one of them twice.
fn supplier_of(part: u32, number: u32, scale: Scale) -> u32 {
    let suppliers = scale.suppliers();
    let shift = if suppliers < 1000 { 0 } else { (part - 1) / suppliers };
    (part + number * (suppliers / 4 + shift)) % suppliers + 1
}

#[test]
fn days_are_those_of_the_calendar() {
    assert_eq!(day(0), "1992-01-01");
    assert_eq!(day(59), "1992-02-29");
    assert_eq!(day(CURRENT), "1995-06-17");
    assert_eq!(day(LAST_ORDER), "1998-08-02");
}
