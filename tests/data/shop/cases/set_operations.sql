-- INTERSECT and EXCEPT, alone and among UNIONs.

SELECT id FROM customers INTERSECT SELECT customer_id FROM orders;
SELECT id FROM customers EXCEPT SELECT customer_id FROM orders;
SELECT customer_id FROM orders EXCEPT SELECT id FROM customers;
SELECT customer_id FROM orders INTERSECT SELECT customer_id FROM shipments INTERSECT SELECT customer_id FROM totals;
SELECT customer_id FROM orders WHERE status = 'done' EXCEPT SELECT customer_id FROM orders WHERE status = 'cancelled' ORDER BY customer_id;
SELECT customer_id FROM orders WHERE status = 'done' INTERSECT SELECT customer_id FROM orders WHERE status = 'cancelled' ORDER BY customer_id DESC LIMIT 5;
SELECT customer_id, status FROM orders WHERE total > 100 INTERSECT SELECT customer_id, status FROM orders WHERE total < 50;
SELECT customer_id, status FROM orders WHERE customer_id < 10 EXCEPT SELECT customer_id, status FROM orders WHERE discount IS NOT NULL;
SELECT product_id FROM order_items EXCEPT SELECT id FROM products;
SELECT id FROM products EXCEPT SELECT product_id FROM order_items ORDER BY id;
SELECT id FROM products INTERSECT SELECT product_id FROM reviews EXCEPT SELECT product_id FROM product_tags;
SELECT id FROM products EXCEPT SELECT product_id FROM reviews EXCEPT SELECT product_id FROM order_items WHERE quantity > 1;
SELECT order_id, line FROM order_items WHERE quantity = 1 INTERSECT SELECT order_id, line FROM order_returns;
SELECT id FROM orders EXCEPT SELECT order_id FROM order_items EXCEPT SELECT order_id FROM payments ORDER BY id LIMIT 7;
SELECT order_id FROM payments EXCEPT SELECT id FROM orders;
SELECT discount FROM orders INTERSECT SELECT NULL;
SELECT discount FROM orders EXCEPT SELECT 0 ORDER BY 1;
SELECT NULL INTERSECT SELECT NULL;
-- empty
SELECT NULL EXCEPT SELECT NULL;
SELECT status FROM orders INTERSECT SELECT 'done' UNION SELECT 'extra';
SELECT 1 UNION SELECT 2 INTERSECT SELECT 2 UNION SELECT 3;
(SELECT 1 UNION SELECT 2) INTERSECT SELECT 2;
SELECT 1 UNION ALL SELECT 1 EXCEPT SELECT 2;
SELECT id FROM tags WHERE id < 6 EXCEPT (SELECT id FROM tags WHERE id < 3 UNION SELECT 5);
(SELECT id FROM tags ORDER BY id DESC LIMIT 4) INTERSECT (SELECT id FROM tags ORDER BY id LIMIT 10);
(SELECT customer_id FROM orders ORDER BY total DESC, id LIMIT 10) EXCEPT (SELECT customer_id FROM orders ORDER BY placed, id LIMIT 40) ORDER BY customer_id;
SELECT code FROM countries EXCEPT SELECT UPPER(country) FROM customers WHERE country IS NOT NULL;
SELECT UPPER(country) c FROM customers INTERSECT SELECT code FROM countries ORDER BY c LIMIT 4;
SELECT UPPER(country) FROM customers EXCEPT SELECT code FROM countries;
SELECT id FROM employees EXCEPT SELECT manager_id FROM employees;
SELECT manager_id FROM employees EXCEPT SELECT id FROM employees;
SELECT COUNT(*) FROM (SELECT id FROM customers EXCEPT SELECT customer_id FROM events) t;
SELECT c.id, c.name FROM customers c WHERE c.id IN (SELECT id FROM customers EXCEPT SELECT customer_id FROM orders) AND c.level = 'bronze';
SELECT EXISTS (SELECT id FROM tags INTERSECT SELECT 100), EXISTS (SELECT id FROM tags EXCEPT SELECT 1);
SELECT t.customer_id, COUNT(o.id) FROM (SELECT customer_id FROM orders EXCEPT SELECT customer_id FROM shipments) t JOIN orders o ON o.customer_id = t.customer_id GROUP BY t.customer_id;
SELECT customer_id FROM orders GROUP BY customer_id HAVING COUNT(*) > 3 INTERSECT SELECT customer_id FROM shipments GROUP BY customer_id HAVING COUNT(*) > 1;
SELECT p.id FROM products p JOIN product_tags x ON x.product_id = p.id WHERE x.tag_id = 1 INTERSECT SELECT p.id FROM products p JOIN product_tags x ON x.product_id = p.id WHERE x.tag_id = 10 OR x.tag_id = 7;
WITH a AS (SELECT customer_id c FROM orders WHERE channel = 'web'), b AS (SELECT customer_id FROM orders WHERE channel = 'app') SELECT c FROM a INTERSECT SELECT * FROM b;
SELECT t FROM samples INTERSECT SELECT b FROM samples;
SELECT tu FROM samples EXCEPT SELECT t FROM samples;
SELECT da FROM samples INTERSECT SELECT DATE(dt) FROM samples;
SELECT e, st FROM samples WHERE id < 20 INTERSECT SELECT e, st FROM samples WHERE id > 15;
SELECT dc FROM samples INTERSECT SELECT f FROM samples;
SELECT customer_id FROM orders WHERE status = 'done' INTERSECT ALL SELECT customer_id FROM orders WHERE status = 'new';
SELECT customer_id FROM orders WHERE status = 'done' EXCEPT ALL SELECT customer_id FROM orders WHERE status = 'new';
SELECT quantity FROM order_items WHERE order_id < 1010 EXCEPT ALL SELECT quantity FROM order_items WHERE line = 1 AND order_id < 1010;
SELECT status, COUNT(*) FROM orders GROUP BY status EXCEPT SELECT status, COUNT(*) FROM orders WHERE status <> 'done' GROUP BY status;
SELECT MAX(total) FROM orders INTERSECT SELECT total FROM orders;
SELECT day, kind FROM daily EXCEPT SELECT DATE(at), kind FROM events;
-- empty
SELECT id FROM archive a JOIN tags t ON t.id = a.order_id INTERSECT SELECT id FROM tags;
-- error: 1222
SELECT id, label FROM tags INTERSECT SELECT id FROM tags;
-- error: 1222
SELECT id FROM tags EXCEPT SELECT 1, 2;

-- In parentheses, the first of them too
SELECT id FROM customers WHERE id >= ALL ((SELECT customer_id FROM orders WHERE customer_id < 9) UNION SELECT 3) ORDER BY id;
SELECT id FROM customers WHERE id IN ((SELECT customer_id FROM orders WHERE total > 500) UNION ALL (SELECT 3 FROM tags)) ORDER BY id;
SELECT id, ((SELECT MAX(total) FROM orders WHERE customer_id = customers.id) UNION SELECT MAX(total) FROM orders WHERE customer_id = customers.id) m FROM customers ORDER BY id;
SELECT id FROM customers WHERE id < ANY ((SELECT customer_id FROM orders) INTERSECT (SELECT customer_id FROM addresses)) ORDER BY id;
SELECT * FROM ((SELECT id FROM customers WHERE id < 4) EXCEPT (SELECT customer_id FROM orders)) x ORDER BY id;
SELECT COUNT(*) FROM orders WHERE EXISTS ((SELECT 1 FROM customers c WHERE c.id = orders.customer_id) UNION (SELECT 1 FROM tags WHERE id < 0));

-- Behind SOME and ALL; what depends on the query around it is answered by the order of rows on both families' servers, and refused
SELECT id FROM customers WHERE id > SOME (SELECT customer_id FROM orders EXCEPT SELECT customer_id FROM addresses) ORDER BY id;
SELECT id FROM customers WHERE id <= ALL (SELECT customer_id FROM orders WHERE EXISTS (SELECT 1 FROM tags t WHERE t.id = orders.customer_id) INTERSECT SELECT customer_id FROM addresses) ORDER BY id;
SELECT id FROM customers c WHERE id > SOME (SELECT customer_id FROM orders EXCEPT SELECT customer_id FROM addresses WHERE c.id <> 3) ORDER BY id;
SELECT id FROM customers c WHERE c.id IN (SELECT customer_id FROM orders EXCEPT SELECT customer_id FROM addresses a WHERE a.num < c.id - 2) ORDER BY id;
