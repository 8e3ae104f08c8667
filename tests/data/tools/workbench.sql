-- MySQL Workbench 8, written by hand after its source and documentation, not recorded: connecting, the schema tree, the server's status and its client connections.

SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SET CHARACTER SET utf8mb4;
SET NAMES utf8mb4;
SET SQL_SAFE_UPDATES=1;
-- shape: of the server
SELECT CONNECTION_ID();
SHOW SESSION STATUS LIKE 'Ssl_cipher';
USE `app`;
set autocommit=1;
SELECT DATABASE();
SHOW SESSION VARIABLES LIKE 'lower_case_table_names';
SHOW SESSION VARIABLES LIKE 'sql_mode';
-- shape: of the server
SHOW VARIABLES LIKE 'version_comment';
-- app rows
SHOW DATABASES;
SHOW FULL TABLES FROM `app`;
SHOW PROCEDURE STATUS WHERE Db='app';
SHOW FUNCTION STATUS WHERE Db='app';
SHOW FULL COLUMNS FROM `app`.`customers`;
-- unlike: Cardinality
SHOW INDEXES FROM `app`.`customers`;
SHOW TRIGGERS FROM `app` LIKE 'customers';
SELECT name, type FROM (SELECT TABLE_NAME name, TABLE_TYPE type FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'app') x ORDER BY name;
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE CONSTRAINT_SCHEMA = 'app' AND REFERENCED_TABLE_NAME IS NOT NULL;
SHOW TABLE STATUS FROM `app`;
SHOW CREATE TABLE `app`.`customers`;
-- unlike: its clauses for groups
SHOW CREATE DATABASE `app`;
SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = 'app';
-- shape: of the server
SHOW GLOBAL STATUS;
-- shape: of the server
SHOW GLOBAL VARIABLES;
SHOW PLUGINS;
SHOW ENGINES;
SHOW CHARACTER SET;
SHOW COLLATION WHERE Charset = 'utf8mb4';
SHOW EVENTS FROM `app`;
-- only: mysql
SHOW REPLICA STATUS;
-- only: mysql
-- shape: of the server
SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_status;
-- only: mysql
-- shape: of the server
SELECT VARIABLE_NAME, VARIABLE_VALUE FROM performance_schema.global_variables;
-- only: mysql
SELECT VARIABLE_VALUE FROM performance_schema.session_variables WHERE VARIABLE_NAME = 'sql_safe_updates';
-- only: mysql
-- shape: of the server
SELECT * FROM sys.version;
-- shape: of the server
SELECT ID, USER, HOST, DB, COMMAND, TIME, STATE, INFO FROM information_schema.PROCESSLIST;
-- only: mysql
-- refused: performance_schema
SELECT * FROM performance_schema.threads;
-- refused: SHOW ENGINE
SHOW ENGINE INNODB STATUS;
