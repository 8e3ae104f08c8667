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

-- Tables that generated columns shard.

SELECT * FROM readings ORDER BY id;
SELECT id, place FROM readings WHERE place = 'sol' ORDER BY id;
SELECT place, day, COUNT(*) FROM readings WHERE place = 'LUN' AND day IS NOT NULL GROUP BY place, day ORDER BY place, day;
SELECT id, sensor FROM readings WHERE day BETWEEN '2024-03-01' AND '2024-06-30' AND place IN ('LUN', 'MAR') ORDER BY id;
SELECT r.id, p.id FROM readings r JOIN parcels p ON p.box = r.id WHERE p.grams > 5000 ORDER BY 1, 2;
SELECT a.id, b.id FROM parcels a JOIN parcels b ON b.box = a.box AND b.id < a.id ORDER BY 1, 2;
SELECT box, COUNT(*), SUM(grams) FROM parcels GROUP BY box ORDER BY box;
SELECT * FROM parcels WHERE box = 3 ORDER BY id;
SELECT * FROM parcels WHERE box = '4' AND code IS NULL;
SELECT id FROM readings WHERE day IS NULL AND place = 'SOL' ORDER BY id;
INSERT INTO readings (id, sensor, taken, amount) VALUES (100, 'neu', '2024-12-31 23:59:59', 1), (101, 'Neu', NULL, 2), (102, 'alt', '20240229', 3);
INSERT INTO readings (id) VALUES (100), (101);
INSERT INTO readings (id, sensor, place, day) VALUES (100, 12345, DEFAULT, DEFAULT);
INSERT INTO readings SET id = 100, sensor = DEFAULT, taken = '2024-07-01', note = UPPER('set');
INSERT INTO readings (id, sensor) VALUES (100, CONCAT('s', 'u', 'm')), (101, (SELECT MAX(name) FROM categories));
INSERT INTO readings (id, sensor, taken) VALUES (100, _utf8mb4 'intro', DATE'2024-05-05'), (101, x'414243', TIMESTAMP'2024-05-05 01:02:03');
INSERT INTO readings (id, sensor, taken, note) SELECT id + 200, name, joined, nick FROM customers WHERE id < 12;
INSERT INTO readings (id, sensor, taken) SELECT id + 200, CONCAT(sensor, 'x'), taken + INTERVAL 1 MONTH FROM readings WHERE place IN ('SOL', 'LUN');
INSERT IGNORE INTO parcels (id, weight) VALUES (1, 1), (100, 1.2345), (101, 'x'), (2, 2), (102, 3);
REPLACE INTO parcels (id, weight, code) VALUES (1, 9.9, 'r'), (100, DEFAULT, 'new'), (7, NULL, NULL);
REPLACE INTO parcels SET id = 12, code = 'set';
REPLACE INTO parcels (id, weight) SELECT id + 3, weight + 1 FROM parcels WHERE box < 3;
INSERT INTO parcels (id, weight) VALUES (3, 1), (103, 1), (4, 2) ON DUPLICATE KEY UPDATE weight = parcels.weight + VALUES(weight), code = 'dup';
INSERT INTO parcels (id, weight) VALUES (3, 1) ON DUPLICATE KEY UPDATE id = 300, code = 'moved';
INSERT INTO parcels (id, code) VALUES (5, 'a'), (6, 'b'), (600, 'c') ON DUPLICATE KEY UPDATE id = id + 1000;
INSERT INTO parcels (id, code) VALUES (5, 'a'), (605, 'b') ON DUPLICATE KEY UPDATE id = VALUES(id), code = VALUES(code);
UPDATE readings SET note = 'kept' WHERE place = 'SOL';
UPDATE readings SET amount = amount + 1, note = sensor WHERE day > '2024-06-01';
UPDATE readings SET sensor = 'Pluto' WHERE id IN (1, 5, 9);
UPDATE readings SET sensor = CONCAT('N', id), note = 'all' WHERE id < 20;
UPDATE readings SET taken = taken + INTERVAL 40 DAY;
UPDATE readings SET taken = DEFAULT, sensor = DEFAULT WHERE place <> 'SOL';
UPDATE readings SET taken = NULL, sensor = note WHERE note IS NOT NULL AND id > 15;
UPDATE readings SET sensor = LOWER(sensor), note = 'same place';
UPDATE readings SET sensor = 'top' ORDER BY amount DESC, id LIMIT 4;
UPDATE readings r JOIN parcels p ON p.id = r.id SET r.sensor = COALESCE(p.code, 'none'), p.code = 'joined' WHERE p.box < 4;
UPDATE parcels SET id = id + 1000 WHERE box = 2;
UPDATE parcels SET weight = weight * 2, code = grams WHERE box IN (1, 5);
UPDATE IGNORE parcels SET id = id + 7 WHERE id BETWEEN 30 AND 36;
DELETE FROM readings WHERE place = 'SOL' AND day IS NOT NULL;
DELETE r FROM readings r JOIN parcels p ON p.box = r.id;
DELETE FROM parcels WHERE box IN (SELECT id FROM readings WHERE place LIKE 'L%') ORDER BY id LIMIT 6;
-- error: 1906|3105
INSERT INTO parcels (id, box) VALUES (100, 20);
-- error: 1906|3105
INSERT INTO parcels (id, box) SELECT 100, 20;
-- error: 1906|3105
UPDATE parcels SET box = 20 WHERE id = 3;
-- error: 1906|3105
INSERT INTO parcels (id) VALUES (3) ON DUPLICATE KEY UPDATE box = 7;
-- error: 1406
INSERT INTO readings (id, sensor) VALUES (100, 'ok'), (101, 'much too long for a sensor');
-- error: 1048
INSERT INTO readings (id, sensor) VALUES (100, NULL);
-- error: 1292
INSERT INTO readings (id, taken) VALUES (100, '2024-02-30');
-- error: 1062
UPDATE parcels SET id = 7 WHERE id = 6;
INSERT INTO readings (id, sensor, taken) VALUES (100, 1 + 1, 20240505), (101, CAST('bin' AS BINARY), CAST('2024-05-05' AS DATE)), (102, b'1000001', NULL);
INSERT INTO readings (id, sensor) VALUES (100, (SELECT MIN(code) FROM parcels WHERE box = 2)), (101, UPPER('low'));
