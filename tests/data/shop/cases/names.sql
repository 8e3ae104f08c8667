-- Names: reserved words, quotes, dots, case, shadowing, qualified by database, the same name at several levels.

SELECT * FROM oddnames;
SELECT `order`, `group by`, `select`, `naïve`, `x.y`, `Mixed`, `a``b`, `it's`, `count`, `1st` FROM oddnames WHERE `order` = 5;
SELECT oddnames.`order`, `oddnames`.`group by`, oddnames.`x.y`, oddnames.`a``b` FROM oddnames WHERE oddnames.`order` < 4;
SELECT o.`order`, o.ORDER, o.select, o.count, o.1st FROM oddnames o WHERE o.`select` = 1;
SELECT MIXED, mixed, NAÏVE, `Count` FROM oddnames WHERE `ORDER` IN (1, 2);
SELECT `group by`, COUNT(*), SUM(`order`), MAX(`x.y`) FROM oddnames GROUP BY `select`, `group by` COLLATE utf8mb4_bin, `group by` HAVING COUNT(*) > 1;
SELECT `select`, SUM(`it's`) `sum of it's`, COUNT(`a``b`) FROM oddnames GROUP BY `select` ORDER BY `sum of it's`, `select`;
SELECT `order` AS `select`, `select` AS `order` FROM oddnames ORDER BY `order`, `select` LIMIT 5;
SELECT a.`order`, b.`order` FROM oddnames a JOIN oddnames b ON b.`x.y` = a.`order` + a.`order` AND b.`select` = 1;
SELECT a.`order`, t.label FROM oddnames a JOIN tags t ON t.id = a.`order` WHERE a.`naïve` IS NOT NULL;
SELECT a.`order` FROM oddnames a WHERE a.`order` IN (SELECT b.`x.y` FROM oddnames b WHERE b.`1st` IS NOT NULL);
SELECT a.`order`, (SELECT COUNT(*) FROM oddnames b WHERE b.`Mixed` > a.`Mixed`) `c` FROM oddnames a ORDER BY `c` LIMIT 5;
SELECT x.`a b`, x.`c.d` FROM (SELECT `order` `a b`, `x.y` `c.d` FROM oddnames) x WHERE x.`a b` > 10;
WITH `select` AS (SELECT `order` `from` FROM oddnames) SELECT `from` FROM `select` WHERE `from` < 4;
SELECT ROW_NUMBER() OVER `w` `n`, `order` FROM oddnames WINDOW `w` AS (PARTITION BY `select` ORDER BY `order`);
SELECT * FROM oddnames a NATURAL JOIN oddnames b WHERE a.`1st` IS NOT NULL;
SELECT * FROM oddnames a JOIN oddnames b USING (id, `order`) WHERE `order` < 4;
SELECT * FROM oddnames USE INDEX (`by group`) WHERE `group by` = 'a';
INSERT INTO oddnames (id, `order`, `group by`, `select`, `a``b`, `x.y`) VALUES (100, 100, 'z', 1, 2, 3), (100, 101, NULL, NULL, NULL, NULL);
INSERT INTO oddnames SET id = 100, `order` = 200, `it's` = 5, `1st` = 6;
INSERT INTO oddnames (id, `order`, `naïve`) SELECT `order` + 100, id + 100, `Mixed` FROM oddnames WHERE `order` % 2 = 0;
INSERT INTO oddnames (id, `order`, `count`) VALUES (1, 1, 7) ON DUPLICATE KEY UPDATE `count` = VALUES(`count`) + `count`, `a``b` = `it's`;
REPLACE INTO oddnames (id, `order`, `select`) VALUES (1, 1, 9), (50, 50, 9);
UPDATE oddnames SET `select` = `order`, `group by` = CONCAT(`group by`, '!'), `it's` = `a``b` WHERE `x.y` > 10;
UPDATE oddnames SET `order` = `order` + 100 WHERE `naïve` = 1;
UPDATE oddnames a JOIN oddnames b ON b.`order` = a.`x.y` SET a.`count` = b.`count` * 10 WHERE b.`order` < 16;
DELETE FROM oddnames WHERE `group by` = 'a' OR `1st` IS NULL;
DELETE FROM oddnames ORDER BY `order` DESC LIMIT 3;
DELETE `a` FROM oddnames `a` JOIN oddnames `b` ON `b`.`order` = `a`.`order` + 1 WHERE `b`.`select` = 0;

-- Qualified by the database.
SELECT shop.tags.id, shop.tags.label FROM shop.tags WHERE shop.tags.id < 3;
SELECT `shop`.`customers`.`name`, shop.orders.id FROM shop.customers JOIN shop.orders ON shop.orders.customer_id = shop.customers.id WHERE shop.customers.id = 25;
SELECT o.id, i.line FROM shop.orders o JOIN shop.order_items i ON i.order_id = o.id WHERE o.customer_id = 1;
SELECT shop.o.id FROM shop.orders o WHERE shop.o.customer_id = 1;
SELECT id FROM shop.customers WHERE id IN (SELECT customer_id FROM shop.orders WHERE shop.orders.total > 500);
SELECT shop.orders.*, order_items.* FROM shop.orders, order_items WHERE shop.orders.id = shop.order_items.order_id AND orders.customer_id = 25;
SELECT COUNT(*) FROM shop . orders;
UPDATE shop.customers SET shop.customers.points = 1 WHERE shop.customers.id = 1;
UPDATE shop.customers c JOIN shop.orders o ON o.customer_id = c.id SET c.points = 2 WHERE o.total > 500;
INSERT INTO shop.archive (order_id) SELECT orders.id FROM shop.orders WHERE shop.orders.customer_id = 7;
INSERT INTO shop.tags (tags.id, shop.tags.label) VALUES (100, 'x');
DELETE FROM shop.tags WHERE shop.tags.id = 1;
DELETE c FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id WHERE o.total > 500;
DELETE shop.tags FROM shop.tags JOIN shop.product_tags ON product_tags.tag_id = tags.id WHERE product_tags.product_id = 5;

-- The same name at several levels.
SELECT id FROM orders WHERE id IN (SELECT order_id FROM order_items WHERE order_id = id AND quantity = 10);
SELECT id FROM tags WHERE id IN (SELECT id FROM warehouses WHERE label IS NOT NULL);
SELECT id, (SELECT MAX(id) FROM orders WHERE customer_id = customers.id) m FROM customers WHERE id < 8;
SELECT customers.id FROM customers WHERE EXISTS (SELECT 1 FROM orders customers WHERE customers.total > 1000 AND customers.status <> 'done') AND customers.id < 3;
SELECT o.id FROM orders o WHERE o.total > (SELECT AVG(o.total) FROM orders o) AND o.customer_id < 10;
SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM order_items o WHERE o.order_id > 1180) AND o.id < 1006;
SELECT orders.id FROM orders JOIN (SELECT customer_id id, COUNT(*) total FROM orders GROUP BY customer_id) customers ON customers.id = orders.customer_id WHERE customers.total > 10 AND orders.total = 0;
SELECT tags.id FROM warehouses tags JOIN tags warehouses ON warehouses.id = tags.id;
SELECT a.id FROM tags a WHERE a.id = (SELECT MIN(a.id) FROM tags a WHERE a.id > (SELECT MIN(a.id) FROM tags a));
SELECT id, total FROM (SELECT id, total FROM orders WHERE total > 900) orders WHERE orders.total < 1500;
SELECT x.id FROM (SELECT id FROM tags) x JOIN (SELECT id FROM (SELECT id FROM tags) x WHERE x.id > 9) y ON y.id = x.id;
WITH tags AS (SELECT id FROM warehouses) SELECT COUNT(*) FROM tags;
WITH x AS (SELECT id FROM tags) SELECT x.id FROM x WHERE x.id IN (WITH x AS (SELECT id FROM warehouses) SELECT id + 1 FROM x);
SELECT total + 1 AS total FROM orders WHERE total > 1000 ORDER BY total;
SELECT -total AS total FROM orders WHERE customer_id = 25 ORDER BY total, id;
SELECT status AS total, COUNT(*) FROM orders GROUP BY status ORDER BY total;
SELECT customer_id AS id, COUNT(*) c FROM orders GROUP BY customer_id HAVING id < 5 ORDER BY id;
SELECT points AS id, id AS points FROM customers HAVING points < 5;
SELECT COUNT(*) AS status FROM orders GROUP BY orders.status ORDER BY status, MIN(id);
SELECT id + 1 id FROM tags HAVING id < 4 ORDER BY id;
SELECT MAX(id) id, MIN(id) FROM tags HAVING id > 3;
SELECT c.id, x.id, y.id FROM customers c, (SELECT id FROM tags WHERE id < 3) x, (SELECT id FROM tags WHERE id < 3) y WHERE c.id = x.id + y.id;
SELECT e.ID, e.Id FROM employees e WHERE e.Name = 'Ada';
-- error: 1054
SELECT E.id FROM employees e;
-- error: 1054
SELECT shop.tags.id FROM tags t;
-- error: 1054
SELECT o.`Order By` FROM oddnames o;
-- error: 1054
SELECT id total FROM tags WHERE total > 1;
