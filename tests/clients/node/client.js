// mysql2 against a node: text and binary protocol, transactions, TLS.
'use strict';

const assert = require('node:assert');
const mysql = require('mysql2/promise');

const port = Number(process.argv[2]);
const expected = {
  id: 1, c_tinyint: -128, c_utinyint: 255, c_smallint: -32768, c_mediumint: 8388607, c_int: -2147483648,
  c_bigint: '-9223372036854775808', c_ubigint: '18446744073709551615', c_decimal: '1234567890123456.7891', c_float: 1.5, c_double: -2.25,
  c_bit: Buffer.from([2, 1]), c_date: '2024-02-29', c_datetime: '2024-02-29 23:59:58.123456', c_timestamp: '2024-02-29 23:59:58.123',
  c_time: '-12:34:56', c_year: 2024, c_char: 'char', c_varchar: 'grüße 你好 🏺', c_latin: 'café', c_binary: Buffer.from([0, 255, 16]),
  c_varbinary: Buffer.from([0, 1, 254, 255]), c_text: 'text\nwith lines', c_blob: Buffer.from([0xde, 0xad, 0xbe, 0xef, 0]),
  c_enum: 'green', c_set: 'a,c', c_json: { k: [1, 2, null] },
};

function checkRow(how, row) {
  assert.deepStrictEqual(Object.keys(row), Object.keys(expected), how);
  for (const [name, value] of Object.entries(expected)) {
    let got = row[name];
    // MariaDB's JSON is a text column, MySQL's is a type of its own.
    if (name === 'c_json' && typeof got === 'string') got = JSON.parse(got);
    assert.deepStrictEqual(got, value, `${how}: ${name}`);
  }
}

async function read(connection, how) {
  for (const way of ['query', 'execute']) {
    const [[row]] = await connection[way]('SELECT * FROM every_type WHERE id = ?', [1]);
    checkRow(`${how}, ${way}`, row);
    const [[nulls]] = await connection[way]('SELECT * FROM every_type WHERE id = ?', [2]);
    assert(Object.values(nulls).slice(1).every((value) => value === null), `${how}, ${way}: nulls`);
    const [all] = await connection[way]('SELECT * FROM every_type ORDER BY id');
    assert.deepStrictEqual(all.map((one) => one.id), [1, 2]);
    checkRow(`${how}, ${way}, merged`, all[0]);
  }
}

async function transact(connection) {
  for (const [finish, balance] of [['rollback', '100.00'], ['commit', '107.50']]) {
    await connection.beginTransaction();
    const [done] = await connection.execute('UPDATE account SET balance = balance + ? WHERE id = ?', ['7.50', 1]);
    assert.strictEqual(done.affectedRows, 1);
    await connection[finish]();
    const [[row]] = await connection.execute('SELECT balance FROM account WHERE id = ?', [1]);
    assert.strictEqual(row.balance, balance, finish);
  }
  await connection.query('UPDATE account SET balance = 100 WHERE id = 1');
  const [[sum]] = await connection.query('SELECT COUNT(*) AS n, SUM(balance) AS total FROM account');
  assert.deepStrictEqual({ ...sum }, { n: 3, total: '150.00' });
}

async function main() {
  const base = {
    host: '127.0.0.1', port, user: 'root', password: '', database: 'matrix', charset: 'utf8mb4', supportBigNumbers: true,
    bigNumberStrings: false, dateStrings: true, multipleStatements: true,
  };
  for (const [how, more] of [['plain', {}], ['TLS', { ssl: { rejectUnauthorized: false } }],
    ['compressed', { compress: true }]]) {
    const connection = await mysql.createConnection({ ...base, ...more });
    await connection.query("SET time_zone = '+00:00'");
    await read(connection, how);
    await transact(connection);
    const [sets] = await connection.query('SELECT 1 AS one; SELECT id FROM account ORDER BY id DESC');
    assert.deepStrictEqual(sets[1].map((row) => row.id), [3, 2, 1]);
    await assert.rejects(connection.query('SELECT * FROM no_such_table'), { errno: 1146 });
    await connection.ping();
    await connection.query("CREATE USER IF NOT EXISTS solon IDENTIFIED BY 'seisachtheia'");
    await connection.query("CREATE USER IF NOT EXISTS draco IDENTIFIED WITH mysql_native_password BY 'blood'");
    for (const [user, password] of [['solon', 'seisachtheia'], ['draco', 'blood']]) {
      await connection.changeUser({ user, password, database: 'matrix' });
      const [[who]] = await connection.query('SELECT CURRENT_USER() AS name, DATABASE() AS base');
      assert.deepStrictEqual({ ...who }, { name: `${user}@%`, base: 'matrix' });
    }
    await connection.end();
  }
  // A pool, with more statements at once than connections.
  const pool = mysql.createPool({ ...base, connectionLimit: 5 });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => pool.execute('SELECT ? + 1 AS n, owner FROM account WHERE id = ?', [n, n % 3 + 1])));
  answers.forEach(([[row]], n) => assert.strictEqual(Number(row.n), n + 1));
  await pool.end();
  console.log('mysql2: all checks passed');
}

main().catch((error) => { console.error(error); process.exit(1); });
