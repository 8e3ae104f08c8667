-- Knex 3 with mysql2, recorded: columnInfo, hasTable, hasColumn.

-- shape: of the server
select version() as version;
select * from information_schema.columns where table_name = 'customers' and table_schema = 'app';
select * from information_schema.tables where table_name = 'customers' and table_schema = database();
show columns from `customers`;
