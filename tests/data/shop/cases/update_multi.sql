-- UPDATE of several tables.

UPDATE customers c JOIN orders o ON o.customer_id = c.id SET c.points = c.points + 1 WHERE o.total > 500;
UPDATE customers c, orders o SET o.note = c.name WHERE o.customer_id = c.id AND c.level = 'gold';
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET c.note = 'both', o.note = 'both' WHERE c.id IN (1, 25);
UPDATE orders o JOIN order_items i ON i.order_id = o.id SET i.price = i.price + 1 WHERE o.customer_id = 7;
UPDATE orders o JOIN order_items i ON i.order_id = o.id SET o.note = 'gifted' WHERE i.gift = 1;
UPDATE orders o JOIN order_items i ON i.order_id = o.id SET o.status = 'paid', i.gift = 1 WHERE i.product_id = 1 AND o.status = 'new';
UPDATE orders o LEFT JOIN order_items i ON i.order_id = o.id SET o.total = 0 WHERE i.order_id IS NULL;
UPDATE orders o LEFT JOIN payments p ON p.order_id = o.id SET o.note = IF(p.order_id IS NULL, 'unpaid', 'paid') WHERE p.num IS NULL OR p.num = 1;
UPDATE orders o JOIN (SELECT order_id, SUM(quantity * price) s FROM order_items GROUP BY order_id) t ON t.order_id = o.id SET o.total = t.s WHERE o.total <> t.s;
UPDATE customers c JOIN (SELECT customer_id, COUNT(*) n, MAX(placed) m FROM orders GROUP BY customer_id) t ON t.customer_id = c.id SET c.points = t.n, c.joined = t.m;
UPDATE totals t JOIN customers c ON c.id = t.customer_id SET t.remark = c.name, t.orders = c.points;
UPDATE totals t LEFT JOIN customers c ON c.id = t.customer_id SET t.remark = 'orphan' WHERE c.id IS NULL;
UPDATE products p JOIN categories k ON k.id = p.category_id SET p.name = CONCAT(k.name, ': ', p.name) WHERE k.parent_id = 4;
UPDATE products p JOIN suppliers s ON s.id = p.supplier_id SET p.cost = p.price * s.rating / 10 WHERE s.rating IS NOT NULL;
UPDATE products p JOIN prices r ON r.product_id = p.id SET p.price = r.price WHERE r.valid_from = (SELECT MAX(q.valid_from) FROM prices q WHERE q.product_id = p.id);
UPDATE stock s JOIN warehouses w ON w.id = s.warehouse_id SET s.bin = LEFT(w.name, 5) WHERE s.bin IS NULL;
UPDATE stock s JOIN products p ON p.id = s.product_id SET s.quantity = 0, p.active = 0 WHERE p.price < 5;
UPDATE warehouses w JOIN stock s ON s.warehouse_id = w.id SET w.capacity = 1 WHERE s.quantity < 0;
UPDATE employees e JOIN employees m ON m.id = e.manager_id SET e.salary = m.salary / 2 WHERE m.manager_id IS NULL;
UPDATE employees e JOIN employees m ON m.id = e.manager_id SET e.bonus = 1, m.bonus = 2 WHERE e.id IN (8, 13);
UPDATE reviews v JOIN products p ON p.id = v.product_id SET v.title = LEFT(p.name, 20) WHERE v.title IS NULL;
UPDATE orders o JOIN coupons k ON k.code = o.coupon SET o.discount = k.percent, k.used = k.used + 1 WHERE k.percent < 20;
UPDATE shipments s JOIN orders o ON o.id = s.order_id AND o.customer_id = s.customer_id SET s.delivered = DATE(o.placed) + INTERVAL 5 DAY WHERE s.delivered IS NULL;
UPDATE order_items i JOIN order_returns r USING (order_id, line) SET i.quantity = i.quantity - r.quantity, r.reason = 'counted';
UPDATE customers c JOIN countries x ON x.code = c.country SET c.note = x.name WHERE x.continent = 'Asia';
UPDATE customers c JOIN countries x ON x.code = c.country SET x.population = 0 WHERE c.level = 'gold';
UPDATE countries x JOIN warehouses w ON w.country = x.code AND w.id <> 4 SET x.name = w.name;
UPDATE categories a JOIN categories b ON b.parent_id = a.id SET b.name = CONCAT(a.name, '/', b.name) WHERE a.id IN (2, 3);
UPDATE tags t JOIN product_tags x ON x.tag_id = t.id JOIN products p ON p.id = x.product_id SET t.label = 'pricey' WHERE p.price > 500;
UPDATE customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id SET c.points = 42 WHERE p.name = 'phone x';
UPDATE quotes q JOIN customers c ON c.id = q.customer_id SET q.title = c.level, c.points = 7 WHERE q.net > 50;
UPDATE events e JOIN customers c ON c.id = e.customer_id SET e.kind = 'gold' WHERE c.level = 'gold' AND e.at >= '2024-01-15';
UPDATE orders a JOIN orders b ON b.customer_id = a.customer_id AND b.id > a.id SET a.note = 'has later' WHERE a.customer_id <> 7;
UPDATE samples a JOIN samples b ON b.id = a.id + 1 SET a.c = 'paired', a.t = 1 WHERE b.t IS NULL;
UPDATE totals t, (SELECT AVG(amount) a FROM totals) x SET t.orders = 5 WHERE t.amount > x.a;
UPDATE customers c STRAIGHT_JOIN orders o ON o.customer_id = c.id SET c.points = 3 WHERE o.status = 'cancelled';
UPDATE addresses a NATURAL JOIN totals t SET a.street = t.remark;
UPDATE customers c JOIN addresses a ON a.customer_id = c.id SET c.country = a.country, a.zip = '0' WHERE a.num = 1 AND c.country IS NULL;
UPDATE orders o JOIN settings s ON s.name = 'limit' SET o.note = 'over' WHERE o.total > s.value * 5;
UPDATE customers c JOIN (SELECT DISTINCT customer_id FROM orders WHERE placed > '2023-09-01') r ON r.customer_id = c.id SET c.flags = CONCAT(c.flags, ',vip') WHERE c.flags <> '';
-- nothing
UPDATE customers c JOIN archive a ON a.customer_id = c.id SET c.points = 1;
-- nothing
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET c.points = c.points WHERE c.id = 7;
-- error: 1054
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET c.nothing = 1;
-- error: 1052
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET note = 'x';
-- error: 1146
UPDATE customers c JOIN no_such_table o ON o.customer_id = c.id SET c.points = 1;
-- error: 1288
UPDATE customers c JOIN (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) t ON t.customer_id = c.id SET t.n = 1;
-- error: 1048
UPDATE orders o LEFT JOIN payments p ON p.order_id = o.id SET o.total = p.amount WHERE o.customer_id = 7;
