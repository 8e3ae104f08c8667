-- Column labels: expressions, quotes, comments, white space, unicode, aliases.

SELECT id + 1 FROM tags WHERE id = 1;
SELECT id+1, id  +  1, ID, Id, `id` FROM tags WHERE id = 1;
SELECT tags.id, `tags`.`label`, tags . id FROM tags WHERE id < 3;
SELECT t.id, t.ID, t.`Id` FROM tags t WHERE t.id = 2;
SELECT COUNT(*), count(*), Count( * ), COUNT( DISTINCT id ) FROM tags;
SELECT SUM(total), sum( total ), SUM(DISTINCT total), SUM(orders.total), sum(`orders`.`total`) FROM orders;
SELECT MAX(id)-MIN(id), MAX(id) - MIN(id), (MAX(id)) FROM orders;
SELECT 'it''s', "it's", 'say "x"', '', ' ', 'a' 'b' FROM tags WHERE id = 1;
SELECT 1, 1.0, 1e3, .5, -1, - 1, +1, 0x41, b'1', TRUE, FALSE, NULL FROM tags WHERE id = 1;
SELECT /* one */ id /* two */ , label -- three
FROM tags /* four */ WHERE id < 3;
SELECT id # a comment
, label FROM tags WHERE id = 4;
SELECT id AS 'quoted', label AS "double", id AS `back tick`, id `no as`, id plain FROM tags WHERE id = 1;
SELECT id AS 'it''s', id AS `a``b`, id AS 'a"b', id AS "x'y" FROM tags WHERE id = 1;
SELECT id AS Größe, id AS `名前`, id AS 'Ω', id AS é FROM tags WHERE id = 1;
SELECT id AS `select`, id AS `from`, id AS `order by`, id AS `*`, id AS `1` FROM tags WHERE id = 1;
SELECT id AS `a.b`, id AS `COUNT(*)`, id AS `NULL`, id AS `@a` FROM tags WHERE id = 1;
SELECT id AS x, id AS x, label AS X FROM tags WHERE id = 2;
SELECT id, id, id FROM tags WHERE id = 2;
SELECT *, id, t.* FROM tags CROSS JOIN (SELECT 1 one) t WHERE id < 3;
SELECT tags.*, 'x' FROM tags WHERE id = 3;
SELECT `tags`.*, t2.* FROM tags JOIN tags t2 ON t2.id = tags.id + 1 WHERE tags.id < 3;
SELECT CASE WHEN id > 1 THEN 'a' ELSE 'b' END, IF(id > 1, 'a', 'b'), id > 1, id>1 AND id<3, NOT id FROM tags WHERE id < 4;
SELECT id IN (1, 2), id BETWEEN 1 AND 2, id IS NULL, label LIKE 'n%', id = 1 OR id = 2 FROM tags WHERE id < 4;
SELECT (SELECT COUNT(*) FROM orders), (SELECT MAX(id) FROM tags) + 1, EXISTS (SELECT 1 FROM orders) FROM tags WHERE id = 1;
SELECT c.id, (SELECT COUNT(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE c.id = 7;
SELECT CAST(id AS CHAR), CONVERT(label USING utf8mb4), label COLLATE utf8mb4_bin, BINARY label FROM tags WHERE id = 1;
SELECT DATE_ADD('2024-01-01', INTERVAL 1 DAY), '2024-01-01' + INTERVAL 1 DAY, DATE '2024-01-01', TIMESTAMP'2024-01-01 00:00:00' FROM tags WHERE id = 1;
SELECT EXTRACT(YEAR FROM placed), placed + INTERVAL 1 MONTH, TRIM(LEADING 'x' FROM status), SUBSTRING(status FROM 2 FOR 2) FROM orders WHERE id = 1002;
SELECT GROUP_CONCAT(id ORDER BY id SEPARATOR ','), GROUP_CONCAT(DISTINCT id ORDER BY id DESC) FROM tags;
SELECT ROW_NUMBER() OVER (ORDER BY id), SUM(id) OVER (PARTITION BY id>3 ORDER BY id ROWS 1 PRECEDING) FROM tags;
SELECT status, COUNT(*), SUM(total)/COUNT(*), AVG( total ) FROM orders GROUP BY status ORDER BY status;
SELECT status AS `Status`, COUNT(*) AS `Number of orders`, SUM(total) AS 'Sum €' FROM orders GROUP BY status ORDER BY `Number of orders` DESC;
SELECT o.id AS order_id, i.line AS `line no`, p.name AS "product name" FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id WHERE o.customer_id = 25;
SELECT o.id, c.id, i.order_id FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_items i ON i.order_id = o.id WHERE o.id = 1010;
SELECT customer_id, o.customer_id, ID FROM orders o WHERE id IN (1002, 1004);
SELECT t.`COUNT(*)`, t.`status` FROM (SELECT status, COUNT(*) FROM orders GROUP BY status) t;
SELECT `a b`.`x y` FROM (SELECT id AS `x y` FROM tags WHERE id < 3) `a b`;
SELECT t.x AS y FROM (SELECT id AS x FROM tags) AS t WHERE t.x = 5;
SELECT 1 AS a UNION SELECT 2 AS b;
SELECT id FROM tags WHERE id = 1 UNION SELECT 1 + 1;
(SELECT id + 1 FROM tags WHERE id = 1) UNION ALL (SELECT MAX(id) FROM tags);
WITH t (`col one`, b) AS (SELECT id, label FROM tags) SELECT `col one`, b, b AS `col one` FROM t WHERE `col one` < 3;
SELECT @x, @`y z`, @@autocommit, @@session.autocommit FROM tags WHERE id = 1;
SELECT id--1 FROM tags WHERE id < 3;
SELECT id - -1, id-1, id*+1, id/2, id DIV 2, id MOD 2, id % 2, id<=>2, id<>2, id!=2 FROM tags WHERE id < 3;
SELECT id && 1, id || 0, !id, id XOR 1, id & 1 | 2 ^ 3, ~id FROM tags WHERE id < 3;
SELECT
    id,
    label
        AS l,
    CONCAT(label,
           '!')
FROM tags
WHERE id < 3;
SELECT	id	,label,id	+	1 FROM tags WHERE id = 6;
SELECT id as ID, Label as LABEL from tags as TAGS where 1 = 0 union select id, label from tags where id = 1;
SELECT SQL_SMALL_RESULT status, COUNT(*) FROM orders GROUP BY status;
SELECT DISTINCT status AS s, status FROM orders;
SELECT concat('a', 'b'), CONCAT ('a', 'b'), left(label, 2), LEFT (label, 1) FROM tags WHERE id = 1;
SELECT CONCAT('very long expression whose text is repeated to be longer than sixty-four characters in the label', label) FROM tags WHERE id = 1;
SELECT 'a very long literal that is longer than sixty-four characters, to see what becomes of its label here' FROM tags WHERE id = 1;
SELECT orders.status, orders.customer_id FROM orders WHERE orders.id = 1002;
SELECT /*! id, */ label FROM tags WHERE id = 2;
SELECT ((id)), (label), ((id) + (1)) FROM tags WHERE id = 2;
SELECT label 'a', label 'b' FROM tags WHERE id = 1;
SELECT id AS '' FROM tags WHERE id = 1;
-- error: 1064
SELECT id AS FROM tags;
-- error: 1064
SELECT id label x FROM tags;
SELECT `trailing `, x.id FROM (SELECT id, label AS `trailing ` FROM tags) x WHERE id < 3;
