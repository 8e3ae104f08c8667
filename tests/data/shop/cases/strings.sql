-- String functions over several tables.

SELECT id, CONCAT(name, ' <', email, '>') FROM customers WHERE id < 12;
SELECT id, CONCAT_WS(', ', name, nick, country) FROM customers WHERE id < 12;
SELECT id, UPPER(name), LOWER(name) FROM customers WHERE id BETWEEN 4 AND 20;
SELECT id, LENGTH(name), CHAR_LENGTH(name), BIT_LENGTH(name), OCTET_LENGTH(nick) FROM customers;
SELECT id, LEFT(name, 3), RIGHT(name, 3), MID(name, 2, 2), SUBSTRING(name, -2) FROM customers WHERE id < 20;
SELECT id, SUBSTR(email FROM 5 FOR 3), SUBSTRING(email, 100), SUBSTRING(email, 0), SUBSTRING(email, -3, 2) FROM customers WHERE id < 8;
SELECT id, SUBSTRING_INDEX(email, '@', 1), SUBSTRING_INDEX(email, '.', -1) FROM customers WHERE email <> '';
SELECT id, LOCATE('a', name), INSTR(name, 'n'), POSITION('e' IN name), LOCATE('l', name, 3) FROM customers WHERE id < 20;
SELECT id, REPLACE(name, 'a', '*'), REPLACE(LOWER(name), 'ü', 'ue') FROM customers WHERE id < 12;
SELECT id, REVERSE(name), REPEAT(nick, 2), SPACE(2) = '' FROM customers WHERE id < 17;
SELECT id, HEX(TRIM(name)), HEX(LTRIM(name)), HEX(RTRIM(name)) FROM customers WHERE id IN (3, 22, 47, 48);
SELECT id, TRIM(LEADING 'u' FROM LOWER(email)), TRIM(TRAILING '.com' FROM email), TRIM(BOTH 'x' FROM 'xxaxx') FROM customers WHERE id < 6;
SELECT id, LPAD(id, 5, '0'), RPAD(name, 8, '.'), LPAD(name, 2, '-') FROM customers WHERE id < 10;
SELECT id, ASCII(name), ORD(name), HEX(name) FROM customers WHERE id BETWEEN 12 AND 20;
SELECT id, INSERT(name, 2, 1, '__'), ELT(id, 'one', 'two'), FIELD(nick, 'Ace', 'ace') FROM customers WHERE id < 5;
SELECT id, FIND_IN_SET('newsletter', flags), MAKE_SET(flags + 0, 'n', 'b', 'v', 's'), EXPORT_SET(flags + 0, 'Y', 'N', '', 4) FROM customers WHERE id < 15;
SELECT id, STRCMP(name, 'Bob'), name LIKE 'a%', name NOT LIKE '%o%', name RLIKE '^[A-M]' FROM customers WHERE id < 30;
SELECT id, name REGEXP 'o+', REGEXP_REPLACE(name, '[aeiou]', '-'), REGEXP_SUBSTR(name, '[A-Z][a-z]+'), REGEXP_INSTR(name, 'l') FROM customers WHERE id < 15 AND id <> 14;
SELECT id, SOUNDEX(name) FROM employees WHERE id < 8;
SELECT id, QUOTE(name), QUOTE(nick) FROM customers WHERE id IN (5, 41, 42, 45);
SELECT id, CRC32(name), CRC32(email), SHA2(nick, 256) FROM customers WHERE id < 6;
SELECT id, TO_BASE64(name), FROM_BASE64(TO_BASE64(name)) = name FROM customers WHERE id IN (4, 14, 15);
SELECT id, UNHEX(HEX(name)) = name, CHAR(65, 66, 67), BIN(points), OCT(id), CONV(id, 10, 16) FROM customers WHERE id < 6;
SELECT id, FORMAT(balance, 2), FORMAT(balance, 0) FROM customers WHERE balance > 100;
SELECT id, CAST(points AS CHAR), CAST(balance AS CHAR(5)), CONVERT(id, CHAR) FROM customers WHERE id = 17;
SELECT id, CONVERT(name USING utf8mb4), CONVERT(country USING utf8mb4), CAST(name AS CHAR CHARACTER SET latin1) FROM customers WHERE id IN (4, 9);
SELECT id, CHARSET(name), COLLATION(name), CHARSET(CONCAT(country, name)), COLLATION(UPPER(nick)) FROM customers WHERE id < 3;
SELECT id, name < 'm', name <= nick COLLATE utf8mb4_bin, nick > 'a' FROM customers WHERE id < 10;
SELECT id, CONCAT(id, '-', points, '-', balance, '-', born, '-', joined, '-', level, '-', flags) FROM customers WHERE id BETWEEN 15 AND 20;
SELECT id, id + '5', '3 apples' + points, CONCAT(1.50, 2) FROM customers WHERE id < 10;
SELECT o.id, CONCAT(c.name, ':', o.status), UPPER(o.channel) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.total > 800;
SELECT i.order_id, CONCAT(i.quantity, 'x ', p.name, ' (', p.sku, ')') FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id < 1015;
SELECT p.id, CONCAT(p.sku, '/', k.name) COLLATE utf8mb4_bin s FROM products p JOIN categories k ON k.id = p.category_id ORDER BY s LIMIT 10;
SELECT p.id, REPLACE(p.sku, '-', ''), SUBSTRING_INDEX(p.sku, '-', -1) + 0 FROM products p JOIN product_tags x ON x.product_id = p.id WHERE x.tag_id = 5;
SELECT SUBSTRING_INDEX(p.sku, '-', 1) COLLATE latin1_bin pre, COUNT(*), SUM(i.quantity) FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY pre ORDER BY pre;
SELECT HEX(LEFT(c.name, 1)) l, COUNT(DISTINCT c.id), COUNT(o.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY l ORDER BY l;
SELECT CHAR_LENGTH(r.body) n, COUNT(*) FROM reviews r JOIN products p ON p.id = r.product_id GROUP BY n ORDER BY n;
SELECT c.id, r.product_id FROM customers c JOIN reviews r ON LOWER(r.author) = LOWER(c.name) COLLATE utf8mb4_general_ci WHERE r.product_id < 5;
SELECT c.id, e.id FROM customers c JOIN employees e ON LEFT(c.name, 1) = LEFT(e.name, 1) COLLATE utf8mb4_unicode_ci WHERE c.id < 10;
SELECT c.id, s.id FROM customers c JOIN suppliers s ON LEFT(SOUNDEX(c.name), 1) = LEFT(SOUNDEX(s.name), 1) WHERE c.id BETWEEN 20 AND 40;
SELECT t.label, p.name FROM tags t JOIN products p ON LOCATE(LEFT(t.label, 1), p.name) = 3 WHERE t.id < 9;
SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE CONCAT(c.level, o.status) IN ('golddone', 'silverpaid');
SELECT GROUP_CONCAT(DISTINCT LEFT(name, 1) COLLATE utf8mb4_bin ORDER BY LEFT(name, 1) COLLATE utf8mb4_bin SEPARATOR '') FROM products;
SELECT MAX(CHAR_LENGTH(name)), MIN(CHAR_LENGTH(name)), SUM(LENGTH(name) - CHAR_LENGTH(name)) FROM customers;
SELECT HEX(thumb), LENGTH(thumb), HEX(LEFT(thumb, 2)), HEX(CONCAT(thumb, sku)) FROM products WHERE thumb IS NOT NULL;
SELECT HEX(ip), INET_NTOA(CONV(HEX(ip), 16, 10)), LENGTH(ip) FROM events WHERE ip IS NOT NULL ORDER BY id LIMIT 10;
SELECT HEX(track), HEX(SUBSTRING(track, 2)), LOCATE(x'00', track) FROM shipments WHERE track <> '';
SELECT id, c = vl, CONCAT(c, '|'), CONCAT(vb, '|'), LENGTH(CONCAT(vu, vl)) FROM samples WHERE id < 20;
SELECT id, c LIKE 'a%', vb LIKE 'a%', vu LIKE 'a%', vl LIKE 'a%', tx LIKE '%text%' FROM samples;
SELECT id, UPPER(vu), LOWER(vl), HEX(UPPER(bi)), REVERSE(tx) FROM samples WHERE id < 25;
SELECT id, e LIKE '%arge', CONCAT(e, st), LENGTH(st), UPPER(e) FROM samples WHERE id < 15;
SELECT value, value + 0, LENGTH(value), SUBSTRING_INDEX(value, ',', 1) FROM settings WHERE name <> 'json';
SELECT code, REVERSE(code), LPAD(percent, 4, ' ') FROM coupons;
SELECT name, CONVERT(name USING latin1) = name, HEX(CONVERT(name USING latin1)) FROM countries WHERE code IN ('CI', 'TR', 'GR');
SELECT id, JSON_QUOTE(name), WEIGHT_STRING(id) IS NULL FROM customers WHERE id IN (41, 45);
SELECT title, COUNT(*) FROM (SELECT COALESCE(TRIM(LOWER(title)), '-') COLLATE utf8mb4_bin title FROM reviews) t GROUP BY title ORDER BY title;
SELECT id, IF(name REGEXP '[^ -~]', 'other', 'ascii') k FROM customers ORDER BY k DESC, id;
SELECT 'it''s', "double", 'a' 'b', _latin1'x', N'n', x'41', b'1000001', 'line\nbreak', '\\' FROM tags WHERE id = 1;
SELECT id, name || 'x' FROM tags JOIN warehouses USING (id);
-- error: 1064
SELECT LEFT(name) FROM customers;
-- error: 1582
SELECT CONCAT() FROM customers;
-- error: 1305
SELECT NO_SUCH_FUNCTION(name) FROM customers;
-- error: 1139|3691
SELECT id FROM customers WHERE name REGEXP '(';
