-- mariadb-dump 10.11, recorded: --single-transaction --routines --events --triggers app, then --databases app.

/*!40100 SET @@SQL_MODE='' */;
/*!40103 SET TIME_ZONE='+00:00' */;
-- only: mariadb
/*M!100100 SET @@MAX_STATEMENT_TIME=0.000000 */;
-- only: mariadb
/*M!100100 SET WAIT_TIMEOUT=DEFAULT */;
SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */;
UNLOCK TABLES;
-- only: mariadb
set optimizer_switch='semijoin=off';
-- only: mariadb
SELECT LOGFILE_GROUP_NAME, FILE_NAME, TOTAL_EXTENTS, INITIAL_SIZE, ENGINE, EXTRA FROM INFORMATION_SCHEMA.FILES WHERE FILE_TYPE = 'UNDO LOG' AND FILE_NAME IS NOT NULL AND LOGFILE_GROUP_NAME IS NOT NULL AND LOGFILE_GROUP_NAME IN (SELECT DISTINCT LOGFILE_GROUP_NAME FROM INFORMATION_SCHEMA.FILES WHERE FILE_TYPE = 'DATAFILE' AND TABLESPACE_NAME IN (SELECT DISTINCT TABLESPACE_NAME FROM INFORMATION_SCHEMA.PARTITIONS WHERE TABLE_SCHEMA IN ('app'))) GROUP BY LOGFILE_GROUP_NAME, FILE_NAME, ENGINE, TOTAL_EXTENTS, INITIAL_SIZE ORDER BY LOGFILE_GROUP_NAME;
-- only: mariadb
SELECT DISTINCT TABLESPACE_NAME, FILE_NAME, LOGFILE_GROUP_NAME, EXTENT_SIZE, INITIAL_SIZE, ENGINE FROM INFORMATION_SCHEMA.FILES WHERE FILE_TYPE = 'DATAFILE' AND TABLESPACE_NAME IN (SELECT DISTINCT TABLESPACE_NAME FROM INFORMATION_SCHEMA.PARTITIONS WHERE TABLE_SCHEMA IN ('app')) ORDER BY TABLESPACE_NAME, LOGFILE_GROUP_NAME;
-- only: mariadb
set optimizer_switch=default;
USE `app`;
SAVEPOINT sp;
SHOW FULL TABLES;
SELECT engine, table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = DATABASE() AND table_name = 'country';
SET SQL_QUOTE_SHOW_CREATE=1;
SET SESSION character_set_results = 'binary';
show create table `country`;
SET SESSION character_set_results = 'utf8mb4';
select column_name, extra, generation_expression, data_type from information_schema.columns where table_schema=database() and table_name='country' order by ordinal_position;
SELECT /*!40001 SQL_NO_CACHE */ `code`, `name` FROM `country`;
select @@collation_database;
SELECT TRIGGER_NAME FROM INFORMATION_SCHEMA.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'country';
ROLLBACK TO SAVEPOINT sp;
SELECT engine, table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = DATABASE() AND table_name = 'customers';
show create table `customers`;
select column_name, extra, generation_expression, data_type from information_schema.columns where table_schema=database() and table_name='customers' order by ordinal_position;
SELECT /*!40001 SQL_NO_CACHE */ `id`, `name`, `email`, `born`, `credit`, `kind`, `seen`, `notes` FROM `customers`;
SELECT TRIGGER_NAME FROM INFORMATION_SCHEMA.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'customers';
SELECT engine, table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = DATABASE() AND table_name = 'orders';
show create table `orders`;
select column_name, extra, generation_expression, data_type from information_schema.columns where table_schema=database() and table_name='orders' order by ordinal_position;
SELECT /*!40001 SQL_NO_CACHE */ `customer_id`, `id`, `total` FROM `orders`;
SELECT TRIGGER_NAME FROM INFORMATION_SCHEMA.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'orders';
SELECT engine, table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = DATABASE() AND table_name = 'rich';
-- labels: a view as it was written; a server writes it anew
show create table `rich`;
-- unlike: the default that MariaDB makes up for columns of views
SHOW FIELDS FROM `rich`;
SELECT TRIGGER_NAME FROM INFORMATION_SCHEMA.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = 'rich';
RELEASE SAVEPOINT sp;
show events;
SHOW FUNCTION STATUS WHERE Db = 'app';
SHOW PROCEDURE STATUS WHERE Db = 'app';
-- only: mariadb
SHOW PACKAGE STATUS WHERE Db = 'app';
-- only: mariadb
SHOW PACKAGE BODY STATUS WHERE Db = 'app';
SHOW CREATE TABLE `country`;
SHOW CREATE TABLE `customers`;
SHOW CREATE TABLE `orders`;
-- labels: a view as it was written; a server writes it anew
SHOW CREATE TABLE `rich`;
-- unlike: the definer's host
SELECT CHECK_OPTION, DEFINER, SECURITY_TYPE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION FROM information_schema.views WHERE table_name='rich' AND table_schema='app';
-- unlike: its clauses for groups
SHOW CREATE DATABASE IF NOT EXISTS `app`;
