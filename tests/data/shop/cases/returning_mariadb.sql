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
