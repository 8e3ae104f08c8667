-- User variables, system variables and functions of the session, read beside tables.

-- session
SET NAMES utf8mb4 COLLATE utf8mb4_general_ci;
-- session
SET @a = 7, @b = 'gold', @c = NULL, @d = 2.50, @e = 1e2;
-- session
SELECT id, name FROM customers WHERE id = @a;
-- session
SELECT COUNT(*) FROM customers WHERE level = @b;
-- session
SELECT id, total * @d, @a + id, CONCAT(@b, '-', status) FROM orders WHERE customer_id = @a AND id < 1060;
-- session
SELECT @a, @b, @c, @d, @e, @nothing, @a + 1, @a IS NULL, @c IS NULL FROM tags WHERE id = 1;
-- session
SELECT o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = @a AND i.quantity >= @d;
-- session
SELECT id FROM customers WHERE id IN (@a, @a + 1, @c) OR points > @e;
-- session
SELECT c.id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > @e * 5);
-- session
SELECT status, SUM(total) FROM orders GROUP BY status HAVING SUM(total) > @e * 20 ORDER BY status;
-- session
SELECT id, RANK() OVER (ORDER BY points * @a, id) r FROM customers WHERE id < @a;
-- session
SELECT id FROM customers WHERE name = @nothing OR nick = @nothing OR id <=> @c OR id = @d * 2;
-- session
WITH t AS (SELECT customer_id, COUNT(*) n FROM orders GROUP BY customer_id HAVING n >= @d) SELECT COUNT(*) FROM t;
-- session
SELECT id FROM tags WHERE id < @d UNION SELECT @a UNION ALL SELECT @a ORDER BY 1;
-- session
SELECT id FROM customers ORDER BY IF(@a > 5, points, id), id LIMIT 5;
-- session
SET @name = 'ZOE MULLER', @day = '2023-12-01', @bin = x'00ff';
-- session
SELECT id FROM customers WHERE name = @name COLLATE utf8mb4_unicode_ci;
-- session
SELECT COUNT(*) FROM events WHERE at >= @day AND at < @day + INTERVAL 1 MONTH;
-- session
SELECT HEX(@bin), LENGTH(@bin), @day + INTERVAL 1 DAY, UPPER(@b), @d * 2, @e / 3 FROM tags WHERE id = 1;
-- session
SET @a = @a + 18, @b = CONCAT(@b, 'en');
-- session
SELECT @a, @b, COUNT(*) FROM orders WHERE customer_id = @a;
SELECT DATABASE() IS NOT NULL, SCHEMA() = DATABASE(), COUNT(*) FROM orders;
SELECT id, DATABASE() = SCHEMA() FROM tags WHERE id < 3;
SELECT CONNECTION_ID() > 0, USER() LIKE '%@%', CURRENT_USER() IS NOT NULL, SESSION_USER() = USER() FROM orders WHERE id = 1002;
SELECT COUNT(*) FROM orders WHERE customer_id < CONNECTION_ID() + 100000;
SELECT LENGTH(VERSION()) > 3, VERSION() LIKE '%.%.%', @@version = VERSION() FROM tags WHERE id = 1;
SELECT NOW() > '2020-01-01', CURDATE() = DATE(NOW()), CURRENT_TIMESTAMP() = NOW(), SYSDATE() >= NOW(), UTC_DATE() > '2020-01-01' FROM tags WHERE id = 1;
SELECT COUNT(*) FROM orders WHERE placed < NOW() AND shipped < CURDATE();
SELECT COUNT(DISTINCT NOW()), COUNT(DISTINCT CURDATE()) FROM orders;
SELECT COUNT(DISTINCT n) FROM (SELECT NOW(6) n FROM customers UNION ALL SELECT NOW(6) FROM order_items) t;
SELECT COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.placed + INTERVAL 1 YEAR < NOW();
SELECT TIMESTAMPDIFF(YEAR, placed, NOW()) >= 0, DATEDIFF(CURDATE(), placed) > 0 FROM orders WHERE id < 1006;
SELECT LENGTH(UUID()), UUID() <> UUID(), RAND() < 1, LENGTH(UUID_SHORT()) > 5 FROM tags WHERE id = 1;
SELECT COUNT(DISTINCT UUID()) FROM orders;
SELECT COUNT(*) FROM orders WHERE RAND() < 2;
SELECT id FROM tags WHERE RAND() >= 0 AND id < 4 ORDER BY id;
SELECT SLEEP(0), BENCHMARK(1, 1), COUNT(*) FROM tags;
SELECT id, SLEEP(0) FROM tags WHERE id < 3;
SELECT @@autocommit, @@session.autocommit, @@sql_mode LIKE '%STRICT%', @@character_set_client FROM tags WHERE id = 1;
SELECT @@foreign_key_checks, @@sql_safe_updates, @@sql_auto_is_null, @@div_precision_increment FROM tags WHERE id = 1;
-- session
SET sql_mode = '';
-- session
SELECT @@sql_mode = '', total / 0 FROM orders WHERE id = 1002;
-- session
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT';
-- session
SELECT "id", 'x' || "label" FROM "tags" WHERE "id" < 3;
-- session
SELECT o."id", 'a' || i.line FROM orders o JOIN order_items i ON i.order_id = o."id" WHERE o."customer_id" = 1;
-- session
SET sql_mode = 'NO_BACKSLASH_ESCAPES';
-- session
SELECT id, 'a\n', LENGTH('\') FROM tags WHERE label <> 'a\' AND id < 3;
-- session
SET sql_mode = 'STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY';
-- session
-- error: 1055
SELECT customer_id, total FROM orders GROUP BY customer_id;
-- session
-- error: 1055
SELECT o.status, i.quantity, COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.status;
-- session
SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
-- session
SET div_precision_increment = 10;
-- session
SELECT AVG(total), SUM(total) / 7, AVG(quantity) FROM orders o JOIN order_items i ON i.order_id = o.id;
-- session
SET div_precision_increment = DEFAULT, sql_select_limit = 3;
-- session
SELECT id FROM customers ORDER BY id;
-- session
SELECT id FROM customers ORDER BY id LIMIT 5;
-- session
SELECT o.id FROM orders o JOIN order_items i ON i.order_id = o.id ORDER BY o.id, i.line;
-- session
SELECT COUNT(*) FROM (SELECT id FROM customers) t;
-- session
SET sql_select_limit = DEFAULT;
-- session
SET NAMES utf8mb4 COLLATE utf8mb4_bin;
-- session
SELECT 'a' = 'A', COLLATION('x'), id FROM tags WHERE label = 'new' AND 'b' > 'B';
-- session
SELECT k.w, c.id FROM (SELECT 'anna' w UNION SELECT 'ANNA') k JOIN customers c ON c.nick = k.w OR c.id = LENGTH(k.w);
-- session
SET NAMES utf8mb4 COLLATE utf8mb4_general_ci;
-- session
SET lc_time_names = 'de_DE';
-- session
SELECT DISTINCT MONTHNAME(placed), DAYNAME(placed) FROM orders WHERE placed < '2023-02-15';
-- session
SELECT DAYNAME(o.placed) d, COUNT(*) FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY d;
-- session
SET lc_time_names = DEFAULT;
-- error: 1193
SELECT @@no_such_variable FROM tags;
-- error: 1193
SET no_such_variable = 1;
-- error: 1231
SET sql_mode = 'NO_SUCH_MODE';
-- Variables that are set to what tables say.
-- session
SET @n = (SELECT COUNT(*) FROM orders), @top = (SELECT MAX(total) FROM orders WHERE customer_id = 7), @who = (SELECT name FROM customers WHERE id = 7);
-- session
SELECT @n, @top, @who, @n + 1, COUNT(*) FROM customers WHERE name = @who AND id < @n;
-- session
SET @m = @n + (SELECT COUNT(*) FROM tags) * 2, @n = @m, @avg = (SELECT AVG(total) FROM orders) / 2, @none = (SELECT id FROM customers WHERE id = -1), @ids = (SELECT GROUP_CONCAT(id ORDER BY id) FROM tags);
-- session
SELECT @m, @n IS NULL, @avg, @none IS NULL, @ids FROM tags WHERE id = 1;
-- session
SET @e = EXISTS (SELECT 1 FROM orders WHERE total > 500), @d = (SELECT MIN(placed) FROM orders o JOIN customers c ON c.id = o.customer_id), @b = (SELECT BIT_AND(id) FROM orders);
-- session
SELECT @e, @d, @b, @d + INTERVAL 1 DAY FROM tags WHERE id = 1;
-- error: 1242
SET @x = (SELECT id FROM orders);
-- error: 1146
SET @x = (SELECT id FROM no_such_table);
-- error: 1054
SET @x = (SELECT nothing FROM orders);
