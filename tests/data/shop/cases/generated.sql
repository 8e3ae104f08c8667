-- Generated columns, defaults, and generated keys.

SELECT id, net, vat, gross, label FROM quotes ORDER BY id;
SELECT id FROM quotes WHERE gross > 100 ORDER BY gross DESC, id;
SELECT label, COUNT(*) FROM quotes GROUP BY label ORDER BY label;
SELECT SUM(gross), AVG(gross), MAX(label), SUM(gross - net) FROM quotes;
SELECT c.id, q.label, q.gross FROM customers c JOIN quotes q ON q.customer_id = c.id WHERE q.label LIKE 'Q%/roof%';
SELECT q.id, o.id FROM quotes q JOIN orders o ON o.total < q.gross AND o.customer_id = q.customer_id WHERE q.id < 10;
SELECT vat, COUNT(*), SUM(gross) FROM quotes GROUP BY vat HAVING SUM(gross) > 0;
SELECT id, RANK() OVER (ORDER BY gross DESC) FROM quotes;
SELECT id FROM quotes WHERE label IN (SELECT CONCAT('Q', id, '/roof') FROM customers);
SELECT DISTINCT valid_until, copies IS NULL FROM quotes;
INSERT INTO quotes (id, net) VALUES (50, 10), (51, 20), (52, 30);
INSERT INTO quotes (id, net, vat, title) VALUES (50, 1.005, 33.33, 'Ü'), (51, 99999999.99, 999.99, '');
INSERT INTO quotes (id, net, gross) VALUES (50, 10, DEFAULT);
INSERT INTO quotes SET id = 50, net = 5, title = DEFAULT, label = DEFAULT, copies = DEFAULT;
INSERT INTO quotes (id, net, title) SELECT id + 100, total, status FROM orders WHERE customer_id = 7;
INSERT INTO quotes (id, net, copies) SELECT id + 100, gross, NULL FROM quotes;
UPDATE quotes SET net = net * 2 WHERE id < 5;
UPDATE quotes SET vat = 0, title = CONCAT(title, '!') WHERE label LIKE '%roof%';
UPDATE quotes SET net = gross, vat = 10;
UPDATE quotes SET net = DEFAULT(vat), gross = DEFAULT WHERE id = 1;
UPDATE quotes SET id = id + 100 WHERE gross < 100;
UPDATE quotes q JOIN customers c ON c.id = q.customer_id SET q.net = q.gross + c.points;
DELETE FROM quotes WHERE gross BETWEEN 100 AND 130;
DELETE FROM quotes ORDER BY gross DESC, id LIMIT 3;
REPLACE INTO quotes (id, net) VALUES (1, 7), (2, 8), (60, 9);
INSERT INTO quotes (id, net) VALUES (1, 7), (60, 9) ON DUPLICATE KEY UPDATE net = VALUES(net) + 1, title = 'dup';
INSERT INTO customers (id, name, joined) VALUES (300, 'd', '2024-01-01');
INSERT INTO shipments (customer_id, order_id, num, carrier, warehouse_id) VALUES (1, 1, 1, 'x', 1);
INSERT INTO addresses (customer_id, num, street, city, kind, country) VALUES (300, 1, 's', 'c', DEFAULT, DEFAULT(country));
INSERT INTO totals (customer_id) SELECT id FROM tags WHERE id > 7;
UPDATE orders SET status = DEFAULT WHERE status = 'paid';
UPDATE stock SET reserved = DEFAULT(reserved), quantity = DEFAULT WHERE warehouse_id = 1;
-- error: 1906|3105
INSERT INTO quotes (id, net, gross) VALUES (50, 10, 12);
-- error: 1906|3105
UPDATE quotes SET label = 'x' WHERE id = 1;
-- error: 1906|3105
INSERT INTO quotes (id, net, label) SELECT 50, 10, 'x';
-- error: 1364
INSERT INTO quotes (id) VALUES (50);
-- error: 1364
INSERT INTO addresses (customer_id, num) VALUES (1, 9);
-- error: 1264
UPDATE quotes SET net = 99999999.99 * 2;
