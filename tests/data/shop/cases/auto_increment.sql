-- AUTO_INCREMENT: values that the servers give. inbox holds 1, 2, 5, 10 and 11, and is filled by TRUNCATE before each.

-- reset
INSERT INTO inbox (who) VALUES (7);
-- reset
INSERT INTO inbox (who, subject) VALUES (1, 'a'), (2, 'b'), (3, 'c');
-- reset
INSERT INTO inbox (id, who) VALUES (NULL, 7);
-- reset
INSERT INTO inbox (id, who) VALUES (0, 7);
-- reset
INSERT INTO inbox (id, who) VALUES (DEFAULT, 7), (DEFAULT, 8);
-- reset
INSERT INTO inbox () VALUES ();
-- reset
INSERT INTO inbox SET subject = 'set';
-- reset
INSERT INTO inbox (who, id) VALUES (1, 100);
-- reset
INSERT INTO inbox (id, who) VALUES (6, 1), (7, 2);
-- reset
INSERT INTO inbox (id, who) SELECT id + 100, id FROM tags;
-- reset
INSERT INTO inbox (who, subject) SELECT 7, 'one';
-- reset
REPLACE INTO inbox (id, who) VALUES (5, 77);
-- reset
REPLACE INTO inbox (who) VALUES (77);
-- reset
-- session
INSERT INTO inbox (who) VALUES (8);
-- session
SELECT LAST_INSERT_ID();
-- session
SELECT LAST_INSERT_ID() - 11 d, id FROM tags WHERE id = 1;
-- reset
-- error: 1062
INSERT INTO inbox (id, who) VALUES (5, 1);
-- reset
INSERT IGNORE INTO inbox (id, who) VALUES (5, 1), (50, 2);
-- reset
INSERT INTO inbox (id, n) VALUES (5, 3) ON DUPLICATE KEY UPDATE n = 4;
-- reset
UPDATE inbox SET id = 60 WHERE id = 5;
-- reset
DELETE FROM inbox WHERE id > 2;
SELECT who, COUNT(*), MAX(id) FROM inbox GROUP BY who;
SELECT i.id, c.name FROM inbox i LEFT JOIN customers c ON c.id = i.who ORDER BY i.id;
