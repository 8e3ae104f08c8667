-- VALUES as MariaDB writes it.

VALUES (1, 'a'), (2, 'b'), (3, NULL);
SELECT * FROM (VALUES (1, 2), (3, 4)) t;
SELECT c.id, c.level FROM customers c WHERE c.id IN (VALUES (1), (7), (25));
SELECT c.id FROM customers c JOIN (SELECT 1 id UNION VALUES (2), (3)) v ON v.id = c.id;
WITH v (id, w) AS (VALUES (1, 'x'), (7, 'y')) SELECT v.w, COUNT(o.id) FROM v LEFT JOIN orders o ON o.customer_id = v.id GROUP BY v.w;
VALUES (1), (2) UNION SELECT id FROM tags WHERE id < 4;
VALUES (3), (1), (2) ORDER BY 1;
SELECT id FROM tags WHERE (id, label) IN (VALUES (1, 'new'), (2, 'Sale'));
SELECT MAX(x) FROM (SELECT 0 x UNION ALL VALUES (5), (7)) t;
SELECT id FROM orders WHERE EXISTS (VALUES (1)) AND id < 1008;
-- error: 4099
VALUES (1, 2), (3);
