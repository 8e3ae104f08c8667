-- Statements that only MySQL refuses.

-- error: 1093
UPDATE customers SET points = (SELECT MAX(points) FROM customers) WHERE id = 1;
-- error: 1093
DELETE FROM tags WHERE id = (SELECT MAX(id) FROM tags);
-- error: 1093
INSERT INTO archive (order_id) VALUES ((SELECT COUNT(*) FROM archive));
-- error: 1221
UPDATE customers c JOIN orders o ON o.customer_id = c.id SET c.points = 1 LIMIT 1;
-- error: 1055
SELECT customer_id, total FROM orders GROUP BY customer_id;
-- error: 1140
SELECT id, COUNT(*) FROM orders;
-- error: 3065
SELECT DISTINCT customer_id FROM orders ORDER BY total;
-- error: 1055
SELECT c.level, c.country, COUNT(*) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.level;
-- error: 3568
SELECT id FROM customers WHERE id = 1 FOR UPDATE OF nothing;

-- MariaDB's RETURNING.
-- error: 1064
INSERT INTO tags VALUES (100, 'a'), (101, 'b'), (102, 'c') RETURNING id;
-- error: 1064
REPLACE INTO countries (code, name, continent) VALUES ('I1', 'One', 'Europe') RETURNING code;
-- error: 1064
INSERT INTO tags SELECT id + 100, label FROM tags RETURNING id;
-- error: 1064
INSERT INTO tags SELECT id + 100, label FROM tags WHERE id < 0 RETURNING id;
-- error: 1064
DELETE FROM tags WHERE id > 3 RETURNING id;
-- error: 1064
DELETE FROM tags WHERE id = 3 RETURNING id;
-- error: 1064
DELETE FROM tags ORDER BY id LIMIT 2 RETURNING id;
-- error: 1064
DELETE FROM tags WHERE id < 0 ORDER BY id LIMIT 2 RETURNING id;
-- error: 1064
DELETE FROM countries WHERE eu = 1 RETURNING code;
