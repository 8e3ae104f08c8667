-- INSERT of a subquery on the table itself: MariaDB sees none of the statement's rows.

-- after: archive
INSERT INTO archive VALUES ((SELECT COUNT(*) FROM archive), 1, NOW(), 1 + 1, CONCAT('a', 'b'));
-- after: archive
INSERT INTO archive (order_id, customer_id) VALUES ((SELECT COUNT(*) FROM archive), 1), ((SELECT COUNT(*) + 1 FROM archive), 2), (7, 8);
-- error: 1062
INSERT INTO archive (order_id) VALUES ((SELECT COUNT(*) FROM archive)), ((SELECT COUNT(*) FROM archive));
REPLACE INTO totals (customer_id, orders) VALUES ((SELECT MIN(customer_id) FROM totals), (SELECT COUNT(*) FROM orders)), (1000, 1);
INSERT INTO samples (id, t, dc, d, c, bi, da, dt, tm, y, e, st) VALUES (900, (SELECT t FROM samples WHERE id = 1), (SELECT dc FROM samples WHERE id = 2), (SELECT d FROM samples WHERE id = 3), (SELECT c FROM samples WHERE id = 4), (SELECT bi FROM samples WHERE id = 5), (SELECT da FROM samples WHERE id = 1), (SELECT dt FROM samples WHERE id = 1), (SELECT tm FROM samples WHERE id = 1), (SELECT y FROM samples WHERE id = 1), (SELECT e FROM samples WHERE id = 1), (SELECT st FROM samples WHERE id = 1));
INSERT INTO samples (id, vu, b, dc) VALUES (901, (SELECT t FROM samples WHERE id = 1), (SELECT da FROM samples WHERE id = 1), (SELECT tm FROM samples WHERE id = 1)), (902, (SELECT da FROM samples WHERE id = 1), (SELECT iu FROM samples WHERE id = 1), (SELECT y FROM samples WHERE id = 1));
DO (SELECT id FROM orders);
