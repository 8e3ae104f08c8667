-- AUTO_INCREMENT: values that the servers give, and LAST_INSERT_ID. inbox holds 1, 2, 5, 10 and 11. Each write runs once, as what it leaves is
-- read by the next case.

-- reset
-- session
INSERT INTO inbox (who) VALUES (7);
-- session
SELECT * FROM inbox ORDER BY id;
-- session
SELECT LAST_INSERT_ID();
-- session
INSERT INTO inbox (who, subject) VALUES (1, 'a'), (2, 'b'), (3, 'c');
-- session
SELECT id, who, LAST_INSERT_ID() FROM inbox WHERE id >= LAST_INSERT_ID();
-- session
INSERT INTO inbox (id, who) VALUES (NULL, 7), (DEFAULT, 8), (0, 9);
-- session
SELECT id, who, id = LAST_INSERT_ID() FROM inbox WHERE id > 11 ORDER BY id;
-- session
INSERT INTO inbox (id, who) VALUES (100, 1);
-- session
INSERT INTO inbox () VALUES ();
-- session
SELECT MAX(id), LAST_INSERT_ID() FROM inbox;
-- session
INSERT INTO inbox SET subject = 'set';
-- session
INSERT INTO inbox (who, subject) SELECT 7, 'one';
-- gathered
-- session
SELECT i.id, c.name FROM inbox i LEFT JOIN customers c ON c.id = i.who WHERE i.id = LAST_INSERT_ID();
-- session
INSERT INTO inbox (id, who) VALUES (50, 1), (51, 2);
-- session
INSERT INTO inbox (n) VALUES (1), (2);
-- session
SELECT GROUP_CONCAT(id ORDER BY id), LAST_INSERT_ID() FROM inbox;
-- session
REPLACE INTO inbox (id, who) VALUES (5, 77);
-- session
REPLACE INTO inbox (who) VALUES (77);
-- session
SELECT id, who, subject, LAST_INSERT_ID() FROM inbox WHERE who = 77;
-- session
UPDATE inbox SET subject = 'seen' WHERE id = LAST_INSERT_ID();
-- session
SELECT ROW_COUNT(), LAST_INSERT_ID();
-- session
DELETE FROM inbox WHERE id = LAST_INSERT_ID() OR who = 7;
-- session
INSERT INTO archive (order_id, what) VALUES (LAST_INSERT_ID(), 'last');
-- session
SELECT a.order_id, COUNT(i.id) FROM archive a LEFT JOIN inbox i ON i.id <> a.order_id GROUP BY a.order_id;
-- reset
-- session
INSERT INTO customers (name, joined) VALUES ('auto', '2024-01-01'), ('auto too', '2024-01-01');
-- session
SELECT id, name, LAST_INSERT_ID() FROM customers WHERE id > 60 ORDER BY id;
-- session
INSERT INTO orders (customer_id, placed, total) VALUES (LAST_INSERT_ID(), '2024-01-01', 5), (7, '2024-01-01', 6);
-- session
SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id >= LAST_INSERT_ID() ORDER BY o.id;
-- session
INSERT INTO suppliers (name) VALUES ('auto');
-- session
SELECT id, name FROM suppliers WHERE id = LAST_INSERT_ID();
-- session
-- error: 1062
INSERT INTO inbox (id, who) VALUES (5, 1);
-- session
SELECT COUNT(*), LAST_INSERT_ID() > 0 FROM inbox;
-- reset
-- session
SELECT id, who FROM inbox ORDER BY id DESC;

-- Values of one's own run as other writes do.
INSERT INTO inbox (who, id) VALUES (1, 100);
INSERT INTO inbox (id, who, n) VALUES (6, 1, 1), (7, 2, 2);
INSERT INTO inbox (id, who) SELECT id + 100, id FROM tags ORDER BY id;
INSERT INTO inbox (id, who, subject) SELECT id + 2000, customer_id, status FROM orders WHERE total > 300;
-- error: 1062
INSERT INTO inbox (id, who) VALUES (60, 1), (5, 1);
INSERT IGNORE INTO inbox (id, who) VALUES (5, 1), (50, 2);
INSERT INTO inbox (id, n) VALUES (5, 3) ON DUPLICATE KEY UPDATE n = 4;
REPLACE INTO inbox (id, who) VALUES (5, 1), (70, 2);
UPDATE inbox SET id = 60 WHERE id = 5;
DELETE FROM inbox WHERE id > 2;
SELECT who, COUNT(*), MAX(id) FROM inbox GROUP BY who;
