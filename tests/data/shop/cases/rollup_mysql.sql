-- ROLLUP with GROUPING() and ORDER BY.

SELECT status, COUNT(*), GROUPING(status) FROM orders GROUP BY status WITH ROLLUP;
SELECT status, COUNT(*) n FROM orders GROUP BY status WITH ROLLUP ORDER BY n DESC, status;
SELECT level, flags, COUNT(*), GROUPING(level), GROUPING(flags), GROUPING(level, flags) FROM customers GROUP BY level, flags WITH ROLLUP;
SELECT IF(GROUPING(discount), 'all', discount) d, COUNT(*) FROM orders GROUP BY discount WITH ROLLUP;
SELECT warehouse_id, SUM(quantity) FROM stock GROUP BY warehouse_id WITH ROLLUP HAVING GROUPING(warehouse_id) = 1;
SELECT gift, quantity, COUNT(*) FROM order_items GROUP BY gift, quantity WITH ROLLUP ORDER BY GROUPING(gift), gift, GROUPING(quantity), quantity;
SELECT DISTINCT COUNT(*) FROM orders GROUP BY status WITH ROLLUP;
-- error: 3602
SELECT status, GROUPING(total) FROM orders GROUP BY status WITH ROLLUP;
