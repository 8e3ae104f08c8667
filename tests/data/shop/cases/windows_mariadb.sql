-- Window functions that only MariaDB has.

SELECT DISTINCT MEDIAN(total) OVER (PARTITION BY status) m, status FROM orders;
SELECT DISTINCT customer_id, MEDIAN(total) OVER (PARTITION BY customer_id) FROM orders WHERE customer_id < 20;
SELECT DISTINCT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY total) OVER (PARTITION BY status) p, status FROM orders;
SELECT DISTINCT PERCENTILE_DISC(0.9) WITHIN GROUP (ORDER BY total) OVER () p FROM orders;
SELECT id, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY points DESC) OVER (PARTITION BY level) p FROM customers ORDER BY id;
SELECT DISTINCT warehouse_id, MEDIAN(quantity) OVER (PARTITION BY warehouse_id) m FROM stock ORDER BY warehouse_id;
