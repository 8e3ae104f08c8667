-- GROUP BY ... WITH ROLLUP.

SELECT status, COUNT(*) FROM orders GROUP BY status WITH ROLLUP;
SELECT status, SUM(total), AVG(total), MIN(total), MAX(total) FROM orders GROUP BY status WITH ROLLUP;
SELECT customer_id, status, COUNT(*) FROM orders WHERE customer_id < 8 GROUP BY customer_id, status WITH ROLLUP;
SELECT YEAR(placed) y, QUARTER(placed) q, MONTH(placed) m, SUM(total) FROM orders GROUP BY YEAR(placed), QUARTER(placed), MONTH(placed) WITH ROLLUP;
SELECT status, COUNT(DISTINCT customer_id) FROM orders GROUP BY status WITH ROLLUP;
SELECT status, COUNT(*) n FROM orders GROUP BY status WITH ROLLUP HAVING n > 30;
SELECT discount, COUNT(*) n FROM orders GROUP BY discount WITH ROLLUP HAVING discount IS NULL;
SELECT COALESCE(status, 'all') s, COUNT(*) FROM orders GROUP BY status WITH ROLLUP;
SELECT IFNULL(ch, 'none'), COUNT(*) FROM (SELECT LOWER(channel) ch FROM orders) t GROUP BY ch WITH ROLLUP;
SELECT discount, COUNT(*) FROM orders GROUP BY discount WITH ROLLUP;
SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id WITH ROLLUP;
SELECT gift, quantity, SUM(price) FROM order_items GROUP BY gift, quantity WITH ROLLUP;
SELECT product_id, SUM(quantity) FROM order_items WHERE product_id < 6 GROUP BY product_id WITH ROLLUP;
SELECT level, flags, COUNT(*), SUM(points) FROM customers GROUP BY level, flags WITH ROLLUP;
SELECT level, MAX(balance), COUNT(balance) FROM customers WHERE id > 30 GROUP BY level WITH ROLLUP;
SELECT warehouse_id, SUM(quantity), COUNT(*) FROM stock GROUP BY warehouse_id WITH ROLLUP;
SELECT warehouse_id, quantity > 0, COUNT(*) FROM stock GROUP BY warehouse_id, quantity > 0 WITH ROLLUP;
SELECT continent, eu + 0 e, COUNT(*), SUM(population) FROM countries GROUP BY continent, e WITH ROLLUP;
SELECT parent_id, COUNT(*) FROM categories GROUP BY parent_id WITH ROLLUP;
SELECT o.status, p.active, SUM(i.quantity) FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id GROUP BY o.status, p.active WITH ROLLUP;
SELECT c.level, o.status, COUNT(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.level, o.status WITH ROLLUP;
SELECT w.id, s.product_id % 2 odd, SUM(s.quantity) FROM stock s JOIN warehouses w ON w.id = s.warehouse_id GROUP BY w.id, odd WITH ROLLUP;
SELECT x.d, x.n FROM (SELECT DATE(at) d, COUNT(*) n FROM events GROUP BY d WITH ROLLUP) x WHERE x.d IS NULL OR x.n > 5;
SELECT SUM(n) FROM (SELECT status, COUNT(*) n FROM orders GROUP BY status WITH ROLLUP) t WHERE status IS NOT NULL;
SELECT * FROM (SELECT status, COUNT(*) n FROM orders GROUP BY status WITH ROLLUP) t ORDER BY n DESC, status;
SELECT status, COUNT(*) FROM orders GROUP BY status WITH ROLLUP LIMIT 2;
SELECT COUNT(*) FROM orders GROUP BY status WITH ROLLUP;
SELECT status FROM orders GROUP BY status WITH ROLLUP;
-- empty
SELECT status, COUNT(*) FROM orders WHERE id < 0 GROUP BY status WITH ROLLUP HAVING COUNT(*) > 0;
SELECT rating, product_id > 5 p, COUNT(*), MAX(helpful) FROM reviews GROUP BY rating, p WITH ROLLUP;
SELECT year(hired) y, COUNT(*), SUM(salary) FROM employees GROUP BY year(hired) WITH ROLLUP;
SELECT MONTH(at), LOWER(kind), COUNT(*) FROM events GROUP BY MONTH(at), LOWER(kind) WITH ROLLUP;
SELECT status, COUNT(*) FROM orders WHERE customer_id = 7 GROUP BY status WITH ROLLUP;
SELECT e, COUNT(*), SUM(t) FROM samples GROUP BY e WITH ROLLUP;
SELECT y, e, COUNT(*) FROM samples WHERE id < 20 GROUP BY y, e WITH ROLLUP;
SELECT t, BIT_OR(tu), COUNT(DISTINCT b) FROM samples GROUP BY t WITH ROLLUP;
SELECT status, GROUP_CONCAT(DISTINCT discount ORDER BY discount) FROM orders GROUP BY status WITH ROLLUP;
SELECT 'all' k, status, COUNT(*) FROM orders GROUP BY k, status WITH ROLLUP;
-- differs: MariaDB mixes up the two values of the BIT column when the table is an Aria one
SELECT continent, eu, COUNT(*), SUM(population) FROM countries GROUP BY continent, eu WITH ROLLUP;
-- A table that a server makes is made: over a merged one MariaDB loses the NULL of ROLLUP.
WITH w AS (SELECT MIN(total) lo, MIN(id) first, MIN(customer_id) customer FROM orders WHERE customer_id = 7) SELECT a.lo % 3 FROM w a LEFT JOIN w b ON a.first = b.first GROUP BY b.customer % 3, a.lo % 3 WITH ROLLUP;
SELECT d.n % 2, d.s FROM (SELECT status s, COUNT(*) n FROM orders GROUP BY status) d JOIN products p ON p.id = 1 GROUP BY d.s, d.n % 2 WITH ROLLUP;
