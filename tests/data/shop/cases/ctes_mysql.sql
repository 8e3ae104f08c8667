-- WITH queries on MySQL, which opens a temporary table once in a statement.

-- Without the COLLATE it is refused: a literal gives way to another collation, the column that it is stored in does not.
WITH w AS (SELECT 'A' COLLATE utf8mb4_unicode_ci c FROM orders) SELECT COUNT(*) FROM samples s JOIN w ON s.vu = w.c JOIN w x ON x.c = s.vu;
-- error: 1267
WITH w AS (SELECT vu, c FROM samples) SELECT COUNT(*) FROM w JOIN orders o ON o.id = 1001 WHERE w.vu = w.c;
-- MySQL does not look for the columns of a WITH query that nothing reads.
WITH u AS (SELECT o.nothing FROM orders o JOIN customers c ON c.id = o.total) SELECT p.id, g.label FROM products p JOIN tags g ON g.id = p.id + 1 ORDER BY p.id;
WITH t AS (SELECT o.nothing n FROM orders o JOIN customers c ON c.id = o.total), u AS (SELECT a.n FROM t a JOIN t b ON a.n = b.n) SELECT p.id, g.label FROM products p JOIN tags g ON g.id = p.id + 1 ORDER BY p.id;
