//! TPC-C's tables, sharded by warehouse, with `item` in every group; and their first rows (clause 4.3.3), in any size.

use mysql_async::Conn;
use ostrakon_tests::cluster::{connect, run};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub const DISTRICTS: u64 = 10;

/// Rows of one INSERT.
const BATCH: usize = 500;
const SYLLABLES: [&str; 10] =
    ["BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING"];

/// How large it is. TPC-C's own size has 100,000 items and 3,000 customers.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub warehouses: u64,
    pub items: u64,
    /// Of each district; each has one order in the beginning.
    pub customers: u64,
}

impl Scale {
    /// The first of the orders that are not delivered in the beginning: the last three of ten.
    pub fn first_new_order(self) -> u64 {
        self.customers * 7 / 10 + 1
    }

    /// How many last names there are.
    pub fn names(self) -> u64 {
        self.customers.min(1000)
    }
}

const TABLES: [(&str, &str); 9] = [
    (
        "warehouse (w_id INT NOT NULL PRIMARY KEY, w_name VARCHAR(10) NOT NULL, w_street_1 VARCHAR(20) NOT NULL, w_street_2 VARCHAR(20) NOT NULL, \
         w_city VARCHAR(20) NOT NULL, w_state CHAR(2) NOT NULL, w_zip CHAR(9) NOT NULL, w_tax DECIMAL(4,4) NOT NULL, w_ytd DECIMAL(12,2) NOT NULL)",
        "w_id",
    ),
    (
        "district (d_id INT NOT NULL, d_w_id INT NOT NULL, d_name VARCHAR(10) NOT NULL, d_street_1 VARCHAR(20) NOT NULL, d_street_2 VARCHAR(20) NOT NULL, \
         d_city VARCHAR(20) NOT NULL, d_state CHAR(2) NOT NULL, d_zip CHAR(9) NOT NULL, d_tax DECIMAL(4,4) NOT NULL, d_ytd DECIMAL(12,2) NOT NULL, \
         d_next_o_id INT NOT NULL, PRIMARY KEY (d_w_id, d_id))",
        "d_w_id",
    ),
    (
        "customer (c_id INT NOT NULL, c_d_id INT NOT NULL, c_w_id INT NOT NULL, c_first VARCHAR(16) NOT NULL, c_middle CHAR(2) NOT NULL, c_last VARCHAR(16) NOT NULL, \
         c_phone CHAR(16) NOT NULL, c_since DATETIME NOT NULL, c_credit CHAR(2) NOT NULL, c_credit_lim DECIMAL(12,2) NOT NULL, c_discount DECIMAL(4,4) NOT NULL, \
         c_balance DECIMAL(12,2) NOT NULL, c_ytd_payment DECIMAL(12,2) NOT NULL, c_payment_cnt INT NOT NULL, c_delivery_cnt INT NOT NULL, c_data VARCHAR(500) NOT NULL, \
         PRIMARY KEY (c_w_id, c_d_id, c_id), KEY by_name (c_w_id, c_d_id, c_last, c_first))",
        "c_w_id",
    ),
    (
        "history (h_c_id INT NOT NULL, h_c_d_id INT NOT NULL, h_c_w_id INT NOT NULL, h_d_id INT NOT NULL, h_w_id INT NOT NULL, h_date DATETIME NOT NULL, \
         h_amount DECIMAL(6,2) NOT NULL, h_data VARCHAR(24) NOT NULL)",
        "h_w_id",
    ),
    (
        "new_order (no_o_id INT NOT NULL, no_d_id INT NOT NULL, no_w_id INT NOT NULL, PRIMARY KEY (no_w_id, no_d_id, no_o_id))",
        "no_w_id",
    ),
    (
        "orders (o_id INT NOT NULL, o_d_id INT NOT NULL, o_w_id INT NOT NULL, o_c_id INT NOT NULL, o_entry_d DATETIME NOT NULL, o_carrier_id INT, \
         o_ol_cnt INT NOT NULL, o_all_local INT NOT NULL, PRIMARY KEY (o_w_id, o_d_id, o_id), KEY by_customer (o_w_id, o_d_id, o_c_id, o_id))",
        "o_w_id",
    ),
    (
        "order_line (ol_o_id INT NOT NULL, ol_d_id INT NOT NULL, ol_w_id INT NOT NULL, ol_number INT NOT NULL, ol_i_id INT NOT NULL, ol_supply_w_id INT NOT NULL, \
         ol_delivery_d DATETIME, ol_quantity INT NOT NULL, ol_amount DECIMAL(6,2) NOT NULL, ol_dist_info CHAR(24) NOT NULL, \
         PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number))",
        "ol_w_id",
    ),
    (
        "stock (s_i_id INT NOT NULL, s_w_id INT NOT NULL, s_quantity INT NOT NULL, s_dist CHAR(24) NOT NULL, s_ytd INT NOT NULL, s_order_cnt INT NOT NULL, \
         s_remote_cnt INT NOT NULL, s_data VARCHAR(50) NOT NULL, PRIMARY KEY (s_w_id, s_i_id))",
        "s_w_id",
    ),
    (
        "item (i_id INT NOT NULL PRIMARY KEY, i_im_id INT NOT NULL, i_name VARCHAR(24) NOT NULL, i_price DECIMAL(5,2) NOT NULL, i_data VARCHAR(50) NOT NULL)",
        "",
    ),
];

/// Makes the tables; on a plain server without their clauses.
pub async fn create(client: &mut Conn, is_sharded: bool) {
    for (table, key) in TABLES {
        let clause = match key {
            _ if !is_sharded => String::new(),
            "" => "BROADCAST".to_owned(),
            key => format!("DBPARTITION BY HASH({key})"),
        };
        run(client, &format!("CREATE TABLE {table} {clause}")).await;
    }
}

/// The last name with this number (clause 4.3.2.3).
pub fn last_name(number: u64) -> String {
    [number / 100, number / 10, number].map(|part| SYLLABLES[usize::try_from(part % 10).unwrap()]).concat()
}

async fn insert(client: &mut Conn, table: &str, rows: &[String]) {
    for batch in rows.chunks(BATCH) {
        run(client, &format!("INSERT INTO {table} VALUES {}", batch.join(", "))).await;
    }
}

/// The items, and every warehouse by a client of its own.
pub async fn load(port: u16, scale: Scale, seed: u64) {
    let mut loads = Vec::new();
    for warehouse in 1..=scale.warehouses {
        loads.push(tokio::spawn(async move {
            let mut client = connect(port, Some("tpcc")).await;
            load_warehouse(&mut client, warehouse, scale, seed).await;
        }));
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut item = |id: u64| {
        let cents = random.random_range(100..=10_000);
        format!(
            "({id}, {}, 'item {id}', {}.{:02}, 'data')",
            random.random_range(1..=10_000),
            cents / 100,
            cents % 100
        )
    };
    let items: Vec<String> = (1..=scale.items).map(&mut item).collect();
    insert(&mut connect(port, Some("tpcc")).await, "item", &items).await;
    for load in loads {
        load.await.expect("a load does not panic");
    }
}

async fn load_warehouse(client: &mut Conn, warehouse: u64, scale: Scale, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add(warehouse));
    let address = "'street 1', 'street 2', 'city', 'ST', '123411111'";
    let of_district = 10 * scale.customers;
    let of_warehouse = of_district * DISTRICTS;
    insert(
        client,
        "warehouse",
        &[format!("({warehouse}, 'w{warehouse}', {address}, 0.1000, {of_warehouse})")],
    )
    .await;
    let stock = |item| {
        let quantity = random.random_range(10..=100);
        format!("({item}, {warehouse}, {quantity}, 'district information 24', 0, 0, 0, 'data')")
    };
    let stock: Vec<String> = (1..=scale.items).map(stock).collect();
    insert(client, "stock", &stock).await;
    for district in 1..=DISTRICTS {
        let next = scale.customers + 1;
        let row =
            format!("({district}, {warehouse}, 'd{district}', {address}, 0.0500, {of_district}, {next})");
        insert(client, "district", &[row]).await;
        load_customers(client, (warehouse, district), scale, &mut random).await;
        load_orders(client, (warehouse, district), scale, &mut random).await;
    }
}

async fn load_customers(
    client: &mut Conn,
    (warehouse, district): (u64, u64),
    scale: Scale,
    random: &mut StdRng,
) {
    let (mut customers, mut history) = (Vec::new(), Vec::new());
    for id in 1..=scale.customers {
        let name = last_name(if id <= 1000 { id - 1 } else { random.random_range(0..1000) });
        let credit = if random.random_bool(0.1) { "BC" } else { "GC" };
        customers.push(format!(
            "({id}, {district}, {warehouse}, 'first {}', 'OE', '{name}', '0123456789012345', NOW(), '{credit}', 50000, 0.0{:03}, -10, 10, 1, 0, 'data')",
            random.random_range(0..100_000),
            random.random_range(0..1000)
        ));
        history.push(format!("({id}, {district}, {warehouse}, {district}, {warehouse}, NOW(), 10, 'first')"));
    }
    insert(client, "customer", &customers).await;
    insert(client, "history", &history).await;
}

/// One order of each customer, in random order.
async fn load_orders(
    client: &mut Conn,
    (warehouse, district): (u64, u64),
    scale: Scale,
    random: &mut StdRng,
) {
    use rand::seq::SliceRandom;
    let mut customers: Vec<u64> = (1..=scale.customers).collect();
    customers.shuffle(random);
    let (mut orders, mut new_orders, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for (id, customer) in (1..).zip(customers) {
        let is_new = id >= scale.first_new_order();
        let carrier = if is_new { "NULL".to_owned() } else { random.random_range(1..=10).to_string() };
        let count = random.random_range(5..=15);
        orders.push(format!("({id}, {district}, {warehouse}, {customer}, NOW(), {carrier}, {count}, 1)"));
        if is_new {
            new_orders.push(format!("({id}, {district}, {warehouse})"));
        }
        for number in 1..=count {
            let item = random.random_range(1..=scale.items);
            let (delivered, cents) =
                if is_new { ("NULL", random.random_range(1..=999_999)) } else { ("NOW()", 0) };
            lines.push(format!(
                "({id}, {district}, {warehouse}, {number}, {item}, {warehouse}, {delivered}, 5, {}.{:02}, 'district information 24')",
                cents / 100,
                cents % 100
            ));
        }
    }
    insert(client, "orders", &orders).await;
    insert(client, "new_order", &new_orders).await;
    insert(client, "order_line", &lines).await;
}
