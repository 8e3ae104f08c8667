-- Point and range reads: by the whole key, a part of it, none of it, through indexes, and where no row is.

-- By the shard key.
SELECT * FROM customers WHERE id = 7;
SELECT id, name, balance FROM customers WHERE id IN (1, 7, 25, 60);
-- empty
SELECT * FROM customers WHERE id = 13;
SELECT id, name FROM customers WHERE id BETWEEN 10 AND 16;
SELECT id FROM customers WHERE id > 50 AND id < 55;
SELECT id FROM customers WHERE id >= 58 OR id <= 2;
SELECT id, email FROM customers WHERE id = 1 OR id = 2 OR id = 3;
SELECT id FROM customers WHERE NOT id BETWEEN 4 AND 57;
SELECT id FROM customers WHERE id <> 7 AND id < 9;
SELECT id FROM customers WHERE 7 = id;
SELECT id FROM customers WHERE id = '7';
SELECT id FROM customers WHERE id = 7.0;
-- empty
SELECT id FROM customers WHERE id = 7.5;
SELECT id FROM customers WHERE id < 3.5;
SELECT id, nick FROM customers WHERE id = 3 + 4;
SELECT id FROM customers WHERE id - 1 = 6;
SELECT id FROM customers WHERE -id = -7;
SELECT id FROM customers WHERE id MOD 20 = 1;
SELECT id FROM customers WHERE id IN (5, 5, 5);
SELECT id FROM customers WHERE id IN (5, NULL);
SELECT id FROM customers WHERE (id, level) = (7, (SELECT level FROM customers WHERE id = 7));
SELECT id FROM customers WHERE (id, points >= -5) IN ((1, 1), (2, 1), (3, 0));
-- empty
SELECT id FROM customers WHERE id = NULL;
-- empty
SELECT id FROM customers WHERE id = 3 AND id = 4;
SELECT id FROM customers WHERE id = 3 AND id IN (2, 3, 4);
SELECT id FROM customers WHERE id IN (1, 2, 3, 4) AND id IN (3, 4, 5) AND id > 3;
SELECT id FROM customers WHERE id > 20 AND id < 40 AND id IN (5, 25, 45);
SELECT id FROM customers WHERE id <=> 9;
-- empty
SELECT id FROM customers WHERE id <=> NULL;
-- empty
SELECT id FROM customers WHERE id IS NULL;
SELECT COUNT(*) FROM customers WHERE id IS NOT NULL;
-- empty
SELECT id FROM customers WHERE id = 18446744073709551615;
-- empty
SELECT id FROM customers WHERE id = -1;
-- empty
SELECT id FROM customers WHERE id BETWEEN 16 AND 10;
SELECT id FROM customers WHERE id BETWEEN 1 AND (SELECT 4);

-- By composite keys.
SELECT * FROM addresses WHERE customer_id = 7;
SELECT * FROM addresses WHERE customer_id = 25 AND num = 1;
SELECT customer_id, num, city FROM addresses WHERE (customer_id, num) IN ((1, 1), (7, 1), (16, 1), (25, 2));
SELECT customer_id, num FROM addresses WHERE num = 3;
SELECT order_id, line, product_id, quantity FROM order_items WHERE order_id IN (1001, 1002, 1003, 1004) AND line = 1;
SELECT order_id, line FROM order_items WHERE order_id BETWEEN 1010 AND 1020 AND line > 1;
SELECT order_id, line FROM order_items WHERE (order_id, line) > (1170, 1);
SELECT * FROM stock WHERE warehouse_id = 1 AND product_id BETWEEN 1 AND 6;
SELECT warehouse_id, quantity FROM stock WHERE product_id = 9;
SELECT warehouse_id, product_id FROM stock WHERE warehouse_id IN (2, 3) AND product_id IN (1, 2, 3, 4, 5);
SELECT warehouse_id, product_id, bin FROM stock WHERE warehouse_id = 4 AND bin IS NULL;
SELECT * FROM payments WHERE order_id = 5000;
SELECT order_id, num, amount FROM payments WHERE order_id < 1010;
SELECT product_id, valid_from, price FROM prices WHERE product_id = 5;
SELECT product_id, price FROM prices WHERE valid_from = '2022-02-01';
SELECT product_id, valid_from FROM prices WHERE product_id IN (1, 2, 3) AND valid_from >= '2022-06-01';
SELECT product_id, valid_from FROM prices WHERE valid_from BETWEEN '2022-03-01' AND '2022-03-31';
SELECT customer_id, order_id, num, carrier FROM shipments WHERE customer_id = 7 AND num = 2;

-- By string keys.
SELECT author, product_id, rating FROM reviews WHERE author = 'anna';
SELECT product_id FROM reviews WHERE author IN ('bob', 'zoë') AND rating >= 3;
SELECT author, product_id FROM reviews WHERE author = '' OR author IS NULL;
SELECT code, minimum FROM coupons WHERE code = 'WELCOME ';
SELECT code FROM coupons WHERE code IN ('XMAS', 'vip', 'nothing');
SELECT code FROM coupons WHERE code = 10;
SELECT code FROM coupons WHERE code BETWEEN 's' AND 'w';
SELECT code FROM coupons WHERE code LIKE 'x%';
SELECT author, product_id FROM reviews WHERE author >= 'f' AND author < 'h';

-- By dates.
SELECT id, at, kind FROM events WHERE at = '2023-11-20 00:41:00';
SELECT id, kind FROM events WHERE at >= '2023-12-01' AND at < '2023-12-15';
SELECT id FROM events WHERE at BETWEEN '2024-01-01 00:00:00' AND '2024-01-10 23:59:59' AND kind = 'visit';
SELECT id, at FROM events WHERE DATE(at) = '2023-11-20' AND id < 12;
SELECT id FROM events WHERE at > '2024-02-01' AND at <= DATE '2024-02-20';
SELECT COUNT(*) FROM events WHERE at < TIMESTAMP '2023-12-31 12:00:00';
SELECT COUNT(*) FROM events WHERE YEAR(at) = 2024 AND MONTH(at) = 2;
SELECT * FROM daily WHERE day = '2024-01-01';
SELECT day, kind, n FROM daily WHERE day = '2024-02-29' AND kind = 'CART';
SELECT day, n FROM daily WHERE day IN ('2023-12-31', '2024-03-01', '2030-01-01');
SELECT day, n FROM daily WHERE day > 20231231;
SELECT id, at FROM events WHERE id IN (1, 50, 100);

-- Not by the shard key.
SELECT id, customer_id, total FROM orders WHERE id = 1002;
SELECT id FROM orders WHERE customer_id = 7 AND placed >= '2023-06-01';
SELECT id, status FROM orders WHERE total = 0;
SELECT id, name FROM products WHERE category_id = 10;
SELECT id, sku FROM products WHERE category_id IS NULL AND active;
SELECT id, name, department FROM employees WHERE department = 'IT';
SELECT id FROM orders WHERE customer_id = 999;
SELECT id FROM orders WHERE customer_id IN (1, 999) AND status IN ('done', 'paid');
SELECT id, customer_id FROM orders WHERE customer_id BETWEEN 20 AND 26 AND total > 50;

-- Broadcast and single tables.
SELECT * FROM countries WHERE code = 'gr';
SELECT code, population FROM countries WHERE continent = 'Europe' AND population > 60000000;
SELECT * FROM categories WHERE parent_id = 2;
SELECT * FROM warehouses WHERE id = 3;
SELECT id, name FROM suppliers WHERE since BETWEEN 2005 AND 2015;
SELECT name, value FROM settings WHERE name = 'currency';
SELECT * FROM settings WHERE value IS NULL;

-- No condition, or one that is always or never true.
SELECT * FROM categories;
SELECT * FROM customers;
SELECT id FROM employees WHERE TRUE;
-- empty
SELECT id FROM employees WHERE FALSE;
-- empty
SELECT * FROM orders WHERE 1 = 0;
-- empty
SELECT * FROM archive;
SELECT COUNT(*) FROM archive;
SELECT 1 FROM tags;
SELECT 'x', id FROM tags WHERE id < 4;
SELECT customers.id, `customers`.`name` FROM customers WHERE `customers`.id = 5;
SELECT c.* FROM customers AS c WHERE c.id = 6;
SELECT c.id, c.* FROM customers c WHERE c.id IN (8, 9);
SELECT * FROM samples WHERE id = 1;
SELECT * FROM samples;
SELECT * FROM order_items FORCE INDEX (by_product) WHERE product_id = 9;
SELECT order_id, line FROM order_items USE INDEX (PRIMARY) WHERE order_id = 1006;
SELECT id FROM customers IGNORE INDEX (by_country) WHERE country = 'DE';
SELECT SQL_NO_CACHE id FROM tags WHERE id = 2;
SELECT HIGH_PRIORITY id, label FROM tags WHERE label = 'new';
SELECT ALL id FROM customers WHERE id < 4;
SELECT id FROM customers WHERE id = 7 FOR UPDATE;
SELECT id FROM customers WHERE id IN (3, 4, 5) LOCK IN SHARE MODE;
