-- DELETE, of one table and of several.

DELETE FROM customers WHERE id = 7;
DELETE FROM customers WHERE id IN (1, 2, 3, 13);
DELETE FROM customers WHERE level = 'gold' AND points = 0;
DELETE FROM customers WHERE country IS NULL OR name = 'anna';
DELETE FROM customers WHERE NOT (points > 0);
DELETE FROM customers;
DELETE FROM orders WHERE customer_id = 7;
DELETE FROM orders WHERE status = 'cancelled';
DELETE FROM orders WHERE id BETWEEN 1010 AND 1030;
DELETE FROM orders WHERE placed < '2023-03-01' AND total = 0;
DELETE FROM orders WHERE coupon = 'WELCOME' OR note = 'gift';
DELETE FROM order_items WHERE order_id = 1012;
DELETE FROM order_items WHERE (order_id, line) IN ((1002, 1), (1010, 1), (1012, 2));
DELETE FROM order_items WHERE quantity * price > 200;
DELETE FROM payments WHERE method = 'card ' OR rate IS NULL;
DELETE FROM stock WHERE warehouse_id = 1 AND quantity = 0;
DELETE FROM stock WHERE product_id IN (1, 2, 3);
DELETE FROM prices WHERE valid_from < '2022-04-01';
DELETE FROM prices WHERE product_id = 5 AND MONTH(valid_from) = 2;
DELETE FROM reviews WHERE author = 'anna';
DELETE FROM reviews WHERE rating < 3 AND helpful = 0;
DELETE FROM coupons WHERE code = 'xmas ';
DELETE FROM events WHERE at < '2023-12-01';
DELETE FROM events WHERE kind = 'visit' AND customer_id = 1;
DELETE FROM daily WHERE day = '2024-01-01';
DELETE FROM employees WHERE department = 'lager';
DELETE FROM countries WHERE population IS NULL;
DELETE FROM categories WHERE parent_id = 1 AND position > 2;
DELETE FROM warehouses WHERE country = 'de';
DELETE FROM settings WHERE value IS NULL OR value = '';
DELETE FROM samples WHERE t > 0 AND c IS NOT NULL;
DELETE FROM samples WHERE bt = b'1' OR tm < 0 OR st = 'black';
DELETE FROM quotes WHERE gross > 100;
DELETE c FROM customers c WHERE c.id = 8;
DELETE FROM c USING customers c WHERE c.points < 0;
-- nothing
DELETE FROM customers WHERE id = 13;
-- nothing
DELETE FROM orders WHERE FALSE;
-- nothing
DELETE FROM archive;

-- Subqueries.
DELETE FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE status = 'cancelled');
DELETE FROM customers WHERE id NOT IN (SELECT customer_id FROM orders);
DELETE FROM customers WHERE (SELECT COUNT(*) FROM orders o WHERE o.customer_id = customers.id) > 3;
DELETE FROM customers WHERE country IN (SELECT code FROM countries WHERE continent = 'Europe');
DELETE FROM orders WHERE NOT EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = orders.id);
DELETE FROM orders WHERE customer_id NOT IN (SELECT id FROM customers);
DELETE FROM orders WHERE id IN (SELECT order_id FROM order_returns) AND id IN (SELECT order_id FROM payments);
DELETE FROM orders WHERE total > (SELECT AVG(amount) * 3 FROM payments);
DELETE FROM order_items WHERE product_id IN (SELECT id FROM products WHERE active = 0);
DELETE FROM order_items WHERE order_id IN (SELECT id FROM orders WHERE customer_id = 7);
DELETE FROM order_items WHERE order_id NOT IN (SELECT id FROM orders WHERE status = 'done');
DELETE FROM products WHERE id NOT IN (SELECT product_id FROM order_items);
DELETE FROM products WHERE category_id IN (WITH RECURSIVE t AS (SELECT 2 id UNION ALL SELECT c.id FROM t JOIN categories c ON c.parent_id = t.id) SELECT id FROM t);
DELETE FROM product_tags WHERE tag_id NOT IN (SELECT id FROM tags) OR product_id NOT IN (SELECT id FROM products);
DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM product_tags x WHERE x.tag_id = tags.id);
DELETE FROM stock WHERE warehouse_id IN (SELECT id FROM warehouses WHERE capacity < 1000);
DELETE FROM warehouses WHERE id NOT IN (SELECT warehouse_id FROM stock);
DELETE FROM countries WHERE code NOT IN (SELECT country FROM customers WHERE country IS NOT NULL);
DELETE FROM categories WHERE id NOT IN (SELECT category_id FROM products WHERE category_id IS NOT NULL) AND id < 11;
DELETE FROM payments WHERE order_id IN (SELECT id FROM orders GROUP BY id HAVING SUM(total) < 50);
DELETE FROM employees WHERE id IN (SELECT * FROM (SELECT manager_id FROM employees WHERE salary < 2000 AND manager_id IS NOT NULL) x);
DELETE FROM reviews WHERE product_id = (SELECT id FROM products ORDER BY id LIMIT 1);
DELETE FROM events WHERE customer_id IN (SELECT id FROM customers WHERE level = 'gold') AND at > (SELECT MIN(placed) FROM orders);

-- ORDER BY and LIMIT.
DELETE FROM customers ORDER BY points DESC, id LIMIT 5;
DELETE FROM customers WHERE level = 'bronze' ORDER BY id DESC LIMIT 3;
DELETE FROM orders ORDER BY placed, id LIMIT 20;
DELETE FROM orders WHERE customer_id = 7 ORDER BY total DESC, id LIMIT 2;
DELETE FROM orders WHERE status = 'done' ORDER BY customer_id, id LIMIT 10;
DELETE FROM order_items ORDER BY quantity * price DESC, order_id, line LIMIT 7;
DELETE FROM stock WHERE quantity = 0 ORDER BY warehouse_id DESC, product_id LIMIT 5;
DELETE FROM reviews ORDER BY written LIMIT 10;
DELETE FROM events ORDER BY at DESC, id DESC LIMIT 15;
DELETE FROM tags ORDER BY label LIMIT 4;
DELETE FROM countries ORDER BY code DESC LIMIT 3;
DELETE FROM customers WHERE id IN (SELECT customer_id FROM orders) ORDER BY id LIMIT 6;
DELETE FROM customers ORDER BY id LIMIT 10000;
DELETE FROM customers WHERE id = 7 LIMIT 1;
-- nothing
DELETE FROM customers ORDER BY id LIMIT 0;

-- Several tables.
DELETE c FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 500;
DELETE o FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.level = 'gold';
DELETE c, o FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id IN (1, 25);
DELETE FROM c, o USING customers c JOIN orders o ON o.customer_id = c.id WHERE c.points = 100;
DELETE o, i FROM orders o LEFT JOIN order_items i ON i.order_id = o.id WHERE o.status = 'cancelled';
DELETE o, i, p FROM orders o LEFT JOIN order_items i ON i.order_id = o.id LEFT JOIN payments p ON p.order_id = o.id WHERE o.customer_id = 7;
DELETE i FROM order_items i LEFT JOIN orders o ON o.id = i.order_id WHERE o.status = 'new' OR o.id IS NULL;
DELETE i FROM order_items i JOIN products p ON p.id = i.product_id WHERE p.price > 400;
DELETE i, r FROM order_items i JOIN order_returns r USING (order_id, line);
DELETE FROM i USING order_items i JOIN order_returns r USING (order_id, line) WHERE r.reason = 'broken';
DELETE p FROM products p LEFT JOIN order_items i ON i.product_id = p.id WHERE i.order_id IS NULL;
DELETE p, s FROM products p JOIN stock s ON s.product_id = p.id WHERE p.active = 0;
DELETE s FROM stock s JOIN warehouses w ON w.id = s.warehouse_id WHERE w.name = 'hamburg';
DELETE w, s FROM warehouses w LEFT JOIN stock s ON s.warehouse_id = w.id WHERE w.id >= 4;
DELETE x FROM product_tags x LEFT JOIN tags t ON t.id = x.tag_id LEFT JOIN products p ON p.id = x.product_id WHERE t.id IS NULL OR p.id IS NULL;
DELETE e FROM employees e JOIN employees m ON m.id = e.manager_id WHERE m.salary > 6000;
DELETE e, m FROM employees e JOIN employees m ON m.id = e.manager_id WHERE e.id = 14;
DELETE a FROM orders a JOIN orders b ON b.customer_id = a.customer_id AND b.id > a.id;
DELETE a FROM reviews a JOIN reviews b ON b.author = a.author AND b.product_id > a.product_id;
DELETE v FROM reviews v JOIN products p ON p.id = v.product_id JOIN categories k ON k.id = p.category_id WHERE k.name = 'Phones';
DELETE c FROM customers c JOIN countries x ON x.code = c.country WHERE x.continent = 'Asia';
DELETE x FROM countries x JOIN customers c ON c.country = x.code WHERE c.level = 'gold';
DELETE k FROM categories k LEFT JOIN products p ON p.category_id = k.id WHERE p.id IS NULL;
DELETE t FROM totals t LEFT JOIN customers c ON c.id = t.customer_id WHERE c.id IS NULL;
DELETE c FROM customers c JOIN (SELECT customer_id, SUM(total) s FROM orders GROUP BY customer_id) t ON t.customer_id = c.id WHERE t.s < 100;
DELETE e FROM events e JOIN customers c ON c.id = e.customer_id JOIN orders o ON o.customer_id = c.id WHERE o.status = 'new';
DELETE c FROM customers c, settings s WHERE FIND_IN_SET(c.country, s.value) AND s.name = 'vip_country';
DELETE d FROM daily d JOIN daily f ON f.day = d.day AND f.kind <> d.kind;
DELETE customers FROM customers JOIN orders ON orders.customer_id = customers.id WHERE orders.id = 1010;
DELETE FROM customers, orders USING customers LEFT JOIN orders ON orders.customer_id = customers.id WHERE customers.id > 50;
-- nothing
DELETE c FROM customers c JOIN archive a ON a.customer_id = c.id;
-- error: 1109
DELETE z FROM customers c JOIN orders o ON o.customer_id = c.id;
-- error: 1054
DELETE c FROM customers c JOIN orders o ON o.missing = c.id;
-- error: 1242
DELETE FROM customers WHERE id = (SELECT customer_id FROM orders WHERE total > 100);
-- error: 1146
DELETE c FROM customers c JOIN no_such_table o ON o.id = c.id;
-- error: 1064
DELETE FROM customers ORDER BY id LIMIT 5, 5;
