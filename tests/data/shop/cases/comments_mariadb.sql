-- Version comments that only MariaDB reads, and comments as MariaDB nests them.

SELECT id FROM customers WHERE id = 7 /*M! OR id = 8 */;
SELECT id FROM customers WHERE id = 7 /*M!100000 OR id = 8 */ /*M!990000 OR id = 9 */;
SELECT id FROM customers WHERE id = 7 /*!100100 OR id = 8 */ ORDER BY id DESC;
UPDATE customers SET points = 1 WHERE id = 7 /*M! OR id = 8 */;
DELETE FROM tags WHERE id = 1 /*M!100000 OR id = 2 */;
