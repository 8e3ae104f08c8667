-- UNION and UNION ALL, with ORDER BY, LIMIT and parentheses.

SELECT id FROM customers WHERE id < 4 UNION SELECT customer_id FROM orders WHERE id < 1010;
SELECT id FROM customers WHERE id < 4 UNION ALL SELECT customer_id FROM orders WHERE id < 1010;
SELECT id FROM customers WHERE id < 4 UNION DISTINCT SELECT id FROM tags WHERE id < 6;
SELECT status FROM orders UNION SELECT level FROM customers;
SELECT status, total FROM orders WHERE customer_id = 1 UNION SELECT status, total FROM orders WHERE customer_id = 25;
SELECT 1 UNION SELECT 2 UNION SELECT 2 UNION ALL SELECT 2;
SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 2 UNION SELECT 3;
SELECT id, 'customer' AS what FROM customers WHERE id < 3 UNION ALL SELECT id, 'product' FROM products WHERE id < 3 UNION ALL SELECT id, 'tag' FROM tags WHERE id < 3 ORDER BY what, id;
SELECT id FROM customers WHERE id < 5 UNION SELECT id FROM products WHERE id < 7 ORDER BY id DESC LIMIT 3;
SELECT id a FROM customers WHERE id < 5 UNION SELECT id b FROM products WHERE id < 7 ORDER BY a LIMIT 2 OFFSET 2;
(SELECT id FROM customers ORDER BY points DESC, id LIMIT 3) UNION ALL (SELECT id FROM customers ORDER BY points, id LIMIT 3);
(SELECT id, points FROM customers ORDER BY points DESC, id LIMIT 3) UNION ALL (SELECT id, points FROM customers ORDER BY points, id LIMIT 3) ORDER BY points, id;
(SELECT id FROM orders ORDER BY total DESC, id LIMIT 2) UNION (SELECT id FROM orders ORDER BY placed DESC, id LIMIT 2) ORDER BY id LIMIT 3;
(SELECT id FROM tags) UNION (SELECT id FROM warehouses) ORDER BY 1 DESC;
((SELECT id FROM tags WHERE id < 3) UNION ALL (SELECT id FROM tags WHERE id < 2)) UNION SELECT 7;
(SELECT 1 UNION SELECT 2) UNION ALL (SELECT 2 UNION SELECT 3);
SELECT 1 UNION (SELECT 2 UNION ALL SELECT 2);
(SELECT id FROM tags ORDER BY id LIMIT 2);
((SELECT id FROM tags ORDER BY id DESC LIMIT 2));
(SELECT id FROM tags ORDER BY id DESC LIMIT 5) ORDER BY id LIMIT 2;
(SELECT COUNT(*) FROM orders) UNION ALL (SELECT COUNT(*) FROM order_items) UNION ALL (SELECT COUNT(*) FROM payments);
SELECT 'orders' t, COUNT(*) n, SUM(total) s FROM orders UNION ALL SELECT 'payments', COUNT(*), SUM(amount) FROM payments UNION ALL SELECT 'items', COUNT(*), SUM(price) FROM order_items;
SELECT status, COUNT(*) FROM orders GROUP BY status UNION ALL SELECT 'all', COUNT(*) FROM orders;
SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id HAVING s > 500 UNION SELECT customer_id, amount FROM totals ORDER BY s DESC, customer_id;
SELECT DISTINCT customer_id FROM orders WHERE total > 400 UNION ALL SELECT DISTINCT customer_id FROM shipments WHERE weight > 5;
SELECT customer_id FROM orders UNION SELECT customer_id FROM shipments UNION SELECT customer_id FROM totals UNION SELECT customer_id FROM quotes ORDER BY customer_id;
SELECT c.id, o.id x FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = 1 UNION SELECT c.id, a.num FROM customers c JOIN addresses a ON a.customer_id = c.id WHERE c.id = 7;
SELECT c.id, o.total FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE c.id < 5 UNION ALL SELECT c.id, NULL FROM customers c WHERE c.id > 57;
SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id WHERE i.product_id = 1 UNION SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.amount < 5;
SELECT id, NULL x FROM tags WHERE id = 1 UNION SELECT NULL, label FROM tags WHERE id = 2;
SELECT NULL UNION SELECT NULL UNION ALL SELECT NULL;
SELECT discount FROM orders UNION SELECT rate FROM payments ORDER BY 1;
SELECT points FROM customers WHERE id < 5 UNION SELECT balance FROM customers WHERE id < 5;
SELECT t FROM samples WHERE id < 5 UNION ALL SELECT bu FROM samples WHERE id < 5 UNION ALL SELECT b FROM samples WHERE id < 5;
SELECT b FROM samples WHERE id < 8 UNION SELECT dc FROM samples WHERE id < 8;
SELECT dc FROM samples WHERE id < 8 UNION ALL SELECT d FROM samples WHERE id < 8;
SELECT f FROM samples UNION SELECT t FROM samples;
SELECT c FROM samples WHERE id < 9 UNION ALL SELECT vl FROM samples WHERE id < 9;
SELECT vb FROM samples WHERE id < 9 UNION ALL SELECT tx FROM samples WHERE id < 9;
SELECT id, c COLLATE utf8mb4_bin s FROM samples WHERE id < 9 UNION SELECT id, vu COLLATE utf8mb4_bin FROM samples WHERE id < 9;
SELECT e FROM samples UNION SELECT level FROM customers UNION SELECT 'zzz';
SELECT st FROM samples WHERE id < 9 UNION ALL SELECT flags FROM customers WHERE id < 9;
SELECT da FROM samples WHERE id < 6 UNION ALL SELECT dt FROM samples WHERE id < 6;
SELECT ts FROM samples WHERE id < 6 UNION ALL SELECT dt FROM samples WHERE id < 6;
SELECT tm FROM samples WHERE id < 6 UNION ALL SELECT c FROM samples WHERE id < 6;
SELECT y FROM samples UNION SELECT t FROM samples;
SELECT bt FROM samples WHERE id < 6 UNION ALL SELECT t FROM samples WHERE id < 6;
SELECT HEX(bl) x FROM samples WHERE id < 10 UNION SELECT HEX(bi) FROM samples WHERE id < 10;
SELECT j FROM samples WHERE id < 6 UNION ALL SELECT attributes FROM products WHERE id < 4;
SELECT 'abc' x UNION SELECT 'ABC' COLLATE utf8mb4_bin;
SELECT 'a' UNION SELECT 1 UNION SELECT 2.50 UNION SELECT DATE '2024-01-01';
SELECT UPPER(country) c FROM customers UNION SELECT code FROM countries ORDER BY c;
SELECT COUNT(*) FROM (SELECT country FROM customers UNION SELECT country FROM addresses UNION SELECT country FROM suppliers) t;
SELECT COUNT(*), COUNT(DISTINCT id) FROM (SELECT id FROM customers UNION ALL SELECT customer_id FROM orders) t;
SELECT t.k, COUNT(*) FROM (SELECT status k FROM orders UNION ALL SELECT CONCAT(level, '') FROM customers) t GROUP BY t.k ORDER BY t.k COLLATE utf8mb4_bin;
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 500 UNION SELECT customer_id FROM quotes WHERE net > 100);
SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders UNION ALL SELECT customer_id FROM totals);
SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE total > 5000 UNION SELECT 1 FROM tags WHERE id = 1) AND id < 3;
SELECT (SELECT MAX(x) FROM (SELECT MAX(total) x FROM orders UNION SELECT MAX(amount) FROM payments) t) m;
SELECT id, total FROM orders WHERE customer_id = 7 AND total > 200 UNION SELECT order_id, SUM(quantity * price) FROM order_items GROUP BY order_id HAVING SUM(quantity * price) > 1000 ORDER BY total DESC, id;
SELECT GROUP_CONCAT(id ORDER BY id) FROM tags WHERE id < 4 UNION SELECT GROUP_CONCAT(code ORDER BY code) FROM countries;
SELECT id, RANK() OVER (ORDER BY id) r FROM tags WHERE id < 3 UNION ALL SELECT id, RANK() OVER (ORDER BY id DESC) FROM warehouses;
WITH t AS (SELECT id FROM tags WHERE id < 4) SELECT id FROM t UNION ALL SELECT id * 10 FROM t ORDER BY id;
SELECT * FROM (SELECT 1 x UNION SELECT 2) a, (SELECT 'p' y UNION SELECT 'q') b ORDER BY x, y;
SELECT * FROM tags WHERE id < 3 UNION SELECT * FROM tags WHERE id > 10;
SELECT * FROM product_tags WHERE product_id < 5 UNION ALL SELECT id, supplier_id FROM products WHERE supplier_id > 5 UNION ALL SELECT id, id FROM tags WHERE id = 1;
SELECT id FROM archive a JOIN tags ON id = order_id UNION SELECT id FROM tags WHERE id = 9;
-- empty
SELECT order_id FROM archive UNION SELECT id FROM tags WHERE id < 0;
-- empty
(SELECT id FROM tags LIMIT 0) UNION ALL (SELECT id FROM tags WHERE FALSE);
SELECT id FROM tags WHERE id < 3 UNION ALL SELECT id FROM tags WHERE id < 4 ORDER BY id LIMIT 4;
SELECT id x FROM tags WHERE id < 4 UNION SELECT -id FROM tags WHERE id < 4 ORDER BY ABS(x), x;
SELECT id FROM orders WHERE status = 'new' UNION ALL SELECT id FROM orders WHERE status = 'paid' ORDER BY id LIMIT 10, 5;
-- error: 1222
SELECT id, label FROM tags UNION SELECT id FROM tags;
-- error: 1054
SELECT id FROM tags UNION SELECT code FROM coupons ORDER BY label;
-- error: 1250
SELECT t.id FROM tags t UNION SELECT w.id FROM warehouses w ORDER BY t.id;
-- error: 1064
SELECT id FROM tags ORDER BY id UNION SELECT id FROM warehouses;
-- error: 1064
SELECT id FROM tags LIMIT 1 UNION ALL SELECT id FROM warehouses;
-- error: 1267
SELECT vb COLLATE utf8mb4_bin FROM samples UNION SELECT vu COLLATE utf8mb4_unicode_ci FROM samples;

-- An average has more digits than it shows by itself.
SELECT AVG(DISTINCT points) a FROM customers GROUP BY level UNION ALL SELECT dc FROM samples;
SELECT CAST(1 AS DECIMAL(20, 9)) UNION ALL SELECT AVG(points) FROM customers;
SELECT CAST(1 AS DECIMAL(20, 9)) UNION ALL SELECT a FROM (SELECT AVG(points) a FROM customers GROUP BY level) t;
SELECT (SELECT AVG(quantity) FROM order_items) * 3000000 x, t.id FROM tags t WHERE id < 3;
SELECT id FROM orders WHERE total > (SELECT AVG(total) FROM orders) + 10 ORDER BY id;
