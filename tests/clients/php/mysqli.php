<?php
// mysqli: queries are the text protocol, prepared statements the binary.
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function connect(string $user, string $password, int $flags = 0): mysqli
{
    $connection = mysqli_init();
    $connection->options(MYSQLI_INIT_COMMAND, SETTINGS);
    $connection->real_connect('127.0.0.1', $user, $password, 'matrix_' . CLIENT, PORT, null, $flags);
    $connection->set_charset('utf8mb4');
    return $connection;
}

function read(mysqli $connection, string $how): void
{
    check_rows("$how, text", $connection->query('SELECT * FROM every_type ORDER BY id')->fetch_all(MYSQLI_ASSOC));
    $statement = $connection->prepare('SELECT * FROM every_type WHERE id <= ? ORDER BY id');
    $last = 5;
    $statement->bind_param('i', $last);
    $statement->execute();
    check_rows("$how, binary", $statement->get_result()->fetch_all(MYSQLI_ASSOC));
    $statement = $connection->prepare('SELECT * FROM every_type WHERE id = ?');
    $rows = [];
    foreach (range(1, 5) as $key) {
        $statement->execute([$key]);
        $rows[] = $statement->get_result()->fetch_assoc();
    }
    check_rows("$how, by key", $rows);
}

foreach (['sha2', 'rsa', 'native'] as $plugin) {
    foreach ($plugin === 'rsa' ? [false] : [false, true] as $tls) {
        $connection = connect("{$plugin}_" . CLIENT, getenv('MATRIX_PASSWORD'), $tls ? MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT : 0);
        if ($plugin === 'sha2' && !$tls) {
            echo 'version: ' . PHP_VERSION . "\n";
        }
        must(explode('@', $connection->query('SELECT CURRENT_USER()')->fetch_column())[0] === "{$plugin}_" . CLIENT, 'account');
        must(($connection->query("SHOW STATUS LIKE 'Ssl_cipher'")->fetch_assoc()['Value'] !== '') === $tls, 'TLS is not as asked for');
        read($connection, $plugin . ($tls ? ' tls' : ''));
        must($connection->change_user("native_" . CLIENT, getenv('MATRIX_PASSWORD'), 'matrix_' . CLIENT), 'change of user');
        must(explode('@', $connection->query('SELECT CURRENT_USER()')->fetch_column())[0] === 'native_' . CLIENT, 'changed account');
        passed($plugin . ($tls ? ' tls' : ''));
    }
}
passed('text');
passed('binary');
read(connect('root', '', MYSQLI_CLIENT_COMPRESS), 'compressed');
passed('compressed');

$connection = connect('root', '');
$rows = $connection->query('SELECT * FROM every_type ORDER BY id')->fetch_all(MYSQLI_ASSOC);
foreach (['write text', 'write binary'] as $column) {
    $connection->query('DELETE FROM written');
    foreach ($rows as $row) {
        // Of BIT, mysqli gives digits, which are written as a number; those of 64 bits do not fit in one of PHP's.
        $values = array_map(fn ($name, $value) => $name === 'c_bit64' && $value === '18446744073709551615' ? str_repeat("\xff", 8)
            : (str_starts_with($name, 'c_bit') && $value !== null ? (int) $value : $value), array_keys($row), $row);
        if ($column === 'write text') {
            $literals = array_map(fn ($value) => $value === null ? 'NULL' : (is_int($value) ? $value : "'" . $connection->real_escape_string($value) . "'"), $values);
            $connection->query('INSERT INTO written VALUES (' . implode(', ', $literals) . ')');
        } else {
            $statement = $connection->prepare('INSERT INTO written VALUES (' . implode(', ', array_fill(0, count($values), '?')) . ')');
            $statement->bind_param(implode('', array_map(fn ($value) => is_int($value) ? 'i' : 's', $values)), ...$values);
            $statement->execute();
        }
        must($connection->affected_rows === 1, "$column: a row");
    }
    check_same($column, $connection->query(same_rows(array_slice(array_keys($rows[0]), 1)))->fetch_all(MYSQLI_ASSOC));
    passed($column);
}

foreach (['rollback' => ['100.00', '50.00', '0.00'], 'commit' => ['107.50', '57.50', '7.50']] as $finish => $wanted) {
    $connection->begin_transaction();
    $statement = $connection->prepare('UPDATE account SET balance = balance + ? WHERE id = ?');
    foreach ([1, 2, 3] as $key) {
        $statement->execute(['7.50', $key]);
        must($statement->affected_rows === 1, 'update');
    }
    $connection->$finish();
    must(array_column($connection->query('SELECT balance FROM account ORDER BY id')->fetch_all(), 0) === $wanted, $finish);
}
$connection->query('UPDATE account SET balance = balance - 7.5');
passed('transaction');

foreach (WRONG as [$sql, $number, $state]) {
    foreach (['query', 'prepare'] as $way) {
        try {
            $made = $connection->$way($sql);
            $made->execute();
            must(false, "$sql is no error");
        } catch (mysqli_sql_exception $error) {
            must([$error->getCode(), $error->getSqlState()] === [$number, $state], "$sql: {$error->getMessage()}");
        }
    }
}
$connection->multi_query('SELECT 1; SELECT id FROM account ORDER BY id DESC');
must($connection->store_result()->fetch_column() == 1 && $connection->next_result(), 'several statements');
must(array_column($connection->store_result()->fetch_all(), 0) == [3, 2, 1], 'the second statement');
passed('errors');

$body = pattern();
$connection->query("INSERT INTO big VALUES (0, '" . $connection->real_escape_string($body) . "')");
must($connection->query('SELECT body FROM big WHERE id = 0')->fetch_column() === $body, 'a big literal is not what came back');
// In pieces, by COM_STMT_SEND_LONG_DATA.
$statement = $connection->prepare('INSERT INTO big VALUES (1, ?)');
$nothing = null;
$statement->bind_param('b', $nothing);
foreach (str_split($body, 100000) as $piece) {
    $statement->send_long_data(0, $piece);
}
$statement->execute();
$statement = $connection->prepare('SELECT body FROM big WHERE id = 1');
$statement->execute();
must($statement->get_result()->fetch_column() === $body, 'a big parameter is not what came back');
passed('big');

$count = 0;
$rows = $connection->query('SELECT id, body FROM matrix_many.many ORDER BY id', MYSQLI_USE_RESULT);
while ($row = $rows->fetch_row()) {
    $count++;
    must((int) $row[0] === $count && $row[1] === "row number $count", "row $count");
}
must($count === (int) getenv('MATRIX_ROWS'), "$count rows");
passed('stream');
