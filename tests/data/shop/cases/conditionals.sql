-- CASE, IF, COALESCE, NULLIF, GREATEST, INTERVAL, ELT over the rows of sharded tables.

SELECT id, CASE level WHEN 'gold' THEN 'G' WHEN 'platinum' THEN 'P' ELSE LEFT(level, 1) END x FROM customers;
SELECT id, CASE WHEN balance < 0 THEN 'owes' WHEN balance = 0 THEN 'even' WHEN balance IS NULL THEN 'unknown' ELSE 'has' END x FROM customers ORDER BY id;
SELECT id, CASE WHEN points > 50 THEN points END p FROM customers WHERE id < 12;
SELECT id, CASE points WHEN NULL THEN 'n' WHEN 0 THEN 'zero' ELSE points END p FROM customers WHERE id < 20;
SELECT id, CASE WHEN points > 50 THEN 1 WHEN points > 10 THEN 2.5 ELSE '3' END p FROM customers WHERE id < 20;
SELECT id, CASE nick WHEN 'ace' THEN 1 WHEN 'Ace' THEN 2 WHEN 'ACE' THEN 3 ELSE 0 END k FROM customers WHERE nick LIKE 'a%' OR nick LIKE 'A%';
SELECT id, CASE name WHEN 'anna' THEN 1 WHEN 'bob' THEN 2 END k FROM customers WHERE id < 25;
SELECT id, IF(points > 10, 'many', 'few'), IF(balance, 'yes', 'no'), IF(NULL, 1, 2) FROM customers WHERE id < 10;
SELECT id, IF(level = 'gold', balance, points) v FROM customers ORDER BY v, id LIMIT 20;
SELECT id, IFNULL(balance, 'none') b, IFNULL(nick, id) n FROM customers WHERE id < 12;
SELECT id, COALESCE(nick, email, note, 'nothing') FROM customers WHERE id % 5 = 0;
SELECT id, COALESCE(NULL, referrer_id, points, 0) FROM customers WHERE id < 9;
SELECT id, NULLIF(points, 0), NULLIF(nick, ''), NULLIF(level, 'gold') FROM customers WHERE id BETWEEN 10 AND 25;
SELECT id, points / NULLIF(points, 0) FROM customers WHERE id < 12;
SELECT id, GREATEST(points, 20, id), LEAST(points, 20, id), GREATEST(points, balance) FROM customers WHERE id < 15;
SELECT id, GREATEST(nick, 'b'), LEAST(name, 'M') FROM customers WHERE id < 15;
SELECT id, GREATEST(born, '1980-01-01'), LEAST(born, joined) FROM customers WHERE id < 15;
SELECT id, INTERVAL(points, 0, 10, 50, 100) i FROM customers;
SELECT id, ELT(level + 0, 'b', 's', 'g', 'p') l, FIELD(level, 'platinum', 'gold') f FROM customers WHERE id < 12;
SELECT id, balance IS NULL, balance IS NOT NULL, ISNULL(nick), balance <=> NULL FROM customers WHERE id < 8;
SELECT id, points BETWEEN 0 AND 50, points NOT BETWEEN 10 AND 20, nick IN ('ace', 'é'), nick NOT IN ('ace', NULL) FROM customers WHERE id < 20;
SELECT id, (points > 10) IS TRUE, (balance > 10) IS NOT TRUE, (balance > 10) IS UNKNOWN FROM customers WHERE id < 8;
SELECT CASE WHEN points > 10 THEN 'high' ELSE 'low' END k, COUNT(*), AVG(points) FROM customers GROUP BY k;
SELECT SUM(CASE WHEN country = 'GR' THEN 1 ELSE 0 END) gr, SUM(IF(country = 'DE', 1, 0)) de, COUNT(CASE WHEN country IS NULL THEN 1 END) none FROM customers;
SELECT level, SUM(IF(points > 0, balance, 0)) a, SUM(IF(points > 0, NULL, balance)) b FROM customers GROUP BY level;
SELECT id FROM customers ORDER BY CASE WHEN level = 'gold' THEN -points ELSE points END, id LIMIT 10;
SELECT id, CASE WHEN EXISTS (SELECT 1 FROM quotes q WHERE q.customer_id = c.id) THEN 'quoted' ELSE 'no' END FROM customers c WHERE id < 10;
SELECT o.id, CASE WHEN i.order_id IS NULL THEN 'empty' WHEN i.quantity > 5 THEN 'bulk' ELSE 'plain' END k FROM orders o LEFT JOIN order_items i ON i.order_id = o.id AND i.line = 1 WHERE o.id < 1030;
SELECT o.id, IF(p.order_id IS NULL, 'open', IF(p.amount < o.total, 'part', 'paid')) k FROM orders o LEFT JOIN payments p ON p.order_id = o.id AND p.num = 1 WHERE o.customer_id IN (1, 25);
SELECT COALESCE(s.quantity, 0) q, COUNT(*) FROM products p LEFT JOIN stock s ON s.product_id = p.id AND s.warehouse_id = 2 GROUP BY q ORDER BY q;
SELECT IF(t, t, 'zero') a, IF(dc > 0, dc, f) b, IFNULL(bu, b) c, COALESCE(tm, da) d FROM samples WHERE id < 12;
SELECT id, CASE WHEN id < 5 THEN da WHEN id < 10 THEN dt ELSE ts END x FROM samples;
SELECT id, CASE WHEN id < 5 THEN bu ELSE b END x, CASE WHEN id < 5 THEN t ELSE dc END y FROM samples WHERE id < 10;
SELECT id, CASE e WHEN 'small' THEN 1 WHEN 3 THEN 'three' ELSE e END x FROM samples;
SELECT id, NULLIF(da, dt), NULLIF(y, 2024), NULLIF(st, 'red'), NULLIF(bt, 1) + 0 FROM samples WHERE id < 14;
SELECT GREATEST(MAX(total), 1000), LEAST(MIN(total), -1), IF(COUNT(*) > 100, 'a', 'b'), COALESCE(MAX(note), 'x') IS NULL FROM orders;
SELECT status, CASE WHEN COUNT(*) > 25 THEN 'often' ELSE 'seldom' END k FROM orders GROUP BY status ORDER BY k, status;
SELECT k, COUNT(*) FROM (SELECT CASE WHEN total < 50 THEN 1 WHEN total < 500 THEN 2 ELSE 3 END k FROM orders) t GROUP BY k HAVING k IN (1, 3);
SELECT id, CASE WHEN discount IS NULL THEN total ELSE ROUND(total * (1 - discount / 100), 2) END net FROM orders ORDER BY net DESC, id LIMIT 8;
SELECT DISTINCT CASE WHEN gift IS NULL THEN 'unknown' WHEN gift THEN 'yes' ELSE 'no' END g FROM order_items ORDER BY g;
-- error: 1064
SELECT CASE WHEN id THEN 1 FROM tags;
-- error: 1064
SELECT IF(id, 1) FROM tags WHERE COALESCE(id);
