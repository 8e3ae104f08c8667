-- Quotients and averages that are read before they are written: they have more digits than they show.

-- Queries of more than one shard
INSERT INTO samples (id, d, f, dc) SELECT 500, AVG(total), AVG(total), AVG(total) FROM orders;
INSERT INTO samples (id, d, dc, t) SELECT 500 + COUNT(*), SUM(total) / 7, SUM(total) / 7, COUNT(*) / 3 FROM orders GROUP BY status;
INSERT INTO samples (id, d, dc) SELECT 500 + id, id / 7, id / 3 q FROM employees ORDER BY q DESC LIMIT 7;
INSERT INTO samples (id, d, dc) SELECT 500 + e.id, e.salary / 7 AS a, (SELECT AVG(total) FROM orders) b FROM employees e JOIN customers c ON c.id = e.id;
INSERT INTO samples (id, d, dc) SELECT 500 + x.id, x.q, x.q * 3 FROM (SELECT id, id / 7 q FROM employees) x;
INSERT INTO samples (id, d, dc) SELECT 500 + x.n, x.q, x.q * 3 FROM (SELECT COUNT(*) n, AVG(total) q FROM orders GROUP BY status) x;
INSERT INTO samples (id, d) SELECT 500, CASE WHEN COUNT(*) > 1 THEN AVG(salary) / 3 ELSE 0 END FROM employees;
INSERT INTO samples (id, d) SELECT 501, AVG(salary) / 3 * 3 FROM employees HAVING AVG(salary) > 1;
INSERT INTO samples (id, d, iu) SELECT 500 + id, id / 3, id / 3 FROM employees;
INSERT INTO samples (id, d) SELECT 500 + MIN(id), MIN(price) / MAX(price) FROM products GROUP BY category_id;
INSERT INTO samples (id, d) SELECT id, population / 7 FROM (SELECT ROW_NUMBER() OVER (ORDER BY code) + 500 id, population FROM countries) x WHERE population IS NOT NULL;
REPLACE INTO samples (id, d, dc) SELECT 1, AVG(salary), AVG(salary) FROM employees UNION ALL SELECT 2, 1.5, 2.5;
INSERT INTO totals (customer_id, amount) SELECT customer_id + 10000, AVG(total) FROM orders WHERE customer_id IS NOT NULL GROUP BY customer_id;
INSERT INTO samples (id, d, dc) SELECT 500 + id, id / 7, id / 3 FROM samples;
INSERT INTO samples (id, d) SELECT 500 + s.id, s.id / 7 FROM samples s JOIN employees e ON e.id = s.id;
INSERT INTO samples (id, d, dc) SELECT 500 + id, salary / 7, bonus FROM (SELECT id, salary, ROW_NUMBER() OVER (ORDER BY id) bonus FROM employees) x;

-- Values that are worked out first
INSERT INTO samples (id, d, dc) VALUES (500, (SELECT AVG(total) FROM orders), (SELECT AVG(total) / 3 FROM orders)), (501, 1, (SELECT COUNT(*) / 7 FROM tags));
INSERT INTO archive (order_id, total) VALUES (1, (SELECT AVG(total) / 7 FROM orders));

-- Updates
UPDATE samples SET d = (SELECT AVG(total) FROM orders), dc = (SELECT AVG(total) FROM orders) WHERE id < 5;
UPDATE samples SET d = id / (SELECT COUNT(*) + 5 FROM tags), dc = id / 7;
UPDATE samples s JOIN employees e ON e.id = s.id SET s.d = e.salary / 7, s.dc = e.salary / 7, s.f = e.salary / 7;
UPDATE samples SET d = dc / 7 ORDER BY id DESC LIMIT 3;
UPDATE employees e JOIN (SELECT manager_id, AVG(salary) pay FROM employees GROUP BY manager_id) x ON x.manager_id = e.id SET e.bonus = x.pay;
UPDATE employees e SET bonus = (SELECT AVG(price) FROM products p WHERE p.supplier_id = e.id);
UPDATE samples SET d = NULL, dc = (SELECT SUM(total) / 0 FROM orders WHERE id < 0);

-- By nothing
-- error: 1365
UPDATE samples SET d = id / (SELECT COUNT(*) FROM tags WHERE id < 0);
-- error: 1365
INSERT INTO samples (id, d) SELECT 500 + id, id / (id - 3) FROM employees;
-- error: 1365
INSERT INTO samples (id, d) VALUES (500, (SELECT SUM(total) / 0 FROM orders));
-- error: 1365
UPDATE samples SET t = 1 WHERE id / (SELECT COUNT(*) FROM tags WHERE id < 0) IS NULL;
-- error: 1365
UPDATE samples SET t = 1 WHERE TRUNCATE(id / (SELECT COUNT(*) FROM tags WHERE id < 0), 2) IS NULL;
INSERT IGNORE INTO samples (id, d) SELECT 500 + id, id / (id - 3) FROM employees;
UPDATE IGNORE samples SET d = id / (SELECT COUNT(*) FROM tags WHERE id < 0);
DELETE IGNORE FROM samples WHERE id / (SELECT COUNT(*) FROM tags WHERE id < 0) IS NULL;

-- What a query warns of is an error of a strict mode's write
-- error: 1292
INSERT INTO samples (id, t) SELECT 500 + id, CAST(name AS SIGNED) FROM customers;
-- error: 1292
UPDATE samples SET t = (SELECT MAX(CAST(name AS SIGNED)) FROM customers);
-- error: 1292
UPDATE samples s JOIN customers c ON c.id = s.id SET s.t = c.name + 1;
INSERT IGNORE INTO samples (id, t) SELECT 500 + id, CAST(name AS SIGNED) FROM customers;
-- error: 1365
INSERT INTO samples (id, t) SELECT 500 + COUNT(*), 1 FROM employees e JOIN customers c ON c.id = e.id WHERE e.salary / (e.id - 3) > 10;
-- error: 1365
UPDATE categories k JOIN payments p ON k.id = p.num SET k.name = CONCAT(k.name, p.amount / (p.order_id - p.order_id));
