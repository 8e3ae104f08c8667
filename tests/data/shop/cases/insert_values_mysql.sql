-- MySQL reads no table that the statement writes.

-- error: 1093
INSERT INTO archive (order_id) VALUES ((SELECT COUNT(*) FROM archive));
-- error: 1093
REPLACE INTO totals (customer_id, orders) VALUES ((SELECT MIN(customer_id) FROM totals), 1), (1000, 1);
-- error: 1242
DO (SELECT id FROM orders);
