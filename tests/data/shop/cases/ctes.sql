-- Common table expressions, not recursive.

WITH t AS (SELECT id, total FROM orders WHERE total > 500) SELECT * FROM t;
WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) SELECT c.id, t.n FROM customers c JOIN t ON t.customer_id = c.id WHERE t.n > 3;
WITH t (c, n) AS (SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id) SELECT MAX(n), MIN(n), COUNT(c) FROM t;
WITH a AS (SELECT * FROM orders WHERE status = 'done'), b AS (SELECT customer_id, SUM(total) s FROM a GROUP BY customer_id) SELECT * FROM b WHERE s > 100 ORDER BY s DESC, customer_id;
WITH a AS (SELECT id FROM tags WHERE id < 6), b AS (SELECT id FROM tags WHERE id > 3) SELECT a.id FROM a JOIN b USING (id);
WITH t AS (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) SELECT x.customer_id, y.customer_id FROM t x JOIN t y ON x.s < y.s AND x.customer_id = y.customer_id + 1;
WITH t AS (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) SELECT customer_id FROM t WHERE s = (SELECT MAX(s) FROM t);
WITH t AS (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) SELECT (SELECT COUNT(*) FROM t WHERE s > 100) big, (SELECT COUNT(*) FROM t WHERE s <= 100) small;
WITH t AS (SELECT 1 AS x) SELECT x + 1 FROM t;
WITH t AS (SELECT 1 x UNION ALL SELECT 2 UNION ALL SELECT 3) SELECT a.x, b.x FROM t a, t b WHERE a.x < b.x;
WITH items AS (SELECT order_id, SUM(quantity * price) v FROM order_items GROUP BY order_id), paid AS (SELECT order_id, SUM(amount) p FROM payments GROUP BY order_id) SELECT o.id, items.v, paid.p FROM orders o LEFT JOIN items ON items.order_id = o.id LEFT JOIN paid ON paid.order_id = o.id WHERE o.customer_id = 25 ORDER BY o.id;
WITH top AS (SELECT product_id, SUM(quantity) q FROM order_items GROUP BY product_id ORDER BY q DESC, product_id LIMIT 5) SELECT p.name, top.q FROM top JOIN products p ON p.id = top.product_id ORDER BY top.q DESC, p.id;
WITH r AS (SELECT id, customer_id, RANK() OVER (PARTITION BY customer_id ORDER BY placed, id) k FROM orders) SELECT customer_id, id FROM r WHERE k = 2;
WITH m AS (SELECT DATE_FORMAT(placed, '%Y-%m') ym, SUM(total) s FROM orders GROUP BY ym) SELECT ym, s, s - LAG(s) OVER (ORDER BY ym) diff FROM m ORDER BY ym;
WITH gold AS (SELECT id FROM customers WHERE level = 'gold') SELECT COUNT(*) FROM orders WHERE customer_id IN (SELECT id FROM gold);
WITH gold AS (SELECT id FROM customers WHERE level = 'gold') SELECT o.id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM gold g WHERE g.id = o.customer_id) AND o.status = 'new';
WITH x AS (SELECT id FROM customers), y AS (SELECT customer_id id FROM orders) SELECT id FROM x WHERE id NOT IN (SELECT id FROM y);
WITH x AS (SELECT id FROM customers WHERE id < 4), y AS (SELECT id FROM x UNION SELECT 100) SELECT * FROM y ORDER BY id DESC;
WITH a AS (SELECT status, COUNT(*) n FROM orders GROUP BY status), b AS (SELECT SUM(n) t FROM a) SELECT a.status, a.n, ROUND(100 * a.n / b.t, 2) p FROM a CROSS JOIN b ORDER BY a.status;
WITH a AS (SELECT id, name FROM warehouses), b AS (SELECT warehouse_id, SUM(quantity) q FROM stock GROUP BY warehouse_id) SELECT a.name, COALESCE(b.q, 0) FROM a LEFT JOIN b ON b.warehouse_id = a.id;
WITH t AS (SELECT * FROM customers) SELECT COUNT(*), MAX(points) FROM t WHERE level = 'bronze';
WITH t AS (SELECT * FROM samples WHERE id < 8) SELECT id, c, vu, bu, dc, tm, e, st FROM t ORDER BY id;
WITH t AS (SELECT id, points FROM customers) SELECT id FROM t WHERE points = 1000 UNION SELECT points FROM t WHERE id < 5;
WITH t AS (SELECT order_id, COUNT(*) n FROM order_items GROUP BY order_id) SELECT n, COUNT(*) FROM t GROUP BY n HAVING COUNT(*) > 1 ORDER BY n;
WITH t AS (SELECT order_id, COUNT(*) n FROM order_items GROUP BY order_id) SELECT DISTINCT n FROM t ORDER BY n LIMIT 2;
SELECT * FROM (WITH t AS (SELECT id FROM tags WHERE id < 4) SELECT id * 2 d FROM t) u WHERE d > 2;
SELECT id FROM customers WHERE id IN (WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) SELECT customer_id FROM t WHERE n = 2);
SELECT (WITH t AS (SELECT COUNT(*) n FROM orders) SELECT n FROM t) n;
WITH t AS (WITH u AS (SELECT id FROM tags WHERE id > 9) SELECT id + 1 id FROM u) SELECT * FROM t;
WITH orders AS (SELECT 1 id, 2 total) SELECT * FROM orders;
WITH orders AS (SELECT * FROM orders WHERE customer_id = 1) SELECT COUNT(*) FROM orders;
WITH t AS (SELECT id FROM customers ORDER BY points DESC, id LIMIT 3) SELECT * FROM t ORDER BY id;
WITH t AS (SELECT c.id, c.level, COUNT(o.id) n FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.level) SELECT level, AVG(n), MAX(n) FROM t GROUP BY level ORDER BY level;
WITH a AS (SELECT customer_id FROM orders WHERE channel = 'web'), b AS (SELECT customer_id FROM orders WHERE channel = 'app') SELECT COUNT(*) FROM customers WHERE id IN (SELECT customer_id FROM a) AND id IN (SELECT customer_id FROM b);
WITH a AS (SELECT 'x' COLLATE utf8mb4_bin s UNION ALL SELECT 'X') SELECT COUNT(DISTINCT s) FROM a;
WITH t AS (SELECT id, JSON_EXTRACT(attributes, '$.color') c FROM products) SELECT JSON_UNQUOTE(c) k, COUNT(*) FROM t WHERE c IS NOT NULL GROUP BY k COLLATE utf8mb4_bin, k;
WITH e AS (SELECT customer_id, at, kind FROM events WHERE customer_id IS NOT NULL), p AS (SELECT customer_id, MIN(at) f FROM e WHERE kind = 'pay' GROUP BY customer_id) SELECT p.customer_id, COUNT(e.at) FROM p LEFT JOIN e ON e.customer_id = p.customer_id AND e.at < p.f GROUP BY p.customer_id;
WITH s AS (SELECT product_id, SUM(quantity) q FROM stock GROUP BY product_id), i AS (SELECT product_id, SUM(quantity) q FROM order_items GROUP BY product_id) SELECT s.product_id, s.q, i.q FROM s JOIN i USING (product_id) WHERE i.q > s.q ORDER BY s.product_id;
WITH w AS (SELECT order_id, line, quantity FROM order_items WHERE quantity > 3), v AS (SELECT order_id, line FROM order_returns) SELECT w.order_id, w.line, v.line IS NOT NULL back FROM w LEFT JOIN v USING (order_id, line) ORDER BY 1, 2;
WITH t AS (SELECT id, manager_id FROM employees) SELECT a.id, b.id, c.id FROM t a JOIN t b ON a.manager_id = b.id JOIN t c ON b.manager_id = c.id ORDER BY a.id;
WITH t AS (SELECT NULL n) SELECT n, n IS NULL FROM t;
-- empty
WITH t AS (SELECT id FROM customers WHERE id < 0) SELECT * FROM t;
WITH t AS (SELECT id FROM customers WHERE id < 0) SELECT COUNT(*), MAX(id) FROM t;
WITH unused AS (SELECT * FROM orders) SELECT COUNT(*) FROM tags;
-- error: 1146
WITH t AS (SELECT 1) SELECT * FROM u;
-- error: 4002|1353
WITH t (a, b) AS (SELECT 1) SELECT * FROM t;
-- error: 4004|1066
WITH t AS (SELECT 1), t AS (SELECT 2) SELECT * FROM t;
-- error: 1054
WITH t AS (SELECT id FROM tags) SELECT label FROM t;
-- What a query warns of, it warns of wherever it is answered, and only once.
WITH w AS (SELECT o.id, CAST(CONCAT(o.status, c.id) AS DATE) d FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.customer_id = 7) SELECT a.id, b.d FROM w a JOIN w b ON a.id = b.id ORDER BY a.id;
SELECT COUNT(*) FROM (SELECT status, MAX(CAST(status AS SIGNED)) n FROM orders WHERE customer_id = 7 GROUP BY status) d JOIN products p ON p.id = 1;

-- What nothing reads is not gathered, and what it alone reads is not read.
WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id), u AS (SELECT a.n FROM t a JOIN t b ON a.n = b.n) SELECT p.id, g.label FROM products p JOIN tags g ON g.id = p.id + 1 ORDER BY p.id;
WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id), u AS (SELECT a.n FROM t a JOIN t b ON a.n = b.n), v AS (SELECT customer_id c FROM t WHERE n > 2) SELECT x.n, y.c FROM t x JOIN v y ON x.customer_id = y.c ORDER BY 1, 2;
WITH RECURSIVE t AS (SELECT 1 n UNION ALL SELECT n + 1 FROM t WHERE n < 3), u AS (SELECT o.id FROM orders o JOIN customers c ON c.id = o.id) SELECT t.n, g.label FROM t LEFT JOIN tags g ON g.id = t.n JOIN products p ON p.id = t.n + 1 ORDER BY t.n;
