-- Hibernate 6 by Connector/J 9: connecting, DatabaseMetaData with and without useInformationSchema, schema validation.

-- shape: of the server
SELECT @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results, @@character_set_server AS character_set_server, @@collation_server AS collation_server, @@collation_connection AS collation_connection, @@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@sql_mode AS sql_mode, @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@wait_timeout AS wait_timeout;
SET character_set_results = NULL;
SET sql_mode='STRICT_TRANS_TABLES';
SHOW WARNINGS;
-- app rows
SHOW DATABASES;
SHOW FULL TABLES FROM `app` LIKE '%';
SHOW FULL COLUMNS FROM `customers` FROM `app` LIKE '%';
SHOW KEYS FROM `customers` FROM `app` WHERE Key_name = 'PRIMARY';
-- unlike: Cardinality
SHOW INDEX FROM `customers` FROM `app`;
SHOW CREATE TABLE `app`.`customers`;
SHOW TABLE STATUS FROM `app`;
SELECT TABLE_SCHEMA AS TABLE_CAT, NULL AS TABLE_SCHEM, TABLE_NAME, CASE WHEN TABLE_TYPE='BASE TABLE' THEN CASE WHEN TABLE_SCHEMA = 'mysql' OR TABLE_SCHEMA = 'performance_schema' THEN 'SYSTEM TABLE' ELSE 'TABLE' END WHEN TABLE_TYPE='TEMPORARY' THEN 'LOCAL_TEMPORARY' ELSE TABLE_TYPE END AS TABLE_TYPE, TABLE_COMMENT AS REMARKS, NULL AS TYPE_CAT FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME LIKE '%' HAVING TABLE_TYPE IN ('TABLE', 'VIEW') ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME;
SELECT ROUTINE_SCHEMA AS PROCEDURE_CAT, NULL AS PROCEDURE_SCHEM, ROUTINE_NAME AS PROCEDURE_NAME, ROUTINE_COMMENT AS REMARKS FROM INFORMATION_SCHEMA.ROUTINES WHERE ROUTINE_SCHEMA = 'app' ORDER BY 1, 3;
SELECT SPECIFIC_SCHEMA AS PROCEDURE_CAT, SPECIFIC_NAME AS PROCEDURE_NAME, IFNULL(PARAMETER_NAME, '') AS COLUMN_NAME, ORDINAL_POSITION FROM INFORMATION_SCHEMA.PARAMETERS WHERE SPECIFIC_SCHEMA = 'app' ORDER BY 1, 2, 4;
SELECT @@session.transaction_read_only;
-- only: mysql
SELECT @@session.transaction_isolation;
-- only: mysql
SELECT WORD FROM INFORMATION_SCHEMA.KEYWORDS WHERE RESERVED = 1 ORDER BY WORD;
SET SESSION TRANSACTION READ WRITE;
SELECT CONSTRAINT_NAME, TABLE_NAME, CONSTRAINT_TYPE FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = 'app' ORDER BY 2, 1;
