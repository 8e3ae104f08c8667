-- Window functions: ranking, offsets, aggregates, frames, named windows, over joins and groups.

SELECT id, ROW_NUMBER() OVER (ORDER BY id) r FROM tags;
SELECT id, ROW_NUMBER() OVER (ORDER BY points DESC, id) r FROM customers ORDER BY r LIMIT 10;
SELECT customer_id, id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY placed, id) r FROM orders;
SELECT id, total, RANK() OVER (ORDER BY total DESC) r, DENSE_RANK() OVER (ORDER BY total DESC) d FROM orders ORDER BY total DESC, id LIMIT 20;
SELECT id, status, RANK() OVER (PARTITION BY status ORDER BY total) FROM orders;
SELECT id, points, PERCENT_RANK() OVER (ORDER BY points) p, CUME_DIST() OVER (ORDER BY points) c FROM customers ORDER BY points, id;
SELECT id, NTILE(4) OVER (ORDER BY total, id) q FROM orders ORDER BY total, id;
SELECT id, NTILE(3) OVER (PARTITION BY level ORDER BY id) q FROM customers;
SELECT id, LAG(total) OVER (ORDER BY id) a, LEAD(total) OVER (ORDER BY id) b FROM orders WHERE customer_id = 7 ORDER BY id;
SELECT id, LAG(total, 2) OVER (ORDER BY id) a, LEAD(placed, 3) OVER (ORDER BY id) b FROM orders WHERE customer_id = 7;
SELECT customer_id, id, DATEDIFF(placed, LAG(placed) OVER (PARTITION BY customer_id ORDER BY placed, id)) days FROM orders ORDER BY customer_id, placed, id;
SELECT id, FIRST_VALUE(id) OVER (PARTITION BY status ORDER BY total, id) f, LAST_VALUE(id) OVER (PARTITION BY status ORDER BY total, id) l FROM orders;
SELECT id, LAST_VALUE(id) OVER (PARTITION BY status ORDER BY total, id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) l FROM orders;
SELECT id, NTH_VALUE(id, 2) OVER (PARTITION BY customer_id ORDER BY placed, id) second FROM orders;
SELECT id, total, SUM(total) OVER () s, AVG(total) OVER () a, COUNT(*) OVER () n, MIN(total) OVER () mi, MAX(total) OVER () ma FROM orders WHERE customer_id IN (1, 25);
SELECT id, SUM(total) OVER (ORDER BY placed, id) run FROM orders ORDER BY placed, id;
SELECT id, SUM(total) OVER (ORDER BY DATE(placed)) run FROM orders ORDER BY id;
SELECT customer_id, id, SUM(total) OVER (PARTITION BY customer_id ORDER BY placed, id) run FROM orders ORDER BY customer_id, placed, id;
SELECT id, COUNT(*) OVER (PARTITION BY customer_id) n FROM orders WHERE status = 'done';
SELECT id, total, total - AVG(total) OVER (PARTITION BY status) diff FROM orders;
SELECT id, total / SUM(total) OVER (PARTITION BY customer_id) share FROM orders WHERE customer_id IN (1, 5, 19) ORDER BY id;
SELECT id, AVG(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) ma FROM orders ORDER BY id;
SELECT id, SUM(total) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) s FROM orders;
SELECT id, SUM(total) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) s FROM orders WHERE id < 1030;
SELECT id, COUNT(*) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING) n FROM tags;
SELECT id, SUM(id) OVER (ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 4 FOLLOWING) s FROM tags;
SELECT id, MAX(total) OVER (ORDER BY id ROWS 4 PRECEDING) m FROM orders;
SELECT id, MIN(total) OVER (PARTITION BY status ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) m FROM orders;
SELECT id, points, SUM(points) OVER (ORDER BY points RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) s FROM customers ORDER BY points, id;
SELECT id, points, COUNT(*) OVER (ORDER BY points RANGE BETWEEN 10 PRECEDING AND 10 FOLLOWING) n FROM customers;
SELECT id, total, COUNT(*) OVER (ORDER BY total RANGE BETWEEN 50 PRECEDING AND CURRENT ROW) n FROM orders;
SELECT id, COUNT(*) OVER (ORDER BY points DESC RANGE BETWEEN CURRENT ROW AND 5 FOLLOWING) n FROM customers;
SELECT id, SUM(points) OVER w s, RANK() OVER w r FROM customers WINDOW w AS (PARTITION BY level ORDER BY points, id) ORDER BY id;
SELECT id, SUM(points) OVER (w ORDER BY id) s, COUNT(*) OVER w n FROM customers WINDOW w AS (PARTITION BY level);
SELECT id, FIRST_VALUE(name) OVER w f FROM customers WINDOW w AS (PARTITION BY level ORDER BY joined, id);
SELECT id, RANK() OVER a x, RANK() OVER b y FROM orders WINDOW a AS (ORDER BY total), b AS (PARTITION BY status ORDER BY total DESC) ORDER BY id;
SELECT id, ROW_NUMBER() OVER (ORDER BY name COLLATE utf8mb4_bin, id) r FROM customers;
SELECT id, DENSE_RANK() OVER (ORDER BY name) r FROM customers;
SELECT id, RANK() OVER (ORDER BY nick) r FROM customers ORDER BY r, id;
SELECT id, RANK() OVER (ORDER BY balance DESC) r FROM customers WHERE balance IS NOT NULL;
SELECT id, RANK() OVER (ORDER BY balance) r FROM customers ORDER BY r, id;
SELECT author, product_id, ROW_NUMBER() OVER (PARTITION BY author ORDER BY written, product_id) n FROM reviews;
SELECT author, product_id, COUNT(*) OVER (PARTITION BY author) n FROM reviews ORDER BY n DESC, written, product_id;
SELECT product_id, rating, AVG(rating) OVER (PARTITION BY product_id) a FROM reviews;
SELECT order_id, line, SUM(quantity * price) OVER (PARTITION BY order_id ORDER BY line) run FROM order_items;
SELECT order_id, line, price, MAX(price) OVER (PARTITION BY product_id) m FROM order_items WHERE product_id < 4;
SELECT product_id, valid_from, price, LEAD(valid_from) OVER (PARTITION BY product_id ORDER BY valid_from) - INTERVAL 1 DAY until_ FROM prices;
SELECT product_id, valid_from, price - LAG(price) OVER (PARTITION BY product_id ORDER BY valid_from) d FROM prices ORDER BY product_id, valid_from;
SELECT warehouse_id, product_id, quantity, SUM(quantity) OVER (PARTITION BY product_id) t FROM stock WHERE product_id < 10;
SELECT warehouse_id, product_id, RANK() OVER (PARTITION BY warehouse_id ORDER BY quantity DESC, product_id) r FROM stock;
SELECT id, at, TIMESTAMPDIFF(MINUTE, LAG(at) OVER (PARTITION BY customer_id ORDER BY at, id), at) gap FROM events WHERE customer_id < 10;
SELECT id, COUNT(*) OVER (PARTITION BY DATE(at)) n, ROW_NUMBER() OVER (PARTITION BY DATE(at) ORDER BY at, id) k FROM events WHERE at < '2023-12-01';
SELECT id, kind, LEAD(kind) OVER (PARTITION BY customer_id ORDER BY at, id) next_kind FROM events WHERE customer_id IN (1, 7, 25) ORDER BY id;
SELECT id, salary, RANK() OVER (PARTITION BY warehouse_id ORDER BY salary DESC) r FROM employees ORDER BY id;
SELECT id, salary, salary / FIRST_VALUE(salary) OVER (PARTITION BY warehouse_id ORDER BY salary DESC) p FROM employees WHERE salary > 0;
SELECT code, population, SUM(population) OVER (ORDER BY population DESC) run FROM countries ORDER BY population DESC, code;
SELECT code, continent, RANK() OVER (PARTITION BY continent ORDER BY population DESC) r FROM countries;
SELECT id, parent_id, ROW_NUMBER() OVER (PARTITION BY parent_id ORDER BY position, id) n FROM categories;
SELECT id, capacity, SUM(capacity) OVER (ORDER BY id) s FROM warehouses;
SELECT id, LAG(name) OVER (ORDER BY id) p FROM suppliers;
SELECT order_id, num, amount, SUM(amount) OVER (PARTITION BY order_id) t FROM payments WHERE order_id BETWEEN 1050 AND 1100;
SELECT order_id, num, BIT_OR(num) OVER (PARTITION BY order_id) b FROM payments;
SELECT id, COUNT(discount) OVER (PARTITION BY customer_id) c, SUM(discount) OVER (PARTITION BY customer_id) s FROM orders;
SELECT id, SUM(t) OVER (ORDER BY id) a, MAX(bu) OVER (ORDER BY id) b, MIN(dc) OVER (ORDER BY id) c, AVG(s) OVER (ORDER BY id) d FROM samples;
SELECT id, LAG(tm) OVER (ORDER BY id) a, LEAD(e) OVER (ORDER BY id) b, LAG(dt) OVER (ORDER BY id) c, LEAD(vu) OVER (ORDER BY id) d, LAG(y) OVER (ORDER BY id) f FROM samples;
SELECT id, FIRST_VALUE(bu) OVER (ORDER BY id) a, NTH_VALUE(dc, 3) OVER (ORDER BY id) b, LAST_VALUE(st) OVER (ORDER BY id) c FROM samples WHERE id < 12;
SELECT id, RANK() OVER (ORDER BY e) a, RANK() OVER (ORDER BY st) b, RANK() OVER (ORDER BY tm) c, RANK() OVER (ORDER BY vb) d, RANK() OVER (ORDER BY bi) f FROM samples;
SELECT status, COUNT(*) n, RANK() OVER (ORDER BY COUNT(*) DESC) r FROM orders GROUP BY status;
SELECT status, SUM(total) s, SUM(SUM(total)) OVER (ORDER BY status) run FROM orders GROUP BY status ORDER BY status;
SELECT customer_id, COUNT(*) n, ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, customer_id) r FROM orders GROUP BY customer_id ORDER BY r LIMIT 7;
SELECT YEAR(placed) y, MONTH(placed) m, SUM(total) s, LAG(SUM(total)) OVER (ORDER BY YEAR(placed), MONTH(placed)) prev FROM orders GROUP BY y, m ORDER BY y, m;
SELECT status, COUNT(*) / SUM(COUNT(*)) OVER () share FROM orders GROUP BY status;
SELECT level, COUNT(*) n, MAX(COUNT(*)) OVER () m FROM customers GROUP BY level HAVING COUNT(*) > 5;
SELECT c.level, o.id, RANK() OVER (PARTITION BY c.level ORDER BY o.total DESC, o.id) r FROM customers c JOIN orders o ON o.customer_id = c.id;
SELECT o.id, i.line, SUM(i.quantity) OVER (PARTITION BY o.customer_id ORDER BY o.id, i.line) s FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id IN (1, 25) ORDER BY o.id, i.line;
SELECT p.category_id, p.id, SUM(i.quantity) q, RANK() OVER (PARTITION BY p.category_id ORDER BY SUM(i.quantity) DESC) r FROM products p JOIN order_items i ON i.product_id = p.id GROUP BY p.category_id, p.id;
SELECT * FROM (SELECT id, customer_id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY total DESC, id) r FROM orders) t WHERE r <= 2 AND customer_id < 10;
SELECT customer_id, MAX(r) FROM (SELECT customer_id, DENSE_RANK() OVER (PARTITION BY customer_id ORDER BY status) r FROM orders) t GROUP BY customer_id;
SELECT DISTINCT customer_id, COUNT(*) OVER (PARTITION BY customer_id) n FROM orders;
SELECT id FROM orders ORDER BY ROW_NUMBER() OVER (ORDER BY total DESC, id) LIMIT 5;
SELECT id, CASE WHEN ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY placed, id) = 1 THEN 'first' ELSE 'again' END k FROM orders WHERE id < 1050;
SELECT id, COALESCE(LAG(id) OVER (ORDER BY id), 0) + 1 = id AS follows FROM orders ORDER BY id;
SELECT id, SUM(CASE WHEN status = 'done' THEN total ELSE 0 END) OVER (PARTITION BY customer_id ORDER BY id) s FROM orders;
SELECT id, COUNT(IF(total > 100, 1, NULL)) OVER (ORDER BY id) n FROM orders ORDER BY id DESC LIMIT 10;
SELECT id, total, (SELECT COUNT(*) FROM order_items i WHERE i.order_id = o.id) n, RANK() OVER (ORDER BY total) FROM orders o WHERE customer_id = 25;
SELECT a.id, a.r FROM (SELECT id, RANK() OVER (ORDER BY points) r FROM customers) a JOIN (SELECT id, RANK() OVER (ORDER BY balance) r FROM customers) b ON a.id = b.id AND a.r = b.r;
SELECT id, ROW_NUMBER() OVER () > 0 r FROM tags;
SELECT COUNT(*) OVER () FROM tags LIMIT 1;
SELECT SUM(id) OVER (PARTITION BY 'x') FROM tags WHERE id < 4;
SELECT id, RANK() OVER (ORDER BY NULL) r FROM tags WHERE id < 4;
-- approximate
SELECT id, STDDEV(total) OVER (PARTITION BY status) s, VARIANCE(total) OVER (PARTITION BY status) v FROM orders;
-- approximate
SELECT warehouse_id, carrier, SUM(weight) OVER (PARTITION BY warehouse_id) s FROM shipments;
-- empty
SELECT id, ROW_NUMBER() OVER (ORDER BY id) FROM orders WHERE id < 0;
-- error: 4015|3593
SELECT id FROM orders WHERE ROW_NUMBER() OVER (ORDER BY id) < 5;
-- error: 4009|3579
SELECT id, RANK() OVER w FROM orders;
-- error: 4015|3593
SELECT status FROM orders GROUP BY ROW_NUMBER() OVER (ORDER BY id);
-- error: 1235
SELECT id, COUNT(DISTINCT status) OVER () FROM orders;
-- error: 1054
SELECT id, SUM(nothing) OVER () FROM orders;
-- error: 4014|3584
SELECT id, SUM(total) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW) FROM orders;
