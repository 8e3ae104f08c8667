-- Values of INSERT that a server works out first: subqueries, and expressions that place a row.

-- after: archive
INSERT INTO archive (order_id, total) VALUES (1, (SELECT MAX(total) FROM orders));
-- after: archive
INSERT INTO archive (order_id, what) VALUES (1, (SELECT MIN(placed) FROM orders)), (2, (SELECT status FROM orders WHERE id = 3)), (3, (SELECT total FROM orders WHERE id = 4));
-- error: 1242
INSERT INTO archive (order_id, total) VALUES (1, (SELECT total FROM orders));
-- error: 1054
INSERT INTO archive (order_id, total) VALUES (1, (SELECT nothing FROM orders));
-- error: 1146
INSERT INTO archive (order_id, total) VALUES (1, (SELECT 1 FROM nothing));
-- error: 1241
INSERT INTO archive (order_id, total) VALUES (1, (SELECT id, total FROM orders LIMIT 1));
-- error: 1136
INSERT INTO archive (order_id, total) VALUES (1, (SELECT 1), 2);
-- error: 1054
INSERT INTO archive (order_id, nothing) VALUES (1, (SELECT 1));
-- error: 1048
INSERT INTO archive (order_id) VALUES ((SELECT MAX(id) FROM orders WHERE id < 0));
-- error: 1365
INSERT INTO archive (order_id, total) VALUES (1, (SELECT 1 / 0));
-- error: 1366
INSERT INTO archive (order_id, total) VALUES (1, (SELECT 'abc'));
INSERT INTO archive (order_id, total, what) VALUES (1 + 1, 1.5 * 2, CONCAT('x', 'y')), (LENGTH('abc'), (SELECT SUM(total) FROM orders), DEFAULT(what));
INSERT INTO archive SET order_id = (SELECT MAX(id) FROM orders) + 1, what = (SELECT name FROM customers WHERE id = 3);
INSERT INTO totals (customer_id, orders) VALUES (1, 1), (2, 1) ON DUPLICATE KEY UPDATE orders = (SELECT COUNT(*) FROM tags), amount = 1 + 1;
INSERT INTO totals (customer_id, orders) VALUES (1, (SELECT 3)), (2000, 1) ON DUPLICATE KEY UPDATE orders = VALUES(orders) + orders, amount = (SELECT MAX(total) FROM orders);
INSERT INTO inbox (who, subject) VALUES ((SELECT MAX(id) FROM customers), 'max'), (2, (SELECT name FROM customers WHERE id = 1));
-- session
INSERT INTO inbox (who, subject) VALUES ((SELECT MAX(id) FROM customers), 'last id');
-- session
SELECT LAST_INSERT_ID() > 0, ROW_COUNT();
-- reset
INSERT INTO inbox (id, n) VALUES (100 + 100, 1), (0x64, 2), (b'11', 3);
INSERT INTO inbox (id, n) VALUES ((SELECT MAX(id) + 1000 FROM orders), 1);
INSERT INTO reviews (author, product_id, rating, written) VALUES (CONCAT('Bo', 'b'), 41, 1, '2024-01-01'), (UPPER('ann'), 42, 2, DATE('2024-01-01')), (LEFT('Zoëx', 3), 43, 3, NOW());
INSERT INTO events (id, at, kind) VALUES (1000, DATE_ADD('2024-01-31', INTERVAL 1 MONTH), 'a'), (1001, '2024-02-03' + INTERVAL 1 DAY, 'b'), (1002, TIMESTAMP('2024-05-05', '10:00:00'), 'c');
INSERT INTO daily (day, kind) VALUES (DATE '2024-03-01', 'lit'), (LAST_DAY('2024-02-01'), 'last'), (MAKEDATE(2024, 60), 'make');
-- error: 1062
INSERT INTO tags VALUES (1 + 0, 'dup');
-- error: 1264
INSERT INTO tags VALUES (65535 + 1, 'high');
-- nothing
INSERT IGNORE INTO tags VALUES (1 + 0, 'dup'), (0 + 2, 'dup');
INSERT INTO countries (code, name, continent, population) VALUES ('XX', (SELECT name FROM customers WHERE id = 1), 'Asia', (SELECT COUNT(*) FROM orders));
INSERT INTO settings VALUES ('orders', (SELECT COUNT(*) FROM orders), NULL), ('none', (SELECT note FROM orders WHERE id < 0), NULL);
INSERT INTO suppliers (name, rating) VALUES ((SELECT MAX(name) FROM warehouses), (SELECT 1.5));
INSERT INTO tags (tags.id, label) VALUES (900, 'x');
INSERT INTO tags SET tags.id = 900, shop.tags.label = 'x';
-- error: 1054
INSERT INTO tags (orders.id, label) VALUES (900, 'x');
-- error: 1054
INSERT INTO tags (id, labels.label) VALUES (900, 'x');
-- error: 1052
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET note = 'x', points = 1;
-- error: 1054
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET nothing = 'x', points = 1;
-- error: 1054
UPDATE customers c JOIN (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t ON t.customer_id = c.id SET t.m = 1;
-- error: 1064
UPDATE customers SAT points = 1;
-- error: 1064
DELETE customers WHERE id = 1;
DO (SELECT MAX(id) FROM orders), 1;
-- error: 1054
DO (SELECT nothing FROM orders);
