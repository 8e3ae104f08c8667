-- Django 5 with PyMySQL, recorded: connecting, inspectdb, get_constraints, get_sequences, get_relations.

SET NAMES utf8mb4;
SET AUTOCOMMIT = 0;
SET AUTOCOMMIT = 1;
-- shape: of the server
SELECT VERSION(), @@sql_mode, @@default_storage_engine, @@sql_auto_is_null, @@lower_case_table_names, CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL;
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT table_name, table_type, table_comment FROM information_schema.tables WHERE table_schema = DATABASE();
SELECT column_name, referenced_column_name, referenced_table_name FROM information_schema.key_column_usage WHERE table_name = 'country' AND table_schema = DATABASE() AND referenced_table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND referenced_column_name IS NOT NULL;
SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c WHERE kc.table_schema = DATABASE() AND ( kc.referenced_table_schema = DATABASE() OR kc.referenced_table_schema IS NULL ) AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND c.constraint_type != 'CHECK' AND kc.table_name = 'country' ORDER BY kc.`ordinal_position`;
-- only: mariadb
SELECT c.constraint_name AS column_name FROM information_schema.check_constraints AS c WHERE c.table_name = 'country' AND LOWER(c.check_clause) = 'json_valid(`' + LOWER(c.constraint_name) + '`)' AND c.constraint_schema = DATABASE();
SELECT table_collation FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'country';
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = 'latin1_swedish_ci' THEN NULL ELSE collation_name END AS collation_name, CASE WHEN column_type LIKE '% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_name = 'country' AND table_schema = DATABASE();
SELECT * FROM `country` LIMIT 1;
-- only: mariadb
SELECT c.constraint_name, c.check_clause FROM information_schema.check_constraints AS c WHERE c.constraint_schema = DATABASE() AND c.table_name = 'country';
SHOW INDEX FROM `country`;
SELECT column_name, referenced_column_name, referenced_table_name FROM information_schema.key_column_usage WHERE table_name = 'customers' AND table_schema = DATABASE() AND referenced_table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND referenced_column_name IS NOT NULL;
SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c WHERE kc.table_schema = DATABASE() AND ( kc.referenced_table_schema = DATABASE() OR kc.referenced_table_schema IS NULL ) AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND c.constraint_type != 'CHECK' AND kc.table_name = 'customers' ORDER BY kc.`ordinal_position`;
-- only: mariadb
SELECT c.constraint_name AS column_name FROM information_schema.check_constraints AS c WHERE c.table_name = 'customers' AND LOWER(c.check_clause) = 'json_valid(`' + LOWER(c.constraint_name) + '`)' AND c.constraint_schema = DATABASE();
SELECT table_collation FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'customers';
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = 'latin1_swedish_ci' THEN NULL ELSE collation_name END AS collation_name, CASE WHEN column_type LIKE '% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_name = 'customers' AND table_schema = DATABASE();
-- unlike: any one of the rows
SELECT * FROM `customers` LIMIT 1;
-- only: mariadb
SELECT c.constraint_name, c.check_clause FROM information_schema.check_constraints AS c WHERE c.constraint_schema = DATABASE() AND c.table_name = 'customers';
SHOW INDEX FROM `customers`;
SELECT column_name, referenced_column_name, referenced_table_name FROM information_schema.key_column_usage WHERE table_name = 'orders' AND table_schema = DATABASE() AND referenced_table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND referenced_column_name IS NOT NULL;
SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c WHERE kc.table_schema = DATABASE() AND ( kc.referenced_table_schema = DATABASE() OR kc.referenced_table_schema IS NULL ) AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND c.constraint_type != 'CHECK' AND kc.table_name = 'orders' ORDER BY kc.`ordinal_position`;
-- only: mariadb
SELECT c.constraint_name AS column_name FROM information_schema.check_constraints AS c WHERE c.table_name = 'orders' AND LOWER(c.check_clause) = 'json_valid(`' + LOWER(c.constraint_name) + '`)' AND c.constraint_schema = DATABASE();
SELECT table_collation FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'orders';
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = 'latin1_swedish_ci' THEN NULL ELSE collation_name END AS collation_name, CASE WHEN column_type LIKE '% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_name = 'orders' AND table_schema = DATABASE();
SELECT * FROM `orders` LIMIT 1;
-- only: mariadb
SELECT c.constraint_name, c.check_clause FROM information_schema.check_constraints AS c WHERE c.constraint_schema = DATABASE() AND c.table_name = 'orders';
SHOW INDEX FROM `orders`;
SELECT column_name, referenced_column_name, referenced_table_name FROM information_schema.key_column_usage WHERE table_name = 'rich' AND table_schema = DATABASE() AND referenced_table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND referenced_column_name IS NOT NULL;
SELECT kc.`constraint_name`, kc.`column_name`, kc.`referenced_table_name`, kc.`referenced_column_name`, c.`constraint_type` FROM information_schema.key_column_usage AS kc, information_schema.table_constraints AS c WHERE kc.table_schema = DATABASE() AND ( kc.referenced_table_schema = DATABASE() OR kc.referenced_table_schema IS NULL ) AND c.table_schema = kc.table_schema AND c.constraint_name = kc.constraint_name AND c.constraint_type != 'CHECK' AND kc.table_name = 'rich' ORDER BY kc.`ordinal_position`;
-- only: mariadb
SELECT c.constraint_name AS column_name FROM information_schema.check_constraints AS c WHERE c.table_name = 'rich' AND LOWER(c.check_clause) = 'json_valid(`' + LOWER(c.constraint_name) + '`)' AND c.constraint_schema = DATABASE();
SELECT table_collation FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'rich';
-- labels: columns of views are not there
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, extra, column_default, CASE WHEN collation_name = NULL THEN NULL ELSE collation_name END AS collation_name, CASE WHEN column_type LIKE '% unsigned' THEN 1 ELSE 0 END AS is_unsigned, column_comment FROM information_schema.columns WHERE table_name = 'rich' AND table_schema = DATABASE();
-- only: mariadb
SELECT c.constraint_name, c.check_clause FROM information_schema.check_constraints AS c WHERE c.constraint_schema = DATABASE() AND c.table_name = 'rich';
SHOW INDEX FROM `rich`;
SELECT engine FROM information_schema.tables WHERE table_name = 'customers' AND table_schema = DATABASE();
SELECT engine FROM information_schema.tables WHERE table_name = 'orders' AND table_schema = DATABASE();
SELECT engine FROM information_schema.tables WHERE table_name = 'country' AND table_schema = DATABASE();
-- only: mysql
SELECT cc.constraint_name, cc.check_clause FROM information_schema.check_constraints AS cc, information_schema.table_constraints AS tc WHERE cc.constraint_schema = DATABASE() AND tc.table_schema = cc.constraint_schema AND cc.constraint_name = tc.constraint_name AND tc.constraint_type = 'CHECK' AND tc.table_name = 'customers';
SELECT 1 FROM mysql.time_zone LIMIT 1;
