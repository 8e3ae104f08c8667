-- Scalar subqueries, IN, NOT IN with NULLs, EXISTS, ANY and ALL, not tied to the outer query.

-- Scalar.
SELECT (SELECT COUNT(*) FROM orders);
SELECT id, total FROM orders WHERE total = (SELECT MAX(total) FROM orders);
SELECT id FROM orders WHERE total > (SELECT AVG(total) FROM orders) AND customer_id <> 7;
SELECT id, total - (SELECT AVG(total) FROM orders) diff FROM orders WHERE customer_id = 1 ORDER BY id;
SELECT id, total / (SELECT SUM(total) FROM orders) * 100 share FROM orders ORDER BY share DESC, id LIMIT 4;
SELECT id FROM customers WHERE points > (SELECT points FROM customers WHERE id = 6);
SELECT id FROM customers WHERE points = (SELECT MAX(points) FROM customers WHERE level = (SELECT level FROM customers WHERE id = 4));
SELECT id FROM customers WHERE country = (SELECT country FROM warehouses WHERE id = 1);
SELECT (SELECT name FROM customers WHERE id = 7) AS n, (SELECT name FROM products WHERE id = 7) AS p, (SELECT name FROM warehouses WHERE id = 99) AS w;
SELECT (SELECT MAX(placed) FROM orders) - INTERVAL 1 DAY, (SELECT MIN(placed) FROM orders) < '2024-01-01';
SELECT IF((SELECT COUNT(*) FROM orders) > (SELECT COUNT(*) FROM order_items), 'orders', 'items');
SELECT COALESCE((SELECT note FROM orders WHERE id = 0), 'none'), (SELECT note FROM orders WHERE id = 0) IS NULL;
SELECT id FROM products WHERE price = (SELECT MIN(price) FROM products WHERE active) ORDER BY id;
SELECT id, (SELECT COUNT(*) FROM tags) * id FROM tags WHERE id < 3;
SELECT id FROM orders WHERE placed BETWEEN (SELECT MIN(placed) FROM orders WHERE status = 'new') AND (SELECT placed FROM orders WHERE id = 1040);
SELECT id FROM customers WHERE (level, country) = (SELECT level, country FROM customers WHERE id = 5);
SELECT id FROM customers WHERE (points, level) > (SELECT points, level FROM customers WHERE id = 10);
SELECT id FROM orders ORDER BY ABS(total - (SELECT AVG(total) FROM orders)), id LIMIT 5;
SELECT COUNT(*) FROM orders HAVING COUNT(*) > (SELECT COUNT(*) FROM customers);
SELECT status, SUM(total) FROM orders GROUP BY status HAVING SUM(total) > (SELECT SUM(total) / 5 FROM orders) ORDER BY status;
SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id HAVING n = (SELECT MAX(c) FROM (SELECT COUNT(*) c FROM orders GROUP BY customer_id) t);
SELECT DISTINCT (SELECT COUNT(*) FROM warehouses) FROM orders;
SELECT (SELECT 1 UNION SELECT 1), (SELECT 5 LIMIT 1), (SELECT MAX(x) FROM (SELECT 1 x UNION SELECT 7) t);
SELECT (SELECT id FROM orders ORDER BY total DESC, id LIMIT 1), (SELECT id FROM orders ORDER BY total DESC, id LIMIT 1, 1);
SELECT (SELECT code FROM countries WHERE population = (SELECT MAX(population) FROM countries));
SELECT NOT (SELECT COUNT(*) FROM archive), -(SELECT MAX(points) FROM customers), ((SELECT 1));
SELECT id FROM tags WHERE (SELECT COUNT(*) FROM archive) = 0 AND id > 10;
-- empty
SELECT id FROM tags WHERE (SELECT order_id FROM archive) = 1;
SELECT id FROM tags WHERE (SELECT order_id FROM archive) IS NULL AND id < 3;

-- IN.
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 800);
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders) AND id IN (SELECT customer_id FROM shipments);
SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM orders);
SELECT id FROM customers WHERE id IN (SELECT referrer_id FROM customers);
-- empty
SELECT id FROM customers WHERE id NOT IN (SELECT referrer_id FROM customers);
SELECT id FROM customers WHERE id NOT IN (SELECT referrer_id FROM customers WHERE referrer_id IS NOT NULL) AND id < 12;
SELECT id FROM customers WHERE referrer_id NOT IN (SELECT id FROM customers);
SELECT id FROM customers WHERE (id NOT IN (SELECT referrer_id FROM customers)) IS NULL AND id < 8;
SELECT id, id IN (SELECT referrer_id FROM customers) x, id NOT IN (SELECT referrer_id FROM customers) y FROM customers WHERE id IN (1, 2, 3, 7, 16);
SELECT id, referrer_id IN (SELECT id FROM customers WHERE id < 5) x FROM customers WHERE id < 20;
SELECT id, referrer_id IN (SELECT customer_id FROM archive) x, referrer_id NOT IN (SELECT customer_id FROM archive) y FROM customers WHERE id < 6;
SELECT id FROM orders WHERE id IN (SELECT order_id FROM order_items WHERE product_id = 1);
SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM order_items) ORDER BY id DESC LIMIT 5;
SELECT id FROM orders WHERE id IN (SELECT order_id FROM order_returns) OR id IN (SELECT order_id FROM payments WHERE num = 2);
SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM payments) AND status = 'cancelled';
SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE level = 'gold' OR points >= 1000);
SELECT id FROM orders WHERE (customer_id, id) IN (SELECT customer_id, order_id FROM shipments WHERE num = 2);
SELECT id FROM orders WHERE (customer_id, placed) IN (SELECT customer_id, MAX(placed) FROM orders GROUP BY customer_id);
SELECT order_id, line FROM order_items WHERE (order_id, line) NOT IN (SELECT order_id, line FROM order_returns) AND order_id IN (SELECT order_id FROM order_returns);
SELECT order_id, line FROM order_items WHERE product_id IN (SELECT id FROM products WHERE category_id IN (SELECT id FROM categories WHERE parent_id = 7));
SELECT DISTINCT customer_id FROM orders WHERE id IN (SELECT order_id FROM order_items WHERE product_id IN (SELECT product_id FROM product_tags WHERE tag_id = (SELECT id FROM tags WHERE label = 'eco')));
SELECT id FROM products WHERE id NOT IN (SELECT product_id FROM order_items) AND id NOT IN (SELECT product_id FROM stock WHERE quantity > 50);
SELECT id FROM products WHERE category_id NOT IN (SELECT id FROM categories);
SELECT id FROM products WHERE supplier_id IN (SELECT id FROM suppliers WHERE country IN (SELECT code FROM countries WHERE continent = 'Europe'));
SELECT id, category_id FROM products WHERE category_id IN (SELECT parent_id FROM categories);
SELECT id FROM categories WHERE id NOT IN (SELECT parent_id FROM categories WHERE parent_id IS NOT NULL);
SELECT id FROM warehouses WHERE id NOT IN (SELECT warehouse_id FROM stock);
SELECT code FROM countries WHERE code NOT IN (SELECT country FROM customers WHERE country IS NOT NULL);
SELECT code FROM countries WHERE code IN (SELECT country FROM customers UNION SELECT country FROM suppliers);
SELECT code FROM coupons WHERE code IN (SELECT coupon FROM orders);
SELECT id, coupon FROM orders WHERE coupon NOT IN (SELECT code FROM coupons);
SELECT id FROM tags WHERE label IN (SELECT REPLACE(name, 'Mug', 'new') COLLATE utf8mb4_bin FROM products);
SELECT id FROM samples WHERE t IN (SELECT s FROM samples);
SELECT id FROM samples WHERE bu IN (SELECT b FROM samples WHERE b > 0);
SELECT id FROM samples WHERE tm NOT IN (SELECT tm FROM samples WHERE tm IS NOT NULL AND id < 20);
SELECT id FROM samples WHERE (e, st) IN (SELECT e, st FROM samples WHERE id < 6);
SELECT id FROM samples WHERE dc IN (SELECT f FROM samples);
SELECT id FROM employees WHERE department IN (SELECT department FROM employees WHERE manager_id = 1) AND manager_id <> 1;
SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders GROUP BY customer_id HAVING SUM(total) > 500);
SELECT id FROM customers WHERE id IN (SELECT MAX(customer_id) FROM orders GROUP BY status);
SELECT id FROM customers WHERE id IN (SELECT DISTINCT customer_id FROM events WHERE kind = 'pay' AND at > '2024-01-15');
SELECT COUNT(*) FROM orders WHERE customer_id NOT IN (SELECT id FROM customers);
SELECT id, 5 IN (SELECT quantity FROM order_items WHERE order_id = orders.id) FROM orders WHERE id < 1008;
SELECT 7 IN (SELECT customer_id FROM orders), 8 IN (SELECT order_id FROM archive), NULL IN (SELECT id FROM tags), NULL IN (SELECT order_id FROM archive);

-- EXISTS.
SELECT EXISTS (SELECT 1 FROM orders WHERE total > 100), NOT EXISTS (SELECT * FROM archive), EXISTS (SELECT NULL FROM tags);
SELECT id FROM tags WHERE EXISTS (SELECT 1 FROM orders WHERE status = 'done') AND id < 3;
-- empty
SELECT id FROM tags WHERE NOT EXISTS (SELECT 1 FROM orders);
SELECT id FROM tags WHERE EXISTS (SELECT 1 FROM archive) OR id = 5;
SELECT EXISTS (SELECT COUNT(*) FROM archive), EXISTS (SELECT 1 FROM orders LIMIT 0), EXISTS (SELECT 1 UNION SELECT 2);

-- ANY, SOME, ALL.
SELECT id FROM orders WHERE total > ALL (SELECT total FROM orders WHERE status = 'new' AND total < 600);
SELECT id FROM orders WHERE total > ANY (SELECT total FROM orders WHERE status = 'new' AND total > 500);
SELECT id FROM orders WHERE total < SOME (SELECT amount FROM payments WHERE amount < 5) AND status = 'paid';
SELECT id FROM orders WHERE customer_id = ANY (SELECT id FROM customers WHERE points < 0);
SELECT id FROM orders WHERE customer_id <> ALL (SELECT id FROM customers);
SELECT id FROM orders WHERE customer_id <> ANY (SELECT 7) AND total = 0;
SELECT id FROM orders WHERE total >= ALL (SELECT total FROM orders);
SELECT id FROM customers WHERE balance > ALL (SELECT balance FROM customers WHERE balance IS NOT NULL AND country = 'US');
-- empty
SELECT id FROM customers WHERE balance > ALL (SELECT balance FROM customers);
SELECT id FROM customers WHERE balance > ANY (SELECT balance FROM customers WHERE level = 'silver') AND id > 40;
SELECT id FROM tags WHERE id > ALL (SELECT order_id FROM archive) AND id < 3;
-- empty
SELECT id FROM tags WHERE id > ANY (SELECT order_id FROM archive);
SELECT id FROM products WHERE price > ALL (SELECT AVG(price) FROM products GROUP BY category_id);
SELECT id FROM products WHERE price <= ALL (SELECT price FROM prices);
SELECT name FROM employees WHERE salary >= ALL (SELECT salary FROM employees WHERE salary IS NOT NULL) ORDER BY id;
SELECT id, id = ANY (SELECT referrer_id FROM customers) a, id > ALL (SELECT referrer_id FROM customers) b, id < ANY (SELECT referrer_id FROM customers) c FROM customers WHERE id IN (1, 6, 50);

-- Errors.
-- error: 1242
SELECT (SELECT id FROM orders);
-- error: 1242
SELECT id FROM customers WHERE id = (SELECT customer_id FROM orders WHERE total > 100);
-- error: 1241
SELECT id FROM customers WHERE id IN (SELECT id, name FROM customers);
-- error: 1241
SELECT (SELECT id, total FROM orders WHERE id = 1002);
-- error: 4078|1241
SELECT id FROM customers WHERE (id, level) = (SELECT id FROM customers WHERE id = 1);
-- error: 1054
SELECT id FROM customers WHERE id IN (SELECT customer FROM orders);
-- error: 1241
SELECT id FROM orders WHERE (customer_id, id) IN (SELECT customer_id FROM shipments);
