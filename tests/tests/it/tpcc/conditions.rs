//! TPC-C's consistency conditions (clause 3.3.2), and one of ours over shards: a pure function of all rows.

use std::collections::{BTreeMap, BTreeSet};

use super::schema::Scale;

/// A district of a warehouse.
pub type District = (u64, u64);

#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    pub balance: i64,
    pub ytd_payment: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// Warehouse, district and number of the customer.
    pub customer: (u64, u64, u64),
    /// Where it was paid.
    pub at: District,
    pub amount: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub customer: u64,
    pub is_carried: bool,
    pub lines: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Warehouse, district and number of the order.
    pub order: (u64, u64, u64),
    pub item: u64,
    pub supplier: u64,
    pub is_delivered: bool,
    pub quantity: u64,
    pub amount: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stock {
    pub ytd: u64,
    pub orders: u64,
    pub remote: u64,
}

/// All rows that the conditions speak of; amounts in cents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub warehouses: BTreeMap<u64, i64>,
    /// Next order and year's amount.
    pub districts: BTreeMap<District, (u64, i64)>,
    pub customers: BTreeMap<(u64, u64, u64), Customer>,
    pub payments: Vec<Payment>,
    pub orders: BTreeMap<(u64, u64, u64), Order>,
    pub new_orders: BTreeSet<(u64, u64, u64)>,
    pub lines: Vec<Line>,
    /// By warehouse and item.
    pub stock: BTreeMap<(u64, u64), Stock>,
}

/// What the terminals were told is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    pub new_orders: u64,
    pub payments: u64,
    /// Orders that were delivered.
    pub delivered: u64,
}

fn sum<K: Ord, V: Copy + Default + std::ops::AddAssign>(
    pairs: impl Iterator<Item = (K, V)>,
) -> BTreeMap<K, V> {
    let mut sums = BTreeMap::new();
    for (key, value) in pairs {
        *sums.entry(key).or_default() += value;
    }
    sums
}

fn of<K: Ord, V: Copy + Default>(sums: &BTreeMap<K, V>, key: &K) -> V {
    sums.get(key).copied().unwrap_or_default()
}

/// What is wrong, by number of the condition.
pub fn violations(rows: &Rows, scale: Scale, told: &Told) -> Vec<String> {
    let mut wrong = Vec::new();
    districts(rows, &mut wrong);
    orders(rows, &mut wrong);
    money(rows, &mut wrong);
    stock(rows, scale, &mut wrong);
    let districts = rows.districts.len() as u64;
    let counts = [
        ("orders", rows.orders.len() as u64, scale.customers * districts + told.new_orders),
        ("payments", rows.payments.len() as u64, scale.customers * districts + told.payments),
        (
            "delivered orders",
            rows.orders.values().filter(|order| order.is_carried).count() as u64,
            (scale.first_new_order() - 1) * districts + told.delivered,
        ),
    ];
    for (what, there, expected) in counts {
        if there != expected {
            wrong.push(format!("acknowledged: there are {there} {what}, and should be {expected}"));
        }
    }
    wrong
}

fn districts(rows: &Rows, wrong: &mut Vec<String>) {
    let ytd = sum(rows.districts.iter().map(|((warehouse, _), (_, ytd))| (*warehouse, *ytd)));
    let paid_in_warehouse = sum(rows.payments.iter().map(|one| (one.at.0, one.amount)));
    let paid = sum(rows.payments.iter().map(|one| (one.at, one.amount)));
    for (warehouse, amount) in &rows.warehouses {
        if *amount != of(&ytd, warehouse) {
            wrong.push(format!(
                "1: warehouse {warehouse} has {amount}, its districts {}",
                of(&ytd, warehouse)
            ));
        }
        if *amount != of(&paid_in_warehouse, warehouse) {
            wrong.push(format!(
                "8: warehouse {warehouse} has {amount}, paid {}",
                of(&paid_in_warehouse, warehouse)
            ));
        }
    }
    for (district, (next, amount)) in &rows.districts {
        let (warehouse, number) = *district;
        let of_district = (warehouse, number, 0)..=(warehouse, number, u64::MAX);
        let last = rows.orders.range(of_district.clone()).next_back().map_or(0, |((.., id), _)| *id);
        let new: Vec<u64> = rows.new_orders.range(of_district).map(|(.., id)| *id).collect();
        if next - 1 != last || new.last().is_some_and(|newest| *newest != last) {
            wrong.push(format!("2: district {district:?} goes on with {next}, its last order is {last}"));
        }
        if let (Some(first), Some(newest)) = (new.first(), new.last())
            && newest - first + 1 != new.len() as u64
        {
            wrong
                .push(format!("3: new orders of {district:?} have gaps: {first} to {newest}, {}", new.len()));
        }
        if *amount != of(&paid, district) {
            wrong.push(format!("9: district {district:?} has {amount}, paid {}", of(&paid, district)));
        }
    }
}

fn orders(rows: &Rows, wrong: &mut Vec<String>) {
    let lines = sum(rows.lines.iter().map(|line| (line.order, 1u64)));
    let of_district = |map: &mut dyn Iterator<Item = ((u64, u64, u64), u64)>| {
        sum(map.map(|((warehouse, district, _), count)| ((warehouse, district), count)))
    };
    let expected = of_district(&mut rows.orders.iter().map(|(id, order)| (*id, order.lines)));
    let there = of_district(&mut lines.iter().map(|(id, count)| (*id, *count)));
    for district in rows.districts.keys() {
        let (expected, there) = (of(&expected, district), of(&there, district));
        if expected != there {
            wrong.push(format!("4: district {district:?} has {there} order lines instead of {expected}"));
        }
    }
    for (id, order) in &rows.orders {
        if order.is_carried == rows.new_orders.contains(id) {
            wrong.push(format!("5: order {id:?} is {order:?}, and new: {}", !order.is_carried));
        }
        if of(&lines, id) != order.lines {
            wrong.push(format!("6: order {id:?} has {} lines instead of {}", of(&lines, id), order.lines));
        }
    }
    for line in &rows.lines {
        match rows.orders.get(&line.order) {
            None => wrong.push(format!("6: {line:?} has no order")),
            Some(order) if order.is_carried != line.is_delivered => {
                wrong.push(format!("7: {line:?} of {order:?}"));
            }
            Some(_) => {}
        }
    }
}

fn money(rows: &Rows, wrong: &mut Vec<String>) {
    let delivered = rows.lines.iter().filter(|line| line.is_delivered).filter_map(|line| {
        let (warehouse, district, _) = line.order;
        Some(((warehouse, district, rows.orders.get(&line.order)?.customer), line.amount))
    });
    let delivered = sum(delivered);
    let paid = sum(rows.payments.iter().map(|one| (one.customer, one.amount)));
    for (id, customer) in &rows.customers {
        let (delivered, paid) = (of(&delivered, id), of(&paid, id));
        if customer.balance != delivered - paid {
            wrong.push(format!("10: customer {id:?} is {customer:?}, delivered {delivered}, paid {paid}"));
        }
        if customer.balance + customer.ytd_payment != delivered {
            wrong.push(format!("12: customer {id:?} is {customer:?}, delivered {delivered}"));
        }
    }
}

/// Ours: a warehouse's stock has gone where order lines say, also in other shards.
fn stock(rows: &Rows, scale: Scale, wrong: &mut Vec<String>) {
    let mut expected: BTreeMap<(u64, u64), Stock> = BTreeMap::new();
    for line in rows.lines.iter().filter(|line| line.order.2 > scale.customers) {
        let stock = expected.entry((line.supplier, line.item)).or_default();
        stock.ytd += line.quantity;
        stock.orders += 1;
        stock.remote += u64::from(line.supplier != line.order.0);
    }
    for (id, stock) in &rows.stock {
        let expected = expected.remove(id).unwrap_or_default();
        if *stock != expected {
            wrong.push(format!(
                "stock of warehouse and item {id:?} is {stock:?}, by order lines {expected:?}"
            ));
        }
    }
    if let Some((id, _)) = expected.first_key_value() {
        wrong.push(format!("there is no stock of {id:?}, which was ordered"));
    }
}

/// Good rows have no violation; each change to them has the one that it should.
#[test]
fn each_condition_finds_what_breaks_it() {
    let scale = Scale { warehouses: 2, items: 2, customers: 2 };
    let mut rows = Rows::default();
    for warehouse in 1..=2 {
        rows.warehouses.insert(warehouse, 2000);
        rows.districts.insert((warehouse, 1), (3, 2000));
        for customer in 1..=2 {
            let id = (warehouse, 1, customer);
            rows.customers.insert(id, Customer { balance: -1000, ytd_payment: 1000 });
            rows.payments.push(Payment { customer: id, at: (warehouse, 1), amount: 1000 });
            let is_carried = customer < scale.first_new_order();
            rows.orders.insert(id, Order { customer, is_carried, lines: 1 });
            if !is_carried {
                rows.new_orders.insert(id);
            }
            let amount = if is_carried { 0 } else { 500 };
            rows.lines.push(Line {
                order: id,
                item: 1,
                supplier: warehouse,
                is_delivered: is_carried,
                quantity: 5,
                amount,
            });
            rows.stock.insert((warehouse, customer), Stock::default());
        }
    }
    assert_eq!(violations(&rows, scale, &Told::default()), Vec::<String>::new());
    // One new order with a line of the other warehouse, one remote payment, one delivery.
    rows.districts.insert((1, 1), (4, 2300));
    rows.warehouses.insert(1, 2300);
    rows.orders.insert((1, 1, 3), Order { customer: 1, is_carried: false, lines: 1 });
    rows.new_orders.insert((1, 1, 3));
    rows.lines.push(Line {
        order: (1, 1, 3),
        item: 2,
        supplier: 2,
        is_delivered: false,
        quantity: 7,
        amount: 900,
    });
    rows.stock.insert((2, 2), Stock { ytd: 7, orders: 1, remote: 1 });
    rows.payments.push(Payment { customer: (2, 1, 1), at: (1, 1), amount: 300 });
    rows.customers.insert((2, 1, 1), Customer { balance: -1300, ytd_payment: 1300 });
    rows.new_orders.remove(&(2, 1, 2));
    rows.orders.get_mut(&(2, 1, 2)).unwrap().is_carried = true;
    rows.lines.iter_mut().find(|line| line.order == (2, 1, 2)).unwrap().is_delivered = true;
    rows.customers.insert((2, 1, 2), Customer { balance: -500, ytd_payment: 1000 });
    let told = Told { new_orders: 1, payments: 1, delivered: 1 };
    assert_eq!(violations(&rows, scale, &told), Vec::<String>::new());

    type Change = fn(&mut Rows);
    let doctored: [(&str, Change); 15] = [
        ("1: warehouse 1", |rows| *rows.warehouses.get_mut(&1).unwrap() += 1),
        ("2: district (1, 1)", |rows| rows.districts.get_mut(&(1, 1)).unwrap().0 += 1),
        ("2: district (1, 1)", |rows| {
            rows.new_orders.remove(&(1, 1, 3));
        }),
        ("3: new orders of (1, 1)", |rows| {
            rows.new_orders.insert((1, 1, 1));
            rows.new_orders.remove(&(1, 1, 2));
        }),
        ("4: district (1, 1)", |rows| {
            rows.lines.pop();
        }),
        ("5: order (1, 1, 3)", |rows| rows.orders.get_mut(&(1, 1, 3)).unwrap().is_carried = true),
        ("6: order (1, 1, 1)", |rows| rows.lines[0].order.2 = 2),
        ("7: ", |rows| rows.lines[0].is_delivered = false),
        ("8: warehouse 1", |rows| rows.payments[0].amount += 1),
        ("9: district (1, 1)", |rows| rows.payments[0].amount += 1),
        ("10: customer (2, 1, 1)", |rows| rows.customers.get_mut(&(2, 1, 1)).unwrap().balance += 300),
        ("12: customer (2, 1, 1)", |rows| rows.customers.get_mut(&(2, 1, 1)).unwrap().ytd_payment -= 300),
        ("stock of warehouse and item (2, 2)", |rows| {
            rows.stock.insert((2, 2), Stock::default());
        }),
        ("there are 4 payments, and should be 5", |rows| {
            rows.payments.pop();
        }),
        ("there are 4 orders, and should be 5", |rows| {
            rows.orders.remove(&(1, 1, 3));
        }),
    ];
    for (words, change) in doctored {
        let mut rows = rows.clone();
        change(&mut rows);
        let found = violations(&rows, scale, &told);
        assert!(found.iter().any(|fault| fault.contains(words)), "{words}: {found:?}");
    }
}
