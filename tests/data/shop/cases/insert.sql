-- INSERT with VALUES and SET, of one row and many, IGNORE among them.

INSERT INTO tags (id, label) VALUES (100, 'one');
INSERT INTO tags VALUES (100, 'one'), (101, 'two'), (102, 'three'), (103, 'four');
INSERT INTO tags SET id = 100, label = 'set';
INSERT tags VALUES (100, 'no into');
INSERT INTO tags (label, id) VALUES ('turned', 100), ('round', 101);
INSERT INTO tags (id, label) VALUE (100, 'value');
INSERT INTO customers (id, name, joined, email, level, flags, balance) VALUES (100, 'A', '2024-01-01 10:00:00.123', NULL, 'gold', 'vip,newsletter', 1.005), (101, 'B ', 20240102, '', 2, 5, -1);
INSERT INTO customers (id, name, joined, points) VALUES (100, 'C', '2024-01-01', DEFAULT), (101, 'D', '2024-01-01', 1 + 2 * 3), (102, UPPER('e'), DATE '2024-01-01' + INTERVAL 1 DAY, LENGTH('abc'));
INSERT INTO customers SET id = 200, name = CONCAT('a', 'b'), joined = '2024-01-01', points = -5, note = 'x';
INSERT INTO addresses (customer_id, num, street, city) VALUES (1, 50, 'A', 'B'), (2, 50, 'A', 'B'), (3, 50, 'A', 'B'), (4, 50, 'A', 'B'), (5, 50, 'A', 'B');
INSERT INTO addresses VALUES (7, 60, 'other', 'S', 'C', NULL, 'FR'), (7, 61, DEFAULT, 'S', 'C', '1 ', DEFAULT);
INSERT INTO orders (id, customer_id, placed, total) VALUES (2001, 1, '2024-01-01', 5), (2002, 7, '2024-01-02 03:04:05', 6.125), (2003, 999, '2024-01-03', '7.5');
INSERT INTO orders (id, customer_id, status, placed, total, discount, channel, coupon, note) VALUES (2001, 25, 'paid', '2024-01-01', 1, NULL, NULL, NULL, NULL);
INSERT INTO order_items (order_id, line, product_id, price) VALUES (3001, 1, 1, 1), (3001, 2, 2, 2), (3002, 1, 1, 1);
INSERT INTO order_items VALUES (1002, 99, 1, 5, 0.5, TRUE), (1004, 99, 1, 5, 0.5, NULL);
INSERT INTO payments (order_id, num, method, amount, paid_at) VALUES (1002, 9, 'cash', 0.00005, '2024-01-01'), (9999, 1, 'Cash', 1e3, '2024-01-01 23:59:59.7');
INSERT INTO stock (warehouse_id, product_id, quantity) VALUES (5, 1, 1), (5, 2, -1), (5, 3, DEFAULT);
INSERT INTO stock SET warehouse_id = 9, product_id = 9, counted = '2024-05-05 05:05:05', bin = ' a ';
INSERT INTO prices VALUES (40, '2024-01-31', 1), (40, '2024-02-29', 2), (40, '2024-03-31', 3);
INSERT INTO events (id, at, kind) VALUES (1000, '2024-06-01', 'x'), (1001, '2025-07-02 01:02:03', 'y'), (1002, '2023-11-21', 'z');
INSERT INTO events (id, at, customer_id, kind, took, payload, ip) VALUES (1000, '2024-06-01', 7, 'x', '100:00:00', '{"b": 1, "a": [1,2 ]}', x'7f000001');
INSERT INTO daily (day, kind) VALUES ('2024-05-01', 'a'), ('2024-05-02', 'a'), ('2024-05-03', 'b');
INSERT INTO reviews (author, product_id, rating, written) VALUES ('ANNA', 40, 5, '2024-01-01'), ('zoé', 40, 4, '2024-01-01'), ('new one', 1, 1, '2024-01-01');
INSERT INTO coupons (code, percent, starts) VALUES ('FRESH', 5, '2024-01-01'), ('Frühling', 6, '2024-03-01');
INSERT INTO countries (code, name, continent) VALUES ('IT', 'Italy', 'Europe'), ('MT', 'Malta', 4);
INSERT INTO categories VALUES (100, 1, 'New', DEFAULT), (101, 100, 'Newer', -1);
INSERT INTO warehouses (id, name, capacity) VALUES (10, 'X', 1), (11, 'Y', 16777215);
INSERT INTO settings (name, value) VALUES ('k', REPEAT('x', 300)), ('K', NULL);
INSERT INTO employees (id, manager_id, name, hired, salary) VALUES (100, 1, 'New', '2024-01-01', 1.239), (101, 100, 'Newer', '20240101', NULL);
INSERT INTO products (id, sku, name, price, added, attributes, thumb, model, weight) VALUES (100, 'N-1', 'new', 9.999, '2024-01-01', '{"a":1}', x'00ff', 2024, 0.1);
INSERT INTO samples (id) VALUES (100), (101), (102), (103);
INSERT INTO samples (id, t, tu, b, bu, dc, f, d) VALUES (100, -128, 255, -9223372036854775808, 18446744073709551615, -0.0000000001, 1.1, 2.2e-10), (101, 1.5, '7', '-5', 0, 12345678901234567890.5, '1e3', 1/3);
INSERT INTO samples (id, c, vb, vu, vl, tx, bl, bi) VALUES (100, 'ä ', 'ä ', 'ä ', 'ä ', 'ä ', 'ä ', 'ä '), (101, '', '', '', '', '', '', '');
INSERT INTO samples (id, da, dt, ts, tm, y) VALUES (100, '2024-02-29', '2024-02-29 23:59:59.9994', '2024-02-29 23:59:59', '-01:02:03', 2024), (101, 20240229, 20240229010203, '2024-02-29', '1 02:03:04', '24');
INSERT INTO samples (id, e, st, bt, j) VALUES (100, 'LARGE', 'blue,red', b'101010', '[1,2]'), (101, 1, 3, 7, 'null'), (102, NULL, '', 4095, NULL);
INSERT INTO quotes (id, net) VALUES (100, 50), (101, 0.335);
INSERT INTO quotes (id, net, vat, title, valid_until, copies) VALUES (100, 50, 10, 'x', '2024-01-01', NULL), (101, 20, DEFAULT, DEFAULT, DEFAULT, DEFAULT);
INSERT INTO quotes (id, net, gross, label) VALUES (100, 50, DEFAULT, DEFAULT);
INSERT INTO archive (order_id) VALUES (1), (2), (3), (4), (5), (6), (7), (8);
INSERT INTO archive VALUES (1, NULL, NULL, NULL, NULL), (2, 1, '2024-01-01', 1.005, 'x'), (-3, -1, '2024-01-01 01:01:01', -1.5, '');
INSERT INTO totals (customer_id, remark) VALUES (3, 'x'), (4, CONCAT('y', 'z')), (5, NULLIF('a', 'b'));
INSERT INTO totals (customer_id, amount) VALUES (3, 10 / 4), (4, ROUND(2.567, 2)), (5, GREATEST(1, 2, 3)), (6, CASE WHEN 1 = 1 THEN 5 ELSE 6 END);
INSERT INTO totals (customer_id, last_order) VALUES (3, '2024-01-01' + INTERVAL 1 DAY), (4, STR_TO_DATE('01,02,2024', '%d,%m,%Y')), (5, MAKEDATE(2024, 60));
INSERT INTO totals (customer_id, orders, amount) VALUES (3, 5, orders * 2), (4, 7, orders + 1);
INSERT INTO totals () VALUES (33, 1, 1, NULL, 'x');

-- IGNORE.
INSERT IGNORE INTO tags VALUES (1, 'dup'), (100, 'new'), (2, 'dup'), (101, 'new');
-- nothing
INSERT IGNORE INTO tags VALUES (1, 'dup');
INSERT IGNORE INTO tags VALUES (100, 'a'), (100, 'b'), (101, 'c');
INSERT IGNORE INTO customers (id, name, joined) VALUES (1, 'dup', '2024-01-01'), (100, 'ok', '2024-01-01'), (7, 'dup', '2024-01-01');
INSERT IGNORE INTO addresses (customer_id, num, street, city) VALUES (7, 1, 'x', 'y'), (7, 77, 'x', 'y');
INSERT IGNORE INTO order_items (order_id, line, product_id, price) VALUES (1002, 1, 5, 5), (1002, 50, 5, 5), (5000, 1, 5, 5);
INSERT IGNORE INTO countries (code, name, continent) VALUES ('GR', 'dup', 'Europe'), ('IT', 'Italy', 'Europe');
INSERT IGNORE INTO settings (name, value) VALUES ('vat', '0'), ('fresh', '1');
INSERT IGNORE INTO reviews (author, product_id, rating, written) SELECT author, product_id, 1, '2024-01-01' FROM reviews WHERE product_id = 1 UNION ALL SELECT 'newcomer', 1, 2, '2024-01-01';
INSERT IGNORE INTO coupons (code, starts) VALUES ('welcome ', '2024-01-01'), ('other', '2024-01-01');
INSERT IGNORE INTO daily (day, kind, n) VALUES ('2024-01-01', 'VISIT', 9), ('2024-01-02', 'visit', 9);
INSERT IGNORE INTO orders (id, customer_id, placed, total, discount, channel) VALUES (2001, 7, '2024-01-01', 1, 12345, 'a channel too long');
INSERT IGNORE INTO customers (id, name, joined, points, level) VALUES (100, 'x', '2024-01-01', 99999999999, 'nothing');
INSERT IGNORE INTO reviews (author, product_id, rating, written) VALUES ('me', 1, 3, '2024-01-01'), ('me', 2, 5, '2024-01-01');
INSERT IGNORE INTO totals (customer_id, amount) VALUES (1, 1), (3, 'abc'), (4, '12x');
INSERT IGNORE INTO tags (id) VALUES (100);
INSERT IGNORE INTO customers (id, name, joined) VALUES (100, NULL, '2024-01-01'), (101, 'x', '2024-01-01');

-- Errors leave nothing behind.
-- error: 1062
INSERT INTO tags VALUES (100, 'a'), (101, 'b'), (1, 'dup'), (102, 'c');
-- error: 1062
INSERT INTO addresses (customer_id, num, street, city) VALUES (1, 70, 'a', 'b'), (2, 70, 'a', 'b'), (1, 70, 'a', 'b');
-- error: 1364
INSERT INTO samples (t) VALUES (1);
-- error: 1048
INSERT INTO tags VALUES (100, 'a'), (101, NULL);
-- error: 1264
INSERT INTO samples (id, t) VALUES (100, 1), (101, 500);
-- error: 1054
INSERT INTO tags VALUES (100, nothing);
