-- Writes in forms that only MySQL has.

DELETE FROM orders AS o WHERE o.customer_id = 7;
DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id AND i.quantity > 5);
INSERT INTO totals (customer_id, orders) VALUES (1, 5), (90, 6) AS new ON DUPLICATE KEY UPDATE orders = totals.orders + new.orders;
INSERT INTO totals (customer_id, orders) VALUES (1, 5) AS new (a, b) ON DUPLICATE KEY UPDATE orders = a + b;
INSERT INTO totals (customer_id, orders) SELECT * FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) AS t ON DUPLICATE KEY UPDATE orders = totals.orders + t.n;
INSERT INTO archive (order_id, what) VALUES ROW(1, 'a'), ROW(2, 'b');
-- nothing
INSERT INTO archive (order_id, customer_id) TABLE product_tags LIMIT 0;
WITH t AS (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) UPDATE customers c JOIN t ON t.customer_id = c.id SET c.balance = t.s WHERE t.s > 500;
WITH t AS (SELECT id FROM customers WHERE level = 'gold') DELETE FROM orders WHERE customer_id IN (SELECT id FROM t);
WITH t AS (SELECT order_id FROM order_returns) UPDATE orders SET note = 'returned' WHERE id IN (SELECT order_id FROM t);
WITH t AS (SELECT id FROM orders WHERE total > 500) DELETE o, i FROM orders o JOIN t ON t.id = o.id LEFT JOIN order_items i ON i.order_id = o.id;
-- WITH in front of a write, over one shard and over several, of several tables, and read twice.
WITH t AS (SELECT customer_id FROM orders WHERE customer_id = 7 AND total > 10) UPDATE customers SET points = 0 WHERE id = 7 AND id IN (SELECT customer_id FROM t);
WITH t (c, n) AS (SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id), u AS (SELECT c FROM t WHERE n > 3) UPDATE customers SET note = 'often' WHERE id IN (SELECT c FROM u) AND id NOT IN (SELECT MIN(c) FROM u);
WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 5) DELETE FROM tags WHERE id IN (SELECT i FROM n);
WITH t AS (SELECT 1 id) UPDATE countries SET population = 1 WHERE code IN (SELECT 'GR' FROM t);
WITH t AS (SELECT MAX(total) m FROM orders) UPDATE orders o, t SET o.note = 'most' WHERE o.total = t.m;
INSERT INTO totals (customer_id, orders) WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) SELECT customer_id, n FROM t ON DUPLICATE KEY UPDATE orders = totals.orders + t.n;

-- A division by zero is an error in a DELETE of MySQL
-- error: 1365
DELETE FROM samples WHERE id / (SELECT COUNT(*) FROM tags WHERE id < 0) IS NULL;
-- error: 1365
DELETE FROM samples WHERE TRUNCATE(id / (SELECT COUNT(*) FROM tags WHERE id < 0), 2) IS NULL;
