//! The sample databases: `shop`, a small shop on sharded, broadcast and single tables, and the empty `sbtest` for sysbench.
//!
//! Rows are computed, so every cluster holds the same ones. The row `sample_data` of `settings` is written last: where it is missing,
//! the tables are emptied and filled again.

use crate::dev::client::Client;
use crate::dev::error::DevError;

/// Rows of `customers`; orders and their items follow from it.
const CUSTOMERS: u64 = 200;
const ORDERS_EACH: u64 = 3;
const PRODUCTS: u64 = 40;
const VISITS_EACH: u64 = 2;
/// Rows in one INSERT.
const BATCH: usize = 100;

/// Statements for the first try, each with what it shows.
pub const WORTH_TRYING: [(&str, &str); 4] = [
    (
        "SELECT c.name, o.id, o.status, o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = 42;",
        "one customer lives in one group: the whole join runs there",
    ),
    (
        "SELECT status, COUNT(*), SUM(total), AVG(total) FROM orders GROUP BY status ORDER BY status;",
        "all groups answer, and the rows are merged as one server would",
    ),
    (
        "SELECT c.city, COUNT(DISTINCT i.product_id) FROM customers c JOIN order_items i ON i.customer_id = c.id GROUP BY c.city ORDER BY 2 DESC, 1;",
        "no stream can merge this: what it needs is gathered, and one server answers",
    ),
    (
        "EXPLAIN SELECT * FROM orders WHERE customer_id IN (7, 42) ORDER BY total DESC;",
        "where a statement goes, how, and why",
    ),
];

const TABLES: [(&str, &str); 7] = [
    (
        "customers",
        "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60) NOT NULL, email VARCHAR(120) NOT NULL, \
         city VARCHAR(40) NOT NULL, created_at DATETIME NOT NULL) DBPARTITION BY HASH(id)",
    ),
    (
        "orders",
        "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id BIGINT NOT NULL, status VARCHAR(12) NOT NULL, \
         total DECIMAL(12,2) NOT NULL, ordered_at DATETIME NOT NULL, KEY by_customer (customer_id)) DBPARTITION BY HASH(customer_id)",
    ),
    (
        "order_items",
        "customer_id BIGINT NOT NULL, order_id BIGINT NOT NULL, line INT NOT NULL, product_id INT NOT NULL, quantity INT NOT NULL, \
         price DECIMAL(10,2) NOT NULL, PRIMARY KEY (customer_id, order_id, line)) DBPARTITION BY HASH(customer_id)",
    ),
    (
        "visits",
        "customer_id BIGINT NOT NULL, visited_at DATETIME NOT NULL, page VARCHAR(40) NOT NULL, KEY by_customer (customer_id)) \
         DBPARTITION BY HASH(customer_id) TBPARTITION BY WEEK(visited_at) TBPARTITIONS 7",
    ),
    (
        "products",
        "id INT NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, price DECIMAL(10,2) NOT NULL) BROADCAST",
    ),
    ("cities", "name VARCHAR(40) NOT NULL PRIMARY KEY, country VARCHAR(40) NOT NULL) BROADCAST"),
    ("settings", "name VARCHAR(40) NOT NULL PRIMARY KEY, value VARCHAR(200) NOT NULL) SINGLE"),
];

const CITIES: [(&str, &str); 8] = [
    ("Athens", "Greece"),
    ("Corinth", "Greece"),
    ("Thebes", "Greece"),
    ("Syracuse", "Italy"),
    ("Ephesus", "Turkey"),
    ("Miletus", "Turkey"),
    ("Cyrene", "Libya"),
    ("Massalia", "France"),
];
const NAMES: [&str; 10] = [
    "Aspasia",
    "Themistocles",
    "Hypatia",
    "Solon",
    "Aristides",
    "Sappho",
    "Cimon",
    "Agnodice",
    "Xanthippus",
    "Myrto",
];
const WARES: [&str; 8] =
    ["Amphora", "Krater", "Kylix", "Lekythos", "Oil lamp", "Roof tile", "Loom weight", "Pithos"];
const STATES: [&str; 4] = ["new", "paid", "sent", "returned"];

/// Creates the sample databases and their rows where they are missing. `client` is connected to a node as `root`.
pub fn create(client: &mut Client) -> Result<(), DevError> {
    crate::dev::say("Creating databases shop and sbtest ...");
    client.setup("CREATE DATABASE IF NOT EXISTS sbtest DBPARTITIONS 4 DEFAULT_SHARDING = PRIMARY_KEY")?;
    client.setup("CREATE DATABASE IF NOT EXISTS shop DBPARTITIONS 4")?;
    client.setup("USE shop")?;
    for (name, definition) in TABLES {
        client.setup(&format!("CREATE TABLE IF NOT EXISTS {name} ({definition}"))?;
    }
    if client.setup("SELECT value FROM settings WHERE name = 'sample_data'")?.first().is_some() {
        crate::dev::say("  the sample data is there already");
        return Ok(());
    }
    for (name, _) in TABLES {
        client.setup(&format!("TRUNCATE TABLE {name}"))?;
    }
    let mut rows = 0;
    for (head, values) in sample_rows() {
        for batch in values.chunks(BATCH) {
            client.setup(&format!("INSERT INTO {head} VALUES {}", batch.join(", ")))?;
            rows += batch.len();
        }
    }
    client.setup("INSERT INTO settings (name, value) VALUES ('sample_data', 'complete')")?;
    crate::dev::say(&format!("  {} tables, {rows} rows", TABLES.len()));
    Ok(())
}

/// For each table: name with columns, and the rows as SQL.
fn sample_rows() -> Vec<(&'static str, Vec<String>)> {
    let customers = 1..=CUSTOMERS;
    let customer_rows = customers.clone().map(customer).collect();
    let order_rows = customers.clone().flat_map(|c| (0..ORDERS_EACH).map(move |n| order(c, n))).collect();
    let item_rows = customers.clone().flat_map(|c| (0..ORDERS_EACH).flat_map(move |n| items(c, n))).collect();
    let visit_rows = customers.flat_map(|c| (0..VISITS_EACH).map(move |n| visit(c, n))).collect();
    let product_rows = (1..=PRODUCTS)
        .map(|p| format!("({p}, '{} no. {p}', {})", pick(&WARES, p), money(price(p))))
        .collect();
    let city_rows = CITIES.iter().map(|(name, country)| format!("('{name}', '{country}')")).collect();
    let setting_rows = vec!["('currency', 'drachma')".to_owned(), "('owner', 'Euphronios')".to_owned()];
    vec![
        ("customers (id, name, email, city, created_at)", customer_rows),
        ("orders (id, customer_id, status, total, ordered_at)", order_rows),
        ("order_items (customer_id, order_id, line, product_id, quantity, price)", item_rows),
        ("visits (customer_id, visited_at, page)", visit_rows),
        ("products (id, name, price)", product_rows),
        ("cities (name, country)", city_rows),
        ("settings (name, value)", setting_rows),
    ]
}

fn pick<T: Copy>(list: &[T], number: u64) -> T {
    list[(number % list.len() as u64) as usize]
}

fn customer(id: u64) -> String {
    let (name, city) = (pick(&NAMES, id), pick(&CITIES, id / 3).0);
    format!(
        "({id}, '{name} of {city}', '{}{id}@example.com', '{city}', '{}')",
        name.to_lowercase(),
        moment(id * 37)
    )
}

fn order_id(customer: u64, number: u64) -> u64 {
    (customer - 1) * ORDERS_EACH + number + 1
}

/// Product and quantity of each line of an order: one to three lines.
fn lines(customer: u64, number: u64) -> Vec<(u64, u64)> {
    let id = order_id(customer, number);
    (0..1 + id % 3).map(|line| ((id * 7 + line * 11) % PRODUCTS + 1, (id + line) % 4 + 1)).collect()
}

fn order(customer: u64, number: u64) -> String {
    let id = order_id(customer, number);
    let total: u64 =
        lines(customer, number).iter().map(|(product, quantity)| price(*product) * quantity).sum();
    format!("({id}, {customer}, '{}', {}, '{}')", pick(&STATES, id / 2), money(total), moment(id * 53))
}

fn items(customer: u64, number: u64) -> Vec<String> {
    let order = order_id(customer, number);
    let row = |(line, (product, quantity)): (usize, (u64, u64))| {
        format!("({customer}, {order}, {}, {product}, {quantity}, {})", line + 1, money(price(product)))
    };
    lines(customer, number).into_iter().enumerate().map(row).collect()
}

fn visit(customer: u64, number: u64) -> String {
    let page = pick(&["/", "/kylikes", "/kraters", "/basket"], customer + number);
    format!("({customer}, '{}', '{page}')", moment(customer * 91 + number * 1009))
}

/// In obols: a hundredth of the unit that the tables keep.
fn price(product: u64) -> u64 {
    250 + product * 175 % 4000
}

fn money(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A moment of the year 2024, by a number of hours; 28 days in each month are enough.
fn moment(hours: u64) -> String {
    let (day, hour) = (hours / 24 % 336, hours % 24);
    format!("2024-{:02}-{:02} {hour:02}:{:02}:00", day / 28 + 1, day % 28 + 1, hours * 7 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_rows_are_a_few_hundred_for_each_sharded_table_and_ids_are_distinct() {
        let rows = sample_rows();
        let orders = &rows[1].1;
        assert_eq!(orders.len() as u64, CUSTOMERS * ORDERS_EACH);
        let mut ids: Vec<_> = orders.iter().map(|row| row.split(',').next()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), orders.len());
        assert!(rows.iter().all(|(_, values)| !values.is_empty()));
    }

    #[test]
    fn moments_are_dates_of_one_year() {
        assert_eq!(moment(0), "2024-01-01 00:00:00");
        assert!((0..20_000).all(|hours| moment(hours).as_str() < "2024-12-29"));
    }
}
