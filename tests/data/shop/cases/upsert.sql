-- INSERT ... ON DUPLICATE KEY UPDATE, and REPLACE.

INSERT INTO totals (customer_id, orders) VALUES (1, 5) ON DUPLICATE KEY UPDATE orders = orders + VALUES(orders);
INSERT INTO totals (customer_id, orders, amount) VALUES (1, 1, 10), (3, 1, 10), (7, 1, 10), (8, 1, 10) ON DUPLICATE KEY UPDATE orders = orders + VALUES(orders), amount = amount + VALUES(amount);
INSERT INTO totals (customer_id, remark) VALUES (1, 'new') ON DUPLICATE KEY UPDATE remark = CONCAT(remark, '+', VALUES(remark));
INSERT INTO totals (customer_id, orders) VALUES (100, 1) ON DUPLICATE KEY UPDATE orders = 99;
-- nothing
INSERT INTO totals (customer_id, orders) VALUES (1, 3) ON DUPLICATE KEY UPDATE orders = VALUES(orders);
-- nothing
INSERT INTO totals (customer_id) VALUES (1), (2), (7) ON DUPLICATE KEY UPDATE customer_id = totals.customer_id;
INSERT INTO totals (customer_id, orders) VALUES (50, 1), (50, 2), (50, 3) ON DUPLICATE KEY UPDATE orders = orders * 10 + VALUES(orders);
INSERT INTO totals (customer_id, amount) VALUES (25, 5) ON DUPLICATE KEY UPDATE amount = IF(VALUES(amount) > amount, VALUES(amount), amount), remark = 'seen', orders = orders + 1;
INSERT INTO totals (customer_id, amount) VALUES (25, 500), (60, 500) ON DUPLICATE KEY UPDATE amount = GREATEST(amount, VALUES(amount)), last_order = '2024-01-01';
INSERT INTO totals (customer_id) VALUES (2) ON DUPLICATE KEY UPDATE orders = DEFAULT, remark = DEFAULT, amount = 5, last_order = NULL;
INSERT INTO totals SET customer_id = 7, orders = 9 ON DUPLICATE KEY UPDATE orders = VALUES(orders) - 1, amount = orders;
INSERT INTO totals (customer_id, orders, amount, last_order) SELECT customer_id, COUNT(*), SUM(total), MAX(placed) FROM orders GROUP BY customer_id ON DUPLICATE KEY UPDATE orders = VALUES(orders), amount = VALUES(amount), last_order = VALUES(last_order);
INSERT INTO totals (customer_id, orders) SELECT id, points FROM customers ON DUPLICATE KEY UPDATE orders = totals.orders + VALUES(orders);
INSERT INTO totals (customer_id, remark) SELECT c.id, c.nick FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.nick IS NOT NULL GROUP BY c.id, c.nick ON DUPLICATE KEY UPDATE remark = CONCAT(VALUES(remark), '!');
INSERT INTO totals (customer_id, amount) SELECT o.customer_id, SUM(i.quantity * i.price) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.customer_id ON DUPLICATE KEY UPDATE amount = totals.amount + VALUES(amount);
INSERT INTO totals (customer_id, orders) SELECT 1, 1 UNION ALL SELECT 2, 2 UNION ALL SELECT 200, 3 ON DUPLICATE KEY UPDATE orders = VALUES(orders) + 100;
INSERT INTO stock (warehouse_id, product_id, quantity) VALUES (1, 1, 5), (1, 2, 5), (2, 1, 5), (5, 1, 5) ON DUPLICATE KEY UPDATE quantity = quantity + VALUES(quantity);
INSERT INTO stock (warehouse_id, product_id, quantity) SELECT 1, product_id, SUM(quantity) FROM order_items GROUP BY product_id ON DUPLICATE KEY UPDATE stock.quantity = stock.quantity - VALUES(quantity);
INSERT INTO stock (warehouse_id, product_id, reserved) SELECT s.warehouse_id, i.product_id, SUM(i.quantity) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN shipments s ON s.order_id = o.id WHERE s.num = 1 GROUP BY s.warehouse_id, i.product_id ON DUPLICATE KEY UPDATE reserved = stock.reserved + VALUES(reserved);
INSERT INTO daily (day, kind, n) VALUES ('2024-01-01', 'VISIT', 5), ('2024-01-02', 'visit', 5) ON DUPLICATE KEY UPDATE n = n + VALUES(n);
INSERT INTO daily (day, kind, n) VALUES ('2024-02-29', 'cart', 1) ON DUPLICATE KEY UPDATE kind = VALUES(kind), n = n + 1;
INSERT INTO daily SELECT DATE(at), LOWER(kind), 1 FROM events WHERE kind IN ('pay', 'cart') ON DUPLICATE KEY UPDATE n = daily.n + 1;
INSERT INTO reviews (author, product_id, rating, written) SELECT v.author, v.product_id, 1, v.written FROM reviews v WHERE v.rating = 5 ON DUPLICATE KEY UPDATE helpful = reviews.helpful + 1;
INSERT INTO reviews (author, product_id, rating, written) SELECT 'ANNA', product_id, 2, '2024-01-01' FROM reviews WHERE author = 'anna' ON DUPLICATE KEY UPDATE rating = VALUES(rating), body = 'updated';
INSERT INTO coupons (code, starts, used) VALUES ('welcome', '2024-01-01', 1), ('XMAS ', '2024-01-01', 1), ('brand new', '2024-01-01', 1) ON DUPLICATE KEY UPDATE used = used + VALUES(used);
INSERT INTO customers (id, name, joined) VALUES (7, 'other', '2024-01-01') ON DUPLICATE KEY UPDATE name = VALUES(name), points = points + 1;
INSERT INTO addresses (customer_id, num, street, city) VALUES (7, 1, 'x', 'y'), (7, 99, 'x', 'y') ON DUPLICATE KEY UPDATE street = VALUES(street), zip = NULL;
INSERT INTO order_items (order_id, line, product_id, price) VALUES (1002, 1, 1, 1), (1002, 90, 1, 1) ON DUPLICATE KEY UPDATE quantity = quantity + 1, price = VALUES(price);
INSERT INTO payments (order_id, num, method, amount, paid_at) SELECT p.order_id, p.num, 'x', 1, p.paid_at FROM payments p WHERE p.num = 2 ON DUPLICATE KEY UPDATE amount = payments.amount + VALUES(amount);
INSERT INTO countries (code, name, continent) VALUES ('gr', 'Hellas', 'Europe'), ('IT', 'Italy', 'Europe') ON DUPLICATE KEY UPDATE name = VALUES(name);
INSERT INTO categories (id, name) SELECT id, label FROM tags ON DUPLICATE KEY UPDATE name = CONCAT(categories.name, '/', VALUES(name));
INSERT INTO warehouses (id, name, capacity) VALUES (1, 'P', 1), (20, 'Q', 1) ON DUPLICATE KEY UPDATE capacity = capacity + VALUES(capacity);
INSERT INTO settings (name, value) VALUES ('vat', '25'), ('VAT', '26') ON DUPLICATE KEY UPDATE value = CONCAT(value, '->', VALUES(value));
INSERT INTO quotes (id, net) VALUES (1, 200), (100, 200) ON DUPLICATE KEY UPDATE net = VALUES(net) + gross;
INSERT INTO product_tags VALUES (1, 1), (1, 2), (1, 3), (2, 1) ON DUPLICATE KEY UPDATE tag_id = tag_id;
INSERT INTO tags VALUES (1, 'newer') ON DUPLICATE KEY UPDATE id = 100, label = 'moved';
INSERT INTO totals (customer_id, orders) VALUES (1, 1), (2, 1) ON DUPLICATE KEY UPDATE orders = (SELECT COUNT(*) FROM tags), amount = 1 + 1;
INSERT IGNORE INTO totals (customer_id, orders) VALUES (1, 1), (2, 99999999999) ON DUPLICATE KEY UPDATE orders = orders + VALUES(orders);
-- error: 1048
INSERT INTO totals (customer_id) VALUES (1), (100) ON DUPLICATE KEY UPDATE remark = NULL;
-- error: 1054
INSERT INTO totals (customer_id) VALUES (1) ON DUPLICATE KEY UPDATE orders = VALUES(missing);
-- error: 1062
INSERT INTO tags VALUES (1, 'x') ON DUPLICATE KEY UPDATE id = 2;
-- error: 1264
INSERT INTO stock (warehouse_id, product_id) SELECT warehouse_id, product_id FROM stock WHERE warehouse_id = 1 ON DUPLICATE KEY UPDATE reserved = -1;
-- error: 1110
INSERT INTO totals (customer_id, customer_id) VALUES (1, 1) ON DUPLICATE KEY UPDATE orders = 1;

-- REPLACE.
REPLACE INTO totals (customer_id, orders) VALUES (1, 77);
REPLACE INTO totals VALUES (1, 1, 1, NULL, 'r'), (100, 2, 2, NULL, 'r'), (7, 3, 3, NULL, 'r');
REPLACE totals SET customer_id = 2, amount = 5;
REPLACE INTO totals (customer_id, orders) VALUES (5, 1), (5, 2), (5, 3);
REPLACE INTO totals (customer_id, orders) SELECT id, points FROM customers WHERE points > 0;
REPLACE INTO totals (customer_id, orders, amount) SELECT customer_id, COUNT(*), SUM(total) FROM orders GROUP BY customer_id;
REPLACE INTO totals SELECT t.customer_id, t.orders + 1, t.amount, t.last_order, t.remark FROM totals t;
REPLACE INTO tags VALUES (1, 'new'), (2, 'other');
REPLACE INTO tags SELECT id + 1, label FROM tags;
REPLACE INTO tags SELECT s.id, LEFT(s.name, 30) FROM suppliers s JOIN warehouses w ON w.id = s.id;
REPLACE INTO addresses (customer_id, num, street, city) VALUES (7, 1, 'replaced', 'Athens'), (7, 2, 'replaced', 'Athens');
REPLACE INTO order_items (order_id, line, product_id, price) SELECT order_id, 1, MAX(product_id), SUM(price) FROM order_items GROUP BY order_id HAVING COUNT(*) > 2;
REPLACE INTO stock (warehouse_id, product_id, quantity) SELECT 2, product_id, SUM(quantity) FROM stock GROUP BY product_id;
REPLACE INTO daily (day, kind) VALUES ('2024-01-01', 'VISIT'), ('2024-06-01', 'x');
REPLACE INTO reviews (author, product_id, rating, written) VALUES ('ANNA', 1, 1, '2024-01-01'), ('bob', 1, 1, '2024-01-01'), ('ghost', 1, 1, '2024-01-01');
REPLACE INTO coupons (code, starts) VALUES ('WELCOME  ', '2024-01-01'), ('vip', '2024-01-01');
REPLACE INTO countries (code, name, continent) VALUES ('de', 'Deutschland', 'Europe'), ('AT', 'Austria', 'Europe');
REPLACE INTO warehouses (id, name, capacity) VALUES (1, 'One', 1), (6, 'Six', 6);
REPLACE INTO settings (name) VALUES ('vat'), ('zzz');
REPLACE INTO customers (id, name, joined) VALUES (1, 'Replaced', '2024-01-01'), (13, 'Gap', '2024-01-01');
REPLACE INTO quotes (id, net, title) SELECT id, net * 2, UPPER(title) FROM quotes;
REPLACE INTO prices SELECT product_id, valid_from, price + 1 FROM prices WHERE MONTH(valid_from) = 2;
REPLACE INTO samples (id, t) SELECT id, t FROM samples WHERE t < 0;
-- error: 1364
REPLACE INTO totals (orders) VALUES (1);
-- error: 1136
REPLACE INTO totals (customer_id, orders) SELECT id FROM customers;
-- error: 1048
REPLACE INTO tags VALUES (1, NULL);
INSERT INTO totals (customer_id, orders, amount) VALUES (1, 5, 2), (900, 6, 3), (2, 7, 4) ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id), orders = VALUES(orders), amount = amount + VALUES(amount);
INSERT INTO tags VALUES (1, 'newer'), (300, 'y') ON DUPLICATE KEY UPDATE id = tags.id, label = VALUES(label);
INSERT INTO stock (warehouse_id, product_id, quantity) VALUES (1, 1, 5), (77, 1, 5) ON DUPLICATE KEY UPDATE warehouse_id = VALUES(warehouse_id), product_id = VALUES(product_id), quantity = quantity + 1;
INSERT INTO coupons (code, starts) VALUES ('SPRING', '2024-01-01') ON DUPLICATE KEY UPDATE code = VALUES(code), used = used + 1;
INSERT INTO tags VALUES (3, 'x'), (50, 'y'), (3, 'z'), (50, 'again') ON DUPLICATE KEY UPDATE id = id + 200, label = VALUES(label);
INSERT INTO totals (customer_id, orders, amount) VALUES (1, 5, 2.5), (901, 6, 3) ON DUPLICATE KEY UPDATE customer_id = customer_id + 5000, orders = orders + VALUES(orders), remark = CONCAT(remark, '+');
-- error: 1062
INSERT INTO totals (customer_id, orders) VALUES (902, 1), (1, 5) ON DUPLICATE KEY UPDATE customer_id = 2;
-- nothing
INSERT INTO tags VALUES (1, 'x') ON DUPLICATE KEY UPDATE id = 1;
-- error: 1048
INSERT INTO tags VALUES (1, NULL) ON DUPLICATE KEY UPDATE id = id + 100;
-- error: 1264
INSERT INTO tags VALUES (1, 'a') ON DUPLICATE KEY UPDATE id = id + 100000;
INSERT INTO tags SET id = 1, label = 'set' ON DUPLICATE KEY UPDATE tags.id = tags.id + 1000, label = VALUES(label);
INSERT INTO coupons (code, starts) VALUES ('spring', '2024-01-01') ON DUPLICATE KEY UPDATE code = CONCAT(code, '2'), used = used + 1;

-- ON DUPLICATE KEY UPDATE that reads columns of the query.
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE orders = totals.orders + c.points;
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE orders = totals.orders + points, remark = c.name;
INSERT INTO totals (customer_id, amount) SELECT o.customer_id, o.total FROM orders o ORDER BY o.id ON DUPLICATE KEY UPDATE amount = amount + o.total, last_order = o.placed, totals.orders = totals.orders + 1;
INSERT INTO totals (customer_id, amount) SELECT o.customer_id, o.total FROM orders o ORDER BY o.id ON DUPLICATE KEY UPDATE amount = GREATEST(amount, o.total), last_order = IF(o.placed > last_order, o.placed, last_order), remark = CONCAT(totals.orders, '/', COALESCE(o.discount, 0), '/', COALESCE(o.note, '-'));
INSERT INTO totals (customer_id, amount) SELECT o.customer_id, o.total FROM orders o ORDER BY o.id ON DUPLICATE KEY UPDATE remark = CONCAT(o.total / 7, ' ', o.total * amount), amount = amount / 3 + COALESCE(discount, 0);
INSERT INTO totals (customer_id, remark) SELECT c.id, 'x' FROM customers c ON DUPLICATE KEY UPDATE remark = CONCAT(remark, c.country, c.joined, COALESCE(c.born, 'none'));
INSERT INTO totals (customer_id, remark) SELECT c.id, 'x' FROM customers c ON DUPLICATE KEY UPDATE remark = COALESCE(c.nick, c.name, 'nobody'), orders = CHAR_LENGTH(c.name), amount = c.balance IS NULL;
INSERT INTO totals (customer_id, remark) SELECT c.id, 'x' FROM customers c ON DUPLICATE KEY UPDATE remark = c.level, orders = totals.orders + (c.referrer_id IS NOT NULL);
INSERT INTO totals (customer_id, orders) SELECT * FROM (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t ON DUPLICATE KEY UPDATE orders = totals.orders * 100 + n;
INSERT INTO totals (customer_id, orders, amount) SELECT t.customer_id, t.n, t.s FROM (SELECT customer_id, COUNT(*) n, SUM(total) s, MAX(placed) latest FROM orders GROUP BY customer_id) t ON DUPLICATE KEY UPDATE orders = t.n, amount = t.s - amount, last_order = latest;
INSERT INTO totals (customer_id, orders) SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.id = (SELECT MAX(id) FROM orders x WHERE x.customer_id = c.id) ON DUPLICATE KEY UPDATE orders = CASE WHEN o.discount > 1 THEN o.id WHEN c.points >= totals.orders THEN c.points ELSE -1 END;
INSERT INTO stock (warehouse_id, product_id, quantity) SELECT 1, i.product_id, i.quantity FROM order_items i ORDER BY i.order_id, i.line ON DUPLICATE KEY UPDATE quantity = stock.quantity - i.quantity, reserved = reserved + IFNULL(i.gift, 7);
INSERT INTO stock (warehouse_id, product_id, quantity) SELECT s.warehouse_id, s.product_id, 0 FROM stock s WHERE s.quantity > 0 ON DUPLICATE KEY UPDATE quantity = stock.quantity + s.reserved, bin = s.bin;
INSERT INTO order_items (order_id, line, product_id, price) SELECT i.order_id, i.line, i.product_id, p.cost FROM order_items i JOIN products p ON p.id = i.product_id WHERE p.cost IS NOT NULL ON DUPLICATE KEY UPDATE price = LEAST(order_items.price, p.cost), quantity = order_items.quantity + p.active;
INSERT INTO categories (id, name) SELECT id, label FROM tags ON DUPLICATE KEY UPDATE name = CONCAT(name, '/', label), position = tags.id;
INSERT INTO countries (code, name, continent) SELECT w.country, w.name, 'Asia' FROM warehouses w WHERE w.country IS NOT NULL ORDER BY w.id ON DUPLICATE KEY UPDATE population = w.capacity, area = w.capacity / 7;
INSERT INTO archive (order_id, customer_id, what) SELECT r.order_id, r.line, r.reason FROM order_returns r ORDER BY r.order_id, r.line ON DUPLICATE KEY UPDATE customer_id = archive.customer_id + r.quantity, placed = r.returned, what = r.reason;
INSERT INTO payments (order_id, num, method, amount, paid_at) SELECT p.order_id, p.num, 'x', 1, p.paid_at FROM payments p WHERE p.rate > 0 ON DUPLICATE KEY UPDATE amount = payments.amount * p.rate, method = p.method;
INSERT INTO inbox (id, who, n) SELECT s.id, s.id, 5 FROM suppliers s ON DUPLICATE KEY UPDATE n = s.id, subject = CONCAT('again ', s.name);
INSERT INTO inbox (who, n) SELECT s.id, 5 FROM suppliers s ON DUPLICATE KEY UPDATE n = s.id;
INSERT IGNORE INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE orders = totals.orders + c.points * 100000000, remark = CONCAT(c.name, c.name, c.name, c.name);
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ORDER BY c.points DESC, c.id LIMIT 4 ON DUPLICATE KEY UPDATE orders = c.points, remark = COALESCE(c.note, '-');
INSERT INTO quotes (id, net) SELECT q.id, q.net FROM quotes q ON DUPLICATE KEY UPDATE net = quotes.net + q.gross, title = q.label;
INSERT INTO shipments (customer_id, order_id, num, carrier, warehouse_id) SELECT s.customer_id, s.order_id, s.num, 'none', 1 FROM shipments s ON DUPLICATE KEY UPDATE weight = shipments.weight + s.weight, track = CONCAT('x', s.track), sent = COALESCE(s.delivered, s.sent), carrier = CONCAT(s.num, s.carrier);
INSERT INTO oddities (id, v) SELECT o.id % 5 + 1, 'n' FROM oddities o ORDER BY o.id ON DUPLICATE KEY UPDATE v = o.v, latin = o.latin, tx = o.tx, bl = o.bl, bi = o.bi, d = o.d, dc = o.dc, dt6 = o.dt6, ts6 = o.ts6, tm6 = o.tm6, bt64 = o.bt64;
INSERT INTO oddities (id, v) SELECT o.id + 1, 'n' FROM oddities o WHERE o.id < 6 ORDER BY o.id ON DUPLICATE KEY UPDATE d = oddities.d + o.dc, dc = oddities.dc * 2 - o.dc, tx = CONCAT('x', o.tx), bl = CONCAT(o.bl, o.bi), dt6 = COALESCE(o.dt6, oddities.dt6), tm6 = IF(o.tm6 < oddities.tm6, o.tm6, oddities.tm6);
-- error: 1052
INSERT INTO totals (customer_id, orders) SELECT o.customer_id, 1 FROM orders o ON DUPLICATE KEY UPDATE orders = customer_id + 1;
-- error: 1052
INSERT INTO totals (customer_id, orders) SELECT customer_id, 1 FROM totals ON DUPLICATE KEY UPDATE orders = totals.orders + 1;
-- error: 1048
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE remark = c.note;
-- error: 1406
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE remark = CONCAT(c.name, c.name, c.name, c.name, c.name, c.name, c.name, c.name);
-- error: 1054
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE orders = c.missing;
INSERT INTO totals (customer_id, orders) SELECT c.id, 1 FROM customers c ON DUPLICATE KEY UPDATE orders = (SELECT COUNT(*) FROM tags);
INSERT INTO tags (id, label) SELECT id, 'x' FROM suppliers WHERE id < 3 ON DUPLICATE KEY UPDATE id = tags.id + 1000;
