-- Writes that need rows first, of tables without a key: their rows are found by what they hold.

-- Several that hold the same
UPDATE visits SET seconds = seconds + 100 WHERE customer_id IN (SELECT id FROM customers WHERE level = 'gold');
UPDATE visits SET seconds = (SELECT COUNT(*) FROM orders o WHERE o.customer_id = visits.customer_id);
UPDATE visits SET note = 'same', seconds = (SELECT MAX(id) FROM customers);
UPDATE visits SET seconds = seconds + (SELECT COUNT(*) FROM warehouses) WHERE page = 'home';
UPDATE visits SET seconds = seconds + (SELECT COUNT(*) FROM orders WHERE status = 'paid'), note = UPPER(note), device = 'tablet' WHERE device = 'phone';
DELETE FROM visits WHERE customer_id IN (SELECT customer_id FROM orders WHERE total > 100);
DELETE FROM visits WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = visits.customer_id);
DELETE FROM visits WHERE seconds < (SELECT AVG(total) FROM orders);
-- nothing
DELETE FROM visits WHERE customer_id = (SELECT MAX(id) FROM customers) AND seconds < 0;
-- One becomes what another was
UPDATE visits SET seconds = 20 - seconds + (SELECT MIN(id) * 10 FROM customers), score = NULL, day = NULL, at = NULL, device = NULL, flags = NULL, note = NULL, raw = NULL, bits = NULL, customer_id = 3 - customer_id WHERE page = 'home' AND customer_id < 3;
UPDATE marks SET n = n, worth = worth + (SELECT COUNT(*) FROM tags), word = 'a' WHERE n = 1;
UPDATE marks SET worth = (SELECT COUNT(*) FROM tags) - worth, real_worth = 0.1 - real_worth;

-- ORDER BY and LIMIT: rows that hold the same are all one
UPDATE visits SET seconds = 4 ORDER BY page, customer_id, note, slot LIMIT 2;
UPDATE visits SET note = 'first' WHERE page = 'home' ORDER BY customer_id, HEX(note) LIMIT 3;
UPDATE visits SET seconds = seconds * 2 WHERE customer_id = 2 LIMIT 1;
DELETE FROM visits WHERE customer_id = 2 LIMIT 1;
DELETE FROM visits WHERE note = 'a' ORDER BY HEX(note) DESC LIMIT 2;
DELETE FROM visits ORDER BY seconds DESC, customer_id, slot DESC LIMIT 4;
DELETE FROM visits ORDER BY page, customer_id, HEX(note) LIMIT 6;
DELETE FROM marks ORDER BY n, HEX(word) LIMIT 3;
UPDATE marks SET word = 'x', doc = '{"a": 2}' ORDER BY n DESC, HEX(word) LIMIT 5;
DELETE FROM leaflets WHERE lang = 'de' LIMIT 1;
UPDATE leaflets SET copies = 1 WHERE lang = 'fr' LIMIT 1;
UPDATE leaflets SET copies = copies + 1 ORDER BY lang, shop LIMIT 4;

-- Joined: a row meets several, and several that hold the same meet each
UPDATE visits v JOIN customers c ON c.id = v.customer_id SET v.note = 'known' WHERE c.level <> 'bronze';
UPDATE visits v JOIN orders o ON o.customer_id = v.customer_id SET v.seconds = 7;
UPDATE visits v LEFT JOIN orders o ON o.customer_id = v.customer_id SET v.seconds = 7 WHERE o.id IS NULL;
UPDATE customers c LEFT JOIN visits v ON v.customer_id = c.id SET v.seconds = 9 WHERE c.level = 'gold';
UPDATE visits v JOIN customers c ON c.id = v.customer_id SET v.seconds = c.id, v.device = NULL;
UPDATE visits v JOIN customers c ON c.id = v.customer_id SET v.seconds = 3, c.name = 'visitor';
UPDATE leaflets l JOIN visits v ON v.seconds = l.copies SET l.shop = 9;
UPDATE leaflets l JOIN warehouses w ON w.id = l.shop SET l.copies = 0;
DELETE v FROM visits v JOIN customers c ON c.id = v.customer_id WHERE c.level = 'silver';
DELETE v, c FROM visits v JOIN customers c ON c.id = v.customer_id WHERE c.id IN (2, 5);
DELETE v FROM visits v LEFT JOIN customers c ON c.id = v.customer_id WHERE c.id IS NULL;
DELETE m FROM marks m JOIN visits v ON v.slot = m.n WHERE v.page = 'home';
DELETE a FROM visits a JOIN visits b ON b.customer_id = a.customer_id + 1 WHERE a.page = b.page;
DELETE l FROM leaflets l JOIN visits v ON v.customer_id * 10 = l.copies;

-- Rows that move
UPDATE visits SET page = 'gone' WHERE page = 'home';
UPDATE visits SET page = CONCAT(page, '2') WHERE customer_id = 5;
UPDATE visits SET page = 'x', seconds = 0 WHERE seconds > 100;
UPDATE visits SET page = NULL WHERE page = 'pay';
UPDATE visits SET page = COALESCE(page, 'nowhere'), customer_id = 99;
UPDATE visits SET page = UPPER(page), note = page;
UPDATE visits SET page = 'one' WHERE customer_id IS NULL LIMIT 1;
UPDATE marks SET n = n + 1;
UPDATE marks SET n = n + 1, word = 'moved', real_worth = real_worth * 2 WHERE n < 3;
UPDATE marks SET n = 3 - n, word = 'a' WHERE n < 3;
UPDATE marks m JOIN visits v ON v.customer_id = m.n SET m.n = m.n + 10;
UPDATE marks SET n = (SELECT MAX(id) FROM customers) ORDER BY n, HEX(word) LIMIT 3;

-- The unique key with NULLs
-- error: 1062
UPDATE visits SET slot = 1, seconds = (SELECT COUNT(*) FROM customers) WHERE page = 'home' ORDER BY seconds, HEX(note);
UPDATE visits SET slot = slot + 10, seconds = (SELECT COUNT(*) FROM customers) WHERE slot IS NOT NULL ORDER BY slot DESC, page;
UPDATE IGNORE visits SET note = 'ig', seconds = (SELECT COUNT(*) FROM customers) WHERE page = 'cart';
UPDATE IGNORE visits SET slot = 1, seconds = 2 WHERE page = 'cart' ORDER BY customer_id, slot, HEX(note);
