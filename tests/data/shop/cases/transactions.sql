-- Transactions: each statement sees what its own transaction has written, whatever way it takes. What is written is rolled back, or filled anew.

-- session
BEGIN;
-- session
INSERT INTO orders (id, customer_id, status, placed, total) VALUES (7001, 7, 'new', '2024-01-01', 5000), (7002, 8, 'new', '2024-01-02', 6000), (7003, 10, 'new', '2024-01-03', 7000);
-- session
SELECT id, total FROM orders WHERE customer_id = 10;
-- session
SELECT id, total FROM orders WHERE total >= 5000 ORDER BY id;
-- session
SELECT COUNT(*), SUM(total), MAX(id) FROM orders;
-- session
SELECT c.name, o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.id > 7000 ORDER BY o.id;
-- session
INSERT INTO order_items (order_id, line, product_id, quantity, price) SELECT id, 1, 9, 3, ROUND(total / 3, 2) FROM orders WHERE id > 7000;
-- session
SELECT o.id, i.quantity * i.price, p.name FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE o.total >= 5000 ORDER BY o.id;
-- session
SELECT c.id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = c.id AND i.price > 1000) ORDER BY c.id;
-- session
SELECT id, RANK() OVER (ORDER BY total DESC) r FROM orders ORDER BY r, id LIMIT 5;
-- session
UPDATE customers SET points = points + 100000 WHERE id IN (SELECT customer_id FROM orders WHERE id > 7000);
-- session
SELECT id, points FROM customers WHERE points > 50000 UNION SELECT id, 0 FROM tags WHERE id < 3 ORDER BY id, points;
-- session
WITH t AS (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) SELECT COUNT(*), MAX(s) FROM t WHERE s > 4000;
-- session
UPDATE orders SET customer_id = 25 WHERE id = 7001;
-- session
SELECT o.id, c.id, c.level FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id > 7000 ORDER BY o.id;
-- session
SAVEPOINT a;
-- session
DELETE FROM orders WHERE id > 7001;
-- session
SELECT o.id, i.line FROM orders o LEFT JOIN order_items i ON i.order_id = o.id WHERE o.id > 1175 ORDER BY o.id, i.line;
-- session
SELECT i.order_id FROM order_items i LEFT JOIN orders o ON o.id = i.order_id WHERE o.id IS NULL ORDER BY i.order_id;
-- session
ROLLBACK TO SAVEPOINT a;
-- session
SELECT i.order_id, o.total FROM order_items i LEFT JOIN orders o ON o.id = i.order_id WHERE i.order_id > 5000 ORDER BY i.order_id;
-- session
INSERT INTO categories (id, parent_id, name) VALUES (500, 1, 'New one');
-- session
UPDATE products SET category_id = 500 WHERE id IN (SELECT product_id FROM order_items WHERE order_id > 7000);
-- session
SELECT k.name, p.name, COUNT(i.line) FROM categories k LEFT JOIN products p ON p.category_id = k.id LEFT JOIN order_items i ON i.product_id = p.id WHERE k.id IN (16, 500) GROUP BY k.id, k.name, p.id, p.name ORDER BY k.id, p.id;
-- session
-- error: 1062
INSERT INTO orders (id, customer_id, placed, total) VALUES (7001, 25, '2024-01-01', 1);
-- session
SELECT COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.id > 7000;
-- session
SELECT o.id FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.customer_id = 7 ORDER BY o.id, p.num LIMIT 3 FOR UPDATE;
-- session
ROLLBACK;
-- session
SELECT COUNT(*), MAX(o.id) FROM orders o JOIN order_items i ON i.order_id = o.id;
-- session
SELECT COUNT(*) FROM customers WHERE points > 50000;
-- session
-- error: 1305
ROLLBACK TO SAVEPOINT a;
-- session
SET autocommit = 0;
-- session
DELETE FROM stock WHERE warehouse_id = 1;
-- session
SELECT w.id, COUNT(s.product_id) FROM warehouses w LEFT JOIN stock s ON s.warehouse_id = w.id GROUP BY w.id ORDER BY w.id;
-- session
INSERT INTO stock (warehouse_id, product_id, quantity) SELECT 1, id, 7 FROM products WHERE price > 100;
-- session
SELECT p.id, SUM(s.quantity) FROM products p JOIN stock s ON s.product_id = p.id WHERE p.price > 500 GROUP BY p.id ORDER BY p.id;
-- session
REPLACE INTO totals (customer_id, orders) SELECT customer_id, COUNT(*) FROM orders GROUP BY customer_id;
-- session
SELECT t.customer_id, t.orders, c.name FROM totals t LEFT JOIN customers c ON c.id = t.customer_id WHERE t.orders > 3 ORDER BY t.customer_id;
-- session
ROLLBACK;
-- session
SELECT COUNT(*), SUM(quantity) FROM stock;
-- session
SELECT COUNT(*), SUM(orders) FROM totals;
-- session
SET autocommit = 1;
-- session
START TRANSACTION;
-- session
UPDATE orders o JOIN order_items i ON i.order_id = o.id SET o.note = 'multi', i.gift = 1 WHERE i.product_id = 1;
-- session
SELECT o.note, COUNT(*), SUM(i.gift) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE i.product_id = 1 GROUP BY o.note;
-- session
DELETE o, i FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.note = 'multi';
-- session
SELECT COUNT(*) FROM orders WHERE note = 'multi' OR id IN (SELECT order_id FROM order_items WHERE product_id = 1);
-- session
COMMIT;
-- session
SELECT (SELECT COUNT(*) FROM orders) o, (SELECT COUNT(*) FROM order_items) i, (SELECT COUNT(*) FROM orders WHERE id NOT IN (SELECT order_id FROM order_items)) e;
-- reset
-- session
SELECT COUNT(*), SUM(o.total) FROM orders o JOIN order_items i ON i.order_id = o.id;
-- session
START TRANSACTION READ ONLY;
-- session
SELECT c.id, COUNT(o.id) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.points = 100 GROUP BY c.id ORDER BY c.id;
-- session
-- error: 1792
UPDATE customers SET points = 1 WHERE id = 1;
-- session
COMMIT;

-- A part of a query that is gathered whole reads what the transaction has locked.
-- session
BEGIN;
-- session
UPDATE tags SET label = CONCAT(label, '!') WHERE id < 5;
-- session
SELECT o.id FROM orders o WHERE o.id > (SELECT MAX(t.id) FROM tags t) + 1050 ORDER BY o.id LIMIT 3;
-- session
INSERT INTO totals (customer_id, orders) SELECT o.id, 1 FROM orders o WHERE o.customer_id = (SELECT MAX(t.id) FROM tags t);
-- session
ROLLBACK;

-- session
BEGIN;
-- session
UPDATE tags t JOIN totals s ON s.customer_id = t.id SET t.label = CONCAT(t.label, '?');
-- session
INSERT INTO totals (customer_id, orders) SELECT o.id, 1 FROM orders o JOIN (SELECT c.id n FROM customers c WHERE c.id < 3 UNION SELECT MIN(t.id) FROM tags t) x ON o.id = x.n + 1000;
-- session
ROLLBACK;
