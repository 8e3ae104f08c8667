-- Writes in forms that only MariaDB has.

UPDATE customers SET points = (SELECT MAX(points) FROM customers) WHERE id = 2;
UPDATE customers SET points = (SELECT COUNT(*) FROM customers c WHERE c.referrer_id = customers.id);
UPDATE orders SET total = total * 2 WHERE total < (SELECT AVG(total) FROM orders);
UPDATE orders SET note = 'latest' WHERE (customer_id, placed) IN (SELECT customer_id, MAX(placed) FROM orders GROUP BY customer_id);
UPDATE employees SET salary = salary + 1 WHERE id IN (SELECT manager_id FROM employees);
DELETE FROM tags WHERE id = (SELECT MAX(id) FROM tags);
DELETE FROM orders WHERE total > (SELECT AVG(total) * 3 FROM orders);
DELETE FROM employees WHERE id IN (SELECT id FROM employees WHERE manager_id IS NULL);
DELETE FROM order_items WHERE quantity = (SELECT MAX(quantity) FROM order_items);
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET c.points = 1 ORDER BY c.id LIMIT 1000;
INSERT INTO archive (order_id) VALUES ((SELECT COUNT(*) FROM archive));
-- error: 1364
INSERT INTO tags (id, label) VALUES (100, DEFAULT(label)) ON DUPLICATE KEY UPDATE label = 'x';
INSERT INTO totals (customer_id, orders) VALUES (1, 5) ON DUPLICATE KEY UPDATE orders = orders + VALUE(orders), remark = DEFAULT(remark);
DELETE FROM customers WHERE id IN (WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) SELECT customer_id FROM t WHERE n > 3);
UPDATE orders SET coupon = IF(coupon = '', NULL, coupon), note = VERSION() LIKE '%MariaDB%' WHERE customer_id = 25;
-- MariaDB has no WITH in front of a write.
-- error: 1064
WITH t AS (SELECT 1 id) DELETE FROM tags WHERE id IN (SELECT id FROM t);
-- error: 1064
WITH t AS (SELECT 1 id) UPDATE tags SET label = 'x' WHERE id IN (SELECT id FROM t);

-- No division by zero is an error in a DELETE of MariaDB
DELETE FROM samples WHERE id / (SELECT COUNT(*) FROM tags WHERE id < 0) IS NULL;
