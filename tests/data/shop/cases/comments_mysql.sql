-- Version comments as MySQL reads them.

SELECT id FROM customers WHERE id = 7 /*!80000 OR id = 8 */ ORDER BY id DESC;
SELECT id FROM customers WHERE id = 7 /*M! OR id = 8 */;
SELECT id FROM customers WHERE id = 7 /*!90000 OR id = 8 */ /*!99999 OR id = 9 */;
SELECT /*+ SET_VAR(sort_buffer_size = 262144) */ id FROM customers WHERE points > 50 ORDER BY points, id;
SELECT /*+ QB_NAME(q) JOIN_ORDER(i, o) */ o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 25;
