-- WITH queries on MySQL, which opens a temporary table once in a statement.

-- Without the COLLATE it is refused: a literal gives way to another collation, the column that it is stored in does not.
WITH w AS (SELECT 'A' COLLATE utf8mb4_unicode_ci c FROM orders) SELECT COUNT(*) FROM samples s JOIN w ON s.vu = w.c JOIN w x ON x.c = s.vu;
-- error: 1267
WITH w AS (SELECT vu, c FROM samples) SELECT COUNT(*) FROM w JOIN orders o ON o.id = 1001 WHERE w.vu = w.c;
