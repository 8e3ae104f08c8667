<?php
// PHP's PDO and mysqli, both over mysqlnd, in the matrix. The first argument says which.
error_reporting(E_ALL);
set_error_handler(function ($level, $text, $file, $line) { throw new ErrorException($text, 0, $level, $file, $line); });
ini_set('memory_limit', '512M');
// Of its numbers PHP writes 14 digits otherwise.
ini_set('precision', '17');

$kind = $argv[1];
define('PORT', (int) getenv('MATRIX_PORT'));
define('CLIENT', getenv('MATRIX_CLIENT'));
const SETTINGS = "SET time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION'";
const BYTES = ['c_binary', 'c_varbinary', 'c_tinyblob', 'c_blob', 'c_longblob', 'c_point'];
const TEXTS = ['c_char', 'c_varchar', 'c_latin', 'c_tinytext', 'c_text', 'c_longtext', 'c_enum', 'c_set', ...BYTES];
const MOMENTS = ['c_datetime', 'c_seconds', 'c_timestamp', 'c_time', 'c_time6'];

function passed(string $column): void { echo "passed: $column\n"; }

function must(bool $right, string $what): void
{
    if (!$right) {
        throw new Exception($what);
    }
}

function expected(): array
{
    $rows = [];
    foreach (file(getenv('MATRIX_EXPECTED'), FILE_IGNORE_NEW_LINES) as $line) {
        [$row, $column, $text] = explode("\t", $line);
        $rows[(int) $row][$column] = strtr($text, ['\\\\' => '\\', '\\n' => "\n", '\\t' => "\t"]);
    }
    return $rows;
}

function fraction(string $text): string { return str_contains($text, '.') ? rtrim(rtrim($text, '0'), '.') : $text; }

// A value as expected.tsv writes it.
function canonical(string $name, mixed $value): string|float
{
    if (in_array($name, BYTES)) {
        return strtoupper(bin2hex($value));
    }
    if ($name === 'c_float' || $name === 'c_double') {
        return (float) $value;
    }
    if (in_array($name, MOMENTS)) {
        return fraction($value);
    }
    return $name === 'c_year' ? (string) (int) $value : (string) $value;
}

function check_rows(string $how, array $rows): void
{
    static $expected;
    $expected ??= expected();
    must(array_map(fn ($row) => (int) $row['id'], $rows) === [1, 2, 3, 4, 5], "$how: rows");
    foreach ($rows as $row) {
        foreach (array_slice($row, 1) as $name => $value) {
            $wanted = $expected[(int) $row['id']][$name] ?? null;
            $got = $value === null ? null : canonical($name, $value);
            if ($wanted !== null) {
                $wanted = in_array($name, ['c_float', 'c_double']) ? (float) $wanted : (in_array($name, MOMENTS) ? fraction($wanted) : $wanted);
            }
            must($got === $wanted, "$how: $name of row {$row['id']} is " . var_export($got, true) . ', expected ' . var_export($wanted, true));
        }
    }
}

function same_rows(array $names): string
{
    $conditions = array_map(fn ($name) => in_array($name, TEXTS) ? "HEX(e.$name) <=> HEX(w.$name) AS $name" : "e.$name <=> w.$name AS $name", $names);
    return 'SELECT e.id, ' . implode(', ', $conditions) . ' FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id';
}

function check_same(string $column, array $rows): void
{
    must(count($rows) === 5, "$column: rows");
    foreach ($rows as $row) {
        foreach (array_slice($row, 1) as $name => $same) {
            must((int) $same === 1, "$column: $name of row {$row['id']} is not what was written");
        }
    }
}

function pattern(): string { return str_repeat(implode('', array_map('chr', range(0, 255))), intdiv((int) getenv('MATRIX_BYTES'), 256)); }

const WRONG = [['SELECT * FROM no_such_table', 1146, '42S02'], ['SELEKT 1', 1064, '42000'], ['INSERT INTO account VALUES (1, NULL, 0)', 1062, '23000'],
    ['SELECT no_such_column FROM account', 1054, '42S22']];

require __DIR__ . "/$kind.php";
