-- JSON_TABLE, alone and joined with tables.

SELECT t.* FROM JSON_TABLE('[1, 2, 3]', '$[*]' COLUMNS (x INT PATH '$')) t;
SELECT t.n, t.a, t.b FROM JSON_TABLE('[{"a": 1, "b": "x"}, {"a": 2}]', '$[*]' COLUMNS (n FOR ORDINALITY, a INT PATH '$.a', b VARCHAR(5) PATH '$.b' DEFAULT '"none"' ON EMPTY)) t ORDER BY t.n;
SELECT c.id, c.name FROM customers c JOIN JSON_TABLE('[1, 7, 25]', '$[*]' COLUMNS (x BIGINT PATH '$')) t ON t.x = c.id;
SELECT o.id FROM orders o WHERE o.customer_id IN (SELECT x FROM JSON_TABLE('[1, 25]', '$[*]' COLUMNS (x BIGINT PATH '$')) t) ORDER BY o.id;
SELECT e.id, t.p, t.n FROM events e, JSON_TABLE(e.payload, '$.items[*]' COLUMNS (p INT PATH '$.p', n INT PATH '$.n')) t WHERE e.kind = 'cart';
SELECT t.p, SUM(t.n) FROM events e, JSON_TABLE(e.payload, '$.items[*]' COLUMNS (p INT PATH '$.p', n INT PATH '$.n')) t WHERE e.kind = 'cart' GROUP BY t.p ORDER BY 2 DESC, 1 LIMIT 10;
SELECT e.id, p.name, t.n FROM events e JOIN JSON_TABLE(e.payload, '$.items[*]' COLUMNS (p INT PATH '$.p', n INT PATH '$.n')) t JOIN products p ON p.id = t.p WHERE e.kind = 'cart' AND e.at < '2024-01-01';
SELECT p.id, t.tag FROM products p, JSON_TABLE(p.attributes, '$.tags[*]' COLUMNS (tag VARCHAR(10) PATH '$')) t;
SELECT t.tag COLLATE utf8mb4_bin g, COUNT(*) FROM products p, JSON_TABLE(p.attributes, '$.tags[*]' COLUMNS (tag VARCHAR(10) PATH '$')) t GROUP BY g ORDER BY g;
SELECT p.id, t.n, t.tag FROM products p LEFT JOIN JSON_TABLE(p.attributes, '$.tags[*]' COLUMNS (n FOR ORDINALITY, tag VARCHAR(10) PATH '$')) t ON TRUE WHERE p.id < 10 ORDER BY p.id, t.n;
SELECT p.id, t.w, t.h FROM products p, JSON_TABLE(p.attributes, '$' COLUMNS (NESTED PATH '$.dim' COLUMNS (w INT PATH '$.w', h INT PATH '$.h'))) t WHERE t.w IS NOT NULL;
SELECT p.id, t.color, t.size FROM products p, JSON_TABLE(p.attributes, '$' COLUMNS (color VARCHAR(10) PATH '$.color', size INT PATH '$.size')) t WHERE t.size > 2 ORDER BY t.size, p.id;
SELECT p.id, t.has FROM products p, JSON_TABLE(p.attributes, '$' COLUMNS (has INT EXISTS PATH '$.dim')) t WHERE p.id < 16;
SELECT COUNT(*), COUNT(DISTINCT t.x) FROM samples s, JSON_TABLE(s.j, '$[*]' COLUMNS (x VARCHAR(20) PATH '$' NULL ON ERROR)) t;
SELECT s.name, t.x FROM settings s, JSON_TABLE(s.value, '$.a[*]' COLUMNS (x VARCHAR(20) PATH '$')) t WHERE s.name = 'json';
SELECT w.id, t.q FROM warehouses w JOIN JSON_TABLE('[{"w": 1, "q": 5}, {"w": 3, "q": 7}]', '$[*]' COLUMNS (w INT PATH '$.w', q INT PATH '$.q')) t ON t.w = w.id;
WITH t AS (SELECT * FROM JSON_TABLE('[{"c": 7, "p": 0.1}, {"c": 25, "p": 0.2}]', '$[*]' COLUMNS (c BIGINT PATH '$.c', p DECIMAL(4,2) PATH '$.p')) x) SELECT o.id, o.total * t.p FROM t JOIN orders o ON o.customer_id = t.c WHERE o.total > 300;
SELECT x FROM JSON_TABLE('["2024-01-01", "2024-02-30"]', '$[*]' COLUMNS (x DATE PATH '$' DEFAULT '"2000-01-01"' ON ERROR)) t UNION SELECT DATE '2030-01-01';
SELECT c.id, (SELECT COUNT(*) FROM JSON_TABLE('[1, 2, 7]', '$[*]' COLUMNS (x INT PATH '$')) t WHERE t.x = c.id) n FROM customers c WHERE c.id < 9;
-- empty
SELECT t.* FROM JSON_TABLE('[]', '$[*]' COLUMNS (x INT PATH '$')) t;
-- error: 4037|3141
SELECT t.* FROM JSON_TABLE('[1, ', '$[*]' COLUMNS (x INT PATH '$')) t;
