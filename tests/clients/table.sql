CREATE TABLE every_type (
    id INT NOT NULL PRIMARY KEY,
    c_tinyint TINYINT, c_utinyint TINYINT UNSIGNED, c_smallint SMALLINT, c_mediumint MEDIUMINT, c_int INT, c_bigint BIGINT,
    c_ubigint BIGINT UNSIGNED, c_decimal DECIMAL(20,4), c_float FLOAT, c_double DOUBLE, c_bit BIT(10), c_date DATE,
    c_datetime DATETIME(6), c_timestamp TIMESTAMP(3) NULL, c_time TIME, c_year YEAR, c_char CHAR(10),
    c_varchar VARCHAR(50), c_latin VARCHAR(20) CHARACTER SET latin1, c_binary BINARY(3), c_varbinary VARBINARY(20), c_text TEXT,
    c_blob BLOB, c_enum ENUM('red', 'green', 'blue'), c_set SET('a', 'b', 'c'), c_json JSON
) DEFAULT CHARSET = utf8mb4 DBPARTITION BY HASH(id);
SET time_zone = '+00:00';
INSERT INTO every_type VALUES
    (1, -128, 255, -32768, 8388607, -2147483648, -9223372036854775808, 18446744073709551615, 1234567890123456.7891, 1.5, -2.25,
     b'1000000001', '2024-02-29', '2024-02-29 23:59:58.123456', '2024-02-29 23:59:58.123', '-12:34:56', 2024, 'char',
     'grüße 你好 🏺', 'café', x'00ff10', x'0001feff', 'text\nwith lines', x'deadbeef00', 'green', 'a,c', '{"k": [1, 2, null]}');
INSERT INTO every_type (id) VALUES (2);
CREATE TABLE account (id INT NOT NULL PRIMARY KEY, owner VARCHAR(20), balance DECIMAL(10,2)) DBPARTITION BY HASH(id);
INSERT INTO account VALUES (1, 'Solon', 100.00), (2, 'Myrto', 50.00), (3, 'Cimon', 0.00);
