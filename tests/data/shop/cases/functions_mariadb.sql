-- Functions that only MariaDB has, over several tables.

SELECT id, NVL(nick, 'none'), NVL2(balance, 'has', 'none') FROM customers WHERE id < 12;
SELECT id, TO_CHAR(placed, 'YYYY-MM-DD HH24:MI'), ADD_MONTHS(placed, 1) FROM orders WHERE customer_id = 25;
SELECT id, DECODE_ORACLE(level, 'gold', 1, 'silver', 2, 0) d FROM customers WHERE id < 12;
SELECT id, CHR(65 + id), LENGTHB(label) FROM tags;
SELECT id, SFORMAT('{}-{}', id, label) FROM tags WHERE id < 5;
SELECT label FROM tags ORDER BY NATURAL_SORT_KEY(label), id;
SELECT id, JSON_QUERY(attributes, '$.tags') t, JSON_EXISTS(attributes, '$.dim') d FROM products WHERE id < 20;
SELECT id, JSON_COMPACT(attributes), JSON_LOOSE(attributes) FROM products WHERE id IN (1, 3, 5);
SELECT JSON_DETAILED(attributes) FROM products WHERE id = 3;
SELECT id, JSON_NORMALIZE(attributes) FROM products WHERE attributes IS NOT NULL ORDER BY id;
SELECT a.id, b.id FROM products a JOIN products b ON JSON_EQUALS(a.attributes, b.attributes) AND a.id < b.id;
SELECT JSON_OVERLAPS(attributes, '{"color": "red"}') o, COUNT(*) FROM products GROUP BY o ORDER BY o;
SELECT o.id, i.line, TRIM_ORACLE(' x '), NVL(i.gift, 9) g FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 1;
SELECT c.level, SUM(NVL(o.discount, 0)) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.level ORDER BY c.level;
SELECT id, OCT(id), CRC32C(label), XMLTYPE FROM tags t JOIN (SELECT 1 XMLTYPE) x WHERE id < 3;
SELECT id, name REGEXP '(?i)^ANNA', REGEXP_REPLACE(name, '(?i)a', '_') FROM customers WHERE id < 6;
SELECT COUNT(*) FROM orders WHERE placed BETWEEN '2023-01-01' AND ADD_MONTHS('2023-01-31', 1);
