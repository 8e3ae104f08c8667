-- Numbers: arithmetic, rounding, overflow, casts, over several tables.

SELECT id, total + 1, total - 0.5, total * 2, total / 3, -total, total DIV 7, total MOD 7, total % 2.5 FROM orders WHERE customer_id = 1;
SELECT id, ROUND(total), ROUND(total, 1), ROUND(total, -2), TRUNCATE(total, 1), FLOOR(total), CEILING(total), SIGN(total - 100) FROM orders WHERE customer_id = 25;
SELECT id, total / 0, total % 0, total DIV 0, 0 / total FROM orders WHERE id < 1010;
SELECT id, total * discount / 100, total - total * COALESCE(discount, 0) / 100, ROUND(total * discount / 100, 2) FROM orders WHERE discount IS NOT NULL AND customer_id < 20;
SELECT id, POW(id % 5, 2), SQRT(total), EXP(0), LN(1), LOG10(100), LOG2(8), ABS(-total) FROM orders WHERE id BETWEEN 1002 AND 1007;
SELECT id, id & 7, id | 1, id ^ 5, id << 2, id >> 3, ~id & 255, BIT_COUNT(id) FROM orders WHERE customer_id = 7;
SELECT id, id + 0.5, id * 1.10, id / 7, id + 1e0, CAST(id AS DECIMAL(10,3)), CAST(id AS UNSIGNED) FROM tags;
SELECT id, CAST(total AS SIGNED), CAST(total AS DECIMAL(6,1)), CAST(total AS CHAR), CONVERT(total, UNSIGNED), CAST(total AS DOUBLE) FROM orders WHERE id < 1012;
SELECT order_id, SUM(quantity * price), SUM(quantity) * MAX(price), AVG(price) * COUNT(*), SUM(price) / SUM(quantity) FROM order_items GROUP BY order_id HAVING COUNT(*) > 2;
SELECT p.id, p.price - p.cost, (p.price - p.cost) / p.price * 100, ROUND((p.price - p.cost) / NULLIF(p.price, 0), 4) FROM products p ORDER BY p.id;
SELECT p.id, p.weight * 1000, p.weight + 0, ROUND(p.weight, 1), FLOOR(p.weight), p.weight * SUM(i.quantity) FROM products p JOIN order_items i ON i.product_id = p.id GROUP BY p.id, p.weight;
SELECT p.id, SUM(s.quantity) * p.price v, SUM(s.quantity * p.cost) c FROM products p JOIN stock s ON s.product_id = p.id GROUP BY p.id, p.price ORDER BY v DESC, p.id LIMIT 10;
SELECT o.id, o.total, SUM(p.amount), o.total - SUM(p.amount), SUM(p.amount) / o.total FROM orders o JOIN payments p ON p.order_id = o.id GROUP BY o.id, o.total HAVING o.total <> SUM(p.amount);
SELECT o.id, p.amount * p.rate, p.amount / p.rate, CAST(p.amount AS DECIMAL(10,2)) FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.rate > 1 ORDER BY o.id LIMIT 12;
SELECT e.id, e.salary * 12, e.salary + e.bonus, e.salary * 12 + COALESCE(e.bonus, 0), e.bonus / 3 FROM employees e WHERE e.id < 12;
SELECT w.id, SUM(s.quantity) / w.capacity, SUM(s.quantity) DIV w.capacity, w.capacity - SUM(s.quantity) FROM warehouses w JOIN stock s ON s.warehouse_id = w.id GROUP BY w.id, w.capacity;
SELECT x.code, x.population / x.area, ROUND(x.population / x.area), x.population DIV 1000000, x.area * 0.386 FROM countries x WHERE x.area > 200000;
SELECT t, t + 1, -t, t * 2, ABS(t), t % 3, t / 2, ~t FROM samples WHERE id < 12;
SELECT tu, tu + 1, tu * 2, -tu, tu / 3, tu << 1 FROM samples WHERE id < 12;
SELECT b, b / 2, -(b DIV 3), b % 10, b * 0.5, b & 255 FROM samples WHERE b > -10;
SELECT bu, bu / 2, bu DIV 3, bu % 10, bu & 255, bu >> 60 FROM samples WHERE bu IS NOT NULL;
SELECT dc, dc + 1, dc * 2, dc / 3, ROUND(dc, 3), FLOOR(dc), CAST(dc AS SIGNED), dc + 0e0 FROM samples WHERE ABS(dc) < 100;
SELECT dc, dc + 1, ROUND(dc, 2), TRUNCATE(dc, 0), -dc FROM samples WHERE ABS(dc) > 100;
SELECT f, f * 2, f / 4, ROUND(f, 1), CAST(f AS DECIMAL(10,2)), CAST(f AS SIGNED), f = 1.5, -f FROM samples;
SELECT d, d * 2, ROUND(d, 2), d / 1e10, FORMAT(d, 3), d > 1e99 FROM samples WHERE d IS NOT NULL;
SELECT m, m + s, m * s, s - m, m DIV 7, m % 7 FROM samples WHERE id < 20;
SELECT iu, iu + 1, iu * 2, iu DIV 1000, HEX(iu), CONV(iu, 10, 36) FROM samples WHERE id < 15;
SELECT bt + 0, bt * 2, bt | 1, HEX(bt), BIN(bt), bt + tu FROM samples WHERE id < 15;
SELECT y + t, y * 2, e + st, e * 1.5, st / 2 FROM samples WHERE id < 15 AND e IS NOT NULL;
SELECT c + 0, vb + 1, vu * 2, vl / 2 FROM samples WHERE c IN ('10', '9', '-1');
SELECT SUM(t * s), AVG(t + m), MAX(t - s), MIN(m * 1.5) FROM samples;
SELECT GREATEST(t, tu, s), LEAST(b, m), GREATEST(bu, b), LEAST(dc, f), GREATEST(d, t) FROM samples WHERE id < 25;
SELECT id FROM samples WHERE t + s > 100 AND b * 0.5 < 100 AND b > -100;
SELECT id FROM samples WHERE dc * 2 = 3 OR dc / 2 = 0.75 OR dc + dc = 4.5;
SELECT a.id, b.id, a.t + b.s FROM samples a JOIN samples b ON a.t + b.s = 8 WHERE a.id < 30;
SELECT quantity * price > 100 AND quantity BETWEEN 2 AND 3 k, COUNT(*), SUM(quantity * price) FROM order_items GROUP BY k;
SELECT SUM(quantity * price) * 1.24, SUM(quantity * price * 1.24), ROUND(SUM(quantity * price) * 1.24, 2), SUM(ROUND(price * 1.24, 2)) FROM order_items;
SELECT COUNT(*) * 100.0 / (SELECT COUNT(*) FROM orders), AVG(total) / MAX(total), SUM(total) / 7 FROM orders WHERE status = 'done';
SELECT 1 / 3, 1.0 / 3, 1e0 / 3, 10 DIV 3, -10 DIV 3, -10 % 3, 5.5 % 2, 0.1 + 0.2, 1.10 * 1.10, 2 IS NULL FROM tags WHERE FALSE OR id = 2;
SELECT 7 / 2, 7 DIV 2, 7 % 2, 7.0 / 2, 0.1 + 0.2 = 0.3, 1e0 * 0.1 + 0.2, 3 - 5, 1 - 1.0 FROM tags WHERE id = 1;
SELECT 9223372036854775807 + 0, 18446744073709551615, -9223372036854775808, 99999999999999999999, 1.000000000000000000001 FROM tags WHERE id = 1;
SELECT x'ff' + 0, 0x10, b'111' + 0, TRUE + TRUE, '12abc' = 12, NULL + 1, CAST('42' AS SIGNED) FROM tags WHERE id = 1;
SELECT PI(), RADIANS(180), DEGREES(PI()), SIN(0), COS(0), ATAN2(1, 1), MOD(234, 10), CRC32('shop') FROM tags WHERE id = 1;
SELECT id, RAND(5) >= 0, FLOOR(id / 5), id BETWEEN 2.5 AND 4.5, id IN (1.0, '2', 3e0) FROM tags;
SELECT id, (id > 3) + (id > 6) * 2, id > 3 > 0, NOT id = 3, -id + -1, - - id, 5 - -id FROM tags;
SELECT id FROM customers WHERE balance * 100 % 2 = 1 OR balance < -50.2;
SELECT c.id, c.balance - IFNULL(SUM(o.total), 0) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.balance ORDER BY 2, 1 LIMIT 10;
SELECT c.id, c.points + COUNT(o.id) * 10 - COALESCE(t.orders, 0) p FROM customers c LEFT JOIN orders o ON o.customer_id = c.id LEFT JOIN totals t ON t.customer_id = c.id GROUP BY c.id, c.points, t.orders ORDER BY p DESC, c.id LIMIT 10;
-- error: 1690
SELECT b + 9223372036854775807 FROM samples WHERE b > 0;
-- error: 1690
SELECT id, bu * 2 FROM samples;
-- error: 1690
SELECT EXP(id) FROM orders;
-- error: 1690
SELECT CAST(id AS UNSIGNED) - 50 FROM tags;
