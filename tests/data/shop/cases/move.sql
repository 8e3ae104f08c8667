-- Updates of shard keys: rows that move.

UPDATE tags SET id = 100 WHERE id = 1;
UPDATE tags SET id = id + 100;
UPDATE tags SET id = id + 100, label = CONCAT(label, id) WHERE id > 6;
UPDATE customers SET id = 100 WHERE id = 7;
UPDATE customers SET id = id + 1000 WHERE level = 'gold';
UPDATE customers SET id = 13 WHERE name = 'carla';
UPDATE orders SET customer_id = 8 WHERE customer_id = 7;
UPDATE orders SET customer_id = customer_id + 1 WHERE status = 'cancelled';
UPDATE orders SET customer_id = 1, note = 'moved', total = total + 1 WHERE id IN (1010, 1020, 1030);
UPDATE orders SET customer_id = 25 WHERE id = 1002;
UPDATE orders SET customer_id = 999 WHERE customer_id NOT IN (SELECT id FROM customers WHERE level = 'bronze');
UPDATE orders SET customer_id = (SELECT MIN(id) FROM customers) WHERE customer_id = 999;
UPDATE orders o JOIN customers c ON c.id = o.customer_id SET o.customer_id = c.referrer_id WHERE c.referrer_id IS NOT NULL AND c.referrer_id < 100;
UPDATE orders SET customer_id = 5 ORDER BY total DESC, id LIMIT 5;
UPDATE orders SET customer_id = IF(total > 100, 1, 2) WHERE customer_id = 25;
UPDATE order_items SET order_id = order_id + 5000 WHERE product_id = 9;
UPDATE order_items SET order_id = 7000, line = 100 WHERE order_id = 1002 AND line = 1;
UPDATE addresses SET customer_id = customer_id + 100, num = num + 1 WHERE kind = 'work';
UPDATE addresses SET customer_id = 100 WHERE customer_id = (SELECT * FROM (SELECT MAX(customer_id) FROM addresses) x);
UPDATE payments SET order_id = order_id + 1000 WHERE num = 2;
UPDATE payments SET order_id = -order_id WHERE order_id < 1020;
UPDATE products SET id = id + 100 WHERE category_id IS NULL;
UPDATE product_tags SET product_id = product_id + 1000, tag_id = 1 WHERE tag_id = 3;
UPDATE prices SET valid_from = valid_from + INTERVAL 1 MONTH WHERE product_id < 5;
UPDATE prices SET product_id = product_id + 100, valid_from = '2024-05-05' WHERE valid_from = (SELECT * FROM (SELECT MIN(valid_from) FROM prices) x);
UPDATE stock SET warehouse_id = 5 WHERE warehouse_id = 4;
UPDATE stock SET product_id = product_id + 100 WHERE quantity = 0;
UPDATE stock SET warehouse_id = 6, product_id = product_id + 1, quantity = 1 WHERE warehouse_id = 3;
UPDATE stock s JOIN warehouses w ON w.id = s.warehouse_id SET s.warehouse_id = s.warehouse_id + 10 WHERE w.country = 'GR';
UPDATE reviews SET author = 'someone' WHERE author = 'ghost';
UPDATE reviews SET author = UPPER(author) WHERE author = 'anna';
UPDATE reviews SET author = CONCAT('x', author);
UPDATE reviews SET author = 'ANNA ', helpful = 1 WHERE author = 'anna' AND product_id = 13;
UPDATE coupons SET code = CONCAT(code, '-OLD') WHERE ends < '2024-01-01';
UPDATE coupons SET code = UPPER(code);
UPDATE events SET at = at + INTERVAL 1 MONTH WHERE kind = 'pay';
UPDATE events SET at = '2025-01-01' WHERE customer_id IS NULL;
UPDATE events SET at = at - INTERVAL 1 YEAR, kind = 'old' WHERE id < 20;
UPDATE daily SET day = day + INTERVAL 1 DAY WHERE kind = 'pay';
UPDATE daily SET day = day + INTERVAL 1 YEAR;
UPDATE employees SET id = id + 100, manager_id = manager_id + 100;
UPDATE samples SET id = id + 1000 WHERE t < 0;
UPDATE samples SET id = -id;
UPDATE quotes SET id = id + 50, net = net + 1 WHERE customer_id = 1;
UPDATE totals SET customer_id = customer_id + 1000 WHERE remark = 'old';
UPDATE order_returns SET order_id = order_id + 1;
UPDATE shipments SET customer_id = 8 WHERE customer_id = 7 AND num = 2;
UPDATE customers c JOIN totals t ON t.customer_id = c.id SET t.customer_id = t.customer_id + 100, c.id = c.id + 100;
UPDATE customers SET id = id + 500, points = id WHERE id > 55;
-- nothing
UPDATE orders SET customer_id = customer_id;
-- nothing
UPDATE tags SET id = 100 WHERE id = 50;
UPDATE tags SET id = id * 2 ORDER BY id DESC;
UPDATE IGNORE tags SET id = id + 1 WHERE id IN (3, 12);
INSERT INTO tags VALUES (3, 'x'), (50, 'y') ON DUPLICATE KEY UPDATE id = id + 200;
INSERT INTO daily VALUES ('2024-01-01', 'pay', 5) ON DUPLICATE KEY UPDATE day = '2030-01-01', n = 5;
-- error: 1062
UPDATE tags SET id = 2 WHERE id = 1;
-- error: 1062
UPDATE tags SET id = 100 WHERE id < 4;
-- error: 1062
UPDATE addresses SET customer_id = 7, num = 1 WHERE customer_id = 25;
-- error: 1062
UPDATE reviews SET author = 'bob', product_id = 1;
-- error: 1048
UPDATE orders SET customer_id = NULL WHERE id = 1002;
-- error: 1048
UPDATE tags SET id = (SELECT order_id FROM archive) WHERE id = 1;
-- error: 1264
UPDATE tags SET id = -1 WHERE id = 1;
-- error: 1366
UPDATE orders SET customer_id = 'x' WHERE customer_id = 7;
-- error: 1292
UPDATE events SET at = '2024-02-31' WHERE id = 1;
-- error: 1406
UPDATE reviews SET author = REPEAT(author, 30);
-- nothing
UPDATE IGNORE tags SET id = id + 1 WHERE id < 4;
UPDATE IGNORE tags SET id = 12 - id, label = CONCAT(label, '!') WHERE id BETWEEN 3 AND 20;
UPDATE IGNORE tags SET id = id * 5 ORDER BY id DESC;
UPDATE IGNORE addresses SET customer_id = customer_id + 1, zip = '1';
UPDATE IGNORE daily SET day = '2024-01-01', n = n + 1;
UPDATE IGNORE customers SET id = id + 7 WHERE id < 12;
