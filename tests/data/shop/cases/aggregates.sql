-- Aggregates without GROUP BY.

SELECT COUNT(*) FROM orders;
SELECT COUNT(*), COUNT(discount), COUNT(shipped), COUNT(NULL), COUNT(1) FROM orders;
SELECT SUM(total), AVG(total), MIN(total), MAX(total) FROM orders;
SELECT SUM(discount), AVG(discount), MIN(discount), MAX(discount) FROM orders WHERE customer_id = 7;
SELECT COUNT(*), SUM(total), AVG(total), MIN(total), MAX(total), COUNT(total) FROM orders WHERE id < 0;
SELECT COUNT(*), SUM(o.total), MAX(a.placed) FROM archive a JOIN orders o ON o.id = a.order_id;
SELECT SUM(total) / COUNT(*), SUM(total) / COUNT(discount), AVG(total) FROM orders;
SELECT IFNULL(SUM(total), 0), COALESCE(MAX(total), -1), SUM(total) IS NULL FROM orders WHERE status = 'nothing';
SELECT ROUND(AVG(total), 1), FLOOR(AVG(total)), CEIL(MAX(total)), TRUNCATE(SUM(total), -2) FROM orders;
SELECT COUNT(DISTINCT customer_id), COUNT(DISTINCT status), COUNT(DISTINCT channel), COUNT(DISTINCT coupon) FROM orders;
SELECT COUNT(DISTINCT customer_id, status) FROM orders;
SELECT COUNT(DISTINCT channel, coupon, discount) FROM orders;
SELECT SUM(DISTINCT total), AVG(DISTINCT total), MIN(DISTINCT total), MAX(DISTINCT total) FROM orders;
SELECT SUM(DISTINCT discount), SUM(discount), COUNT(DISTINCT discount), COUNT(discount) FROM orders;
SELECT COUNT(DISTINCT total > 100), SUM(DISTINCT total > 100), SUM(total > 100) FROM orders;
SELECT COUNT(DISTINCT YEAR(placed), MONTH(placed)) FROM orders;
SELECT COUNT(*) - COUNT(DISTINCT customer_id) AS more FROM orders;
SELECT COUNT(status = 'done' OR NULL), SUM(status = 'done'), COUNT(IF(status = 'done', 1, NULL)) FROM orders;
SELECT SUM(CASE status WHEN 'done' THEN total ELSE 0 END), SUM(CASE WHEN status = 'new' THEN total END) FROM orders;
SELECT MIN(status), MAX(status), MIN(placed), MAX(placed), MIN(shipped), MAX(shipped) FROM orders;
SELECT MIN(placed + INTERVAL 1 DAY), MAX(DATE(placed)), MAX(TIME(placed)), MIN(YEAR(placed)) FROM orders;
SELECT MIN(id), MAX(id), MAX(id) - MIN(id) + 1 - COUNT(*) gaps FROM orders;
SELECT SUM(quantity), SUM(quantity * price), AVG(quantity * price), SUM(quantity) * SUM(price) FROM order_items;
SELECT SUM(price * quantity) / SUM(quantity), MAX(price) - MIN(price) FROM order_items WHERE gift IS NOT NULL;
SELECT SUM(gift), AVG(gift), MIN(gift), MAX(gift), COUNT(gift) FROM order_items;
SELECT BIT_AND(quantity), BIT_OR(quantity), BIT_XOR(quantity) FROM order_items;
SELECT BIT_AND(id), BIT_OR(id), BIT_XOR(id) FROM samples WHERE id < 0;
SELECT BIT_OR(tu), BIT_AND(tu), BIT_XOR(tu), BIT_OR(b), BIT_AND(bu) FROM samples;
-- approximate
SELECT VARIANCE(total), VAR_POP(total), VAR_SAMP(total) FROM orders;
-- approximate
SELECT STD(total), STDDEV(total), STDDEV_POP(total), STDDEV_SAMP(total) FROM orders;
SELECT VAR_SAMP(total), STDDEV_SAMP(total), VARIANCE(total) FROM orders WHERE id = 1002;
SELECT VARIANCE(quantity), STDDEV(quantity) FROM order_items WHERE quantity = 10;
-- approximate
SELECT STDDEV(quantity) / AVG(quantity), VAR_SAMP(price * quantity) FROM order_items WHERE product_id IN (1, 2, 3);
SELECT SUM(t), SUM(tu), SUM(s), SUM(m), SUM(iu), SUM(b), SUM(bu), SUM(dc) FROM samples;
SELECT AVG(t), AVG(tu), AVG(s), AVG(m), AVG(iu), AVG(b), AVG(bu), AVG(dc) FROM samples;
SELECT SUM(f), AVG(f), MIN(f), MAX(f), MIN(d), MAX(d) FROM samples;
-- approximate
SELECT SUM(d), AVG(d) FROM samples WHERE d < 1e50;
SELECT MIN(t), MAX(t), MIN(b), MAX(b), MIN(bu), MAX(bu), MIN(dc), MAX(dc) FROM samples;
SELECT MIN(da), MAX(da), MIN(dt), MAX(dt), MIN(ts), MAX(ts), MIN(tm), MAX(tm), MIN(y), MAX(y) FROM samples;
SELECT MIN(e), MAX(e), MIN(e + 0), MAX(e + 0), MIN(st + 0), MAX(st + 0) FROM samples;
SELECT HEX(MIN(bt)), HEX(MAX(bt)), SUM(bt), SUM(bt + 0) FROM samples;
SELECT SUM(y), SUM(e), AVG(e), SUM(st) FROM samples;
SELECT HEX(MIN(bi)), HEX(MAX(bi)), HEX(MAX(bl)), HEX(MIN(bl)) FROM samples;
SELECT MAX(LENGTH(tx)), MIN(CHAR_LENGTH(c)), SUM(LENGTH(vb)) FROM samples;
SELECT COUNT(t), COUNT(c), COUNT(tx), COUNT(bl), COUNT(j), COUNT(bt), COUNT(*) FROM samples;
SELECT COUNT(DISTINCT t), COUNT(DISTINCT b), COUNT(DISTINCT dc), COUNT(DISTINCT f), COUNT(DISTINCT d) FROM samples;
SELECT COUNT(DISTINCT c), COUNT(DISTINCT vb), COUNT(DISTINCT vu), COUNT(DISTINCT vl), COUNT(DISTINCT tx) FROM samples;
SELECT COUNT(DISTINCT da), COUNT(DISTINCT dt), COUNT(DISTINCT tm), COUNT(DISTINCT y), COUNT(DISTINCT e), COUNT(DISTINCT st), COUNT(DISTINCT bt) FROM samples;
SELECT COUNT(DISTINCT bl), COUNT(DISTINCT bi), COUNT(DISTINCT c, vl), COUNT(DISTINCT t, b, d) FROM samples;
SELECT SUM(DISTINCT t), SUM(DISTINCT bu), AVG(DISTINCT dc), SUM(DISTINCT f) FROM samples;
SELECT MAX(name COLLATE utf8mb4_bin), MIN(nick COLLATE utf8mb4_bin) FROM customers WHERE id BETWEEN 20 AND 40;
SELECT COUNT(*), MIN(id), MAX(points), SUM(balance) FROM customers WHERE country = 'GR' AND balance > 0;
SELECT SUM(balance) + SUM(points), SUM(balance + points), SUM(balance) * 2 FROM customers;
SELECT AVG(balance), SUM(balance) / COUNT(balance) = AVG(balance) FROM customers;
SELECT MAX(points) > 100 AND MIN(points) < 0, MAX(points) BETWEEN 1 AND 5 FROM customers;
SELECT IF(COUNT(*) > 50, 'many', 'few'), CONCAT(COUNT(*), ' of ', MAX(id)) FROM customers;
SELECT GREATEST(MAX(points), 5), LEAST(MIN(points), 5, COUNT(*)) FROM customers;
SELECT COUNT(*) FROM customers HAVING COUNT(*) > 10;
-- empty
SELECT COUNT(*) FROM customers HAVING COUNT(*) > 1000;
SELECT MAX(points) m FROM customers HAVING m > 0 AND MIN(points) < 0;
SELECT SUM(points) s FROM customers ORDER BY s;
SELECT COUNT(*) FROM customers LIMIT 1;
-- empty
SELECT COUNT(*) FROM customers LIMIT 1 OFFSET 1;
SELECT DISTINCT COUNT(*) FROM customers;
SELECT 1 FROM customers HAVING COUNT(*) > 0;
SELECT 'total', COUNT(*), 3.5 FROM stock;
SELECT SUM(quantity), SUM(reserved), SUM(quantity) - SUM(reserved), SUM(quantity - CAST(reserved AS SIGNED)) FROM stock;
-- approximate
SELECT SUM(amount), SUM(amount * rate), SUM(rate), AVG(rate) FROM payments;
SELECT SUM(weight), AVG(weight), COUNT(weight) FROM shipments WHERE carrier = 'dhl';
SELECT SUM(took), MAX(took), MIN(took), SEC_TO_TIME(SUM(TIME_TO_SEC(took))) FROM events;
SELECT MIN(at), MAX(at), TIMESTAMPDIFF(DAY, MIN(at), MAX(at)), COUNT(DISTINCT DATE(at)) FROM events;
SELECT COUNT(DISTINCT customer_id), COUNT(customer_id), COUNT(*) FROM events WHERE kind = 'visit';
SELECT MAX(day), MIN(day), SUM(n), DATEDIFF(MAX(day), MIN(day)) FROM daily;
SELECT SUM(price), AVG(price), SUM(cost), AVG(cost), SUM(price - cost) FROM products;
SELECT COUNT(DISTINCT price), COUNT(DISTINCT model), COUNT(DISTINCT category_id, supplier_id) FROM products;
SELECT MIN(model), MAX(model), AVG(model), COUNT(DISTINCT active) FROM products;
SELECT COUNT(*), SUM(percent), AVG(percent), MIN(ends), MAX(ends) FROM coupons WHERE used > 0;
SELECT SUM(salary), AVG(salary), SUM(bonus), MAX(salary) / MIN(NULLIF(salary, 0)) FROM employees;
SELECT SUM(population), AVG(population), SUM(area), COUNT(area), BIT_OR(eu) FROM countries;
SELECT COUNT(*), SUM(capacity), MIN(opens) FROM warehouses;
SELECT (SELECT COUNT(*) FROM orders) + (SELECT COUNT(*) FROM customers) AS both_counts;
SELECT COUNT(*) FROM orders o, customers c;
SELECT COUNT(o.id), COUNT(c.id), COUNT(DISTINCT c.id) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id;
SELECT SUM(i.quantity * i.price) FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.status = 'done';
SELECT COUNT(*) FROM order_items i JOIN products p ON p.id = i.product_id WHERE p.active = 0;
SELECT MAX(x) FROM (SELECT COUNT(*) x FROM orders GROUP BY customer_id) t;
SELECT AVG(x), SUM(x), COUNT(*) FROM (SELECT SUM(total) x FROM orders GROUP BY customer_id HAVING COUNT(*) > 2) t;
SELECT MIN(c) FROM (SELECT COUNT(DISTINCT product_id) c FROM order_items GROUP BY order_id) t;
SELECT SUM((SELECT COUNT(*) FROM order_items i WHERE i.order_id = o.id)) FROM orders o;
SELECT MAX((SELECT MAX(price) FROM order_items i WHERE i.order_id = o.id)) FROM orders o WHERE customer_id = 7;
SELECT COUNT(*), SUM(total) FROM orders WHERE total > (SELECT AVG(total) FROM orders);
SELECT SUM(-total), SUM(+total), -SUM(total), ABS(SUM(-total)) FROM orders;
SELECT SUM(1), SUM(1.5), SUM('2'), SUM(NULL), AVG(1), MAX('x'), MIN(TRUE) FROM orders;
SELECT SUM(id) DIV COUNT(*), SUM(id) MOD 7, MAX(id) % 10, COUNT(*) XOR 0 FROM orders;
-- error: 1111
SELECT id FROM orders WHERE COUNT(*) > 1;
-- error: 1111
SELECT SUM(COUNT(*)) FROM orders;
-- error: 1064
SELECT COUNT(DISTINCT) FROM orders;
-- error: 1064
SELECT SUM(id, total) FROM orders;
-- error: 1690
SELECT SUM(bu) - 18446744073709551616, CAST(18446744073709551615 AS UNSIGNED) + MAX(tu) FROM samples;

-- A quotient has more digits than it shows; a sum of them as well.
SELECT SUM(total / 3), AVG(total / 3), SUM(quantity) FROM orders o JOIN order_items i ON i.order_id = o.id;
SELECT AVG(id / 7), SUM(points / 3) * 1000000, MAX(points / 9) FROM customers;
SELECT level, SUM(points / 3) s FROM customers GROUP BY level HAVING SUM(points / 3) > 1.99999 ORDER BY s, level;
SELECT SUM(x), AVG(x) FROM (SELECT points / 7 x FROM customers) t;
SELECT SUM(ROUND(points / 7, 3)), COUNT(*) FROM customers WHERE points / 2 > 3;
SELECT COUNT(*), SUM(points) FROM customers WHERE id > 1 HAVING SUM(points / 3) > 1.99999;
SELECT level FROM customers WHERE id > 1 GROUP BY level ORDER BY ROUND(SUM(points / 7), 1), level;
SELECT (SELECT SUM(population / 7) FROM countries) * 1000000 x, (SELECT MAX(q) FROM (SELECT price / 7 q FROM products) t) * 1000000 y, t.id FROM tags t WHERE t.id < 3;
