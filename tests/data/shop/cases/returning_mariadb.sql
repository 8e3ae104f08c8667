-- RETURNING, which MariaDB has for INSERT, REPLACE and DELETE.

INSERT INTO tags VALUES (100, 'a') RETURNING id, label;
INSERT INTO tags VALUES (100, 'a'), (101, 'b'), (102, 'c'), (103, 'd') RETURNING *;
INSERT INTO tags SET id = 100, label = 'x' RETURNING id + 1 AS next, UPPER(label), CONCAT(label, id) lab;
INSERT INTO customers (id, name, joined) VALUES (100, 'new', '2024-01-01'), (101, 'other', '2024-01-02') RETURNING id, points, level, flags, balance, joined;
INSERT INTO orders (id, customer_id, placed, total) VALUES (2001, 1, '2024-01-01', 5.555), (2002, 7, '2024-01-01', 1) RETURNING id, customer_id, total, status, total > 2;
INSERT INTO order_items (order_id, line, product_id, price) VALUES (9001, 1, 1, 2), (9002, 1, 1, 3) RETURNING order_id, quantity * price;
INSERT INTO quotes (id, net) VALUES (100, 50), (101, 60) RETURNING id, gross, label, valid_until, vat;
INSERT INTO archive SELECT id, customer_id, placed, total, note FROM orders WHERE customer_id = 1 RETURNING order_id, total;
INSERT INTO archive (order_id, total) SELECT order_id, SUM(price) FROM order_items GROUP BY order_id HAVING COUNT(*) > 3 RETURNING order_id, total, what IS NULL;
INSERT IGNORE INTO tags VALUES (1, 'dup'), (100, 'new'), (101, 'newer') RETURNING id;
-- nothing
-- empty
INSERT IGNORE INTO tags VALUES (1, 'dup') RETURNING id;
INSERT INTO totals (customer_id, orders) VALUES (1, 5), (100, 6) ON DUPLICATE KEY UPDATE orders = orders + 1 RETURNING customer_id, orders;
INSERT INTO stock (warehouse_id, product_id, quantity) VALUES (5, 1, 1), (5, 2, 2) RETURNING warehouse_id, product_id, quantity, reserved;
INSERT INTO events (id, at, kind) VALUES (1000, '2024-06-01', 'x'), (1001, '2025-01-01', 'y') RETURNING id, at, DATE(at), kind;
INSERT INTO reviews (author, product_id, rating, written) VALUES ('new', 1, 5, '2024-01-01') RETURNING author, helpful, LENGTH(author);
INSERT INTO countries (code, name, continent) VALUES ('IT', 'Italy', 'Europe') RETURNING code, eu, continent;
INSERT INTO warehouses (id, name, capacity) VALUES (10, 'X', 1), (11, 'Y', 2) RETURNING *;
REPLACE INTO tags VALUES (1, 'x'), (100, 'y') RETURNING id, label;
REPLACE INTO totals (customer_id, amount) SELECT customer_id, SUM(total) FROM orders WHERE customer_id < 10 GROUP BY customer_id RETURNING customer_id, amount, remark;
REPLACE INTO settings (name, value) VALUES ('vat', '1') RETURNING name, value, changed;
DELETE FROM customers WHERE id = 7 RETURNING id, name, balance;
DELETE FROM customers WHERE level = 'gold' RETURNING id;
DELETE FROM orders WHERE customer_id = 25 RETURNING *;
DELETE FROM orders WHERE status = 'cancelled' RETURNING id, total, DATE(placed);
DELETE FROM order_items WHERE order_id = 1012 RETURNING line, quantity * price AS v;
DELETE FROM order_items WHERE order_id IN (SELECT id FROM orders WHERE customer_id = 7) RETURNING order_id, line;
DELETE FROM stock WHERE quantity < 0 RETURNING warehouse_id, product_id, quantity;
DELETE FROM tags ORDER BY id DESC LIMIT 3 RETURNING id, label;
DELETE FROM orders ORDER BY total DESC, id LIMIT 4 RETURNING id, total;
DELETE FROM reviews WHERE author = 'anna' RETURNING product_id, rating;
DELETE FROM events WHERE at < '2023-11-25' RETURNING id, kind, payload;
DELETE FROM warehouses WHERE id > 3 RETURNING id, UPPER(name);
DELETE FROM countries WHERE eu = 1 RETURNING code, name;
DELETE FROM samples WHERE id < 6 RETURNING *;
-- nothing
-- empty
DELETE FROM customers WHERE id = 13 RETURNING id;
-- error: 1054
DELETE FROM customers WHERE id = 7 RETURNING nothing;
-- error: 1062
INSERT INTO tags VALUES (100, 'a'), (1, 'b') RETURNING id;
-- error: 1064
UPDATE tags SET label = 'x' RETURNING id;
-- error: 1111
DELETE FROM tags RETURNING COUNT(*);

-- Over several physical tables.
INSERT INTO tags VALUES (103, 'd'), (100, 'a'), (102, 'c'), (101, 'b') RETURNING tags.id, tags.*, tags.id + 1, shop.tags.label;
INSERT INTO tags (label, id) VALUES ('q', 107), ('r', 106), ('s', 105) RETURNING DATABASE(), CONCAT(DATABASE(), id), label l, 'x', 1.50, NULL, LAST_INSERT_ID() IS NULL;
INSERT INTO tags VALUES (100, 'a'), (101, 'b') RETURNING 'lit', id AS `a b`, (id) , -id, id IS NULL, id BETWEEN 1 AND 100, CASE WHEN id > 100 THEN 'big' ELSE label END;
INSERT IGNORE INTO tags VALUES (100, 'a'), (1, 'dup'), (101, 'b'), (2, 'dup'), (102, 'c'), (103, 'd') RETURNING id, label;
INSERT IGNORE INTO tags VALUES (100, 'a'), (100, 'again'), (101, 'b'), (101, 'again'), (102, 'c') RETURNING id, label;
-- nothing
-- empty
INSERT IGNORE INTO tags VALUES (1, 'dup'), (2, 'dup'), (3, 'dup') RETURNING id;
INSERT IGNORE INTO customers (id, name, joined, points) VALUES (5001, 'x', '2024-01-01', 99999999999), (5002, 'y', 'never', 3), (5003, 'z', '2024-01-03', -99999999999) RETURNING name, joined, points;
INSERT INTO tags VALUES (1, 'dup'), (100, 'new'), (2, 'dup'), (3, 'dup') ON DUPLICATE KEY UPDATE label = CONCAT(label, '!') RETURNING id, label;
INSERT INTO tags VALUES (1, 'dup'), (100, 'new'), (2, 'dup') ON DUPLICATE KEY UPDATE label = label RETURNING *;
INSERT INTO totals (customer_id, orders) VALUES (1, 5), (100, 6), (2, 7), (3, 8) ON DUPLICATE KEY UPDATE orders = VALUES(orders) + totals.orders, amount = amount + 1 RETURNING customer_id, orders, amount, totals.orders * 2;
INSERT IGNORE INTO totals (customer_id, orders) VALUES (1, 5), (100, 6), (2, 7) ON DUPLICATE KEY UPDATE orders = orders + 1 RETURNING customer_id, orders;
REPLACE INTO tags VALUES (1, 'x'), (100, 'y'), (2, 'z'), (3, 'w'), (1, 'again') RETURNING id, label;
REPLACE INTO totals (customer_id, orders) VALUES (1, 50), (100, 60), (2, 70) RETURNING *;
-- error: 1062
INSERT INTO tags VALUES (100, 'a'), (101, 'b'), (1, 'dup'), (102, 'c') RETURNING id;
-- error: 1048
INSERT INTO tags VALUES (100, 'a'), (101, NULL), (102, 'c') RETURNING id;
-- error: 1054
INSERT INTO tags VALUES (100, 'a'), (101, 'b'), (102, 'c') RETURNING nothing;
-- error: 1111
INSERT INTO tags VALUES (100, 'a'), (101, 'b'), (102, 'c') RETURNING SUM(id);
INSERT INTO payments (order_id, num, method, amount, rate, paid_at) VALUES (9001, 1, 'cash', 1.5, 0.1, '2024-01-01'), (9002, 1, 'card', 2.25, 1e30, '2024-01-02 03:04:05'), (9003, 1, 'x', 3, NULL, '2024-01-03') RETURNING *;
INSERT INTO products (id, sku, name, price, weight, added, attributes, thumb, model) VALUES (901, 'a', 'A', 1, 0.1, '2024-01-01', '{"a": 1}', x'00FF', 2024), (902, 'b', 'B', 2, 1e10, '2024-01-02', NULL, NULL, 99), (903, 'c', 'C', 3, NULL, '2024-01-03', '[]', '', NULL) RETURNING *;
INSERT INTO quotes (id, net) VALUES (100, 50), (101, 60), (102, 70), (103, 80) RETURNING *;

-- DELETE.
DELETE FROM tags WHERE id > 3 RETURNING tags.id, shop.tags.label, tags.id * 2;
DELETE FROM orders WHERE total > 100 RETURNING *;
-- nothing
-- empty
DELETE FROM orders WHERE total > 100000000 RETURNING id, total;
-- nothing
DELETE FROM orders WHERE 1 = 0 RETURNING id, total;
DELETE FROM orders WHERE total > 100 RETURNING id, (SELECT COUNT(*) FROM countries) n;
DELETE FROM customers WHERE points > 10 RETURNING id, (SELECT name FROM countries WHERE code = customers.country) country;
DELETE FROM order_items WHERE quantity > 2 RETURNING order_id, line, (SELECT COUNT(*) FROM order_returns WHERE order_returns.order_id = order_items.order_id) n;
-- refused: a subquery in RETURNING
DELETE FROM orders WHERE total > 100 RETURNING id, (SELECT COUNT(*) FROM order_items WHERE order_items.order_id = orders.id);
DELETE FROM orders WHERE total > 100 RETURNING id, (SELECT name FROM customers WHERE customers.id = orders.customer_id);
DELETE FROM tags WHERE id IN (SELECT tag_id FROM product_tags WHERE product_id < 5) RETURNING id, label, tags.id + 1 AS next, tags.label;
DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE points > 10) RETURNING *;
-- nothing
-- empty
DELETE FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE points > 1000000) RETURNING id, orders.total, total * 2;
DELETE FROM orders ORDER BY total DESC, id LIMIT 10 RETURNING id, orders.total, total * 2, DATABASE();
DELETE FROM orders WHERE status = 'paid' ORDER BY placed, id LIMIT 5 RETURNING orders.*;
DELETE FROM order_items WHERE quantity > 1 ORDER BY price DESC, order_id, line LIMIT 7 RETURNING order_id, line, price;
-- nothing
-- empty
DELETE FROM orders WHERE total < 0 ORDER BY id LIMIT 3 RETURNING id;
-- error: 1054
DELETE FROM orders ORDER BY id LIMIT 3 RETURNING nothing;
-- error: 1111
DELETE FROM orders ORDER BY id LIMIT 3 RETURNING MAX(id);
DELETE FROM countries WHERE population > 50000000 RETURNING code, population, eu, eu + 0;
DELETE FROM countries ORDER BY code LIMIT 2 RETURNING countries.code, name, area;
DELETE FROM categories WHERE id IN (SELECT category_id FROM products WHERE price > 50) RETURNING id, name;
-- error: 1064
DELETE tags FROM tags JOIN product_tags ON tag_id = id RETURNING tags.id;
-- error: 1064
UPDATE orders SET note = 'x' WHERE customer_id = 1 ORDER BY id LIMIT 1 RETURNING id;

-- Broadcast tables.
INSERT INTO countries (code, name, continent) VALUES ('I1', 'One', 'Europe'), ('I2', 'Two', 'Asia') RETURNING countries.*, countries.code AS c, LENGTH(countries.name);
INSERT IGNORE INTO countries (code, name, continent) VALUES ('GR', 'dup', 'Europe'), ('I2', 'Two', 'Asia') RETURNING code;
INSERT INTO countries (code, name, continent) VALUES ('GR', 'dup', 'Europe'), ('I2', 'Two', 'Asia') ON DUPLICATE KEY UPDATE population = 7 RETURNING code, population;
REPLACE INTO countries (code, name, continent) VALUES ('GR', 'Hellas', 'Europe'), ('I2', 'Two', 'Asia') RETURNING code, name, population;
REPLACE INTO categories (id, name) SELECT id, CONCAT(name, '!') FROM categories WHERE id < 4 RETURNING *;

-- Rows of a query.
INSERT INTO tags SELECT id + 1000, label FROM tags RETURNING id, label, tags.id + 1, tags.label;
INSERT INTO tags (label, id) SELECT name, id + 1000 FROM categories ORDER BY id DESC RETURNING *;
INSERT IGNORE INTO tags SELECT id + 3, label FROM tags RETURNING id, label;
INSERT INTO tags SELECT id + 3, label FROM tags WHERE id < 6 ON DUPLICATE KEY UPDATE label = CONCAT(VALUES(label), '+') RETURNING id, label;
REPLACE INTO tags SELECT id + 3, UPPER(label) FROM tags WHERE id < 6 RETURNING id, label;
-- nothing
-- empty
INSERT INTO tags SELECT id, name FROM products WHERE id < 0 RETURNING id, label, tags.id + 1;
-- error: 1054
INSERT INTO tags SELECT id, name FROM products WHERE id < 0 RETURNING nothing;
-- error: 1111
INSERT INTO tags SELECT id + 1000, name FROM products WHERE id < 3 RETURNING COUNT(*);
-- error: 1062
INSERT INTO tags SELECT id, name FROM products WHERE id < 5 RETURNING id;
INSERT INTO archive (order_id, customer_id, placed, total) SELECT id, customer_id, placed, total FROM orders WHERE total > 100 RETURNING *;
INSERT INTO countries (code, name, continent) SELECT CONCAT('X', id), label, 'Asia' FROM tags WHERE id < 5 RETURNING code, name;
INSERT INTO totals (customer_id, amount) SELECT customer_id + 1000, SUM(total) FROM orders GROUP BY customer_id RETURNING customer_id, amount;
-- refused: a subquery in RETURNING of INSERT or REPLACE
INSERT INTO tags VALUES (100, 'a'), (101, 'b') RETURNING id, (SELECT COUNT(*) FROM countries);
-- Nothing to delete, as a server knows beforehand.
-- nothing
DELETE FROM orders ORDER BY id LIMIT 0 RETURNING id;
-- nothing
DELETE FROM orders WHERE 1 = 0 ORDER BY id LIMIT 3 RETURNING orders.id, id + 1;
-- nothing
DELETE FROM orders WHERE customer_id IS NULL ORDER BY id LIMIT 3 RETURNING *;
-- A write that the planner does not read must not reach one copy alone.
DELETE FROM countries WHERE population >= ALL ((SELECT 1) UNION ALL SELECT 2) AND code = 'GR' RETURNING code;
INSERT INTO readings (id, sensor, taken) VALUES (100, 'ret', '2024-01-01'), (101, _latin1 'ret 2', DATE'2024-02-01'), (102, DEFAULT, NULL) RETURNING id, place, day, sensor AS s;
INSERT INTO parcels (id, weight) SELECT id + 300, weight FROM parcels WHERE box = 4 RETURNING id, box, grams;
REPLACE INTO parcels (id, weight) VALUES (3, 4), (301, 5) RETURNING box + 1, id;
DELETE FROM readings WHERE place = 'SOL' RETURNING id, day, UPPER(place);
