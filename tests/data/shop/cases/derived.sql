-- Derived tables, nested, joined, grouped, limited.

SELECT * FROM (SELECT id, name FROM customers) t WHERE t.id < 6;
SELECT t.* FROM (SELECT * FROM tags) AS t ORDER BY t.id DESC;
SELECT t.a, t.b FROM (SELECT id a, label b FROM tags WHERE id > 4) t WHERE t.b <> 'hot';
SELECT COUNT(*) FROM (SELECT 1 FROM orders) t;
SELECT x FROM (SELECT 1 AS x UNION SELECT 2 UNION SELECT NULL) t WHERE x IS NOT NULL;
SELECT n, COUNT(*) FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t GROUP BY n ORDER BY n;
SELECT MAX(s) - MIN(s) FROM (SELECT SUM(total) s FROM orders GROUP BY customer_id) t;
SELECT t.customer_id, t.s FROM (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) t WHERE t.s > 1000 ORDER BY t.s DESC;
SELECT t.customer_id FROM (SELECT customer_id, status FROM orders WHERE total > 100) t WHERE t.customer_id = 7;
SELECT * FROM (SELECT id, total FROM orders ORDER BY total DESC, id LIMIT 10) t ORDER BY id;
SELECT * FROM (SELECT id, total FROM orders ORDER BY total DESC, id LIMIT 5, 5) t WHERE total > 100;
SELECT COUNT(*), SUM(total) FROM (SELECT total FROM orders ORDER BY total DESC LIMIT 20) t;
SELECT * FROM (SELECT * FROM (SELECT id, points FROM customers WHERE points > 0) a WHERE points < 100) b WHERE id > 20;
SELECT a.id FROM (SELECT id FROM (SELECT id FROM (SELECT id FROM tags WHERE id > 2) x WHERE id > 3) y WHERE id > 4) a;
SELECT a.level, b.n FROM (SELECT DISTINCT level FROM customers) a JOIN (SELECT level, COUNT(*) n FROM customers GROUP BY level) b ON a.level = b.level;
SELECT c.id, t.n FROM customers c JOIN (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t ON t.customer_id = c.id WHERE t.n > 3 ORDER BY t.n DESC, c.id;
SELECT c.id, t.last FROM customers c JOIN (SELECT customer_id, MAX(placed) last FROM orders GROUP BY customer_id) t ON t.customer_id = c.id JOIN orders o ON o.customer_id = c.id AND o.placed = t.last;
SELECT o.id, t.v FROM orders o JOIN (SELECT order_id, SUM(quantity * price) v FROM order_items GROUP BY order_id) t ON t.order_id = o.id AND t.v <> o.total;
SELECT t.order_id, p.name FROM (SELECT order_id, MAX(product_id) m FROM order_items GROUP BY order_id) t JOIN products p ON p.id = t.m WHERE t.order_id < 1030;
SELECT a.order_id, a.v, b.paid FROM (SELECT order_id, SUM(quantity * price) v FROM order_items GROUP BY order_id) a JOIN (SELECT order_id, SUM(amount) paid FROM payments GROUP BY order_id) b ON a.order_id = b.order_id WHERE a.v > b.paid ORDER BY a.order_id;
SELECT a.order_id, a.v, b.paid FROM (SELECT order_id, SUM(quantity * price) v FROM order_items GROUP BY order_id) a LEFT JOIN (SELECT order_id, SUM(amount) paid FROM payments GROUP BY order_id) b USING (order_id) WHERE b.paid IS NULL;
SELECT k.name, t.n FROM categories k LEFT JOIN (SELECT category_id, COUNT(*) n FROM products GROUP BY category_id) t ON t.category_id = k.id ORDER BY k.id;
SELECT w.name, t.q FROM warehouses w JOIN (SELECT warehouse_id, SUM(quantity) q FROM stock GROUP BY warehouse_id) t ON t.warehouse_id = w.id WHERE t.q > w.capacity / 10;
SELECT t.y, AVG(t.s) FROM (SELECT YEAR(placed) y, MONTH(placed) m, SUM(total) s FROM orders GROUP BY y, m) t GROUP BY t.y;
SELECT t.id, t.rank_ FROM (SELECT id, RANK() OVER (ORDER BY total DESC) rank_ FROM orders) t WHERE t.rank_ <= 5 ORDER BY t.rank_, t.id;
SELECT t.customer_id, t.id FROM (SELECT customer_id, id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY total DESC, id) r FROM orders) t WHERE t.r = 1;
SELECT * FROM (SELECT 1 a, 'x' b) t JOIN (SELECT 1 a, 'y' c) u USING (a);
SELECT * FROM (SELECT 1 a) t NATURAL JOIN (SELECT 1 a, 2 b UNION ALL SELECT 2, 3) u;
SELECT t.n * 2 AS n FROM (SELECT COUNT(*) n FROM orders) t;
SELECT (SELECT MAX(n) FROM (SELECT COUNT(*) n FROM orders GROUP BY customer_id) x) AS most;
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t WHERE n > 4);
SELECT id FROM customers WHERE id = (SELECT customer_id FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id ORDER BY n DESC, customer_id LIMIT 1) t);
SELECT id FROM orders WHERE id IN (SELECT id FROM (SELECT id FROM orders ORDER BY total DESC, id LIMIT 3) t) ORDER BY id;
SELECT t.c, COUNT(*) FROM (SELECT UPPER(country) c FROM customers UNION ALL SELECT UPPER(country) FROM addresses UNION ALL SELECT UPPER(country) FROM suppliers) t GROUP BY t.c;
SELECT t.k, SUM(t.n) FROM (SELECT 'orders' k, COUNT(*) n FROM orders UNION ALL SELECT 'items', COUNT(*) FROM order_items UNION ALL SELECT 'orders', 1) t GROUP BY t.k;
SELECT a.customer_id, a.id, b.id FROM (SELECT * FROM orders WHERE status = 'new') a JOIN (SELECT * FROM orders WHERE status = 'done') b ON a.customer_id = b.customer_id AND a.placed < b.placed WHERE a.customer_id <> 7;
SELECT a.id FROM (SELECT id FROM customers WHERE level = 'gold') a LEFT JOIN (SELECT customer_id FROM orders WHERE total > 200) b ON a.id = b.customer_id WHERE b.customer_id IS NULL;
SELECT t.id, t.x + 1, t.y FROM (SELECT id, points * 2 x, CONCAT(name, '!') y FROM customers) t WHERE t.x > 100 AND t.y LIKE 'x%';
SELECT t.id FROM (SELECT id, CASE WHEN points > 50 THEN 'high' END c FROM customers) t WHERE t.c = 'high';
SELECT t.d, t.n FROM (SELECT DATE(at) d, COUNT(*) n FROM events GROUP BY DATE(at) HAVING n > 4) t ORDER BY t.n DESC, t.d;
SELECT t.e, t.st, t.bt, t.j FROM (SELECT e, st, bt, j FROM samples WHERE id < 12) t;
SELECT t.bu, t.dc, t.f, t.d, t.y FROM (SELECT bu, dc, f, d, y FROM samples ORDER BY id LIMIT 9) t;
SELECT t.da, t.dt, t.ts, t.tm FROM (SELECT DISTINCT da, dt, ts, tm FROM samples) t WHERE t.da < t.dt;
SELECT MAX(t.bu), MIN(t.b), MAX(t.tm), MAX(t.dt), MIN(t.bi) FROM (SELECT * FROM samples WHERE id > 5) t;
SELECT t.c, t.vb, t.vu, t.vl FROM (SELECT c, vb, vu, vl FROM samples WHERE id BETWEEN 5 AND 15) t WHERE t.vl = 'a' OR t.c = 'a' OR t.vb = 'a';
SELECT COLLATION(t.c), COLLATION(t.vb), COLLATION(t.vu), COLLATION(t.vl), COLLATION(t.x) FROM (SELECT c, vb, vu, vl, CONCAT(vb, 'x') x FROM samples WHERE id = 1) t;
SELECT t.name FROM (SELECT name FROM customers WHERE id < 20) t WHERE t.name = 'zoe muller';
SELECT t.a FROM (SELECT author a, rating FROM reviews WHERE rating > 4) t WHERE t.a LIKE 'A%';
SELECT t.i, COUNT(*) FROM (SELECT IF(gift, 'gift', 'plain') i, order_id FROM order_items) t GROUP BY t.i;
SELECT COUNT(DISTINCT t.customer_id), COUNT(DISTINCT t.m) FROM (SELECT customer_id, MONTH(placed) m FROM orders WHERE status = 'done') t;
SELECT a.m, a.s, b.s FROM (SELECT MONTH(placed) m, SUM(total) s FROM orders GROUP BY m) a LEFT JOIN (SELECT MONTH(placed) m, SUM(total) s FROM orders GROUP BY m) b ON b.m = a.m - 1 ORDER BY a.m;
SELECT t.id FROM (SELECT o.id, o.customer_id FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.id, o.customer_id HAVING COUNT(*) > 3) t JOIN customers c ON c.id = t.customer_id WHERE c.level <> 'gold';
SELECT t.a, t.b FROM (SELECT o.id a, i.product_id b FROM orders o LEFT JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 1) t ORDER BY t.a, t.b;
SELECT q.v FROM (SELECT NULL v) q;
SELECT q.v IS NULL, q.w + 1 FROM (SELECT NULL v, NULL w UNION ALL SELECT 1, 2.5) q;
SELECT t.id FROM (SELECT id FROM customers WHERE id < 5 UNION SELECT order_id FROM order_items WHERE order_id < 1012) t ORDER BY t.id;
SELECT t.total FROM (SELECT SUM(total) total FROM orders WHERE customer_id = 7) t JOIN totals x ON x.amount < t.total UNION SELECT COUNT(*) FROM totals;
SELECT COUNT(*) FROM (SELECT c.id FROM customers c, orders o LIMIT 100) t;
SELECT s.name, JSON_LENGTH(t.p) FROM suppliers s JOIN (SELECT supplier_id, JSON_ARRAYAGG(id) p FROM products GROUP BY supplier_id) t ON t.supplier_id = s.id;
-- empty
SELECT * FROM (SELECT id FROM customers LIMIT 0) t;
-- empty
SELECT * FROM (SELECT id FROM customers WHERE id < 0) t JOIN orders o ON o.customer_id = t.id;
-- error: 1064|1248
SELECT * FROM (SELECT id FROM customers);
-- error: 1060
SELECT * FROM (SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id) t;
-- error: 1054
SELECT t.name FROM (SELECT id FROM customers) t;
-- error: 1054
SELECT c.id FROM customers c JOIN (SELECT COUNT(*) n FROM orders o WHERE o.customer_id = c.id) t;

-- Conditions on a derived table's columns that are a table's shard key.
SELECT COUNT(*), MIN(d.id), MAX(d.total) FROM (SELECT id, customer_id, total FROM orders WHERE total > 20) d WHERE d.customer_id = 7;
SELECT d.id, d.total FROM (SELECT id, customer_id, total FROM orders) d WHERE d.customer_id = 7 ORDER BY d.total DESC, d.id LIMIT 3;
SELECT COUNT(*), SUM(n) FROM (SELECT customer_id c, COUNT(*) n FROM orders GROUP BY customer_id) d WHERE d.c IN (7, 8);
SELECT COUNT(*), SUM(s) FROM (SELECT customer_id c, SUM(total) s FROM orders GROUP BY customer_id HAVING s > 100) d WHERE c = 7;
SELECT COUNT(*) FROM (SELECT DISTINCT customer_id c, status FROM orders) d WHERE c = 7;
SELECT COUNT(*) FROM (SELECT id, customer_id FROM orders ORDER BY id LIMIT 20) d WHERE customer_id = 7;
SELECT COUNT(*), SUM(r) FROM (SELECT customer_id, ROW_NUMBER() OVER (ORDER BY id) r FROM orders) d WHERE customer_id = 7;
SELECT COUNT(*) FROM (SELECT MAX(customer_id) m, COUNT(*) n FROM orders) d WHERE m = 7;
SELECT COUNT(*), COUNT(d.id) FROM customers c LEFT JOIN (SELECT id, customer_id FROM orders) d ON d.customer_id = c.id AND d.customer_id = 7 WHERE c.id < 10;
SELECT COUNT(*), COUNT(d.id) FROM customers c LEFT JOIN (SELECT id, customer_id FROM orders) d ON d.customer_id = c.id WHERE d.customer_id = 7;
SELECT COUNT(*), MIN(x.id) FROM (SELECT d.id, d.customer_id AS k FROM (SELECT id, customer_id FROM orders) d) x WHERE x.k = 7;
SELECT COUNT(*) FROM (SELECT c.id, o.customer_id k FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 250) d WHERE d.k IS NULL;
SELECT COUNT(*) FROM (SELECT c.id, o.customer_id k FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 250) d WHERE d.id = 7;
SELECT COUNT(*) FROM (SELECT id AS customer_id, customer_id AS id FROM orders) d WHERE d.customer_id = 7;
SELECT COUNT(*) FROM (SELECT id AS customer_id, customer_id AS id FROM orders) d WHERE d.id = 7;
SELECT COUNT(*), MIN(a) FROM (SELECT DISTINCT author a FROM reviews) d WHERE d.a = 'anna' OR d.a = 'zoe';
SELECT COUNT(*) FROM (SELECT customer_id FROM orders) a JOIN (SELECT customer_id FROM addresses) b ON a.customer_id = b.customer_id WHERE a.customer_id = 7;
SELECT COUNT(*) FROM (SELECT customer_id FROM orders) a JOIN (SELECT customer_id FROM addresses) b ON a.customer_id = b.customer_id AND b.customer_id IN (7, 8, 9);
SELECT COUNT(*) FROM (SELECT customer_id, id FROM orders) a, tags t WHERE customer_id = 7 AND t.id = 3;
SELECT COUNT(*) FROM (SELECT customer_id FROM orders WHERE customer_id = 8) a WHERE customer_id = 7;
SELECT COUNT(*) FROM (SELECT customer_id FROM orders WHERE total > (SELECT AVG(total) FROM orders)) a WHERE customer_id = 7;
SELECT COUNT(*) FROM (SELECT customer_id, (SELECT COUNT(*) FROM tags) n FROM orders) a WHERE customer_id BETWEEN 7 AND 8;
SELECT id FROM customers c WHERE id IN (SELECT k FROM (SELECT customer_id k FROM orders) d WHERE d.k = 7);
