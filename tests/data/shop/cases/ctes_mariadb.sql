-- WITH queries in forms of which MySQL cannot gather all.

-- In parentheses, in a statement that the planner does not read.
WITH w AS ((SELECT customer_id c, total t FROM orders)) SELECT COUNT(*) FROM w WHERE (w.t >= ALL ((SELECT t FROM w a) UNION ALL SELECT MAX(percent) FROM coupons GROUP BY starts));
-- error: 1054
WITH u AS (SELECT o.nothing FROM orders o JOIN customers c ON c.id = o.total) SELECT p.id, g.label FROM products p JOIN tags g ON g.id = p.id + 1 ORDER BY p.id;
