-- Writes and queries without strict mode: warnings where errors were. Shard keys get proper values, as they are always strict.

-- session
SET sql_mode = '';
INSERT INTO customers (id, name) VALUES (300, 'no date');
INSERT INTO customers (id, name, joined, points, level) VALUES (300, 'x', '2024-01-01', 'abc', 'nothing'), (301, 'y', 'bad date', 99999999999, 'gold');
INSERT INTO customers (id, name, joined, flags, country) VALUES (300, 'x', '2024-01-01', 'vip,wrong', 'GERMANY');
INSERT INTO orders (id, customer_id, placed, total, discount, channel) VALUES (2001, 7, '2024-02-30', '12.345abc', 12345, 'much too long a channel');
INSERT INTO orders (id, customer_id, total, status) VALUES (2001, 7, NULL + 1 IS NULL, ''), (2002, 8, 5, 9);
INSERT INTO addresses (customer_id, num, street, city, zip) VALUES (1, 50, 'a', REPEAT('c', 60), '123456789');
INSERT INTO tags (id) VALUES (200), (201);
INSERT INTO samples (id, t, tu, b, bu, dc, f) VALUES (200, 1000, -1, '9999999999999999999999', -1, '1e50', 'x');
INSERT INTO samples (id, da, dt, tm, y, ts) VALUES (200, '2024-13-01', '2024-02-30 10:00:00', '900:00:00', 1800, '2024-02-30 00:00:00');
INSERT INTO samples (id, e, st, c, bt) VALUES (200, 'huge', 'pink', REPEAT('x', 50), 99999);
INSERT INTO archive (order_id, total, what) SELECT id, note, total / 0 FROM orders WHERE customer_id = 7;
INSERT INTO totals (customer_id, orders, amount) SELECT id + 1000, name, balance * 1e12 FROM customers WHERE id < 10;
INSERT INTO archive (order_id, customer_id) VALUES (1, 'x'), (2, ''), (3, '5y');
UPDATE customers SET points = 'many', level = 'wood', born = '2023-02-29' WHERE id < 4;
UPDATE customers SET name = NULL WHERE id = 7;
UPDATE orders SET total = total / 0, discount = 1 / 0 WHERE customer_id = 1;
UPDATE orders SET channel = CONCAT('channel ', id) WHERE customer_id = 25;
UPDATE samples SET t = t * 1000, bu = -5, tm = '999:99:99' WHERE id < 10;
UPDATE stock SET reserved = quantity - 5000000000, bin = 'too long for it' WHERE warehouse_id = 2;
UPDATE reviews SET title = REPEAT(COALESCE(title, 'x'), 40) WHERE product_id < 4;
UPDATE products SET model = 1800, price = 'free' WHERE id < 5;
UPDATE order_items i JOIN orders o ON o.id = i.order_id SET i.price = 'x', i.gift = 500 WHERE o.customer_id = 1;
DELETE FROM customers WHERE points = 'abc' AND id > 40;
DELETE FROM orders WHERE total = '0x' OR total = ' 0.01 ';
REPLACE INTO totals (customer_id, orders, remark) VALUES (1, '7 of 9', REPEAT('r', 100)), (300, 1e20, NULL + 1 IS NULL);
INSERT INTO totals (customer_id, orders) VALUES (1, '3x') ON DUPLICATE KEY UPDATE orders = 'many', remark = REPEAT('z', 99);
SELECT id, total / 0, '12abc' + total, CAST('x1' AS SIGNED), CAST('2024-02-30' AS DATE) FROM orders WHERE customer_id = 25;
SELECT id FROM customers WHERE points = '10 apples' OR id = '7seven';
SELECT o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id AND i.price > '100 euros' WHERE o.customer_id IN (1, 7);
SELECT SUM(note), AVG(channel), MAX(note + 0) FROM orders;
SELECT LEFT('abc', 'x'), SUBSTRING(name, '2b') FROM customers WHERE id < 3;
-- error: 1048
INSERT INTO tags (id, label) VALUES (NULL, 'x');
-- error: 1062
INSERT INTO tags (id, label) VALUES (1, REPEAT('x', 50));
