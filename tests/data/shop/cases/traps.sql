-- Where a condition, a limit or an aggregate must not be moved, and where equal strings lie on several shards.

-- ON and WHERE of outer joins.
SELECT c.id, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'new' WHERE c.id < 8 AND COALESCE(o.total, 0) < 50;
SELECT c.id, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.id < 8 AND (o.status = 'new' OR o.status IS NULL);
SELECT c.id, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.id < 12 AND NOT (o.total > 50) IS TRUE;
SELECT c.id, o.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND c.id = 7 WHERE c.id IN (6, 7) AND (o.id IS NULL OR o.total > 300);
SELECT c.id, o.id, i.line FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 200 LEFT JOIN order_items i ON i.order_id = o.id AND i.quantity > 2 WHERE c.id < 10;
SELECT o.id, i.line FROM orders o LEFT JOIN order_items i ON i.order_id = o.id AND o.customer_id = 7 WHERE o.customer_id IN (7, 25) AND i.line IS NULL;
SELECT o.id, p.id FROM orders o LEFT JOIN order_items i ON i.order_id = o.id LEFT JOIN products p ON p.id = i.product_id AND p.active = 0 WHERE o.customer_id = 1 AND p.id IS NULL;
SELECT k.id, p.id FROM categories k LEFT JOIN products p ON p.category_id = k.id AND p.price > 100 WHERE IFNULL(p.price, 0) < 300;
SELECT w.id, s.product_id FROM warehouses w LEFT JOIN stock s ON s.warehouse_id = w.id AND s.quantity > 100 WHERE w.id <> 2 OR s.product_id IS NULL;
SELECT a.id, b.id FROM tags a LEFT JOIN tags b ON b.id = a.id + 1 AND a.id > 5 WHERE b.id IS NULL OR b.id % 2;
SELECT a.id, b.id FROM tags a LEFT JOIN tags b ON a.label = 'new' AND b.id < 3;
SELECT a.id, b.id FROM tags a LEFT JOIN tags b ON FALSE OR NULL WHERE a.id < 4;
SELECT COUNT(*) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.id = (SELECT MAX(id) FROM orders) WHERE o.id IS NULL;
SELECT c.id FROM customers c LEFT JOIN (SELECT * FROM orders WHERE status = 'done') o ON o.customer_id = c.id LEFT JOIN (SELECT * FROM orders WHERE status = 'new') n ON n.customer_id = c.id WHERE o.id IS NULL AND n.id IS NOT NULL;
SELECT c.id, COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 100 GROUP BY c.id HAVING COUNT(o.id) = 0 AND c.id < 20;
SELECT c.id, o.id FROM orders o RIGHT JOIN customers c ON o.customer_id = c.id AND c.level = 'gold' AND o.total > 100 WHERE c.id < 12;
SELECT c.id, o.id, q.id FROM customers c LEFT JOIN (orders o LEFT JOIN quotes q ON q.customer_id = o.customer_id AND q.net > 90) ON o.customer_id = c.id AND (q.id IS NULL OR q.id < 5) WHERE c.id < 10;
SELECT c.id, o.id, q.id FROM customers c LEFT JOIN (orders o JOIN quotes q ON q.customer_id = o.customer_id) ON o.customer_id = c.id AND q.net > 90 WHERE c.id < 10;

-- Limits inside.
SELECT * FROM (SELECT id, customer_id, total FROM orders ORDER BY total DESC, id LIMIT 10) t WHERE customer_id = 7;
SELECT COUNT(*) FROM (SELECT id FROM orders ORDER BY id LIMIT 50) t JOIN order_items i ON i.order_id = t.id;
SELECT c.id FROM customers c JOIN (SELECT customer_id FROM orders ORDER BY total DESC, id LIMIT 5) t ON t.customer_id = c.id;
SELECT c.id, t.id FROM customers c LEFT JOIN (SELECT id, customer_id FROM orders ORDER BY total DESC, id LIMIT 5) t ON t.customer_id = c.id WHERE c.id < 30;
SELECT MAX(id), COUNT(*) FROM (SELECT id FROM orders ORDER BY id LIMIT 10 OFFSET 5) t;
SELECT id FROM (SELECT id FROM orders ORDER BY id LIMIT 10 OFFSET 5) t ORDER BY id DESC LIMIT 3 OFFSET 2;
(SELECT id FROM orders ORDER BY id LIMIT 3 OFFSET 3) UNION ALL (SELECT order_id FROM order_items ORDER BY order_id, line LIMIT 2 OFFSET 4) ORDER BY id DESC LIMIT 3 OFFSET 1;
SELECT status, total FROM orders GROUP BY status, total ORDER BY total DESC, status LIMIT 5 OFFSET 3;
SELECT DISTINCT total FROM orders ORDER BY total DESC LIMIT 5 OFFSET 3;
SELECT total, COUNT(*) FROM orders GROUP BY total HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC, total LIMIT 3 OFFSET 1;
SELECT o.id FROM orders o WHERE o.id >= (SELECT id FROM orders ORDER BY id DESC LIMIT 1 OFFSET 3) ORDER BY o.id;
SELECT COUNT(*) FROM orders WHERE total > (SELECT total FROM orders ORDER BY total LIMIT 1 OFFSET 70);
SELECT AVG(t.total) FROM (SELECT total FROM orders ORDER BY total, id LIMIT 2 OFFSET 74) t;
SELECT id FROM customers WHERE id IN (SELECT * FROM (SELECT customer_id FROM orders ORDER BY total DESC, id LIMIT 4) x) ORDER BY points, id LIMIT 2;
SELECT id, r FROM (SELECT id, RANK() OVER (ORDER BY total DESC) r FROM orders) t WHERE id > 1150 AND r < 30;
SELECT id, n FROM (SELECT id, COUNT(*) OVER (PARTITION BY customer_id) n, customer_id FROM orders) t WHERE customer_id = 25 AND id > 1100;
SELECT id, s FROM (SELECT id, SUM(total) OVER (ORDER BY id) s FROM orders) t WHERE id BETWEEN 1100 AND 1105;
SELECT x.n, x.m FROM (SELECT COUNT(*) n, MAX(id) m FROM orders) x WHERE x.n > 100;
-- empty
SELECT x.n FROM (SELECT COUNT(*) n FROM orders WHERE id < 0) x WHERE x.n > 0;
SELECT x.n FROM (SELECT COUNT(*) n FROM orders WHERE id < 0) x WHERE x.n = 0;
-- empty
SELECT x.n FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) x WHERE x.n = 0;

-- Aggregates over joins, over nothing, over parts.
SELECT SUM(o.total), COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id;
SELECT SUM(DISTINCT o.total), COUNT(DISTINCT o.id) FROM orders o JOIN order_items i ON i.order_id = o.id;
SELECT AVG(n), AVG(n + 0.0), SUM(n) / COUNT(*) FROM (SELECT COUNT(i.line) n FROM orders o LEFT JOIN order_items i ON i.order_id = o.id GROUP BY o.id) t;
SELECT AVG(total), (SELECT AVG(a) FROM (SELECT AVG(total) a FROM orders GROUP BY customer_id) t) FROM orders;
SELECT MIN(id), MAX(id), SUM(total), AVG(total), COUNT(*) FROM orders WHERE customer_id = 4242;
SELECT MIN(id), MAX(id), SUM(total), AVG(total), COUNT(*), GROUP_CONCAT(id) FROM orders WHERE 1 = 0;
-- empty
SELECT status, MIN(id) FROM orders WHERE 1 = 0 GROUP BY status;
SELECT SUM(x), COUNT(x) FROM (SELECT SUM(total) x FROM orders WHERE id < 0) t;
SELECT COUNT(*), COUNT(x) FROM (SELECT MAX(total) x FROM orders WHERE id < 0) t;
SELECT 1 FROM orders WHERE id < 0 HAVING COUNT(*) = 0;
SELECT MAX(total) FROM orders HAVING MAX(total) > (SELECT AVG(total) FROM orders);
SELECT SUM(n), SUM(s) / SUM(n) FROM (SELECT COUNT(*) n, SUM(total) s FROM orders GROUP BY status) t;
SELECT t.customer_id, t.n, o.id FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t JOIN orders o ON o.customer_id = t.customer_id AND o.total > 600;
SELECT COUNT(DISTINCT i.product_id), COUNT(DISTINCT o.customer_id) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.status = 'done';
SELECT o.customer_id % 5 g, COUNT(DISTINCT i.product_id), COUNT(DISTINCT o.id), SUM(DISTINCT i.price) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY g ORDER BY g;

-- IN, NOT IN and NULLs over shards that hold none.
SELECT id FROM customers WHERE id NOT IN (SELECT referrer_id FROM customers WHERE id = 10);
SELECT COUNT(*) FROM customers WHERE id NOT IN (SELECT referrer_id FROM customers WHERE id > 1000);
SELECT COUNT(*) FROM customers WHERE referrer_id NOT IN (SELECT order_id FROM archive);
SELECT COUNT(*) FROM customers WHERE referrer_id NOT IN (SELECT id FROM tags WHERE id > 100);
SELECT COUNT(*) FROM customers WHERE (referrer_id, id) NOT IN (SELECT referrer_id, id + 1 FROM customers);
SELECT id, referrer_id = ALL (SELECT order_id FROM archive), referrer_id = ANY (SELECT order_id FROM archive), referrer_id <> ALL (SELECT referrer_id FROM customers) FROM customers WHERE id < 6;
SELECT COUNT(*) FROM orders WHERE discount NOT IN (SELECT discount FROM orders WHERE discount > 5);
SELECT COUNT(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM orders p WHERE p.discount = o.discount AND p.id <> o.id);
SELECT id FROM orders WHERE (discount IN (SELECT discount FROM orders WHERE customer_id = 1)) IS NULL AND customer_id = 25;

-- Equal strings on several shards.
SELECT COUNT(*) FROM (SELECT name FROM customers GROUP BY name) t;
SELECT COUNT(*) FROM (SELECT DISTINCT email FROM customers UNION SELECT email FROM customers) t;
SELECT COUNT(*) FROM (SELECT nick FROM customers INTERSECT SELECT nick FROM customers WHERE id > 30) t;
SELECT COUNT(*) FROM (SELECT name FROM customers WHERE id < 30 EXCEPT SELECT name FROM customers WHERE id > 29) t;
SELECT COUNT(*), COUNT(DISTINCT a.id) FROM customers a JOIN customers b ON a.nick = b.nick;
SELECT COUNT(*) FROM products a JOIN products b ON a.name = b.name AND a.id < b.id;
SELECT COUNT(*) FROM orders a JOIN orders b ON a.channel = b.channel AND a.id < b.id;
SELECT COUNT(*) FROM orders o JOIN coupons k ON k.code = o.coupon;
SELECT k.code, COUNT(*) FROM coupons k JOIN orders o ON o.coupon = k.code GROUP BY k.code ORDER BY k.code;
SELECT COUNT(*) FROM payments a JOIN payments b ON b.method = a.method AND b.order_id > a.order_id;
SELECT COUNT(*) FROM reviews a JOIN reviews b ON b.author = a.author AND b.product_id > a.product_id;
SELECT COUNT(*) FROM orders WHERE coupon IN (SELECT code FROM coupons WHERE percent = 10);
SELECT COUNT(*) FROM customers WHERE country IN (SELECT country FROM warehouses);
SELECT COUNT(*) FROM employees a WHERE EXISTS (SELECT 1 FROM employees b WHERE b.department = a.department AND b.id <> a.id);
SELECT MAX(n), MIN(n), COUNT(*) FROM (SELECT COUNT(*) n FROM employees GROUP BY department) t;
SELECT COUNT(*), SUM(n) FROM (SELECT RANK() OVER (PARTITION BY name ORDER BY id) n FROM customers) t;
SELECT COUNT(DISTINCT r) FROM (SELECT DENSE_RANK() OVER (ORDER BY email) r FROM customers) t;
SELECT COUNT(DISTINCT UPPER(c.country)), COUNT(DISTINCT c.country), COUNT(DISTINCT BINARY c.country) FROM customers c JOIN orders o ON o.customer_id = c.id;
SELECT MIN(a.label), MAX(b.label) FROM tags a JOIN tags b ON a.label < b.label AND a.id > b.id;

-- Values of other types as keys.
SELECT o.id FROM orders o JOIN settings s ON o.customer_id = s.value + 1 WHERE s.name IN ('vat', 'limit');
SELECT c.id FROM customers c WHERE c.id IN (SELECT value FROM settings);
SELECT c.id FROM customers c JOIN (SELECT '7' k UNION ALL SELECT '25' UNION ALL SELECT ' 1' UNION ALL SELECT '2x') t ON t.k = c.id;
SELECT c.id FROM customers c JOIN (SELECT 7.0 k UNION ALL SELECT 24.5 UNION ALL SELECT 1e0) t ON t.k = c.id;
SELECT k.code FROM coupons k JOIN tags t ON t.id = k.code;
SELECT k.code FROM coupons k WHERE k.code IN (SELECT id FROM tags);
SELECT e.id FROM events e JOIN (SELECT '2023-11-20' d UNION ALL SELECT '2023-11-21') t ON DATE(e.at) = t.d;
SELECT r.product_id FROM prices r WHERE r.valid_from IN (SELECT DATE(placed) FROM orders UNION SELECT '2022-02-01');
SELECT o.id FROM orders o WHERE o.customer_id IN (SELECT warehouse_id FROM employees WHERE warehouse_id IS NOT NULL);
SELECT s.id, c.id FROM samples s JOIN customers c ON c.id = s.tu;
SELECT s.id, c.id FROM samples s JOIN customers c ON c.id = s.s + 1;
SELECT s.id, c.id FROM samples s JOIN customers c ON c.id = s.dc * 2;
SELECT s.id, c.id FROM samples s JOIN customers c ON c.id = s.vb;
SELECT s.id, a.product_id FROM samples s JOIN reviews a ON a.author = s.c;
SELECT p.id, o.id FROM products p JOIN orders o ON o.customer_id = p.weight * 4 WHERE o.total > 200;
SELECT o.id, c.id FROM orders o JOIN customers c ON c.id = o.customer_id + 0 WHERE o.total > 700;
SELECT o.id, c.id FROM orders o JOIN customers c ON CONCAT(c.id) = CONCAT(o.customer_id) WHERE o.total > 700;

-- Evaluated once, or for each row; conditions that depend on nothing.
SELECT COUNT(*) FROM orders WHERE (SELECT COUNT(*) FROM customers) = 59;
SELECT COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id AND (SELECT MAX(id) FROM tags) = 12;
SELECT o.id, 1 / 3 AS third, 'x' AS k FROM orders o JOIN payments p ON p.order_id = o.id WHERE 1 < 2 AND o.customer_id = 25;
SELECT COUNT(*) FROM orders o, payments p WHERE p.order_id = o.id AND 'a' = 'A';
SELECT o.id FROM orders o JOIN payments p ON 1 = 1 AND p.order_id = o.id OR 1 = 0 WHERE o.customer_id = 1;
SELECT COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE i.quantity IN (SELECT 1 UNION SELECT 3) AND o.id NOT IN (SELECT 1002);
SELECT t.a, COUNT(o.id) FROM (SELECT 1 a UNION SELECT 7 UNION SELECT 4242) t LEFT JOIN orders o ON o.customer_id = t.a GROUP BY t.a;

-- NULL is equal to itself for one of two conditions
SELECT a.id, b.id FROM customers a JOIN customers b ON a.referrer_id = b.referrer_id WHERE a.referrer_id <=> b.referrer_id ORDER BY a.id, b.id;
SELECT a.id, b.id FROM orders a JOIN orders b ON a.discount = b.discount AND a.discount <=> b.discount ORDER BY a.id, b.id LIMIT 20;
