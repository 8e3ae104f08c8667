-- Functions and operators that only MySQL has, over several tables.

SELECT id, attributes->'$.color' c, attributes->>'$.color' d FROM products WHERE id < 20;
SELECT attributes->>'$.size' s, COUNT(*), SUM(price) FROM products GROUP BY s ORDER BY s;
SELECT i.order_id, i.line, p.attributes->>'$.color' c FROM order_items i JOIN products p ON p.id = i.product_id WHERE p.attributes->'$.size' = 10;
SELECT id FROM products WHERE 'new' MEMBER OF (attributes->'$.tags');
SELECT id FROM products WHERE JSON_OVERLAPS(attributes->'$.tags', '["eco", "old"]');
SELECT id, JSON_PRETTY(attributes) FROM products WHERE id IN (1, 3);
SELECT id, JSON_STORAGE_SIZE(attributes) > 0 FROM products WHERE id < 5;
SELECT id, JSON_VALUE(attributes, '$.size' RETURNING UNSIGNED) s FROM products ORDER BY s, id;
SELECT id, JSON_SCHEMA_VALID('{"type": "object"}', attributes) v FROM products ORDER BY id;
SELECT e.id, t.p FROM events e, JSON_TABLE(e.payload, '$.items[*]' COLUMNS (p INT PATH '$.p')) t WHERE e.payload->'$.items[0].n' > 1;
SELECT ANY_VALUE(level), COUNT(*) FROM customers WHERE level = 'gold';
SELECT o.customer_id, ANY_VALUE(c.name), COUNT(*) FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY o.customer_id ORDER BY o.customer_id;
SELECT id FROM customers WHERE REGEXP_LIKE(name, '^[a-m]', 'c');
SELECT id, REGEXP_REPLACE(name, '[aeiou]', '-', 1, 2), REGEXP_SUBSTR(name, '[a-z]+', 1, 2), REGEXP_INSTR(name, 'n', 1, 2) FROM customers WHERE id < 8;
SELECT id, CAST(total AS FLOAT), CAST(placed AS YEAR), CAST(total AS REAL) FROM orders WHERE customer_id = 1;
SELECT id, BIN_TO_UUID(UUID_TO_BIN('6ccd780c-baba-1026-9564-5b8c656024db')) u FROM tags WHERE id = 1;
SELECT id, bl & x'0f', bi | x'00000001' FROM oddities WHERE LENGTH(bl) = 1;
SELECT c.level, JSON_OBJECTAGG(c.id, o.n) j FROM customers c JOIN (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id) o ON o.customer_id = c.id WHERE c.id < 10 GROUP BY c.level;
SELECT id, GROUP_CONCAT(x ORDER BY x COLLATE utf8mb4_bin) FROM (SELECT p.id, t.x FROM products p, JSON_TABLE(p.attributes, '$.tags[*]' COLUMNS (x VARCHAR(9) PATH '$')) t) y GROUP BY id ORDER BY id;
(SELECT id FROM tags ORDER BY id LIMIT 2) FOR UPDATE;
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.id = 25 ORDER BY o.id FOR UPDATE OF o SKIP LOCKED;
SELECT id, FORMAT_BYTES(total) FROM orders WHERE customer_id = 25 ORDER BY id;
