-- Views: made, read in every place, refused, dropped.

-- session
CREATE VIEW v_orders AS SELECT id, customer_id, status, total FROM orders;
-- session
CREATE VIEW v_big (order_no, customer, amount) AS SELECT id, customer_id, total FROM orders WHERE total > 100;
-- session
CREATE OR REPLACE VIEW v_all AS SELECT * FROM tags;
-- session
CREATE VIEW v_sums AS SELECT customer_id, COUNT(*) AS n, SUM(total) AS total FROM orders GROUP BY customer_id;
-- session
CREATE VIEW v_joined AS SELECT c.id, c.name, o.id AS order_id, o.total FROM customers c JOIN orders o ON o.customer_id = c.id;
-- session
CREATE VIEW v_apart AS SELECT o.id, i.product_id, i.quantity FROM orders o JOIN order_items i ON i.order_id = o.id;
-- session
CREATE VIEW v_countries AS SELECT code, name FROM countries WHERE eu = b'1';
-- session
CREATE VIEW v_nested AS SELECT customer, COUNT(*) AS n FROM v_big GROUP BY customer;
-- session
CREATE VIEW v_deep AS SELECT n, COUNT(*) AS many FROM v_nested GROUP BY n;
-- session
CREATE VIEW v_union (what, how_many) AS SELECT 'orders', COUNT(*) FROM orders UNION ALL SELECT 'items', COUNT(*) FROM order_items;
-- session
CREATE VIEW v_named AS SELECT id + 1, UPPER(label), 'x', NULL, COUNT(*) OVER () FROM tags;
-- session
CREATE VIEW v_limit AS SELECT id, total FROM orders ORDER BY total DESC, id LIMIT 5;
-- session
CREATE VIEW v_cte AS WITH big AS (SELECT customer_id, total FROM orders WHERE total > 200) SELECT customer_id, COUNT(*) AS n FROM big GROUP BY customer_id;
-- session
CREATE VIEW v_sub AS SELECT id, name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 150);
-- session
CREATE VIEW v_left AS SELECT c.id, c.name, s.total FROM customers c LEFT JOIN (SELECT customer_id, SUM(total) total FROM orders GROUP BY customer_id) s ON s.customer_id = c.id;
-- session
CREATE VIEW v_swapped (total, id) AS SELECT id, total FROM orders WHERE customer_id = 7 GROUP BY id, total;
-- session
CREATE VIEW v_none AS SELECT 1 AS one, 'two' AS two;
-- session
CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW v_merge AS SELECT id, points FROM customers WHERE points > 10 WITH CHECK OPTION;
-- session
CREATE VIEW shop.v_stars AS SELECT t.*, u.label AS other FROM tags t JOIN tags u ON u.id = t.id + 1;
-- session
CREATE VIEW v_using AS SELECT * FROM (SELECT 1 AS a, 2 AS b) x JOIN (SELECT 1 AS a, 3 AS c) y USING (a);
-- session
CREATE VIEW IF NOT EXISTS v_orders AS SELECT 1;

SELECT * FROM v_orders ORDER BY id LIMIT 10;
SELECT id, total FROM v_orders WHERE customer_id = 7;
SELECT COUNT(*), SUM(total) FROM v_orders;
SELECT o.id, o.total FROM v_orders AS o WHERE o.customer_id IN (1, 2, 3) AND o.status <> 'new';
SELECT v_orders.id FROM v_orders WHERE v_orders.total > 300;
SELECT shop.v_orders.id, shop.v_orders.total + 1 FROM shop.v_orders WHERE shop.v_orders.customer_id = 7;
SELECT shop.v_orders.* FROM v_orders WHERE total > 400;
SELECT status, COUNT(*) n FROM v_orders GROUP BY status ORDER BY status;
SELECT DISTINCT customer_id FROM v_orders WHERE total > 250;
SELECT id FROM v_orders ORDER BY total DESC, id LIMIT 3;
SELECT * FROM v_big WHERE customer = 7;
SELECT amount, order_no FROM v_big ORDER BY amount DESC, order_no LIMIT 7;
SELECT MAX(amount) - MIN(amount) AS d FROM v_big;
SELECT * FROM v_all ORDER BY id;
SELECT label FROM v_all WHERE id = 3;
SELECT * FROM v_sums WHERE n > 3;
SELECT total FROM v_sums WHERE customer_id = 7;
SELECT * FROM v_joined WHERE total > 200 ORDER BY order_id;
SELECT name, SUM(total) FROM v_joined GROUP BY id, name ORDER BY id LIMIT 5;
SELECT * FROM v_joined WHERE id = 7;
SELECT product_id, SUM(quantity) FROM v_apart GROUP BY product_id ORDER BY product_id;
SELECT * FROM v_countries;
SELECT a.code, b.name FROM v_countries a JOIN v_countries b ON a.code = b.code;
SELECT c.id, v.name FROM customers c JOIN v_countries v ON v.code = c.country WHERE c.id < 20;
SELECT * FROM v_nested ORDER BY customer;
SELECT * FROM v_deep;
SELECT * FROM v_union;
SELECT how_many FROM v_union WHERE what = 'items';
SELECT * FROM v_named;
SELECT `id + 1` FROM v_named WHERE `id + 1` > 3;
-- sorted
SELECT * FROM v_limit;
SELECT COUNT(*) FROM v_limit WHERE total > 0;
SELECT * FROM v_cte WHERE n > 1;
SELECT * FROM v_sub ORDER BY id;
SELECT id, total FROM v_left WHERE total IS NULL ORDER BY id;
SELECT total, id FROM v_swapped;
SELECT * FROM v_none;
SELECT * FROM v_merge WHERE id < 30 ORDER BY id;
SELECT * FROM v_stars ORDER BY id;
SELECT * FROM v_using;
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM v_sums WHERE n > 4);
SELECT id, (SELECT MAX(amount) FROM v_big WHERE customer = customers.id) FROM customers WHERE id < 9;
SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM v_big b WHERE b.customer = c.id AND b.amount > 300);
SELECT customer FROM v_big UNION SELECT id FROM customers WHERE id < 4;
SELECT 1 AS a UNION ALL SELECT one FROM v_none;
WITH v_orders AS (SELECT 5 AS id) SELECT * FROM v_orders;
WITH x AS (SELECT customer, amount FROM v_big) SELECT COUNT(*) FROM x WHERE amount > 120;
SELECT * FROM (SELECT id FROM v_orders WHERE total > 300) d ORDER BY d.id;
SELECT a.id, b.order_no FROM v_orders a LEFT JOIN v_big b ON b.order_no = a.id AND b.customer = a.customer_id WHERE a.customer_id = 7;
SELECT o.id FROM orders o JOIN v_sums s ON s.customer_id = o.customer_id AND s.n = 1;
SELECT v_orders.id FROM v_orders, tags WHERE v_orders.id = tags.id + 1000;

-- after: archive
INSERT INTO archive (order_id, customer_id, total, what) SELECT id, customer_id, total, status FROM v_orders WHERE customer_id = 7;
UPDATE customers SET note = 'v' WHERE id IN (SELECT customer FROM v_big WHERE amount > 300);
DELETE FROM totals WHERE customer_id IN (SELECT id FROM v_sub WHERE id > 4);
UPDATE tags t JOIN v_all v ON v.id = t.id SET t.label = CONCAT(v.label, '!') WHERE t.id < 3;

-- error: 1054
SELECT nothing FROM v_orders;
-- error: 1054
SELECT placed FROM v_orders;
-- error: 1054
SELECT id FROM v_big;
-- error: 1146
SELECT * FROM v_nothing;
-- error: 1054
SELECT orders.id FROM v_orders;
-- error: 1471
INSERT INTO v_sums VALUES (1, 2, 3);
-- error: 1288
UPDATE v_sums SET n = 1;
-- error: 1288
DELETE FROM v_union;
-- nothing
UPDATE v_orders SET total = 1 WHERE id = 0;
-- nothing
DELETE FROM v_orders WHERE id = 0;

-- session
-- error: 1050
CREATE VIEW orders AS SELECT 1;
-- session
-- error: 1050
CREATE VIEW v_orders AS SELECT 1;
-- session
-- error: 1347
CREATE OR REPLACE VIEW orders AS SELECT 1;
-- session
-- error: 1347
ALTER VIEW orders AS SELECT 1;
-- session
-- error: 1146
ALTER VIEW v_nothing AS SELECT 1;
-- session
-- error: 1146
CREATE VIEW v_x AS SELECT * FROM nothing;
-- session
-- error: 1054
CREATE VIEW v_x AS SELECT nothing FROM orders;
-- session
-- error: 1052
CREATE VIEW v_x AS SELECT id FROM orders o JOIN customers c ON o.customer_id = c.id;
-- session
-- error: 1060
CREATE VIEW v_x AS SELECT id, total AS id FROM orders;
-- session
-- error: 1060
CREATE VIEW v_x (a, A) AS SELECT id, total FROM orders;
-- session
-- error: 1353
CREATE VIEW v_x (a) AS SELECT id, total FROM orders;
-- session
-- error: 1351
CREATE VIEW v_x AS SELECT @a FROM orders;
-- session
-- error: 1351
CREATE VIEW v_x AS SELECT @@sql_mode;
-- session
-- error: 1049
CREATE VIEW nowhere.v_x AS SELECT 1;
-- session
-- error: 1103
CREATE VIEW `v_x ` AS SELECT 1;
-- session
-- error: 1166
CREATE VIEW v_x AS SELECT id AS `a ` FROM orders;
-- session
-- error: 1347
ALTER TABLE v_orders ADD COLUMN x INT;
-- session
-- error: 1146
TRUNCATE TABLE v_orders;
-- session
-- error: 1050
CREATE TABLE v_orders (id INT);
-- session
-- error: 1347
CREATE INDEX i ON v_orders (id);

-- session
ALTER VIEW v_orders AS SELECT id, placed FROM orders;
SELECT * FROM v_orders WHERE id < 1004;
-- session
CREATE OR REPLACE VIEW v_orders AS SELECT customer_id FROM orders;
SELECT COUNT(DISTINCT customer_id) FROM v_orders;
SHOW TABLES LIKE 'v\_o%';
SHOW FULL TABLES LIKE 'v\_n%';
-- session
DROP VIEW v_nested;
-- error: 1356
SELECT * FROM v_deep;
-- session
DROP VIEW IF EXISTS v_nested, v_deep;
-- session
DROP VIEW v_orders, v_big, v_all, v_sums, v_joined, v_apart, v_countries, v_union, v_named, v_limit, v_cte, v_sub, v_left, v_swapped, v_none, v_merge, v_stars, v_using;
-- error: 1146
SELECT * FROM v_orders;
-- session
-- empty
SHOW FULL TABLES WHERE Table_type = 'VIEW';

-- session
CREATE VIEW v_sorted AS SELECT id, total, customer_id AS c FROM orders ORDER BY total DESC, id;
SELECT * FROM v_sorted LIMIT 4;
SELECT id FROM v_sorted AS s WHERE c = 7 LIMIT 1;
SELECT (SELECT id FROM v_sorted LIMIT 1) AS top;
SELECT COUNT(*) FROM v_sorted;
SELECT c, COUNT(*) FROM v_sorted GROUP BY c;
SELECT id, c FROM v_sorted ORDER BY c, id LIMIT 2;
-- session
CREATE VIEW v_most AS SELECT customer_id, COUNT(*) AS n FROM orders GROUP BY customer_id ORDER BY COUNT(*) DESC, customer_id;
SELECT customer_id, n FROM v_most LIMIT 3;
-- session
DROP VIEW v_sorted, v_most;
-- session
CREATE VIEW v_last AS SELECT id, total FROM orders;
-- session
SET @most = (SELECT MAX(total) FROM v_last WHERE id < 1020);
-- session
SELECT @most;
-- session
DROP VIEW v_last;
