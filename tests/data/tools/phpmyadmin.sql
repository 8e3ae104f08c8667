-- phpMyAdmin 5.2, written by hand after its source and documentation, not recorded: login, navigation, a table's pages, and the server's pages.

-- shape: of the server
SELECT @@version, @@version_comment;
SET NAMES 'utf8mb4' COLLATE 'utf8mb4_unicode_ci';
SET lc_messages = 'en_US';
-- shape: of the server
SELECT CURRENT_USER();
SELECT 1 FROM information_schema.SCHEMATA LIMIT 1;
SHOW SESSION VARIABLES LIKE 'lower_case_table_names';
SELECT `CHARACTER_SET_NAME` AS `Charset`, `DEFAULT_COLLATE_NAME` AS `Default collation`, `DESCRIPTION` AS `Description`, `MAXLEN` AS `Maxlen` FROM `information_schema`.`CHARACTER_SETS`;
SELECT `COLLATION_NAME` AS `Collation`, `CHARACTER_SET_NAME` AS `Charset`, `ID` AS `Id`, `IS_DEFAULT` AS `Default`, `IS_COMPILED` AS `Compiled`, `SORTLEN` AS `Sortlen` FROM `information_schema`.`COLLATIONS`;
-- app rows
SELECT `SCHEMA_NAME` FROM `INFORMATION_SCHEMA`.`SCHEMATA`;
-- app rows
SELECT `SCHEMA_NAME` FROM `INFORMATION_SCHEMA`.`SCHEMATA`, (SELECT DB_first_level FROM ( SELECT DISTINCT SUBSTRING_INDEX(SCHEMA_NAME, '_', 1) DB_first_level FROM INFORMATION_SCHEMA.SCHEMATA WHERE TRUE ) t ORDER BY DB_first_level ASC LIMIT 0, 100) t2 WHERE TRUE AND 1 = LOCATE(CONCAT(DB_first_level, '_'), CONCAT(SCHEMA_NAME, '_')) ORDER BY SCHEMA_NAME ASC;
SELECT COUNT(*) FROM `INFORMATION_SCHEMA`.`TABLES` WHERE `TABLE_SCHEMA`='app' AND `TABLE_TYPE` IN('BASE TABLE', 'SYSTEM VERSIONED');
SELECT `TABLE_NAME` AS `name` FROM `INFORMATION_SCHEMA`.`TABLES` WHERE `TABLE_SCHEMA`='app' AND `TABLE_TYPE` NOT IN('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY `TABLE_NAME` ASC LIMIT 0, 50;
SELECT `TABLE_NAME` FROM `INFORMATION_SCHEMA`.`TABLES` WHERE `TABLE_SCHEMA`='app' AND `TABLE_NAME`='customers';
SELECT COUNT(*) FROM `INFORMATION_SCHEMA`.`ROUTINES` WHERE `ROUTINE_SCHEMA`='app' AND `ROUTINE_TYPE`='FUNCTION';
SELECT COUNT(*) FROM `INFORMATION_SCHEMA`.`EVENTS` WHERE `EVENT_SCHEMA`='app';
SELECT *, `TABLE_SCHEMA` AS `Db`, `TABLE_NAME` AS `Name`, `TABLE_TYPE` AS `TABLE_TYPE`, `ENGINE` AS `Engine`, `TABLE_ROWS` AS `Rows`, `TABLE_COLLATION` AS `Collation`, `TABLE_COMMENT` AS `Comment` FROM `information_schema`.`TABLES` t WHERE `TABLE_SCHEMA` IN ('app') ORDER BY Name ASC;
SHOW OPEN TABLES FROM `app` WHERE In_use > 0;
SHOW TABLE STATUS FROM `app`;
SHOW TABLES FROM `app`;
SHOW FULL COLUMNS FROM `app`.`customers`;
-- unlike: Cardinality
SHOW INDEXES FROM `app`.`customers`;
-- unlike: Cardinality
SHOW KEYS FROM `customers`;
SHOW CREATE TABLE `app`.`customers`;
SELECT CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'app';
SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'customers';
SELECT 1 FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'customers' AND IS_UPDATABLE = 'YES';
SELECT * FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = 'app' AND EVENT_OBJECT_TABLE = 'customers';
SHOW TRIGGERS FROM `app`;
SHOW EVENTS FROM `app`;
SELECT PARTITION_NAME, PARTITION_METHOD FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA = 'app' AND TABLE_NAME = 'customers';
SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'app' LIMIT 1;
SELECT `ENGINE` FROM `information_schema`.`tables` WHERE `table_name` = 'customers' AND `table_schema` = 'app';
-- shape: of the server
SELECT * FROM information_schema.PLUGINS ORDER BY PLUGIN_TYPE, PLUGIN_NAME;
SHOW STORAGE ENGINES;
SHOW GLOBAL VARIABLES LIKE 'event_scheduler';
SHOW GLOBAL VARIABLES WHERE Variable_name='lower_case_table_names';
SHOW GLOBAL STATUS WHERE Variable_name='no_such_status';
-- shape: of the server
SELECT * FROM `INFORMATION_SCHEMA`.`PROCESSLIST` ORDER BY TIME DESC;
-- only: mariadb
SHOW MASTER STATUS;
-- only: mariadb
SHOW SLAVE STATUS;
-- only: mariadb
SHOW ALL SLAVES STATUS;
-- only: mariadb
SHOW SLAVE HOSTS;
-- only: mariadb
SHOW MASTER LOGS;
SHOW TABLES LIKE 'cust%';
SHOW DATABASES LIKE 'app';
-- shape: of what a node has
SHOW TABLES FROM `information_schema`;
SHOW FULL COLUMNS FROM `information_schema`.`SCHEMATA`;
SHOW INDEX FROM `information_schema`.`SCHEMATA`;
-- refused: information_schema.PROFILING
SELECT seq,state,duration FROM INFORMATION_SCHEMA.PROFILING WHERE QUERY_ID=1 ORDER BY seq;
