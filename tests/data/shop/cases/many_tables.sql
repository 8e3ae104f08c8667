-- Joins of three tables and more.

SELECT c.id, o.id, i.line, p.name FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE c.id = 25;
SELECT c.level, k.name, SUM(i.quantity) q FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id JOIN categories k ON k.id = p.category_id GROUP BY c.level, k.id, k.name ORDER BY c.level, q DESC, k.id;
SELECT c.id, o.id, s.num, w.name FROM customers c JOIN orders o ON o.customer_id = c.id JOIN shipments s ON s.customer_id = c.id AND s.order_id = o.id JOIN warehouses w ON w.id = s.warehouse_id WHERE w.country = 'GR';
SELECT c.id, a.city, o.id, x.name FROM customers c JOIN addresses a ON a.customer_id = c.id JOIN orders o ON o.customer_id = c.id JOIN countries x ON x.code = a.country WHERE o.total > 400 AND a.num = 1;
SELECT o.id, i.line, r.quantity, p.name FROM orders o JOIN order_items i ON i.order_id = o.id JOIN order_returns r ON r.order_id = i.order_id AND r.line = i.line JOIN products p ON p.id = i.product_id ORDER BY o.id, i.line;
SELECT p.id, t.label, k.name FROM products p JOIN product_tags x ON x.product_id = p.id JOIN tags t ON t.id = x.tag_id JOIN categories k ON k.id = p.category_id WHERE t.label = 'new';
SELECT w.name, p.name, s.quantity FROM warehouses w JOIN stock s ON s.warehouse_id = w.id JOIN products p ON p.id = s.product_id WHERE s.quantity >= 100 ORDER BY w.id, p.id;
SELECT w.name, u.name, COUNT(*) FROM warehouses w JOIN stock s ON s.warehouse_id = w.id JOIN products p ON p.id = s.product_id JOIN suppliers u ON u.id = p.supplier_id WHERE u.id > 2 AND w.id < 4 GROUP BY w.id, w.name, u.id, u.name;
SELECT v.rating, p.name, k.name FROM reviews v JOIN products p ON p.id = v.product_id LEFT JOIN categories k ON k.id = p.category_id WHERE v.helpful = 40;
SELECT e.name, m.name, g.name FROM employees e JOIN employees m ON m.id = e.manager_id JOIN employees g ON g.id = m.manager_id;
SELECT e.name, m.name, w.name, x.name FROM employees e LEFT JOIN employees m ON m.id = e.manager_id LEFT JOIN warehouses w ON w.id = e.warehouse_id LEFT JOIN countries x ON x.code = w.country ORDER BY e.id;
SELECT a.name, b.name, c.name FROM categories a JOIN categories b ON b.parent_id = a.id JOIN categories c ON c.parent_id = b.id ORDER BY c.id;
SELECT a.id, b.id, c.id FROM customers a JOIN customers b ON b.referrer_id = a.id JOIN customers c ON c.referrer_id = b.id;
SELECT a.id, b.id, c.id, d.id FROM tags a, tags b, tags c, tags d WHERE a.id < b.id AND b.id < c.id AND c.id < d.id AND d.id < 6;
SELECT COUNT(*) FROM orders o, order_items i, products p, payments y WHERE i.order_id = o.id AND p.id = i.product_id AND y.order_id = o.id;
SELECT o.id, y.num, s.num FROM orders o JOIN payments y ON y.order_id = o.id JOIN shipments s ON s.order_id = o.id WHERE y.paid_at > s.sent;
SELECT o.id, COUNT(DISTINCT y.num), COUNT(DISTINCT s.num), COUNT(DISTINCT i.line) FROM orders o LEFT JOIN payments y ON y.order_id = o.id LEFT JOIN shipments s ON s.order_id = o.id LEFT JOIN order_items i ON i.order_id = o.id GROUP BY o.id HAVING COUNT(DISTINCT i.line) > 2;
SELECT c.id, COUNT(DISTINCT e.id), COUNT(DISTINCT o.id) FROM customers c LEFT JOIN events e ON e.customer_id = c.id AND e.kind = 'visit' LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY 2 DESC, 3 DESC, 1 LIMIT 10;
SELECT x.name, COUNT(DISTINCT c.id), COUNT(DISTINCT o.id), COUNT(i.line) FROM countries x LEFT JOIN customers c ON c.country = x.code LEFT JOIN orders o ON o.customer_id = c.id LEFT JOIN order_items i ON i.order_id = o.id GROUP BY x.code, x.name ORDER BY x.code;
SELECT k.code, o.id, c.id FROM coupons k JOIN orders o ON o.coupon = k.code JOIN customers c ON c.id = o.customer_id WHERE k.percent >= 10 AND c.points > 50;
SELECT p.id, r.price, s.quantity, v.rating FROM products p JOIN prices r ON r.product_id = p.id JOIN stock s ON s.product_id = p.id JOIN reviews v ON v.product_id = p.id WHERE p.id = 9 AND s.warehouse_id = 1;
SELECT p.id, COUNT(DISTINCT r.valid_from), COUNT(DISTINCT s.warehouse_id), COUNT(DISTINCT v.author), COUNT(DISTINCT i.order_id) FROM products p LEFT JOIN prices r ON r.product_id = p.id LEFT JOIN stock s ON s.product_id = p.id LEFT JOIN reviews v ON v.product_id = p.id LEFT JOIN order_items i ON i.product_id = p.id WHERE p.id < 10 GROUP BY p.id ORDER BY p.id;
SELECT i1.product_id a, i2.product_id b, COUNT(*) n FROM order_items i1 JOIN order_items i2 ON i1.order_id = i2.order_id AND i1.product_id < i2.product_id JOIN orders o ON o.id = i1.order_id WHERE o.status <> 'cancelled' GROUP BY a, b HAVING n > 1;
SELECT o1.customer_id, o1.id, o2.id FROM orders o1 JOIN orders o2 ON o1.customer_id = o2.customer_id AND o2.placed > o1.placed LEFT JOIN orders o3 ON o3.customer_id = o1.customer_id AND o3.placed > o1.placed AND o3.placed < o2.placed WHERE o3.id IS NULL AND o1.customer_id <> 7;
SELECT c.id, f.id first_order FROM customers c JOIN orders f ON f.customer_id = c.id LEFT JOIN orders x ON x.customer_id = c.id AND (x.placed, x.id) < (f.placed, f.id) WHERE x.id IS NULL;
SELECT c.id, o.id, i.line, r.reason, p.name, k.name, u.name FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id LEFT JOIN order_returns r ON r.order_id = i.order_id AND r.line = i.line LEFT JOIN products p ON p.id = i.product_id LEFT JOIN categories k ON k.id = p.category_id LEFT JOIN suppliers u ON u.id = p.supplier_id WHERE o.total BETWEEN 100 AND 130 ORDER BY o.id, i.line;
SELECT 1 FROM customers a JOIN customers b ON a.id = b.id JOIN customers c ON b.id = c.id JOIN customers d ON c.id = d.id JOIN orders e ON e.customer_id = d.id JOIN orders f ON f.id = e.id WHERE a.id = 1;
SELECT a.id FROM customers a JOIN orders b ON b.customer_id = a.id JOIN shipments c ON c.customer_id = b.customer_id AND c.order_id = b.id JOIN addresses d ON d.customer_id = c.customer_id JOIN totals e ON e.customer_id = d.customer_id ORDER BY a.id, b.id, c.num, d.num;
SELECT DISTINCT p.supplier_id, s.warehouse_id FROM products p JOIN stock s ON s.product_id = p.id JOIN order_items i ON i.product_id = p.id JOIN orders o ON o.id = i.order_id JOIN shipments h ON h.order_id = o.id AND h.warehouse_id = s.warehouse_id;
SELECT h.order_id, h.num, e.name FROM shipments h JOIN employees e ON e.warehouse_id = h.warehouse_id JOIN warehouses w ON w.id = h.warehouse_id WHERE e.salary = (SELECT MAX(salary) FROM employees x WHERE x.warehouse_id = h.warehouse_id) AND h.carrier = 'post' AND w.id > 1;
SELECT q.id, c.id, o.id FROM quotes q JOIN customers c ON c.id = q.customer_id JOIN orders o ON o.customer_id = c.id AND o.total BETWEEN q.net AND q.gross;
SELECT t.name, COUNT(*) FROM settings t JOIN orders o ON o.total > CAST(t.value AS DECIMAL(10,2)) JOIN order_items i ON i.order_id = o.id WHERE t.name IN ('limit', 'min_total') GROUP BY t.name;
SELECT o.id, c.id, (SELECT GROUP_CONCAT(p.name ORDER BY i.line SEPARATOR ', ') FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = o.id) names FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = 7 ORDER BY o.id;
SELECT a.id, b.id, c.id FROM (tags a JOIN tags b ON b.id = a.id + 1) JOIN (tags c JOIN tags d ON d.id = c.id + 1) ON c.id = b.id AND d.id = 5;
SELECT a.id, b.id, c.id FROM tags a LEFT JOIN (tags b LEFT JOIN tags c ON c.id = b.id * 2) ON b.id = a.id + 3 WHERE a.id < 8;
SELECT a.id, b.id, c.id FROM tags a LEFT JOIN (tags b CROSS JOIN tags c) ON b.id = a.id AND c.id = b.id + 1 AND c.label <> 'hot';
SELECT a.id, b.id, c.id FROM (tags a, tags b) LEFT JOIN tags c ON c.id = a.id + b.id WHERE a.id < 4 AND b.id < 4;
SELECT o.status, MIN(y.paid_at), MAX(h.delivered), COUNT(*) FROM orders o LEFT JOIN payments y ON o.id = y.order_id AND y.num = 1 LEFT JOIN shipments h ON h.order_id = o.id AND h.num = 1 GROUP BY o.status;
SELECT o.id, DATEDIFF(MIN(h.sent), o.placed) d1, DATEDIFF(MIN(y.paid_at), o.placed) d2 FROM orders o JOIN shipments h ON h.order_id = o.id JOIN payments y ON y.order_id = o.id GROUP BY o.id, o.placed HAVING d1 > d2 ORDER BY o.id;
SELECT e.customer_id, COUNT(DISTINCT e.id), COUNT(DISTINCT v.id) FROM events e JOIN events v ON v.customer_id = e.customer_id AND v.kind = 'visit' JOIN customers c ON c.id = e.customer_id WHERE e.kind IN ('pay', 'cart') GROUP BY e.customer_id;
-- empty
SELECT c.id FROM customers c JOIN archive a ON a.customer_id = c.id JOIN orders o ON o.id = a.order_id;
-- error: 1052
SELECT o.id, quantity FROM orders o JOIN order_items i ON i.order_id = o.id JOIN order_returns r ON r.order_id = o.id;
-- error: 1052
SELECT * FROM order_items JOIN order_returns USING (order_id) JOIN stock USING (quantity);
