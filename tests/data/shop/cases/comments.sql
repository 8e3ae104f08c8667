-- Comments inside statements, and version comments, which are code on some servers.

SELECT id FROM customers WHERE id = 7 /* OR id = 8 */;
SELECT id FROM customers WHERE id = 7 /*!50000 OR id = 8 */;
SELECT id FROM customers WHERE id IN (7, 8) /*!999999 AND id = 7 */;
SELECT id FROM customers WHERE id = 7 -- OR id = 8
;
SELECT id FROM customers WHERE id = 7 # OR id = 8
OR id = 9;
SELECT id FROM customers WHERE id = 7 --1;
SELECT id FROM customers WHERE id = 4--3;
SELECT id, '/* no comment */' c, "-- none" d, '# none' e FROM tags WHERE id = 1;
SELECT /*! STRAIGHT_JOIN */ o.id, i.line FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 25;
SELECT o.id /*!50000 , i.line */ FROM orders o JOIN order_items i ON i.order_id = o.id WHERE o.customer_id = 25;
SELECT /* a */ COUNT(*) /* b */ FROM /* c */ orders /* d */ o /* e */ JOIN /* f */ order_items i /* g */ ON /* h */ i.order_id = o.id /* i */;
SELECT/**/id/**/FROM/**/tags/**/WHERE/**/id=3;
/* before */ SELECT id FROM tags WHERE id < 3 /* after */;
/*!50000 SELECT id FROM tags WHERE id < 3 */;
SELECT id FROM tags /*!50000 WHERE id < 3 */ ORDER BY id /*!50000 DESC */ LIMIT 5;
SELECT /*+ NO_SUCH_HINT() */ COUNT(*) FROM orders;
SELECT id FROM customers WHERE level = 'gold' /* it's "quoted" ` */ AND points > 10;
SELECT status, COUNT(*) FROM orders /*! GROUP BY status */;
SELECT id FROM tags WHERE id IN (SELECT tag_id FROM product_tags /* WHERE product_id = 1 */ WHERE product_id = 5 /* ; */);
SELECT id FROM tags WHERE label = 'new' /*
several lines -- of it
# here */ OR id = 2;
UPDATE customers SET points = 1 /* , points = 2 */ WHERE id = 7 /*! OR id = 8 */;
UPDATE customers /* c */ SET /* d */ points = /* e */ 5 -- f
WHERE id = 9;
DELETE /* all? */ FROM tags /* no */ WHERE id = 1 /* only */;
DELETE FROM tags WHERE id < 5 /*!50000 AND id > 3 */;
INSERT INTO tags /* (id) */ (id, label) VALUES (100, 'a') /* , (101, 'b') */, (102, '/*c*/');
INSERT /*! IGNORE */ INTO tags VALUES (1, 'dup'), (100, 'x');
INSERT INTO archive (order_id) /* from */ SELECT id FROM orders WHERE customer_id = 1 /*! OR customer_id = 25 */;
UPDATE orders SET total = total + 1 WHERE customer_id = 1 /*!50000 OR customer_id = 25 AND */ total > 3 ORDER BY id LIMIT 2;
DELETE FROM reviews WHERE rating > 1 /*!50000 AND rating < 4 OR */ helpful = 3 ORDER BY author, product_id /*! LIMIT 2 */;
-- error: 1064
SELECT id FROM tags /* never closed;
-- error: 1064
SELECT id FROM tags */ WHERE id = 1;
