-- ROLLUP as MariaDB refuses it.

-- error: 1221
SELECT status, COUNT(*) n FROM orders GROUP BY status WITH ROLLUP ORDER BY n;
-- error: 1305
SELECT status, GROUPING(status) FROM orders GROUP BY status WITH ROLLUP;
SELECT DISTINCT COUNT(*) > 20 FROM orders GROUP BY status WITH ROLLUP;
