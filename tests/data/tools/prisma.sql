-- Prisma 6, written by hand after its source and documentation, not recorded: connecting, `prisma db pull`, `prisma migrate diff`.

-- shape: of the server
SELECT @@GLOBAL.version version, @@lower_case_table_names lower_case_table_names, @@version_comment version_comment;
SELECT @@lower_case_table_names;
SELECT EXISTS(SELECT 1 FROM information_schema.schemata WHERE schema_name = 'app');
-- app rows
select schema_name as schema_name from information_schema.schemata;
SELECT DISTINCT BINARY table_info.table_name AS table_name, table_info.create_options AS create_options, table_info.table_comment AS table_comment FROM information_schema.tables AS table_info JOIN information_schema.columns AS column_info ON BINARY column_info.table_name = BINARY table_info.table_name WHERE table_info.table_schema = 'app' AND column_info.table_schema = 'app' AND table_info.table_type = 'BASE TABLE' ORDER BY BINARY table_info.table_name;
-- labels: columns of views are not there
SELECT column_name column_name, data_type data_type, column_type full_data_type, character_maximum_length character_maximum_length, numeric_precision numeric_precision, numeric_scale numeric_scale, datetime_precision datetime_precision, column_default column_default, is_nullable is_nullable, extra extra, table_name table_name, NULLIF(column_comment, '') AS column_comment FROM information_schema.columns WHERE table_schema = 'app' ORDER BY ordinal_position;
SELECT DISTINCT index_name AS index_name, non_unique AS non_unique, BINARY column_name AS column_name, seq_in_index AS seq_in_index, BINARY table_name AS table_name, sub_part AS partial, index_type AS index_type, collation AS column_order FROM INFORMATION_SCHEMA.STATISTICS WHERE table_schema = 'app' ORDER BY BINARY table_name, index_name, seq_in_index;
SELECT kcu.constraint_name constraint_name, kcu.column_name column_name, kcu.referenced_table_name referenced_table_name, kcu.referenced_column_name referenced_column_name, kcu.ordinal_position ordinal_position, kcu.table_name table_name, rc.delete_rule delete_rule, rc.update_rule update_rule FROM information_schema.key_column_usage AS kcu INNER JOIN information_schema.referential_constraints AS rc ON BINARY kcu.constraint_name = BINARY rc.constraint_name WHERE BINARY kcu.table_schema = 'app' AND BINARY rc.constraint_schema = 'app' AND kcu.referenced_column_name IS NOT NULL ORDER BY BINARY kcu.table_schema, BINARY kcu.table_name, BINARY kcu.constraint_name, kcu.ordinal_position;
-- unlike: how a server writes the query
SELECT TABLE_NAME AS view_name, VIEW_DEFINITION AS view_sql FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA = 'app';
SELECT routine_name AS name, routine_definition AS definition FROM information_schema.routines WHERE ROUTINE_SCHEMA = 'app' AND ROUTINE_TYPE = 'PROCEDURE';
-- shape: of sizes
SELECT SUM(data_length + index_length) as size FROM information_schema.TABLES WHERE table_schema = 'app';
