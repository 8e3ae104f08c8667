-- FOUND_ROWS, ROW_COUNT and LAST_INSERT_ID: each reads what the statement before it left.

-- session
SELECT id FROM customers WHERE id < 8;
-- session
SELECT FOUND_ROWS();
-- session
SELECT id FROM customers ORDER BY id LIMIT 5;
-- session
SELECT FOUND_ROWS();
-- session
SELECT SQL_CALC_FOUND_ROWS id FROM customers ORDER BY id LIMIT 5;
-- session
SELECT FOUND_ROWS();
-- session
SELECT SQL_CALC_FOUND_ROWS o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id ORDER BY o.id, i.line LIMIT 3;
-- session
SELECT FOUND_ROWS();
-- session
SELECT SQL_CALC_FOUND_ROWS customer_id, COUNT(*) FROM orders GROUP BY customer_id ORDER BY customer_id LIMIT 2 OFFSET 1;
-- session
SELECT FOUND_ROWS();
-- session
SELECT SQL_CALC_FOUND_ROWS DISTINCT status FROM orders ORDER BY status LIMIT 1;
-- session
SELECT FOUND_ROWS();
-- session
SELECT o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 25;
-- session
SELECT FOUND_ROWS();
-- session
-- empty
SELECT id FROM customers WHERE id < 0;
-- session
SELECT FOUND_ROWS(), ROW_COUNT();
-- session
SELECT COUNT(*) FROM orders;
-- session
SELECT ROW_COUNT(), LAST_INSERT_ID();
