-- INSERT ... SELECT of all kinds of queries.

INSERT INTO archive SELECT id, customer_id, placed, total, note FROM orders;
INSERT INTO archive (order_id, total) SELECT id, total FROM orders WHERE customer_id = 7;
INSERT INTO archive (order_id, customer_id, what) SELECT id, customer_id, CONCAT(status, '/', COALESCE(channel, '-')) FROM orders WHERE status IN ('done', 'cancelled');
INSERT INTO archive (order_id, total) SELECT id, total FROM orders ORDER BY total DESC, id LIMIT 10;
INSERT INTO archive (order_id, total) SELECT id, total FROM orders ORDER BY placed, id LIMIT 20, 15;
INSERT INTO archive (order_id, total) SELECT order_id, SUM(quantity * price) FROM order_items GROUP BY order_id;
INSERT INTO archive (order_id, total, what) SELECT customer_id, SUM(total), COUNT(*) FROM orders GROUP BY customer_id HAVING COUNT(*) > 2;
INSERT INTO archive (order_id, customer_id, what) SELECT o.id, c.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.level = 'gold';
INSERT INTO archive (order_id, total, what) SELECT o.id, SUM(i.quantity), GROUP_CONCAT(p.name ORDER BY i.line SEPARATOR ', ') FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id GROUP BY o.id;
INSERT INTO archive (order_id, what) SELECT o.id, IFNULL(p.method, 'unpaid') FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.num = 1;
INSERT INTO archive (order_id, total) SELECT id, (SELECT SUM(amount) FROM payments p WHERE p.order_id = o.id) FROM orders o;
INSERT INTO archive (order_id) SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM order_items);
INSERT INTO archive (order_id) SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM order_returns r WHERE r.order_id = o.id);
INSERT INTO archive (order_id) SELECT DISTINCT customer_id FROM orders;
INSERT INTO archive (order_id, what) SELECT id, 'customer' FROM customers WHERE id < 5 UNION ALL SELECT id + 100, 'product' FROM products WHERE id < 5 UNION ALL SELECT id + 200, 'tag' FROM tags WHERE id < 5;
INSERT INTO archive (order_id) SELECT id FROM customers EXCEPT SELECT customer_id FROM orders;
INSERT INTO archive (order_id) (SELECT id FROM customers ORDER BY points DESC, id LIMIT 3) UNION (SELECT id FROM customers ORDER BY points, id LIMIT 3);
INSERT INTO archive (order_id, total) SELECT id, RANK() OVER (ORDER BY total DESC) FROM orders;
INSERT INTO archive (order_id, customer_id, total) SELECT id, customer_id, SUM(total) OVER (PARTITION BY customer_id ORDER BY placed, id) FROM orders;
INSERT INTO archive (order_id, what) SELECT x.id, x.k FROM (SELECT id, CASE WHEN total > 100 THEN 'big' ELSE 'small' END k FROM orders) x WHERE x.k = 'big';
INSERT INTO archive (order_id, total) WITH t AS (SELECT customer_id c, MAX(total) m FROM orders GROUP BY customer_id) SELECT c, m FROM t WHERE m > 100;
INSERT INTO archive (order_id, what) WITH RECURSIVE t AS (SELECT id, name FROM categories WHERE id = 1 UNION ALL SELECT c.id, c.name FROM t JOIN categories c ON c.parent_id = t.id) SELECT id, name FROM t;
INSERT INTO archive (order_id) WITH RECURSIVE n AS (SELECT 1 x UNION ALL SELECT x + 1 FROM n WHERE x < 50) SELECT x FROM n;
INSERT INTO archive (order_id, what) SELECT 1, 'const';
INSERT INTO archive (order_id, what) SELECT 1, 'a' UNION SELECT 2, 'b' UNION SELECT 3, NULL;
INSERT INTO archive (order_id, total) SELECT COUNT(*), SUM(total) FROM orders;
INSERT INTO archive (order_id, total) SELECT MAX(order_id) + 1, 0 FROM payments;
-- nothing
INSERT INTO archive (order_id) SELECT id FROM orders WHERE id < 0;
INSERT INTO archive (order_id, customer_id) SELECT o.id, s.num FROM orders o NATURAL JOIN (SELECT customer_id, order_id id, num FROM shipments WHERE num = 1) s;
INSERT INTO archive (order_id, placed, what) SELECT id, at, payload FROM events WHERE kind IN ('cart', 'search');
INSERT INTO archive (order_id, what) SELECT id, JSON_OBJECT('n', name, 'p', price) FROM products WHERE id < 8;
INSERT INTO archive (order_id, what) SELECT t.n, t.v FROM JSON_TABLE('["a", "b"]', '$[*]' COLUMNS (n FOR ORDINALITY, v VARCHAR(5) PATH '$')) t;
INSERT INTO archive SET order_id = (SELECT MAX(id) FROM orders), total = (SELECT SUM(total) FROM orders);
INSERT INTO archive (order_id, total) VALUES ((SELECT MIN(id) FROM orders), (SELECT AVG(total) FROM orders)), (1, (SELECT COUNT(*) FROM tags));
INSERT INTO totals (customer_id, orders, amount, last_order) SELECT customer_id, COUNT(*), SUM(total), MAX(placed) FROM orders WHERE customer_id NOT IN (SELECT customer_id FROM totals) GROUP BY customer_id;
INSERT INTO totals (customer_id, orders) SELECT id + 1000, points FROM customers WHERE points > 50;
INSERT INTO totals (customer_id, remark) SELECT c.id, LEFT(c.name, 40) FROM customers c LEFT JOIN totals t ON t.customer_id = c.id WHERE t.customer_id IS NULL;
INSERT INTO customers (id, name, joined, country) SELECT id + 1000, name, '2024-01-01', country FROM suppliers;
INSERT INTO customers SELECT id + 1000, email, name, nick, country, born, joined, balance, points, level, flags, id, note FROM customers WHERE id < 20;
INSERT INTO orders (id, customer_id, status, placed, total) SELECT id + 5000, customer_id, 'new', placed + INTERVAL 1 YEAR, total FROM orders WHERE status = 'cancelled';
INSERT INTO orders (id, customer_id, placed, total) SELECT id + 5000, (customer_id + 1) % 50, placed, total FROM orders WHERE total > 300;
INSERT INTO order_items SELECT order_id + 5000, line, product_id, quantity, price, gift FROM order_items WHERE order_id < 1040;
INSERT INTO order_items (order_id, line, product_id, price) SELECT order_id, MAX(line) + 1, MIN(product_id), 0 FROM order_items GROUP BY order_id HAVING COUNT(*) > 2;
INSERT INTO order_returns SELECT order_id, line, quantity, '2024-01-01', 'recall' FROM order_items WHERE product_id = 1 AND (order_id, line) NOT IN (SELECT order_id, line FROM order_returns);
INSERT INTO payments (order_id, num, method, amount, paid_at) SELECT o.id, 9, 'auto', o.total - COALESCE(SUM(p.amount), 0), '2024-01-01' FROM orders o LEFT JOIN payments p ON p.order_id = o.id GROUP BY o.id, o.total HAVING o.total > COALESCE(SUM(p.amount), 0);
INSERT INTO shipments (customer_id, order_id, num, carrier, warehouse_id) SELECT customer_id, id, 9, 'later', id % 5 FROM orders WHERE status = 'paid';
INSERT INTO stock (warehouse_id, product_id, quantity) SELECT w.id, p.id, 0 FROM warehouses w CROSS JOIN products p WHERE NOT EXISTS (SELECT 1 FROM stock s WHERE s.warehouse_id = w.id AND s.product_id = p.id);
INSERT INTO stock (warehouse_id, product_id, quantity) SELECT 6, product_id, SUM(quantity) FROM stock GROUP BY product_id;
INSERT INTO prices SELECT product_id, '2025-01-01', MAX(price) * 1.1 FROM prices GROUP BY product_id;
INSERT INTO prices (product_id, valid_from, price) SELECT id, added, price FROM products WHERE price > 0 AND id NOT IN (SELECT product_id FROM prices);
INSERT INTO product_tags SELECT p.id, t.id FROM products p, tags t WHERE t.label = 'unused' AND p.price = 2.5;
INSERT INTO tags SELECT id + 100, CONCAT(label, '!') FROM tags;
INSERT INTO reviews (author, product_id, rating, written) SELECT CONCAT(e.name, e.id), p.id, 3, '2024-01-01' FROM employees e JOIN products p ON p.id = e.id;
INSERT INTO coupons (code, percent, starts) SELECT CONCAT('C', id), id, joined FROM customers WHERE level = 'platinum';
INSERT INTO events (id, at, customer_id, kind) SELECT id, placed, customer_id, 'order' FROM orders;
INSERT INTO events (id, at, kind) SELECT id + 1000, at + INTERVAL 2 MONTH, kind FROM events WHERE customer_id = 7;
INSERT INTO daily SELECT DATE(at), LOWER(kind), COUNT(*) FROM events WHERE at >= '2024-01-03' AND at < '2024-02-01' GROUP BY DATE(at), LOWER(kind);
INSERT INTO daily (day, kind, n) SELECT DATE(placed), 'order', COUNT(*) FROM orders GROUP BY DATE(placed);
INSERT INTO countries (code, name, continent) SELECT 'X1', MAX(name), 'Asia' FROM warehouses;
INSERT INTO categories (id, parent_id, name) SELECT id + 1000, NULL, label FROM tags;
INSERT INTO categories SELECT id + 100, parent_id, UPPER(name), position FROM categories WHERE parent_id = 1;
INSERT INTO warehouses (id, name, country, capacity) SELECT id + 100, LEFT(name, 30), country, population DIV 10000 FROM (SELECT ROW_NUMBER() OVER (ORDER BY code) id, name, code country, COALESCE(population, 0) population FROM countries WHERE continent = 'Europe') x;
INSERT INTO settings (name, value) SELECT CONCAT('orders_', status), COUNT(*) FROM orders GROUP BY status;
INSERT INTO settings (name, value) SELECT CONCAT('w', id), name FROM warehouses;
INSERT INTO employees (id, name, hired, salary) SELECT id + 100, CONCAT(name, '2'), hired, salary * 1.1 FROM employees WHERE salary > 3000;
INSERT INTO samples SELECT id + 100, t, tu, s, m, iu, b, bu, dc, f, d, c, vb, vu, vl, tx, bl, bi, da, dt, ts, tm, y, e, st, bt, j FROM samples;
INSERT INTO samples (id, vl, c, vu, tx) SELECT id + 100, c, vl, vb, vu FROM samples WHERE id < 20;
INSERT INTO samples (id, bu, b, dc, d) SELECT id + 100, tu, s, m, dc FROM samples WHERE id < 20;
INSERT INTO quotes (id, customer_id, net, title) SELECT c.id + 100, c.id, SUM(o.total), c.nick FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.nick IS NOT NULL GROUP BY c.id, c.nick;
INSERT INTO quotes (id, customer_id, net) SELECT id + 100, customer_id, gross FROM quotes;
INSERT INTO product_tags (product_id, tag_id) SELECT product_id, 50 FROM product_tags GROUP BY product_id HAVING COUNT(*) > 2;
INSERT INTO archive (order_id, customer_id) SELECT id, id FROM suppliers;
INSERT INTO archive (order_id, total) SELECT id, population / 1000000 FROM (SELECT ROW_NUMBER() OVER (ORDER BY code) id, population FROM countries) x WHERE population IS NOT NULL;
INSERT INTO archive (order_id, what) SELECT a.id, b.name FROM employees a JOIN employees b ON b.id = a.manager_id ORDER BY a.id DESC LIMIT 5;
INSERT INTO archive (order_id, what) SELECT id, name FROM customers WHERE id IN (SELECT customer_id FROM orders GROUP BY customer_id HAVING SUM(total) > 500) AND country IN (SELECT code FROM countries WHERE eu = 1);

-- IGNORE and duplicates.
INSERT IGNORE INTO archive (order_id, what) SELECT product_id, MIN(price) FROM order_items GROUP BY product_id;
INSERT IGNORE INTO totals (customer_id, orders) SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id;
INSERT IGNORE INTO tags SELECT id + 5, label FROM tags;
INSERT IGNORE INTO daily SELECT DATE '2024-01-01' + INTERVAL id DAY, 'visit', id FROM tags;
INSERT IGNORE INTO customers (id, name, joined) SELECT id * 13, name, '2024-01-01' FROM suppliers;
-- error: 1062
INSERT INTO tags SELECT id + 5, label FROM tags;
-- error: 1062
INSERT INTO totals (customer_id) SELECT id FROM customers;
-- error: 1062
INSERT INTO archive (order_id) SELECT 1 UNION ALL SELECT 1;
-- error: 1048
INSERT INTO tags SELECT id + 100, NULLIF(label, 'new') FROM tags;
-- error: 1264
INSERT INTO stock (warehouse_id, product_id) SELECT id, 1 FROM orders o WHERE id > 1100 UNION SELECT 100000, 1;
-- error: 1366
INSERT INTO archive (order_id, total) SELECT id, name FROM warehouses;
-- error: 1406
INSERT INTO tags SELECT id + 100, REPEAT(label, 20) FROM tags;
-- error: 1054
INSERT INTO archive (order_id) SELECT o.id FROM orders o WHERE o.missing = 1;
INSERT INTO totals (customer_id, amount) SELECT id, 7 FROM tags WHERE id BETWEEN 1 AND 9 ON DUPLICATE KEY UPDATE customer_id = totals.customer_id + 5000, amount = 8;
INSERT INTO totals (customer_id, amount) SELECT 3, 1.5 ON DUPLICATE KEY UPDATE customer_id = totals.customer_id + 7000;
INSERT INTO parcels (id, weight) SELECT c.id + 36, 1 FROM categories c WHERE c.id < 9 ON DUPLICATE KEY UPDATE parcels.id = parcels.id + 2000, weight = 0;
INSERT INTO parcels (id, weight) SELECT CAST(CONCAT(id, '00') AS BINARY), weight FROM parcels WHERE box BETWEEN 1 AND 3;
INSERT INTO readings (id, sensor, taken) SELECT id + 500, CAST(sensor AS BINARY), CAST(taken AS DATE) FROM readings WHERE id < 9;

-- Without these a quotient or an average would have to give digits that it does not show.
INSERT INTO archive (order_id, total) SELECT customer_id, ROUND(AVG(total), 2) FROM orders GROUP BY customer_id;
INSERT INTO archive (order_id, total, what) SELECT customer_id, CAST(AVG(total) AS DECIMAL(20, 10)), CAST(SUM(total) / 7 AS DECIMAL(30, 12)) FROM orders GROUP BY customer_id;
