-- Dates and times over several tables.

SELECT id, DATE(placed), TIME(placed), YEAR(placed), MONTH(placed), DAY(placed), HOUR(placed), MINUTE(placed), SECOND(placed) FROM orders WHERE id < 1010;
SELECT id, DAYOFWEEK(placed), WEEKDAY(placed), DAYOFYEAR(placed), WEEK(placed), WEEK(placed, 3), YEARWEEK(placed), QUARTER(placed) FROM orders WHERE customer_id = 7;
SELECT id, DAYNAME(placed), MONTHNAME(placed), LAST_DAY(placed), TO_DAYS(placed), TO_SECONDS(placed) FROM orders WHERE customer_id = 1;
SELECT id, placed + INTERVAL 1 DAY, placed - INTERVAL 1 MONTH, DATE_ADD(placed, INTERVAL '1:30' HOUR_MINUTE), DATE_SUB(placed, INTERVAL 2 WEEK) FROM orders WHERE customer_id = 25;
SELECT id, shipped + INTERVAL 1 YEAR, shipped + INTERVAL 12 HOUR, ADDDATE(shipped, 10), SUBDATE(shipped, 10) FROM orders WHERE shipped IS NOT NULL AND customer_id < 10;
SELECT id, DATEDIFF(shipped, placed), TIMESTAMPDIFF(HOUR, placed, shipped), TIMESTAMPDIFF(MONTH, placed, '2024-02-29') FROM orders WHERE status = 'shipped';
SELECT id, DATE_FORMAT(placed, '%a %b %e %Y %H:%i:%s'), DATE_FORMAT(placed, '%x-%v %j %p %r'), TIME_FORMAT(placed, '%k.%i') FROM orders WHERE id BETWEEN 1050 AND 1060;
SELECT id, STR_TO_DATE(DATE_FORMAT(placed, '%d.%m.%Y'), '%d.%m.%Y') = DATE(placed) ok FROM orders WHERE id < 1006;
SELECT id, EXTRACT(YEAR_MONTH FROM placed), EXTRACT(DAY_HOUR FROM placed), EXTRACT(WEEK FROM placed), EXTRACT(QUARTER FROM placed) FROM orders WHERE id > 1175;
SELECT id, UNIX_TIMESTAMP(placed) - UNIX_TIMESTAMP('2023-01-01'), MAKEDATE(YEAR(placed), 60), MAKETIME(HOUR(placed), 5, 6) FROM orders WHERE id < 1010;
SELECT id, placed > shipped, placed = shipped, shipped <= DATE(placed), placed BETWEEN shipped AND '2030-01-01' FROM orders WHERE shipped IS NOT NULL ORDER BY id LIMIT 20;
SELECT id, placed + 0, shipped + 0, placed * 1, CAST(placed AS DATE), CAST(placed AS TIME), CAST(shipped AS DATETIME) FROM orders WHERE status = 'shipped' AND customer_id < 30;
SELECT id, joined, MICROSECOND(joined), CAST(joined AS DATETIME), CAST(joined AS DATETIME(1)), joined + INTERVAL 500 MICROSECOND FROM customers WHERE id < 12;
SELECT id, born, TIMESTAMPDIFF(YEAR, born, '2024-02-29') age, DATE_FORMAT(born, '%m-%d') bd FROM customers WHERE born IS NOT NULL ORDER BY age DESC, id LIMIT 10;
SELECT id, PERIOD_DIFF(DATE_FORMAT(joined, '%Y%m'), 202201) m, PERIOD_ADD(DATE_FORMAT(joined, '%Y%m'), 2) FROM customers WHERE id < 8;
SELECT id FROM customers WHERE MONTH(born) = 2 OR DAYOFMONTH(born) = 29;
SELECT id FROM customers WHERE born = '2000-02-29' OR born < 19510101;
SELECT id, GREATEST(born, DATE '1970-01-01'), COALESCE(born, DATE(joined)), IFNULL(born, '0') FROM customers WHERE id < 9;
SELECT YEAR(joined) y, QUARTER(joined) q, COUNT(*), MIN(joined), MAX(joined) FROM customers GROUP BY y, q ORDER BY y, q;
SELECT c.id, MIN(o.placed) first, DATEDIFF(MIN(o.placed), MIN(c.joined)) days FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id HAVING days > 200 ORDER BY days DESC, c.id;
SELECT o.id, p.num, TIMEDIFF(p.paid_at, o.placed) d FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.num = 2;
SELECT o.id, s.num, TIMESTAMPDIFF(HOUR, o.placed, s.sent) h, DATEDIFF(s.delivered, s.sent) d FROM orders o JOIN shipments s ON s.order_id = o.id ORDER BY h DESC, o.id, s.num LIMIT 15;
SELECT DATE_FORMAT(o.placed, '%Y-%m') m, AVG(DATEDIFF(s.delivered, o.placed)), MAX(DATEDIFF(s.delivered, o.placed)) FROM orders o JOIN shipments s ON s.order_id = o.id GROUP BY m ORDER BY m;
SELECT r.order_id, DATEDIFF(r.returned, o.placed) FROM order_returns r JOIN orders o ON o.id = r.order_id WHERE r.returned > o.placed + INTERVAL 30 DAY;
SELECT i.order_id, i.line, o.placed, (SELECT MAX(valid_from) FROM prices r WHERE r.product_id = i.product_id AND r.valid_from <= o.placed) f FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.id BETWEEN 1020 AND 1030;
SELECT DATE(at) d, MIN(TIME(at)), MAX(TIME(at)), COUNT(*) FROM events GROUP BY d HAVING COUNT(*) > 5 ORDER BY d;
SELECT id, took, TIME_TO_SEC(took), ADDTIME(took, '01:00:00'), SUBTIME(took, '00:30:00'), HOUR(took), took > '01:00:00' FROM events WHERE id < 15;
SELECT id, ADDTIME(at, took), at + INTERVAL TIME_TO_SEC(took) SECOND, TIMEDIFF(at, '2023-12-01 00:00:00') FROM events WHERE took > '20:00:00';
SELECT SEC_TO_TIME(AVG(TIME_TO_SEC(took))), SEC_TO_TIME(MAX(TIME_TO_SEC(took))), MAX(took) FROM events WHERE took < '10:00:00';
SELECT HOUR(at) DIV 6 part, COUNT(*), COUNT(DISTINCT customer_id) FROM events GROUP BY part ORDER BY part;
SELECT id FROM events WHERE at >= '2023-12-31' - INTERVAL 1 WEEK AND at < DATE('2023-12-31 10:00:00');
SELECT id FROM events WHERE WEEKDAY(at) IN (5, 6) AND HOUR(at) < 6;
SELECT COUNT(*) FROM events WHERE DATE_FORMAT(at, '%Y%m') = '202401' AND took IS NOT NULL;
SELECT a.id, b.id FROM events a JOIN events b ON b.at BETWEEN a.at AND a.at + INTERVAL 10 MINUTE AND b.id > a.id WHERE a.kind = 'search';
SELECT y.day, y.day + INTERVAL y.n DAY, LAST_DAY(y.day), DAYNAME(y.day) FROM daily y ORDER BY y.day, y.kind;
SELECT w.id, w.opens, HOUR(w.opens), ADDTIME(w.opens, '10:00'), w.opens < '06:00:00', w.opens + 0 FROM warehouses w;
SELECT w.name, MIN(s.counted), MAX(s.counted), COUNT(s.counted) FROM warehouses w JOIN stock s ON s.warehouse_id = w.id GROUP BY w.id, w.name ORDER BY w.id;
SELECT product_id, counted, DATE(counted), TIMESTAMPDIFF(DAY, counted, '2024-07-01') FROM stock WHERE warehouse_id = 3 AND counted > '2024-05-01';
SELECT k.code, DATEDIFF(k.ends, k.starts), k.ends IS NULL OR k.ends > '2024-01-01' open FROM coupons k ORDER BY k.code;
SELECT o.id, k.code FROM orders o JOIN coupons k ON k.code = o.coupon AND (o.placed < k.starts OR o.placed >= k.ends + INTERVAL 1 DAY);
SELECT e.name, TIMESTAMPDIFF(YEAR, e.hired, '2024-01-01') y, e.hired + INTERVAL 10 YEAR jubilee FROM employees e ORDER BY e.hired, e.id;
SELECT e.id, m.id FROM employees e JOIN employees m ON m.id = e.manager_id AND YEAR(m.hired) > YEAR(e.hired);
SELECT p.id, p.model, YEAR(p.added) - 0.0 - p.model age, p.model + 1, p.added > MAKEDATE(p.model, 1) FROM products p WHERE p.id < 20;
SELECT p.model, COUNT(*), MIN(p.added), MAX(YEAR(p.added)) FROM products p GROUP BY p.model ORDER BY p.model DESC;
SELECT id, da, da + INTERVAL 1 DAY, YEAR(da), DAYOFYEAR(da), da = '2024-01-01', da + 0 FROM samples WHERE da < '9999-01-01';
SELECT id, dt, DATE(dt), TIME(dt), dt + INTERVAL 1 SECOND, dt = ts, UNIX_TIMESTAMP(dt) FROM samples WHERE id < 15;
SELECT id, ts, UNIX_TIMESTAMP(ts), DATE(ts), ts > '2024-01-01', ts + INTERVAL 1 HOUR FROM samples WHERE id < 15;
SELECT id, tm, TIME_TO_SEC(tm), HOUR(tm), MINUTE(tm), -tm, tm + 0, ABS(tm) FROM samples WHERE id < 20;
SELECT id, y, y + 0, CONCAT(y, ''), y > 2000, MAKEDATE(y, 1) FROM samples WHERE y < 2100;
SELECT MAX(da), MIN(dt), MAX(ts), MIN(tm), MAX(y), TIMEDIFF(MAX(tm), '00:00:00') > 0 FROM samples WHERE id > 20;
SELECT COUNT(*), MIN(DATEDIFF(dt, da)), MAX(DATEDIFF(dt, da)) FROM samples WHERE da > '1990-01-01' AND da < '9000-01-01';
SELECT DATE '2024-02-29' + INTERVAL 1 YEAR, TIMESTAMP '2024-02-29 12:00:00' - INTERVAL 1 MONTH, TIME '12:00:00', DATE_ADD('2023-01-31', INTERVAL 1 MONTH) FROM tags WHERE id = 1;
SELECT CONVERT_TZ('2024-06-15 12:00:00', '+00:00', '+03:00'), CONVERT_TZ(placed, '+02:00', '-05:30') FROM orders WHERE id = 1002;
SELECT FROM_DAYS(738945), FROM_UNIXTIME(0) = FROM_UNIXTIME(0), STR_TO_DATE('31,5,2023', '%d,%m,%Y'), GET_FORMAT(DATE, 'EUR') FROM tags WHERE id = 1;
SELECT id FROM orders WHERE placed >= TIMESTAMP('2023-03-01') AND placed < TIMESTAMP('2023-03-01', '240:00:00');
SELECT DATE_FORMAT(MIN(placed), '%d/%m/%Y'), DATE_FORMAT(MAX(placed), '%W'), DATEDIFF(MAX(placed), MIN(placed)) DIV 7 FROM orders;
SELECT customer_id, SUM(DATEDIFF('2024-01-01', placed)) FROM orders GROUP BY customer_id HAVING COUNT(*) > 3 ORDER BY 1;
-- session
SET time_zone = '+05:00';
-- session
SELECT id, ts, UNIX_TIMESTAMP(ts), dt FROM samples WHERE ts IS NOT NULL;
-- session
SELECT DATE(ts) x, COUNT(*), MIN(ts) FROM samples GROUP BY x ORDER BY x;
-- session
SELECT s.product_id, s.counted FROM stock s JOIN warehouses w ON w.id = s.warehouse_id WHERE s.counted < '2024-01-15' ORDER BY s.counted, w.id, s.product_id;
-- session
SELECT name, changed FROM settings WHERE changed IS NOT NULL ORDER BY changed;
-- session
SET time_zone = '+00:00';
