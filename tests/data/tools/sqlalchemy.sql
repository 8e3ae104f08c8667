-- SQLAlchemy 2 with PyMySQL, recorded: all of its inspector, and MetaData.reflect.

SET NAMES utf8mb4;
SET AUTOCOMMIT = 0;
-- shape: of the server
SELECT VERSION();
SELECT DATABASE();
-- only: mariadb
SELECT @@tx_isolation;
SELECT @@sql_mode;
SELECT @@lower_case_table_names;
ROLLBACK;
-- app rows
SHOW schemas;
SHOW FULL TABLES FROM `app`;
SHOW CREATE TABLE `country`;
SHOW CREATE TABLE `customers`;
SHOW CREATE TABLE `orders`;
DESCRIBE `app`.`customers`;
DESCRIBE `app`.`none`;
-- unlike: how a server writes the query
SHOW CREATE TABLE `rich`;
-- unlike: the default that MariaDB makes up for columns of views
DESCRIBE `rich`;
-- only: mysql
SELECT @@transaction_isolation;
