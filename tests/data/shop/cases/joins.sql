-- Inner joins of two tables: on the shard key, off it, with broadcast and single tables, in every spelling.

-- On the shard key.
SELECT c.id, o.id, o.total FROM customers c JOIN orders o ON o.customer_id = c.id;
SELECT c.name, o.id FROM customers c INNER JOIN orders o ON c.id = o.customer_id WHERE o.status = 'paid' ORDER BY o.id;
SELECT c.id, o.id FROM customers c, orders o WHERE c.id = o.customer_id AND c.level = 'gold';
SELECT c.id, a.num, a.city FROM customers c JOIN addresses a ON a.customer_id = c.id WHERE a.kind = 'work';
SELECT o.id, s.num, s.carrier FROM orders o JOIN shipments s ON s.customer_id = o.customer_id AND s.order_id = o.id;
SELECT i.order_id, i.line, r.reason FROM order_items i JOIN order_returns r USING (order_id, line);
SELECT p.id, x.tag_id FROM products p JOIN product_tags x ON x.product_id = p.id WHERE p.price > 100;
SELECT * FROM addresses JOIN totals USING (customer_id);
SELECT t.customer_id, t.orders, COUNT(o.id) FROM totals t JOIN orders o ON o.customer_id = t.customer_id GROUP BY t.customer_id, t.orders;
SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id AND o.placed > c.joined;
SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id AND c.id = 7 WHERE o.total > 100;

-- Off the shard key.
SELECT o.id, i.line, i.quantity FROM orders o JOIN order_items i ON i.order_id = o.id;
SELECT o.id, SUM(i.quantity * i.price) s, o.total FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.id, o.total HAVING s <> o.total;
SELECT i.order_id, i.line, p.name FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.quantity = 10;
SELECT o.id, p.num, p.amount FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.status <> 'done';
SELECT i.order_id, i.line, p.num FROM order_items i JOIN payments p ON p.order_id = i.order_id ORDER BY 1, 2, 3 LIMIT 30;
SELECT o.id, s.order_id, s.num FROM orders o JOIN shipments s ON s.order_id = o.id WHERE o.total < 50;
SELECT p.id, r.valid_from, r.price FROM products p JOIN prices r ON r.product_id = p.id AND r.price = p.price;
SELECT p.id, s.warehouse_id, s.quantity FROM products p JOIN stock s ON s.product_id = p.id WHERE s.quantity < 0;
SELECT v.author, p.name FROM reviews v JOIN products p ON p.id = v.product_id WHERE v.rating = 1;
SELECT t.label, COUNT(*) FROM tags t JOIN product_tags x ON x.tag_id = t.id GROUP BY t.id, t.label ORDER BY 2 DESC, t.id;
SELECT c.id, e.id, e.kind FROM customers c JOIN events e ON e.customer_id = c.id WHERE c.level = 'platinum' AND e.kind = 'pay';
SELECT o.id, q.id FROM orders o JOIN quotes q ON q.customer_id = o.customer_id WHERE q.net > 50 AND o.status = 'new';
SELECT o.id, o.coupon, k.percent FROM orders o JOIN coupons k ON k.code = o.coupon ORDER BY o.id;
SELECT e.name, m.name FROM employees e JOIN employees m ON m.id = e.manager_id;
SELECT c.id, d.id FROM customers c JOIN customers d ON d.id = c.referrer_id WHERE d.level = 'platinum';
SELECT a.customer_id, b.customer_id, a.zip FROM addresses a JOIN addresses b ON a.zip = b.zip AND a.customer_id < b.customer_id ORDER BY 1, 2, 3 LIMIT 25;
SELECT a.id, b.id FROM orders a JOIN orders b ON b.placed = a.placed AND b.id > a.id;
SELECT a.id, b.id FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.total = a.total AND a.id < b.id;
SELECT a.order_id, a.product_id, b.product_id FROM order_items a JOIN order_items b ON a.order_id = b.order_id AND a.product_id < b.product_id WHERE a.quantity = 3;
SELECT e.id, c.id FROM events e JOIN customers c ON c.id = e.customer_id WHERE e.at < '2023-11-25';
SELECT y.day, e.id FROM daily y JOIN events e ON DATE(e.at) = y.day + INTERVAL 2 DAY OR e.kind = y.kind AND y.n = 7;
SELECT s.product_id, r.rating, s.quantity FROM stock s JOIN reviews r ON r.product_id = s.product_id WHERE s.warehouse_id = 3 AND r.rating < 3;

-- Not by equality.
SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id > c.id AND o.total > 900 AND c.id > 50;
SELECT a.id, b.id FROM tags a JOIN tags b ON a.id < b.id WHERE b.id < 5;
SELECT p.id, r.product_id FROM products p JOIN prices r ON r.price BETWEEN p.price - 0.5 AND p.price + 0.5 AND r.product_id <> p.id WHERE p.id < 6;
SELECT o.id, k.code FROM orders o JOIN coupons k ON o.total >= k.minimum AND DATE(o.placed) BETWEEN k.starts AND k.ends WHERE k.minimum > 0;
SELECT p.id, t.id FROM products p JOIN tags t ON p.name LIKE CONCAT('%', LEFT(t.label, 1), '%') COLLATE utf8mb4_bin WHERE p.id < 10;
SELECT c.id, w.id FROM customers c JOIN warehouses w ON c.points > w.capacity OR c.country = w.country;
SELECT e.id, f.id FROM employees e JOIN employees f ON e.salary < f.salary AND e.warehouse_id = f.warehouse_id AND f.hired > e.hired;
SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id + 1 WHERE c.id < 10;
SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id <=> c.referrer_id WHERE c.id > 30 AND o.status = 'new';
SELECT a.id, b.id FROM customers a JOIN customers b ON a.country <=> b.country AND a.nick <=> b.nick AND a.id < b.id;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.bu = b.bu AND a.tm = b.tm AND a.id < b.id;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.c = b.vl AND a.id < 10;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.t = b.tu AND a.id <> b.id;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.dc = b.f AND a.id < b.id;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.da = b.dt AND a.y = b.y;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.e = b.e AND a.st = b.st AND a.id < b.id;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.bt = b.tu AND b.id < 8;
SELECT a.id, b.id FROM samples a JOIN samples b ON a.bi = b.vb AND a.id < 20 AND b.id < 20;
SELECT p.id, s.id FROM products p JOIN samples s ON s.y = p.model AND s.id < 10;

-- Broadcast and single tables.
SELECT c.id, x.name FROM customers c JOIN countries x ON x.code = c.country;
SELECT x.name, COUNT(*) n FROM countries x JOIN customers c ON c.country = x.code GROUP BY x.code, x.name ORDER BY n DESC, x.name;
SELECT p.id, k.name FROM products p JOIN categories k ON k.id = p.category_id WHERE k.parent_id = 4;
SELECT k.name, p.name FROM categories k JOIN categories p ON p.id = k.parent_id;
SELECT x.code, w.name FROM countries x JOIN warehouses w ON w.country = x.code;
SELECT s.warehouse_id, w.name, SUM(s.quantity) FROM stock s JOIN warehouses w ON w.id = s.warehouse_id GROUP BY s.warehouse_id, w.name;
SELECT p.id, s.name FROM products p JOIN suppliers s ON s.id = p.supplier_id WHERE s.rating > 3;
SELECT e.name, w.name FROM employees e JOIN warehouses w ON e.warehouse_id = w.id WHERE e.salary > 4000;
SELECT s.name, w.name FROM suppliers s JOIN warehouses w ON s.country = w.country;
SELECT h.order_id, w.name FROM shipments h JOIN warehouses w ON w.id = h.warehouse_id WHERE h.weight > 2;
SELECT x.code, s.id FROM countries x JOIN suppliers s ON s.country = x.code WHERE s.since > 2000;
SELECT t.name, o.id FROM settings t JOIN orders o ON o.total > t.value + 800 WHERE t.name = 'limit';
SELECT c.id FROM customers c JOIN settings t ON t.name = 'vip_country' AND FIND_IN_SET(c.country, t.value);

-- CROSS, NATURAL, USING, STRAIGHT_JOIN.
SELECT a.id, b.code FROM tags a CROSS JOIN countries b WHERE a.id < 4;
SELECT COUNT(*) FROM customers CROSS JOIN products;
SELECT COUNT(*), SUM(a.id * b.id) FROM tags a CROSS JOIN tags b;
SELECT a.id, b.id FROM employees a CROSS JOIN warehouses b ON a.warehouse_id = b.id AND a.id < 8;
SELECT a.id, b.id FROM warehouses a JOIN suppliers b WHERE a.id = b.id;
SELECT w.id, c.name FROM warehouses w, categories c WHERE w.id = c.id AND c.position > 0;
SELECT * FROM order_items NATURAL JOIN order_returns;
SELECT * FROM totals NATURAL JOIN addresses;
SELECT COUNT(*) FROM orders NATURAL JOIN shipments;
SELECT customer_id, order_id, o.status FROM shipments JOIN orders o USING (customer_id) WHERE order_id = o.id;
SELECT product_id, tag_id, warehouse_id FROM product_tags JOIN stock USING (product_id) WHERE tag_id = 3;
SELECT order_id, i.line, p.num FROM order_items i JOIN payments p USING (order_id) WHERE order_id BETWEEN 1010 AND 1030;
SELECT * FROM product_tags JOIN prices USING (product_id) WHERE tag_id IN (2, 4);
SELECT STRAIGHT_JOIN o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 25;
SELECT o.id, i.line FROM order_items i STRAIGHT_JOIN orders o ON i.order_id = o.id WHERE i.product_id = 1;
SELECT c.id, o.id FROM orders o STRAIGHT_JOIN customers c ON c.id = o.customer_id WHERE c.points = 100;
SELECT id, label, s.name FROM (tags JOIN suppliers s USING (id));
SELECT a.id FROM tags a JOIN (tags b JOIN tags c ON b.id = c.id + 1) ON a.id = b.id + 1;
SELECT c.*, o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.id = 1010;
SELECT o.*, c.name FROM orders o JOIN customers c ON o.customer_id = c.id WHERE c.id = 25 ORDER BY o.id;
SELECT * FROM tags a JOIN tags b ON b.id = a.id + 1;
SELECT a.label, b.label FROM tags a, tags b WHERE a.label < b.label AND a.id > b.id ORDER BY 1, 2;

-- With what may follow.
SELECT o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id ORDER BY i.price * i.quantity DESC, o.id, i.line LIMIT 7;
SELECT o.status, COUNT(*), SUM(i.quantity) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.status ORDER BY o.status;
SELECT o.status, COUNT(DISTINCT o.id), COUNT(DISTINCT i.product_id) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.status;
SELECT p.category_id, SUM(i.quantity * i.price) s FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY p.category_id HAVING s > 1000 ORDER BY s DESC;
SELECT COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id AND i.price > o.total / 2;
SELECT MAX(o.total), MIN(i.price), COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 7 AND i.quantity > 1;
SELECT o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.id = 1010 OR i.product_id = 5;
SELECT o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE (o.customer_id = 1 AND i.quantity > 1) OR (o.customer_id = 25 AND i.quantity = 1);
SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON i.product_id = p.id WHERE p.name = 'phone x' AND o.status IN ('done', 'paid');
SELECT o.customer_id = 7 me, COUNT(*) FROM orders o JOIN payments p ON p.order_id = o.id GROUP BY me;
-- empty
SELECT o.id FROM orders o JOIN archive a ON a.order_id = o.id;
-- empty
SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id AND o.customer_id <> c.id;
-- error: 1054
SELECT c.id FROM customers c JOIN orders o ON o.customer = c.id;
-- error: 1052
SELECT id FROM customers c JOIN orders o ON o.customer_id = c.id;
-- error: 1066
SELECT 1 FROM orders o JOIN order_items o ON o.id = o.order_id;
-- error: 1054
SELECT c.id FROM customers c JOIN orders o USING (customer_id);
-- error: 1054
SELECT x.id FROM customers c JOIN orders o ON o.customer_id = c.id;
