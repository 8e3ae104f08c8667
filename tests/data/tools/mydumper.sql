-- mydumper 0.10, recorded: --no-locks --triggers --events --routines, then --trx-consistency-only. Without --no-locks it goes no further than its lock.

SET SESSION wait_timeout = 2147483;
SET SESSION net_write_timeout = 2147483;
SELECT @@tokudb_version;
START TRANSACTION /*!40108 WITH CONSISTENT SNAPSHOT */;
/*!40101 SET NAMES binary*/;
-- only: mariadb
SHOW MASTER STATUS;
-- only: mariadb
SELECT @@default_master_connection;
-- only: mariadb
SHOW ALL SLAVES STATUS;
SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ;
/*!40103 SET TIME_ZONE='+00:00' */;
USE `app`;
-- unlike: its clauses for groups
SHOW CREATE DATABASE `app`;
SHOW TABLE STATUS;
SHOW PROCEDURE STATUS WHERE Db = 'app';
SHOW FUNCTION STATUS WHERE Db = 'app';
SHOW EVENTS FROM `app`;
select COLUMN_NAME from information_schema.COLUMNS where TABLE_SCHEMA='app' and TABLE_NAME='country' and extra like '%GENERATED%';
select COLUMN_NAME from information_schema.COLUMNS where TABLE_SCHEMA='app' and TABLE_NAME='orders' and extra like '%GENERATED%';
select COLUMN_NAME from information_schema.COLUMNS where TABLE_SCHEMA='app' and TABLE_NAME='customers' and extra like '%GENERATED%';
SHOW TRIGGERS FROM `app` LIKE 'country';
SELECT /*!40001 SQL_NO_CACHE */ * FROM `app`.`country`;
SELECT /*!40001 SQL_NO_CACHE */ * FROM `app`.`customers`;
SHOW CREATE TABLE `app`.`customers`;
SHOW CREATE TABLE `app`.`country`;
SHOW TRIGGERS FROM `app` LIKE 'customers';
SELECT /*!40001 SQL_NO_CACHE */ * FROM `app`.`orders`;
SHOW TRIGGERS FROM `app` LIKE 'orders';
SHOW CREATE TABLE `app`.`orders`;
-- unlike: the default that MariaDB makes up for columns of views
SHOW FIELDS FROM `app`.`rich`;
-- unlike: how a server writes the query
SHOW CREATE VIEW `app`.`rich`;
-- shape: of the server
SHOW PROCESSLIST;
-- shape: of the server
SELECT @@version_comment, @@version;
-- refused: LOCK
FLUSH TABLES WITH READ LOCK;
UNLOCK TABLES /* trx-only */;
