<?php
// PDO: emulated prepared statements are the text protocol, real ones the binary.

function connect(string $user, string $password, bool $tls = false, bool $emulate = false, bool $compress = false): PDO
{
    $options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => $emulate, PDO::MYSQL_ATTR_INIT_COMMAND => SETTINGS,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC, PDO::MYSQL_ATTR_COMPRESS => $compress];
    if ($tls) {
        // mysqlnd takes any of these as the wish for TLS.
        $options += [PDO::MYSQL_ATTR_SSL_CIPHER => 'DEFAULT', PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => false];
    }
    return new PDO('mysql:host=127.0.0.1;port=' . PORT . ';dbname=matrix_' . CLIENT . ';charset=utf8mb4', $user, $password, $options);
}

function read(PDO $pdo, string $how): void
{
    check_rows("$how, query", $pdo->query('SELECT * FROM every_type ORDER BY id')->fetchAll());
    foreach ([true, false] as $emulate) {
        $pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, $emulate);
        $statement = $pdo->prepare('SELECT * FROM every_type WHERE id <= ? ORDER BY id');
        $statement->execute([5]);
        check_rows("$how, " . ($emulate ? 'text' : 'binary'), $statement->fetchAll());
        $statement = $pdo->prepare('SELECT * FROM every_type WHERE id = ?');
        $rows = [];
        foreach (range(1, 5) as $key) {
            $statement->execute([$key]);
            $rows[] = $statement->fetch();
            $statement->closeCursor();
        }
        check_rows("$how, by key", $rows);
    }
}

foreach (['sha2', 'rsa', 'native'] as $plugin) {
    foreach ($plugin === 'rsa' ? [false] : [false, true] as $tls) {
        $pdo = connect("{$plugin}_" . CLIENT, getenv('MATRIX_PASSWORD'), $tls);
        if ($plugin === 'sha2' && !$tls) {
            echo 'version: ' . PHP_VERSION . "\n";
        }
        must(explode('@', $pdo->query('SELECT CURRENT_USER()')->fetchColumn())[0] === "{$plugin}_" . CLIENT, 'account');
        must(($pdo->query("SHOW STATUS LIKE 'Ssl_cipher'")->fetch()['Value'] !== '') === $tls, 'TLS is not as asked for');
        read($pdo, $plugin . ($tls ? ' tls' : ''));
        passed($plugin . ($tls ? ' tls' : ''));
    }
}
passed('text');
passed('binary');
read(connect('root', '', compress: true), 'compressed');
passed('compressed');

foreach (['write text' => true, 'write binary' => false] as $column => $emulate) {
    $pdo = connect('root', '', emulate: $emulate);
    $pdo->exec('DELETE FROM written');
    $rows = $pdo->query('SELECT * FROM every_type ORDER BY id')->fetchAll();
    foreach ($rows as $row) {
        $statement = $pdo->prepare('INSERT INTO written VALUES (' . implode(', ', array_fill(0, count($row), '?')) . ')');
        foreach (array_values($row) as $at => $value) {
            $name = array_keys($row)[$at];
            // Of BIT, PDO gives digits; they are written as a number. Digits of more than 63 bits do not fit in one of PHP's.
            $number = str_starts_with($name, 'c_bit') && $value !== null && $value !== '18446744073709551615';
            if ($name === 'c_bit64' && $value === '18446744073709551615') {
                $value = str_repeat("\xff", 8);
            }
            $statement->bindValue($at + 1, $number ? (int) $value : $value, $value === null ? PDO::PARAM_NULL : ($number || is_int($value) ? PDO::PARAM_INT : PDO::PARAM_STR));
        }
        $statement->execute();
        must($statement->rowCount() === 1, "$column: a row");
    }
    check_same($column, $pdo->query(same_rows(array_slice(array_keys($rows[0]), 1)))->fetchAll());
    passed($column);
}

$pdo = connect('root', '');
foreach (['rollBack' => ['100.00', '50.00', '0.00'], 'commit' => ['107.50', '57.50', '7.50']] as $finish => $wanted) {
    $pdo->beginTransaction();
    $statement = $pdo->prepare('UPDATE account SET balance = balance + ? WHERE id = ?');
    foreach ([1, 2, 3] as $key) {
        $statement->execute(['7.50', $key]);
        must($statement->rowCount() === 1, 'update');
    }
    $pdo->$finish();
    must($pdo->query('SELECT balance FROM account ORDER BY id')->fetchAll(PDO::FETCH_COLUMN) === $wanted, $finish);
}
$pdo->exec('UPDATE account SET balance = balance - 7.5');
passed('transaction');

foreach (WRONG as [$sql, $number, $state]) {
    foreach ([true, false] as $emulate) {
        $pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, $emulate);
        try {
            $pdo->prepare($sql)->execute();
            must(false, "$sql is no error");
        } catch (PDOException $error) {
            must([$error->errorInfo[1], $error->errorInfo[0]] === [$number, $state], "$sql: {$error->getMessage()}");
        }
    }
}
$pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, true);
$sets = $pdo->query('SELECT 1; SELECT id FROM account ORDER BY id DESC');
must($sets->fetchColumn() == 1 && $sets->nextRowset() && $sets->fetchAll(PDO::FETCH_COLUMN) == [3, 2, 1], 'several statements');
passed('errors');

foreach ([true, false] as $key => $emulate) {
    $pdo->setAttribute(PDO::ATTR_EMULATE_PREPARES, $emulate);
    $statement = $pdo->prepare('INSERT INTO big VALUES (?, ?)');
    $statement->bindValue(1, $key, PDO::PARAM_INT);
    $statement->bindValue(2, pattern(), PDO::PARAM_LOB);
    $statement->execute();
    $statement = $pdo->prepare('SELECT body FROM big WHERE id = ?');
    $statement->execute([$key]);
    must($statement->fetchColumn() === pattern(), 'a big parameter is not what came back');
    $statement->closeCursor();
}
passed('big');

$pdo->setAttribute(PDO::MYSQL_ATTR_USE_BUFFERED_QUERY, false);
$count = 0;
foreach ($pdo->query('SELECT id, body FROM matrix_many.many ORDER BY id') as $row) {
    $count++;
    must((int) $row['id'] === $count && $row['body'] === "row number $count", "row $count");
}
must($count === (int) getenv('MATRIX_ROWS'), "$count rows");
passed('stream');
