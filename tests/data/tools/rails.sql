-- Ruby on Rails 7 (Active Record with mysql2), written by hand after its source and documentation, not recorded: connecting, the schema dumper, columns and keys of a table.

SET @@SESSION.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'), @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483;
-- shape: of the server
SELECT VERSION();
SELECT @@max_allowed_packet > 0;
SELECT @@collation_database;
SELECT table_name FROM (SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()) _subquery WHERE table_type = 'BASE TABLE';
SELECT table_name FROM (SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = database()) _subquery WHERE table_name = 'customers';
SHOW FULL FIELDS FROM `customers`;
-- unlike: Cardinality
SHOW KEYS FROM `customers`;
SHOW CREATE TABLE `customers`;
SELECT table_comment FROM information_schema.tables WHERE table_schema = database() AND table_name = 'customers';
SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND table_schema = database() AND table_name = 'customers' ORDER BY seq_in_index;
SELECT fk.referenced_table_name AS 'to_table', fk.referenced_column_name AS 'primary_key', fk.column_name AS 'column', fk.constraint_name AS 'name', fk.ordinal_position AS 'position', rc.update_rule AS 'on_update', rc.delete_rule AS 'on_delete' FROM information_schema.referential_constraints rc JOIN information_schema.key_column_usage fk USING (constraint_schema, constraint_name) WHERE fk.referenced_column_name IS NOT NULL AND fk.table_schema = database() AND fk.table_name = 'customers' AND rc.constraint_schema = database() AND rc.table_name = 'customers';
SELECT cc.constraint_name AS 'name', cc.check_clause AS 'expression' FROM information_schema.check_constraints cc JOIN information_schema.table_constraints tc USING (constraint_schema, constraint_name) WHERE tc.table_schema = database() AND tc.table_name = 'customers' AND cc.constraint_schema = database();
SHOW VARIABLES LIKE 'innodb_file_per_table';
SELECT DATABASE() AS db;
SELECT GET_LOCK('4064120393', 0) AS get_lock;
