CREATE TABLE every_type (
    id INT NOT NULL PRIMARY KEY,
    c_tinyint TINYINT, c_utinyint TINYINT UNSIGNED, c_smallint SMALLINT, c_usmallint SMALLINT UNSIGNED,
    c_mediumint MEDIUMINT, c_umediumint MEDIUMINT UNSIGNED, c_int INT, c_uint INT UNSIGNED,
    c_bigint BIGINT, c_ubigint BIGINT UNSIGNED, c_decimal DECIMAL(20,4), c_long_decimal DECIMAL(65,30), c_float FLOAT, c_double DOUBLE,
    c_bit BIT(10), c_bit64 BIT(64), c_date DATE, c_datetime DATETIME(6), c_seconds DATETIME, c_timestamp TIMESTAMP(3) NULL,
    c_time TIME, c_time6 TIME(6), c_year YEAR, c_char CHAR(10), c_varchar VARCHAR(50), c_latin VARCHAR(20) CHARACTER SET latin1,
    c_binary BINARY(3), c_varbinary VARBINARY(20), c_tinytext TINYTEXT, c_text TEXT, c_longtext LONGTEXT,
    c_tinyblob TINYBLOB, c_blob BLOB, c_longblob LONGBLOB, c_enum ENUM('red', 'green', 'blue'), c_set SET('a', 'b', 'c'), c_json JSON,
    c_point POINT
) DEFAULT CHARSET = utf8mb4 DBPARTITION BY HASH(id);
CREATE TABLE written LIKE every_type;
SET time_zone = '+00:00';
SET sql_mode = 'NO_ENGINE_SUBSTITUTION';
-- 1: ordinary values.
INSERT INTO every_type VALUES
    (1, -12, 200, -300, 60000, -70000, 16000000, -2000000, 4000000000, -5000000000, 10000000000000000000,
     1234567890123456.7891, 3.141592653589793238462643383279, 1.5, -2.25, b'1000000001', b'100000000000000000000000000000001',
     '2024-02-29', '2024-02-29 23:59:58.123456', '2024-02-29 23:59:58', '2024-02-29 23:59:58.123', '-12:34:56', '12:34:56.000001', 2024,
     'char', 'grüße 你好 🏺', 'café', x'00ff10', x'0001feff', 'tiny', 'text\nwith lines', 'ἀλήθεια', x'00', x'deadbeef00', x'27225c', 'green', 'a,c',
     '{"k": [1, 2, null]}', ST_GeomFromText('POINT(1.5 -2)'));
-- 2: NULL everywhere.
INSERT INTO every_type (id) VALUES (2);
-- 3: the smallest values, and empty texts.
INSERT INTO every_type VALUES
    (3, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775808, 0,
     -9999999999999999.9999, -99999999999999999999999999999999999.999999999999999999999999999999, -65536.5, -1.7976931348623157e308, b'0', b'0',
     '1000-01-01', '1000-01-01 00:00:00.000000', '1000-01-01 00:00:00', '1970-01-01 00:00:01', '-838:59:59', '-838:59:59.000000', 1901,
     '', '', '', x'000000', '', '', '', '', '', '', '', 'red', '', '[]', ST_GeomFromText('POINT(0 0)'));
-- 4: the largest values.
INSERT INTO every_type VALUES
    (4, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807, 18446744073709551615,
     9999999999999999.9999, 99999999999999999999999999999999999.999999999999999999999999999999, 65536.5, 1.7976931348623157e308, b'1111111111',
     b'1111111111111111111111111111111111111111111111111111111111111111',
     '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59', '2038-01-19 03:14:07.999', '838:59:59', '838:59:59.000000', 2155,
     'ten chars.', 'a text of fifty characters that fills its column!!', 'latin ÿ', x'ffffff', x'ffffffffffffffffffffffffffffffffffffffff',
     'tab\t', 'quotes '' " ` and \\ backslash', REPEAT('🏺', 300), x'ff', x'fffe', REPEAT(x'ff', 300), 'blue', 'a,b,c',
     '{"deep": {"list": [true, false, 1.5]}, "text": "grüße 🏺"}', ST_GeomFromText('POINT(-180 90)'));
-- 5: zero dates, fractions of a microsecond's size, and a blob of all byte values.
INSERT INTO every_type (id, c_double, c_decimal, c_date, c_datetime, c_seconds, c_timestamp, c_time, c_time6, c_year, c_blob) VALUES
    (5, 2.2250738585072014e-308, 0.0001, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '00:00:00', '00:00:00.000001', 0,
     x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
CREATE TABLE account (id INT NOT NULL PRIMARY KEY, owner VARCHAR(20), balance DECIMAL(10,2)) DBPARTITION BY HASH(id);
INSERT INTO account VALUES (1, 'Solon', 100.00), (2, 'Myrto', 50.00), (3, 'Cimon', 0.00);
CREATE TABLE big (id INT NOT NULL PRIMARY KEY, body LONGBLOB) DBPARTITION BY HASH(id);
