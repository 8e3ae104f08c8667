-- GROUP_CONCAT and JSON aggregates with LIMIT and ORDER BY.

SELECT GROUP_CONCAT(id ORDER BY total DESC, id LIMIT 3) FROM orders;
SELECT status, GROUP_CONCAT(id ORDER BY total DESC, id LIMIT 2) FROM orders GROUP BY status;
SELECT customer_id, GROUP_CONCAT(id ORDER BY id SEPARATOR '/' LIMIT 1, 2) FROM orders GROUP BY customer_id HAVING COUNT(*) > 2;
SELECT GROUP_CONCAT(DISTINCT customer_id ORDER BY customer_id DESC LIMIT 4) FROM orders;
SELECT JSON_ARRAYAGG(label ORDER BY id) FROM tags;
SELECT JSON_ARRAYAGG(DISTINCT status ORDER BY status) FROM orders;
SELECT status, JSON_ARRAYAGG(id ORDER BY total DESC, id LIMIT 2) FROM orders GROUP BY status;
SELECT order_id, JSON_ARRAYAGG(JSON_OBJECT('p', product_id, 'q', quantity) ORDER BY line) FROM order_items WHERE order_id < 1015 GROUP BY order_id;
