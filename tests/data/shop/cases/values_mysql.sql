-- VALUES ROW() and TABLE as MySQL writes them; LATERAL.

VALUES ROW(1, 'a'), ROW(2, 'b'), ROW(3, NULL);
SELECT * FROM (VALUES ROW(1, 2), ROW(3, 4)) t (a, b) WHERE a > 1;
SELECT c.id, v.w FROM customers c JOIN (VALUES ROW(1, 'x'), ROW(7, 'y')) v (id, w) ON v.id = c.id;
VALUES ROW(3), ROW(1), ROW(2) ORDER BY column_0;
VALUES ROW(1), ROW(2) UNION SELECT id FROM tags WHERE id < 4;
TABLE tags;
TABLE warehouses ORDER BY id LIMIT 2;
TABLE tags UNION SELECT 100, 'x';
SELECT id FROM customers WHERE id IN (SELECT order_id FROM (TABLE archive) a) OR id IN (VALUES ROW(1), ROW(2));
SELECT c.id, l.id, l.total FROM customers c, LATERAL (SELECT o.id, o.total FROM orders o WHERE o.customer_id = c.id ORDER BY o.total DESC, o.id LIMIT 2) l WHERE c.id < 12;
SELECT c.id, l.n FROM customers c LEFT JOIN LATERAL (SELECT COUNT(*) n FROM orders o WHERE o.customer_id = c.id) l ON TRUE WHERE c.level = 'gold';
SELECT p.id, l.price FROM products p JOIN LATERAL (SELECT r.price FROM prices r WHERE r.product_id = p.id ORDER BY r.valid_from DESC LIMIT 1) l ON l.price <> p.price;
-- error: 1136
VALUES ROW(1, 2), ROW(3);
