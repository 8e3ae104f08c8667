-- WITH queries in forms of which MySQL cannot gather all.

-- In parentheses, in a statement that the planner does not read.
WITH w AS ((SELECT customer_id c, total t FROM orders)) SELECT COUNT(*) FROM w WHERE (w.t >= ALL ((SELECT t FROM w a) UNION ALL SELECT MAX(percent) FROM coupons GROUP BY starts));
