-- GROUP_CONCAT and the JSON aggregates.

SELECT GROUP_CONCAT(id ORDER BY id) FROM tags;
SELECT GROUP_CONCAT(label ORDER BY id SEPARATOR '|') FROM tags;
SELECT GROUP_CONCAT(label ORDER BY label DESC SEPARATOR '') FROM tags;
SELECT GROUP_CONCAT(DISTINCT status ORDER BY status) FROM orders;
SELECT GROUP_CONCAT(DISTINCT status ORDER BY status DESC SEPARATOR ', ') FROM orders WHERE customer_id = 7;
SELECT GROUP_CONCAT(DISTINCT discount ORDER BY discount) FROM orders;
SELECT GROUP_CONCAT(id, ':', total ORDER BY total DESC, id SEPARATOR ' ') FROM orders WHERE customer_id IN (1, 25);
SELECT customer_id, GROUP_CONCAT(id ORDER BY placed DESC, id) FROM orders GROUP BY customer_id;
SELECT customer_id, GROUP_CONCAT(DISTINCT status ORDER BY status) s, COUNT(*) FROM orders GROUP BY customer_id HAVING COUNT(*) > 3;
SELECT status, GROUP_CONCAT(DISTINCT customer_id ORDER BY customer_id SEPARATOR '/') FROM orders GROUP BY status ORDER BY status;
SELECT status, GROUP_CONCAT(DISTINCT YEAR(placed), '-', MONTH(placed) ORDER BY YEAR(placed), MONTH(placed)) FROM orders GROUP BY status;
SELECT status, LENGTH(GROUP_CONCAT(id)), LENGTH(GROUP_CONCAT(DISTINCT customer_id)) FROM orders GROUP BY status;
SELECT order_id, GROUP_CONCAT(product_id ORDER BY line) FROM order_items GROUP BY order_id HAVING COUNT(*) >= 4 ORDER BY order_id;
SELECT order_id, GROUP_CONCAT(quantity, 'x', product_id ORDER BY line SEPARATOR ' + ') FROM order_items WHERE order_id < 1020 GROUP BY order_id;
SELECT product_id, GROUP_CONCAT(order_id ORDER BY order_id DESC) FROM order_items GROUP BY product_id HAVING COUNT(*) BETWEEN 5 AND 9;
SELECT gift, GROUP_CONCAT(DISTINCT quantity ORDER BY quantity) FROM order_items GROUP BY gift;
SELECT GROUP_CONCAT(nick ORDER BY id) FROM customers WHERE id < 20;
SELECT GROUP_CONCAT(DISTINCT UPPER(country) ORDER BY 1) FROM customers;
SELECT GROUP_CONCAT(COALESCE(nick, 'NULL') ORDER BY id DESC SEPARATOR ';') FROM customers WHERE id > 40;
SELECT level, GROUP_CONCAT(name ORDER BY id) FROM customers WHERE id BETWEEN 20 AND 40 GROUP BY level;
SELECT level, GROUP_CONCAT(points ORDER BY points, id) FROM customers GROUP BY level ORDER BY level;
SELECT YEAR(joined), GROUP_CONCAT(id ORDER BY joined, id) FROM customers GROUP BY YEAR(joined);
SELECT GROUP_CONCAT(balance ORDER BY balance DESC, id) FROM customers WHERE country = 'GR';
SELECT GROUP_CONCAT(born ORDER BY born) FROM customers WHERE born < '1965-01-01';
SELECT GROUP_CONCAT(t ORDER BY id), GROUP_CONCAT(bu ORDER BY id), GROUP_CONCAT(dc ORDER BY id), GROUP_CONCAT(f ORDER BY id) FROM samples WHERE id < 10;
SELECT GROUP_CONCAT(tm ORDER BY id), GROUP_CONCAT(dt ORDER BY id), GROUP_CONCAT(e ORDER BY id), GROUP_CONCAT(st ORDER BY id) FROM samples WHERE id < 10;
SELECT HEX(GROUP_CONCAT(bi ORDER BY id)), HEX(GROUP_CONCAT(bl ORDER BY id SEPARATOR '')) FROM samples WHERE id < 10;
SELECT e, GROUP_CONCAT(id ORDER BY b, id) FROM samples GROUP BY e;
SELECT GROUP_CONCAT(id) FROM samples WHERE id < 0;
SELECT GROUP_CONCAT(NULL), GROUP_CONCAT(nick) IS NULL FROM customers WHERE id IN (5, 10);
SELECT GROUP_CONCAT('x'), GROUP_CONCAT(1) FROM tags WHERE id < 5;
SELECT CONCAT('[', GROUP_CONCAT(label ORDER BY label), ']'), UPPER(GROUP_CONCAT(label ORDER BY id)) FROM tags WHERE id < 6;
SELECT p.id, GROUP_CONCAT(t.label ORDER BY t.id) FROM products p JOIN product_tags x ON x.product_id = p.id JOIN tags t ON t.id = x.tag_id GROUP BY p.id;
SELECT p.id, GROUP_CONCAT(t.label ORDER BY t.label SEPARATOR ' ') FROM products p LEFT JOIN product_tags x ON x.product_id = p.id LEFT JOIN tags t ON t.id = x.tag_id WHERE p.id < 15 GROUP BY p.id ORDER BY p.id;
SELECT t.label, GROUP_CONCAT(p.name ORDER BY p.id SEPARATOR ', ') FROM tags t LEFT JOIN product_tags x ON x.tag_id = t.id LEFT JOIN products p ON p.id = x.product_id GROUP BY t.id, t.label ORDER BY t.id;
SELECT c.id, GROUP_CONCAT(o.id, '(', (SELECT COUNT(*) FROM order_items i WHERE i.order_id = o.id), ')' ORDER BY o.id) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id < 10 GROUP BY c.id;
SELECT c.id, (SELECT GROUP_CONCAT(o.id ORDER BY o.total DESC, o.id) FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE c.id < 12;
SELECT id FROM customers WHERE FIND_IN_SET(id, (SELECT GROUP_CONCAT(customer_id) FROM orders WHERE total > 1000));
SELECT GROUP_CONCAT(n ORDER BY n DESC) FROM (SELECT COUNT(*) n FROM orders GROUP BY customer_id) t;
SELECT GROUP_CONCAT(x ORDER BY x SEPARATOR ' / ') FROM (SELECT CONCAT(status, '=', COUNT(*)) x FROM orders GROUP BY status) t;
SELECT m.id, GROUP_CONCAT(e.name ORDER BY e.id) FROM employees m JOIN employees e ON e.manager_id = m.id GROUP BY m.id ORDER BY m.id;
SELECT GROUP_CONCAT(c.name ORDER BY c.position, c.id SEPARATOR ' > ') FROM categories c WHERE c.parent_id = 1;
SELECT kind, GROUP_CONCAT(n ORDER BY day) FROM daily GROUP BY kind HAVING COUNT(*) = 1;
SELECT DATE(at), GROUP_CONCAT(DISTINCT LOWER(kind) ORDER BY LOWER(kind)) FROM events WHERE at < '2023-12-10' GROUP BY DATE(at) ORDER BY 1;
SELECT warehouse_id, GROUP_CONCAT(DISTINCT UPPER(bin) ORDER BY UPPER(bin) SEPARATOR '-') FROM stock GROUP BY warehouse_id;
SELECT LENGTH(GROUP_CONCAT(DISTINCT author)) > 10, COUNT(DISTINCT author) FROM reviews;
SELECT product_id, GROUP_CONCAT(price ORDER BY valid_from SEPARATOR ' -> ') FROM prices GROUP BY product_id HAVING COUNT(*) > 4;
SELECT JSON_ARRAYAGG(id) FROM customers WHERE id = 7;
SELECT id, JSON_ARRAYAGG(name) FROM warehouses GROUP BY id;
SELECT JSON_LENGTH(JSON_ARRAYAGG(id)) FROM orders;
SELECT status, JSON_LENGTH(JSON_ARRAYAGG(total)) FROM orders GROUP BY status;
SELECT JSON_OBJECTAGG(name, value) FROM settings WHERE name = 'vat';
SELECT order_id, JSON_LENGTH(JSON_OBJECTAGG(line, product_id)) FROM order_items GROUP BY order_id HAVING COUNT(*) > 3;
SELECT order_id, JSON_ARRAYAGG(product_id) FROM order_items GROUP BY order_id HAVING COUNT(*) = 1;
SELECT JSON_ARRAYAGG(id) FROM customers WHERE id < 0;
SELECT JSON_ARRAYAGG(NULL), JSON_ARRAYAGG(balance) FROM customers WHERE id = 3;
-- session
SET group_concat_max_len = 12;
-- session
SELECT LENGTH(GROUP_CONCAT(id ORDER BY id)) FROM orders;
-- session
SELECT status, GROUP_CONCAT(id ORDER BY id) FROM orders GROUP BY status;
-- session
SET group_concat_max_len = 1048576;
-- error: 1111
SELECT GROUP_CONCAT(COUNT(*)) FROM orders;
-- error: 1064
SELECT GROUP_CONCAT(id SEPARATOR) FROM orders;
-- error: 1054
SELECT GROUP_CONCAT(id ORDER BY 2) FROM orders;
