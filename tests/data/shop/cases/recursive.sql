-- Recursive common table expressions.

WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 10) SELECT * FROM n ORDER BY x;
WITH RECURSIVE n (a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM n WHERE b < 500) SELECT a FROM n ORDER BY a, b;
WITH RECURSIVE n AS (SELECT 1 x UNION SELECT (x * 3) % 7 FROM n) SELECT * FROM n;
WITH RECURSIVE t AS (SELECT id, name, 0 depth FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.name, t.depth + 1 FROM t JOIN categories c ON c.parent_id = t.id) SELECT * FROM t ORDER BY depth, id;
WITH RECURSIVE t AS (SELECT id, parent_id FROM categories WHERE id = 11 UNION ALL SELECT c.id, c.parent_id FROM categories c JOIN t ON c.id = t.parent_id) SELECT id FROM t ORDER BY id;
WITH RECURSIVE t AS (SELECT id, CAST(name AS CHAR(200)) path FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, CONCAT(t.path, '/', c.name) FROM t JOIN categories c ON c.parent_id = t.id) SELECT path FROM t ORDER BY id;
WITH RECURSIVE t AS (SELECT id root, id FROM categories UNION ALL SELECT t.root, c.id FROM t JOIN categories c ON c.parent_id = t.id) SELECT t.root, COUNT(p.id), SUM(p.price) FROM t LEFT JOIN products p ON p.category_id = t.id GROUP BY t.root ORDER BY t.root;
WITH RECURSIVE t AS (SELECT id FROM categories WHERE id = 2 UNION ALL SELECT c.id FROM t JOIN categories c ON c.parent_id = t.id) SELECT p.id, p.name FROM products p WHERE p.category_id IN (SELECT id FROM t);
WITH RECURSIVE t AS (SELECT id, manager_id, name, 1 depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.manager_id, e.name, t.depth + 1 FROM employees e JOIN t ON e.manager_id = t.id) SELECT * FROM t ORDER BY id;
WITH RECURSIVE t AS (SELECT id, id boss FROM employees WHERE manager_id = 1 UNION ALL SELECT e.id, t.boss FROM employees e JOIN t ON e.manager_id = t.id) SELECT boss, COUNT(*) - 1 below FROM t GROUP BY boss ORDER BY boss;
WITH RECURSIVE t AS (SELECT id, manager_id FROM employees WHERE id = 14 UNION ALL SELECT e.id, e.manager_id FROM employees e JOIN t ON e.id = t.manager_id) SELECT e.name FROM t JOIN employees e ON e.id = t.id ORDER BY e.id;
WITH RECURSIVE t AS (SELECT id, CAST(id AS CHAR(100)) path, salary FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, CONCAT(t.path, '.', e.id), e.salary FROM employees e JOIN t ON e.manager_id = t.id) SELECT path, salary FROM t ORDER BY path;
WITH RECURSIVE t AS (SELECT id, salary total, id top FROM employees UNION ALL SELECT e.id, e.salary, t.top FROM employees e JOIN t ON e.manager_id = t.id) SELECT top, SUM(total), COUNT(*) FROM t GROUP BY top HAVING COUNT(*) > 1 ORDER BY top;
WITH RECURSIVE t AS (SELECT id, referrer_id, 0 d FROM customers WHERE id = 1 UNION ALL SELECT c.id, c.referrer_id, d + 1 FROM customers c JOIN t ON c.referrer_id = t.id WHERE d < 3) SELECT d, COUNT(*), MIN(id), MAX(id) FROM t GROUP BY d;
WITH RECURSIVE t AS (SELECT id FROM customers WHERE id = 50 UNION SELECT c.referrer_id FROM customers c JOIN t ON c.id = t.id WHERE c.referrer_id IS NOT NULL) SELECT * FROM t ORDER BY id;
WITH RECURSIVE t AS (SELECT id FROM customers WHERE id = 7 UNION ALL SELECT c.id FROM customers c JOIN t ON c.referrer_id = t.id) SELECT t.id, COUNT(o.id), COALESCE(SUM(o.total), 0) FROM t LEFT JOIN orders o ON o.customer_id = t.id GROUP BY t.id ORDER BY t.id;
WITH RECURSIVE d AS (SELECT DATE '2023-01-01' m UNION ALL SELECT m + INTERVAL 1 MONTH FROM d WHERE m < '2023-12-01') SELECT d.m, COUNT(o.id), COALESCE(SUM(o.total), 0) FROM d LEFT JOIN orders o ON o.placed >= d.m AND o.placed < d.m + INTERVAL 1 MONTH GROUP BY d.m ORDER BY d.m;
WITH RECURSIVE d AS (SELECT DATE '2023-11-20' day UNION ALL SELECT day + INTERVAL 1 DAY FROM d WHERE day < '2023-12-20') SELECT d.day FROM d LEFT JOIN events e ON DATE(e.at) = d.day WHERE e.id IS NULL ORDER BY d.day;
WITH RECURSIVE n AS (SELECT MIN(id) x, MAX(id) m FROM orders UNION ALL SELECT x + 1, m FROM n WHERE x < m) SELECT n.x FROM n LEFT JOIN orders o ON o.id = n.x WHERE o.id IS NULL ORDER BY n.x;
WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 5) SELECT n.x, c.name FROM n JOIN customers c ON c.id = n.x * 10;
WITH RECURSIVE s AS (SELECT 'a' c, 1 n UNION ALL SELECT CHAR(96 + n + 1 USING utf8mb4), n + 1 FROM s WHERE n < 5) SELECT GROUP_CONCAT(n ORDER BY n) FROM s;
WITH RECURSIVE s AS (SELECT CAST('' AS CHAR(20)) p, 0 n UNION ALL SELECT CONCAT(p, n), n + 1 FROM s WHERE n < 6) SELECT p, n FROM s ORDER BY n;
WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 20), p AS (SELECT a.x FROM n a WHERE a.x > 1 AND NOT EXISTS (SELECT 1 FROM n b WHERE b.x > 1 AND b.x < a.x AND a.x % b.x = 0)) SELECT x FROM p ORDER BY x;
WITH RECURSIVE o AS (SELECT id, customer_id, placed, 1 k FROM orders WHERE id = 1002 UNION ALL SELECT x.id, x.customer_id, x.placed, o.k + 1 FROM o JOIN orders x ON x.id = (SELECT MIN(y.id) FROM orders y WHERE y.id > 1002 AND y.customer_id = o.customer_id AND x.id = y.id) WHERE o.k < 2) SELECT COUNT(*) FROM o;
WITH RECURSIVE t AS (SELECT id, parent_id FROM categories WHERE id IN (9, 16) UNION SELECT c.id, c.parent_id FROM categories c JOIN t ON c.id = t.parent_id) SELECT COUNT(*), GROUP_CONCAT(id ORDER BY id) FROM t;
WITH RECURSIVE t AS (SELECT product_id p FROM order_items WHERE order_id = 1002 UNION SELECT b.product_id FROM t JOIN order_items a ON a.product_id = t.p JOIN order_items b ON b.order_id = a.order_id WHERE b.order_id < 1015) SELECT COUNT(*), MIN(p), MAX(p) FROM t;
SELECT * FROM (WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 3) SELECT x FROM n) t JOIN tags ON tags.id = t.x;
SELECT id FROM customers WHERE id IN (WITH RECURSIVE n AS (SELECT 2 x UNION ALL SELECT x * x FROM n WHERE x < 40) SELECT x FROM n);
WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 3), m AS (SELECT 10 y UNION ALL SELECT y + 10 FROM m WHERE y < 30) SELECT x, y FROM n, m ORDER BY x, y;
WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 100) SELECT COUNT(*), SUM(x), AVG(x) FROM n;
WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 10) SELECT n.x, COUNT(s.id) FROM n LEFT JOIN samples s ON s.t = n.x GROUP BY n.x HAVING COUNT(s.id) > 0;
WITH RECURSIVE b AS (SELECT 0 lo UNION ALL SELECT lo + 100 FROM b WHERE lo < 900) SELECT lo, (SELECT COUNT(*) FROM orders o WHERE o.total >= lo AND o.total < lo + 100) n FROM b ORDER BY lo;
-- empty
WITH RECURSIVE t AS (SELECT id FROM employees WHERE id = 0 UNION ALL SELECT e.id FROM employees e JOIN t ON e.manager_id = t.id) SELECT * FROM t;
-- error: 4008|3575
WITH RECURSIVE t AS (SELECT id FROM employees WHERE id = 1 UNION ALL SELECT COUNT(*) FROM t) SELECT * FROM t;
-- error: 4005|3573
WITH RECURSIVE t AS (SELECT x + 1 x FROM t) SELECT * FROM t;
-- error: 1222
WITH RECURSIVE t AS (SELECT 1 x UNION ALL SELECT x, x FROM t WHERE x < 3) SELECT * FROM t;
