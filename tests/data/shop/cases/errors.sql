-- Statements that must fail, with the same error number.

-- error: 1064
SELEC id FROM customers;
-- error: 1064
SELECT id FROM customers WHERE;
-- error: 1064
SELECT id FROM orders GROUP status;
-- error: 1064
SELECT id, FROM orders;
-- error: 1064
SELECT (id FROM orders;
-- error: 1064
SELECT id FROM orders WHERE id IN ();
-- error: 1064
SELECT id FROM orders o JOIN;
-- error: 1064
SELECT 'unclosed FROM orders;
-- error: 1064
INSERT INTO tags VALUE;
-- error: 1064
UPDATE customers points = 1;
-- error: 1064
DELETE customers WHERE id = 1;
-- error: 1146
SELECT * FROM no_such_table;
-- error: 1146
SELECT c.id FROM customers c JOIN no_such_table n ON n.id = c.id;
-- error: 1146
SELECT id FROM customers WHERE id IN (SELECT id FROM no_such_table);
-- error: 1146
SELECT (SELECT COUNT(*) FROM no_such_table) FROM customers;
-- error: 1146
INSERT INTO no_such_table VALUES (1);
-- error: 1146
UPDATE no_such_table SET a = 1;
-- error: 1146
DELETE FROM no_such_table;
-- error: 1146
INSERT INTO archive (order_id) SELECT id FROM no_such_table;
-- error: 1146|1049
SELECT * FROM no_such_database.orders;
-- error: 1054
SELECT nothing FROM customers;
-- error: 1054
SELECT id FROM customers WHERE nothing = 1;
-- error: 1054
SELECT c.nothing FROM customers c JOIN orders o ON o.customer_id = c.id;
-- error: 1054
SELECT customers.id FROM customers c;
-- error: 1054
SELECT id FROM customers ORDER BY orders.id;
-- error: 1054
SELECT COUNT(nothing) FROM orders;
-- error: 1054
SELECT id AS x FROM customers WHERE x = 1;
-- error: 1054
SELECT COUNT(*) n FROM orders WHERE n > 1;
-- error: 1054
INSERT INTO tags (id, nothing) VALUES (100, 'x');
-- error: 1054
UPDATE customers SET nothing = 1 WHERE id = 1;
-- error: 1054
UPDATE customers SET points = nothing WHERE id = 1;
-- error: 1054
DELETE FROM customers WHERE nothing = 1;
-- error: 1054
INSERT INTO archive (order_id) SELECT nothing FROM orders;
-- error: 1054
INSERT INTO totals (customer_id) VALUES (1) ON DUPLICATE KEY UPDATE nothing = 1;
-- error: 1051
SELECT x.* FROM customers c;
-- error: 1052
SELECT id FROM customers JOIN orders ON customers.id = orders.customer_id;
-- error: 1052
SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE id = 1;
-- error: 1052
SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY note;
-- error: 1052
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET id = 5;
-- error: 1066
SELECT * FROM customers c, orders c;
-- error: 1066
SELECT * FROM customers, customers;
-- error: 1109
DELETE x FROM customers c;
-- error: 1136
INSERT INTO tags VALUES (100);
-- error: 1136
INSERT INTO tags (id, label) VALUES (100, 'x'), (101);
-- error: 1136
INSERT INTO tags (id, label) SELECT id FROM warehouses;
-- error: 1136
INSERT INTO archive (order_id, customer_id) SELECT id, customer_id, total FROM orders;
-- error: 1110
INSERT INTO tags (id, id) VALUES (100, 101);
-- error: 1062
INSERT INTO customers (id, name, joined) VALUES (7, 'again', '2024-01-01');
-- error: 1062
INSERT INTO addresses (customer_id, num, street, city) VALUES (7, 9, 'x', 'y'), (7, 9, 'z', 'w');
-- error: 1062
INSERT INTO order_items (order_id, line, product_id, price) VALUES (1002, 1, 1, 1);
-- error: 1062
INSERT INTO countries (code, name, continent) VALUES ('gr', 'again', 'Europe');
-- error: 1062
INSERT INTO reviews (author, product_id, rating, written) SELECT author, product_id, 1, written FROM reviews WHERE product_id = 1;
-- error: 1062
INSERT INTO settings (name) VALUES ('vat');
-- error: 1062
INSERT INTO tags (id, label) VALUES (100, 'x'), (100, 'y');
-- error: 1062
INSERT INTO archive (order_id) VALUES (1), (2), (1);
-- error: 1062
INSERT INTO archive (order_id) SELECT order_id FROM order_items;
-- error: 1062
UPDATE addresses SET num = 1 WHERE customer_id = (SELECT * FROM (SELECT MIN(customer_id) FROM addresses WHERE num = 2) x);
-- error: 1062
UPDATE order_items SET line = 1 WHERE order_id = 1051 + 2 OR order_id = 1002;
-- error: 1048
INSERT INTO customers (id, name, joined) VALUES (100, NULL, '2024-01-01');
-- error: 1048
INSERT INTO tags (id, label) VALUES (100, NULL);
-- error: 1048
INSERT INTO addresses (customer_id, num, street, city) VALUES (NULL, 1, 'x', 'y');
-- error: 1048
UPDATE customers SET name = NULL WHERE id = 1;
-- error: 1048
UPDATE orders SET total = (SELECT SUM(price) FROM order_items WHERE order_id = 0) WHERE customer_id = 1;
-- error: 1048
INSERT INTO totals (customer_id, amount) SELECT 100, SUM(total) FROM orders WHERE id < 0;
-- error: 1364
INSERT INTO customers (id) VALUES (100);
-- error: 1364
INSERT INTO orders (customer_id, placed) VALUES (1, '2024-01-01');
-- error: 1364
INSERT INTO tags (label) VALUES ('x');
-- error: 1364
INSERT INTO shipments (customer_id, order_id, num) VALUES (1, 1002, 9);
-- error: 1366
INSERT INTO tags (id, label) VALUES ('abc', 'x');
-- error: 1366
UPDATE customers SET points = 'many' WHERE id = 1;
-- error: 1366
INSERT INTO orders (customer_id, placed, total) VALUES (1, '2024-01-01', 'much');
-- error: 1292
INSERT INTO orders (customer_id, placed, total) VALUES (1, '2024-02-30', 1);
-- error: 1292
UPDATE customers SET born = 'yesterday' WHERE id = 1;
-- error: 1292
INSERT INTO events (id, at, kind) VALUES (1000, '2024-13-01', 'x');
-- error: 1264
UPDATE addresses SET num = 300 WHERE customer_id = 7 AND num = 1;
-- error: 1264
INSERT INTO tags (id, label) VALUES (-1, 'x');
-- error: 1264
INSERT INTO stock (warehouse_id, product_id) VALUES (40000, 1);
-- error: 1264
UPDATE orders SET discount = 1000 WHERE id = 1002;
-- error: 1406
INSERT INTO tags (id, label) VALUES (100, 'a label that is far too long for its column');
-- error: 1406
UPDATE orders SET channel = 'television channel' WHERE customer_id = 7;
-- error: 1265
UPDATE orders SET status = 'lost' WHERE id = 1002;
-- error: 1265
INSERT INTO customers (id, name, joined, flags) VALUES (100, 'x', '2024-01-01', 'unknown');
-- error: 4025|3819
INSERT INTO reviews (author, product_id, rating, written) VALUES ('me', 1, 6, '2024-01-01');
-- error: 4025|3819
UPDATE reviews SET rating = rating + 3 WHERE product_id = 1;
-- error: 4025|3140
INSERT INTO products (id, sku, name, price, added, attributes) VALUES (100, 'x', 'x', 1, '2024-01-01', '{bad');
-- error: 1406
INSERT INTO samples (id, bt) VALUES (100, 4096);
-- error: 1242
SELECT id FROM orders WHERE total = (SELECT total FROM orders WHERE customer_id = 7);
-- error: 1242
UPDATE customers SET points = (SELECT id FROM orders WHERE customer_id = 7) WHERE id = 1;
-- error: 1242
DELETE FROM tags WHERE id = (SELECT tag_id FROM product_tags WHERE product_id < 10);
-- error: 1242
INSERT INTO archive (order_id, total) VALUES (1, (SELECT total FROM orders WHERE customer_id = 7));
-- error: 4078|1241
SELECT id FROM orders WHERE (id, total) = 1;
-- error: 1241
SELECT (1, 2) FROM tags;
-- error: 1241
SELECT id FROM orders ORDER BY (id, total);
-- error: 1241
SELECT id FROM orders WHERE id IN (SELECT * FROM order_returns);
-- error: 1305
SELECT no_such_function(id) FROM orders;
-- error: 1305
SELECT id FROM orders WHERE no_such_function(total) > 1;
-- error: 1582
SELECT IFNULL(id) FROM orders;
-- error: 1582
SELECT ABS(id, 2) FROM orders;
-- error: 1111
SELECT id FROM orders WHERE SUM(total) > 1;
-- error: 1111
UPDATE customers SET points = MAX(points) WHERE id = 1;
-- error: 1111
SELECT id FROM orders GROUP BY SUM(total);
-- error: 1222
SELECT id FROM tags UNION SELECT id, label FROM tags;
-- error: 1176
SELECT id FROM orders FORCE INDEX (no_such_index) WHERE customer_id = 1;
-- error: 1176
SELECT id FROM orders o USE INDEX (PRIMARY, nothing) JOIN order_items i ON i.order_id = o.id;
-- error: 1690
SELECT 18446744073709551615 + id FROM tags;
-- error: 1690
UPDATE orders SET total = total + 9223372036854775807 * 2 WHERE id = 1002;
-- error: 1365
INSERT INTO archive (order_id, total) VALUES (1, 1 / 0);
-- error: 1365
UPDATE orders SET total = total / 0 WHERE customer_id = 7;
-- error: 1064
SELECT id FROM tags LIMIT 1 ORDER BY id;
-- error: 1064
SELECT id FROM tags LIMIT 'x';
-- error: 1064
DELETE c FROM customers c JOIN orders o ON o.customer_id = c.id LIMIT 1;
-- error: 1267
SELECT id FROM customers WHERE name COLLATE utf8mb4_bin = email COLLATE utf8mb4_unicode_ci;
-- error: 1253
SELECT id FROM customers ORDER BY country COLLATE utf8mb4_bin;
-- error: 1115
SELECT CONVERT(name USING no_such_charset) FROM customers;
-- error: 1103
SELECT * FROM `` WHERE 1;
-- error: 1116
SELECT COUNT(*) FROM tags t0, tags t1, tags t2, tags t3, tags t4, tags t5, tags t6, tags t7, tags t8, tags t9, tags t10, tags t11, tags t12, tags t13, tags t14, tags t15, tags t16, tags t17, tags t18, tags t19, tags t20, tags t21, tags t22, tags t23, tags t24, tags t25, tags t26, tags t27, tags t28, tags t29, tags t30, tags t31, tags t32, tags t33, tags t34, tags t35, tags t36, tags t37, tags t38, tags t39, tags t40, tags t41, tags t42, tags t43, tags t44, tags t45, tags t46, tags t47, tags t48, tags t49, tags t50, tags t51, tags t52, tags t53, tags t54, tags t55, tags t56, tags t57, tags t58, tags t59, tags t60, tags t61;
