-- What scattered writes warn of: all of it, in the order of the rows.

-- nothing
INSERT IGNORE INTO tags VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f'), (7, 'g');
INSERT IGNORE INTO tags VALUES (101, 'a'), (2, 'b'), (103, REPEAT('c', 50)), (4, 'd'), (105, 'e'), (6, 'f'), (7, REPEAT('g', 40)), (105, 'h'), (109, 'i');
INSERT IGNORE INTO archive (order_id, total, what) VALUES (1, 1.005, 'a'), (2, 2.005, 'b'), (3, 3.005, REPEAT('x', 300)), (4, 99999999999999999, 'd'), (5, 5, 'e'), (1, 2, 'f'), (6, 1.006, NULL), (7, 'x', ''), (8, '8y', ''), (9, 9.009, 'z');
INSERT INTO archive (order_id, total) VALUES (1, 1.005), (2, 2.005), (3, 3.005), (4, 4.005), (5, 5.005), (6, 6.005), (7, 7.005), (8, 8.005), (9, 9.005), (10, 10.005), (11, 11.005), (12, 12.005), (13, 1), (14, 14.005), (15, 1), (16, 1.5), (17, 17.005), (18, 18.005), (19, 19.005), (20, 2.005);
INSERT INTO order_items (order_id, line, product_id, price) VALUES (91001, 1, 1, 1.005), (91002, 1, 1, 2.005), (91003, 1, 1, 3), (91004, 1, 1, 4.005);
REPLACE INTO totals (customer_id, amount) VALUES (1, 1.005), (2, 2.005), (300, 3.005), (4, 4);
INSERT INTO totals (customer_id, amount) VALUES (1, 1.005), (2, 2.005), (300, 3.005), (4, 4) ON DUPLICATE KEY UPDATE amount = VALUES(amount);
INSERT IGNORE INTO stock (warehouse_id, product_id, quantity, reserved) VALUES (1, 1, 1, -1), (2, 2, 2, 5), (100, 1, 99999999999, -1), (101, 2, 'x', 1), (102, 3, 5, 5), (100, 1, 1, 1);
-- session
SET max_error_count = 3;
-- session
INSERT IGNORE INTO archive (order_id, total) VALUES (1, 1.005), (2, 2.005), (3, 3.005), (4, 4.005), (5, 5.005), (6, 6.005);
-- session
SHOW WARNINGS;
-- session
SHOW COUNT(*) WARNINGS;
-- session
SELECT @@warning_count;
-- session
DELETE FROM archive;
-- session
SET max_error_count = DEFAULT;
-- session
SET sql_mode = '';
INSERT INTO archive (order_id, customer_id) VALUES (1, 'x'), (2, ''), (3, '5y'), (4, 4), (5, 'z');
INSERT INTO addresses (customer_id, num) VALUES (1001, 1), (1002, 2), (1003, 3), (1004, 4);
INSERT INTO archive (order_id, total) VALUES (1, 1 / 0), (2, 'a'), (3, 1e40), (4, -1e40), (5, 5);
INSERT INTO archive (order_id, total) VALUES (1, (SELECT 'x')), (2, 1);
-- session
SET sql_mode = DEFAULT;

-- Warnings of several physical tables of one group.
INSERT IGNORE INTO archive (order_id, total) SELECT warehouse_id * 1000 + product_id, quantity / reserved FROM stock WHERE reserved = 0;
-- error: 1365
INSERT INTO archive (order_id, total) SELECT warehouse_id * 1000 + product_id, quantity / reserved FROM stock WHERE reserved = 0;
SELECT COUNT(*), COUNT(quantity / reserved) FROM stock;
SELECT warehouse_id, product_id FROM stock WHERE quantity / reserved IS NULL AND product_id < 7 ORDER BY 1, 2;
