-- UPDATE of one table.

UPDATE customers SET points = points + 1 WHERE id = 7;
UPDATE customers SET points = points + 1;
UPDATE customers SET points = 0, balance = NULL, note = CONCAT(COALESCE(note, ''), '!') WHERE level = 'gold';
UPDATE customers SET points = points * 2 WHERE id IN (1, 4, 9, 16, 25, 36);
UPDATE customers SET nick = UPPER(nick) WHERE nick IS NOT NULL;
UPDATE customers SET balance = balance * 1.05 WHERE balance > 0 AND country = 'GR';
UPDATE customers SET level = CASE WHEN points >= 1000 THEN 'platinum' WHEN points >= 100 THEN 'gold' ELSE level END;
UPDATE customers SET flags = CONCAT_WS(',', NULLIF(flags, ''), 'blocked') WHERE points < 0;
UPDATE customers SET born = born + INTERVAL 1 YEAR, joined = joined - INTERVAL 1 SECOND WHERE born < '1970-01-01';
UPDATE customers SET email = NULLIF(LOWER(TRIM(email)), '') WHERE email LIKE 'USER%' OR email = '';
UPDATE customers SET points = DEFAULT, level = DEFAULT WHERE id < 5;
UPDATE customers SET points = id, referrer_id = points WHERE id BETWEEN 40 AND 50;
-- nothing
UPDATE customers SET points = points;
-- nothing
UPDATE customers SET points = 1 WHERE id = 13;
-- nothing
UPDATE customers SET points = 1 WHERE FALSE;
-- nothing
UPDATE customers SET name = name, level = level WHERE id = 7;
UPDATE customers AS c SET c.points = 5 WHERE c.id = 8;
UPDATE customers SET customers.points = 6 WHERE customers.name = 'anna';
UPDATE LOW_PRIORITY customers SET points = 7 WHERE id = 9;
UPDATE orders SET status = 'shipped', shipped = DATE(placed) + INTERVAL 3 DAY WHERE status = 'paid';
UPDATE orders SET total = ROUND(total * 0.9, 2), discount = 10 WHERE customer_id = 7 AND discount IS NULL;
UPDATE orders SET note = NULL WHERE note = '';
UPDATE orders SET channel = LOWER(channel), coupon = UPPER(coupon);
UPDATE orders SET total = 0 WHERE id IN (1002, 1010, 1020);
UPDATE orders SET status = status + 1 WHERE status = 'new';
UPDATE orders SET placed = placed + INTERVAL 1 HOUR WHERE MONTH(placed) = 3;
UPDATE order_items SET quantity = quantity + 1 WHERE product_id = 1;
UPDATE order_items SET price = price * 2, gift = NOT gift WHERE order_id = 1012;
UPDATE order_items SET line = line + 10 WHERE order_id = 1002;
UPDATE order_items SET gift = COALESCE(gift, FALSE);
UPDATE stock SET quantity = quantity - 1, reserved = reserved + 1 WHERE quantity > 0;
UPDATE stock SET bin = NULL, counted = '2024-01-01' WHERE warehouse_id = 2;
UPDATE stock SET quantity = 0 WHERE product_id = 9;
UPDATE stock SET quantity = 7 WHERE warehouse_id = 1 AND product_id = 1 OR warehouse_id = 3 AND product_id < 5;
UPDATE payments SET amount = amount + 0.0001, rate = COALESCE(rate, 1) WHERE method = 'card';
UPDATE prices SET price = price + 1 WHERE valid_from >= '2022-06-01';
UPDATE products SET price = price * 1.1, active = 1 - active WHERE category_id = 14;
UPDATE products SET attributes = JSON_SET(attributes, '$.size', 99) WHERE JSON_EXTRACT(attributes, '$.size') = 10;
UPDATE products SET thumb = CONCAT(thumb, x'00'), weight = weight * 2, model = model + 1 WHERE thumb IS NOT NULL;
UPDATE products SET name = REPLACE(name, 'Phone', 'Telephone') WHERE name LIKE '%phone%';
UPDATE reviews SET helpful = helpful + 1 WHERE author = 'ANNA';
UPDATE reviews SET title = 'same', body = NULL WHERE title = 'great';
UPDATE coupons SET used = used + 1, ends = LAST_DAY(starts) WHERE ends IS NULL;
UPDATE events SET kind = LOWER(kind), took = ADDTIME(took, '00:00:01') WHERE customer_id = 1;
UPDATE events SET payload = NULL WHERE at >= '2024-01-01' AND kind = 'cart';
UPDATE daily SET n = n + 1 WHERE day = '2024-01-01';
UPDATE employees SET salary = salary * 1.1 WHERE department = 'it';
UPDATE employees SET manager_id = NULL, bonus = 0 WHERE manager_id = 404;
UPDATE countries SET population = population + 1 WHERE continent = 'Europe';
UPDATE countries SET eu = b'0', area = NULL;
UPDATE categories SET position = position + 1 WHERE parent_id = 1;
UPDATE categories SET parent_id = 17 WHERE id = 5;
UPDATE warehouses SET capacity = capacity * 2, opens = ADDTIME(opens, '01:00:00') WHERE country = 'de';
UPDATE suppliers SET rating = rating + 0.5 WHERE rating < 4;
UPDATE settings SET value = value + 1 WHERE name = 'limit';
UPDATE quotes SET net = net + 1;
UPDATE quotes SET title = 'x', vat = DEFAULT, valid_until = DEFAULT WHERE gross > 100;
UPDATE samples SET t = 1 WHERE t IS NULL;
UPDATE samples SET bu = bu DIV 2, dc = -dc, d = d / 2, f = -f, b = b DIV 2;
UPDATE samples SET c = CONCAT(c, 'x'), vb = UPPER(vb), vl = vu WHERE id < 20 AND vu IN ('a', 'b', 'z');
UPDATE samples SET e = e + 1 WHERE e < 4;
UPDATE samples SET st = 'black', bt = ~bt & 4095, y = y - 1 WHERE y > 1950;
UPDATE samples SET tm = SEC_TO_TIME(5), ts = dt, da = DATE(dt) WHERE dt IS NOT NULL;
UPDATE samples SET j = JSON_ARRAY(id, j), bl = bi, bi = x'0102' WHERE id > 30;
UPDATE totals SET orders = amount, amount = orders;
UPDATE tags SET label = CONCAT(id, label);

-- Subqueries in SET and WHERE.
UPDATE customers SET points = (SELECT COUNT(*) FROM orders o WHERE o.customer_id = customers.id);
UPDATE customers SET balance = (SELECT SUM(total) FROM orders o WHERE o.customer_id = customers.id) WHERE id IN (SELECT customer_id FROM orders);
UPDATE customers SET points = points + 10 WHERE id IN (SELECT customer_id FROM orders WHERE total > 500);
UPDATE customers SET points = 0 WHERE id NOT IN (SELECT customer_id FROM orders);
UPDATE customers c SET c.level = 'platinum' WHERE (SELECT SUM(o.total) FROM orders o WHERE o.customer_id = c.id) > 1000;
UPDATE customers c SET note = 'returned' WHERE EXISTS (SELECT 1 FROM orders o JOIN order_returns r ON r.order_id = o.id WHERE o.customer_id = c.id);
UPDATE customers SET country = (SELECT code FROM countries WHERE name = 'Greece') WHERE country IS NULL;
UPDATE orders SET total = COALESCE((SELECT SUM(quantity * price) FROM order_items i WHERE i.order_id = orders.id), 0);
UPDATE orders SET status = 'done' WHERE id IN (SELECT order_id FROM payments GROUP BY order_id HAVING SUM(amount) > 100) AND status <> 'done';
UPDATE orders SET note = 'no items' WHERE NOT EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = orders.id);
UPDATE orders o SET o.discount = (SELECT percent FROM coupons k WHERE k.code = o.coupon) WHERE o.coupon IS NOT NULL;
UPDATE orders SET shipped = (SELECT MIN(DATE(sent)) FROM shipments s WHERE s.order_id = orders.id), note = 'checked' WHERE status = 'shipped';
UPDATE order_items SET price = (SELECT price FROM products p WHERE p.id = order_items.product_id) WHERE product_id < 10;
UPDATE order_items i SET i.gift = 1 WHERE i.order_id IN (SELECT o.id FROM orders o WHERE o.note = 'gift');
UPDATE products SET price = (SELECT MAX(r.price) FROM prices r WHERE r.product_id = products.id) WHERE id IN (SELECT product_id FROM prices);
UPDATE products SET active = 0 WHERE id NOT IN (SELECT product_id FROM stock WHERE quantity > 0);
UPDATE products p SET p.cost = p.price / (SELECT COUNT(*) FROM suppliers) WHERE p.supplier_id IN (SELECT id FROM suppliers WHERE rating > 4);
UPDATE stock SET reserved = (SELECT COALESCE(SUM(i.quantity), 0) FROM order_items i WHERE i.product_id = stock.product_id) WHERE warehouse_id = 1;
UPDATE stock SET quantity = quantity + 1 WHERE product_id IN (SELECT product_id FROM product_tags x JOIN tags t ON t.id = x.tag_id WHERE t.label = 'sale');
UPDATE totals SET orders = (SELECT COUNT(*) FROM orders o WHERE o.customer_id = totals.customer_id), amount = (SELECT COALESCE(SUM(o.total), 0) FROM orders o WHERE o.customer_id = totals.customer_id);
UPDATE warehouses SET capacity = (SELECT SUM(quantity) FROM stock s WHERE s.warehouse_id = warehouses.id) WHERE id IN (SELECT warehouse_id FROM stock);
UPDATE countries SET population = (SELECT COUNT(*) FROM customers c WHERE c.country = countries.code);
UPDATE categories SET position = (SELECT COUNT(*) FROM products p WHERE p.category_id = categories.id);
UPDATE coupons SET used = (SELECT COUNT(*) FROM orders o WHERE o.coupon = coupons.code);
UPDATE reviews SET helpful = 0 WHERE product_id = (SELECT MIN(id) FROM products WHERE category_id = 6);
UPDATE employees SET salary = (SELECT * FROM (SELECT MAX(salary) FROM employees) m) WHERE id = 20;
UPDATE employees SET bonus = 1 WHERE manager_id IN (SELECT id FROM (SELECT id FROM employees WHERE manager_id IS NULL) x);
UPDATE settings SET value = (SELECT COUNT(*) FROM orders) WHERE name = 'limit';
UPDATE quotes SET net = (SELECT SUM(total) FROM orders o WHERE o.customer_id = quotes.customer_id) WHERE customer_id IN (SELECT customer_id FROM orders);
UPDATE totals SET remark = (SELECT 'x') WHERE customer_id = (SELECT 1);

-- ORDER BY and LIMIT.
UPDATE customers SET points = 500 ORDER BY balance DESC, id LIMIT 5;
UPDATE customers SET points = points + 1 WHERE level = 'bronze' ORDER BY id DESC LIMIT 3;
UPDATE orders SET note = 'top' ORDER BY total DESC, id LIMIT 10;
UPDATE orders SET note = 'old' WHERE status = 'new' ORDER BY placed, id LIMIT 4;
UPDATE order_items SET quantity = 0 ORDER BY price DESC, order_id, line LIMIT 6;
UPDATE stock SET quantity = -1 WHERE quantity > 5 ORDER BY quantity DESC, warehouse_id, product_id LIMIT 8;
UPDATE orders SET discount = 1 WHERE customer_id = 7 ORDER BY placed DESC, id DESC LIMIT 2;
UPDATE customers SET points = 1 WHERE id IN (SELECT customer_id FROM orders) ORDER BY id LIMIT 7;
UPDATE tags SET label = 'x' ORDER BY label LIMIT 2;
UPDATE reviews SET helpful = 99 ORDER BY written DESC LIMIT 3;
UPDATE customers SET points = 2 ORDER BY id LIMIT 1000;
UPDATE events SET kind = 'first' ORDER BY at, id LIMIT 5;
UPDATE countries SET population = 1 ORDER BY code LIMIT 2;
UPDATE employees SET id = id + 1 ORDER BY id DESC;
UPDATE order_items SET line = line + 1 WHERE order_id BETWEEN 1002 AND 1020 ORDER BY order_id, line DESC;
-- nothing
UPDATE customers SET points = 3 ORDER BY id LIMIT 0;

-- IGNORE, and errors.
-- nothing
UPDATE IGNORE tags SET id = 5 WHERE id = 6 OR id = 5;
UPDATE IGNORE addresses SET num = 3 WHERE num = 1;
UPDATE IGNORE customers SET points = 'abc', balance = 1 WHERE id = 7;
UPDATE IGNORE samples SET t = 1000 WHERE id < 5;
-- error: 1062
UPDATE tags SET id = 1;
-- error: 1264
UPDATE samples SET t = t + 100;
-- error: 1406
UPDATE tags SET label = REPEAT(label, 10);
-- error: 1048
UPDATE customers SET name = nick;
-- error: 1242
UPDATE orders SET total = (SELECT price FROM order_items i WHERE i.order_id = orders.id);
-- error: 1906|3105
UPDATE quotes SET gross = 5;
-- error: 1054
UPDATE orders SET total = i.price WHERE id = 1002;
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET o.note = o.status, o.note = o.note WHERE o.total > 100;
UPDATE orders SET customer_id = customer_id + 1, customer_id = customer_id + 1 WHERE id < 1010;

-- An assignment that reads what the statement has assigned before it.
UPDATE orders SET total = total + 1, discount = total / 100, note = CONCAT(total, '/', discount) ORDER BY total DESC, id LIMIT 12;
UPDATE orders SET customer_id = customer_id + 1, note = CONCAT('now of ', customer_id) WHERE id BETWEEN 1003 AND 1020;
UPDATE orders SET total = total * 2, customer_id = customer_id + total / 100, note = customer_id, total = total + 1 WHERE id < 1020;
UPDATE orders SET note = NULL, coupon = COALESCE(note, channel), customer_id = IF(note IS NULL, 3, 4) WHERE total > 100;
UPDATE customers SET points = (SELECT COUNT(*) FROM orders o WHERE o.customer_id = customers.id), balance = points * 1.5, note = CONCAT(points, '/', balance);
UPDATE customers SET points = points + 1, balance = points WHERE id IN (SELECT order_id - 1000 FROM order_items) ORDER BY id LIMIT 50;
UPDATE tags SET id = id + 100, label = CONCAT(label, id);
UPDATE addresses SET customer_id = customer_id + 1, num = num + 100, street = CONCAT(customer_id, '/', num) WHERE customer_id < 20;
UPDATE quotes SET net = net + 1, title = CONCAT('net ', net), copies = copies + 1 ORDER BY id LIMIT 3;
UPDATE countries SET population = (SELECT COUNT(*) FROM customers c WHERE c.country = countries.code), area = population + 1;
UPDATE IGNORE orders SET total = total + 1, customer_id = total / 10, note = customer_id WHERE id < 1030;
UPDATE stock SET quantity = quantity + 1, warehouse_id = warehouse_id + 10, reserved = quantity + 100 WHERE quantity > 0;
UPDATE reviews SET title = UPPER(author), body = CONCAT(title, '!'), author = CONCAT(author, '2') WHERE product_id < 10;
UPDATE events SET kind = 'moved', customer_id = CHAR_LENGTH(kind), at = at + INTERVAL 1 MONTH WHERE id < 10;
-- error: 1048
UPDATE orders SET customer_id = NULL, note = customer_id WHERE id = 1002;
UPDATE products SET supplier_id = (SELECT MIN(id) FROM suppliers), name = CONCAT(name, supplier_id), price = price + supplier_id WHERE category_id < 9;

-- A subquery's value is of the row's own spelling, not of an equal one's.
UPDATE reviews SET title = (SELECT CONCAT(reviews.author, '!') FROM tags WHERE tags.id = 1) WHERE product_id < 6;
UPDATE reviews SET body = COALESCE((SELECT CONCAT('<', reviews.author, '>') FROM orders o WHERE o.id = reviews.product_id + 1000 LIMIT 1), 'none');
