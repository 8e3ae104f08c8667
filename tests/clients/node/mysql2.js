// mysql2 in the matrix.
'use strict';

const assert = require('node:assert');
const mysql = require('mysql2/promise');
const matrix = require('./matrix');

const expected = matrix.expected();
const BYTES = ['c_binary', 'c_varbinary', 'c_tinyblob', 'c_blob', 'c_longblob', 'c_point'];
const TEXTS = ['c_char', 'c_varchar', 'c_latin', 'c_tinytext', 'c_text', 'c_longtext', 'c_enum', 'c_set', ...BYTES];
const MOMENTS = ['c_datetime', 'c_seconds', 'c_timestamp', 'c_time', 'c_time6'];

const base = {
  host: '127.0.0.1', port: matrix.port, user: 'root', database: matrix.database, charset: 'utf8mb4', supportBigNumbers: true, dateStrings: true,
  multipleStatements: true, jsonStrings: true,
};

const fraction = (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

// A value as expected.tsv writes it.
function canonical(name, value) {
  if (value === null) return undefined;
  if (BYTES.includes(name)) return value.toString('hex').toUpperCase();
  if (name.startsWith('c_bit')) return BigInt(`0x${value.toString('hex')}`).toString();
  if (name === 'c_float' || name === 'c_double') return Number(value);
  if (MOMENTS.includes(name)) return fraction(value);
  return String(value);
}

function checkRows(how, rows, zeroDates) {
  assert.deepStrictEqual(rows.map((row) => row.id), [1, 2, 3, 4, 5], how);
  for (const row of rows) {
    const wanted = expected[row.id] ?? {};
    for (const [name, value] of Object.entries(row).slice(1)) {
      let right = wanted[name];
      if (right?.startsWith('0000-00-00') && !zeroDates) continue;
      if (right !== undefined && (name === 'c_float' || name === 'c_double')) right = Number(right);
      if (right !== undefined && MOMENTS.includes(name)) right = fraction(right);
      assert.deepStrictEqual(canonical(name, value), right, `${how}: ${name} of row ${row.id}`);
    }
  }
}

async function connect(more) {
  const connection = await mysql.createConnection({ ...base, ...more });
  await connection.query(matrix.settings);
  return connection;
}

// GEOMETRY is an object in this driver, unless a column is asked for as bytes; and it reads the last digit of a DOUBLE's text wrongly.
function exactly(field, next) {
  if (field.type === 'GEOMETRY') return field.buffer();
  return field.type === 'DOUBLE' ? field.string() : next();
}

async function read(connection, how) {
  for (const way of ['query', 'execute']) {
    // By the binary protocol this driver gives a POINT as an object, drops the zeros at the beginning of a TIME's fraction, and knows no
    // zero dates: these are checked by the text protocol only.
    const options = (sql, values) => ({ sql, values, ...(way === 'query' ? { typeCast: exactly } : {}) });
    const columns = way === 'query' ? '*' : columnNames.filter((name) => !['c_point', 'c_time6'].includes(name)).join(', ');
    const [all] = await connection[way](options(`SELECT ${columns} FROM every_type ORDER BY id`));
    checkRows(`${how}, ${way}, merged`, all, way === 'query');
    const rows = [];
    for (let key = 1; key <= 5; key++) rows.push((await connection[way](options(`SELECT ${columns} FROM every_type WHERE id = ?`, [key])))[0][0]);
    checkRows(`${how}, ${way}`, rows, way === 'query');
  }
}

let columnNames;

async function write(connection) {
  const [rows] = await connection.query({ sql: 'SELECT * FROM every_type ORDER BY id', typeCast: exactly });
  for (const [way, column] of [['query', 'write text'], ['execute', 'write binary']]) {
    await connection.query('DELETE FROM written');
    for (const row of rows) {
      const values = Object.values(row);
      const insert = `INSERT INTO written VALUES (${values.map(() => '?').join(', ')})`;
      const [done] = await connection[way](insert, values);
      assert.strictEqual(done.affectedRows, 1);
      // MySQL would keep the types of one row's parameters for those of the next.
      if (way === 'execute') connection.unprepare(insert);
    }
    const same = columnNames.slice(1).map((name) => (TEXTS.includes(name) ? `HEX(e.${name}) <=> HEX(w.${name}) AS ${name}` : `e.${name} <=> w.${name} AS ${name}`));
    const [compared] = await connection.query(`SELECT e.id, ${same.join(', ')} FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id`);
    assert.strictEqual(compared.length, 5);
    for (const row of compared) {
      const wrong = Object.entries(row).slice(1).filter(([, value]) => Number(value) !== 1).map(([name]) => name);
      assert.deepStrictEqual(wrong, [], `${column}: row ${row.id}`);
    }
    matrix.passed(column);
  }
}

async function transact(connection) {
  for (const [finish, balances] of [['rollback', ['100.00', '50.00', '0.00']], ['commit', ['107.50', '57.50', '7.50']]]) {
    await connection.beginTransaction();
    for (const key of [1, 2, 3]) {
      const [done] = await connection.execute('UPDATE account SET balance = balance + ? WHERE id = ?', ['7.50', key]);
      assert.strictEqual(done.affectedRows, 1);
    }
    await connection[finish]();
    const [rows] = await connection.query('SELECT balance FROM account ORDER BY id');
    assert.deepStrictEqual(rows.map((row) => row.balance), balances, finish);
  }
  await connection.query('UPDATE account SET balance = balance - 7.5');
  const [[sum]] = await connection.query('SELECT COUNT(*) AS n, SUM(balance) AS total FROM account');
  assert.deepStrictEqual({ ...sum }, { n: 3, total: '150.00' });
  matrix.passed('transaction');
}

async function errors(connection) {
  for (const [sql, errno, sqlState] of [['SELECT * FROM no_such_table', 1146, '42S02'], ['SELEKT 1', 1064, '42000'],
    ['INSERT INTO account VALUES (1, NULL, 0)', 1062, '23000'], ['SELECT no_such_column FROM account', 1054, '42S22']]) {
    await assert.rejects(connection.query(sql), { errno, sqlState }, sql);
    await assert.rejects(connection.execute(sql), { errno, sqlState }, sql);
  }
  const [sets] = await connection.query('SELECT 1 AS one; SELECT id FROM account ORDER BY id DESC');
  assert.deepStrictEqual(sets[1].map((row) => row.id), [3, 2, 1]);
  await connection.ping();
  matrix.passed('errors');
}

async function big(connection) {
  const body = Buffer.alloc(matrix.bytes, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
  for (const [key, way] of ['query', 'execute'].entries()) {
    await connection[way]('INSERT INTO big VALUES (?, ?)', [key, body]);
    const [[row]] = await connection[way]('SELECT body FROM big WHERE id = ?', [key]);
    assert(row.body.equals(body), `${way}: a big parameter is not what came back`);
  }
  matrix.passed('big');
}

async function stream(connection) {
  let count = 0;
  const rows = connection.connection.query('SELECT id, body FROM matrix_many.many ORDER BY id').stream({ highWaterMark: 100 });
  for await (const row of rows) {
    count += 1;
    if (row.id !== count || row.body !== `row number ${count}`) assert.fail(`row ${count} is ${JSON.stringify(row)}`);
  }
  assert.strictEqual(count, matrix.rows);
  matrix.passed('stream');
}

async function changeUser(connection) {
  for (const plugin of ['sha2', 'native']) {
    await connection.changeUser({ user: matrix.user(plugin), password: matrix.password, database: matrix.database });
    const [[who]] = await connection.query('SELECT CURRENT_USER() AS name, DATABASE() AS base');
    assert.deepStrictEqual([who.name.split('@')[0], who.base], [matrix.user(plugin), matrix.database]);
  }
}

// More statements at once than connections.
async function pool() {
  const connections = mysql.createPool({ ...base, connectionLimit: 5 });
  const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => connections.execute('SELECT id + ? AS n FROM account WHERE id = ?', [n, (n % 3) + 1])));
  answers.forEach(([[row]], n) => assert.strictEqual(Number(row.n), n + (n % 3) + 1));
  await connections.end();
}

async function main() {
  matrix.version(require('mysql2/package.json').version);
  for (const [plugin, tls] of [['sha2', false], ['sha2', true], ['rsa', false], ['native', false], ['native', true]]) {
    const connection = await connect({ user: matrix.user(plugin), password: matrix.password, ...(tls ? { ssl: { rejectUnauthorized: false } } : {}) });
    columnNames ??= (await connection.query('SELECT * FROM every_type LIMIT 0'))[1].map((field) => field.name);
    const [[who]] = await connection.query('SELECT CURRENT_USER() AS name');
    assert.strictEqual(who.name.split('@')[0], matrix.user(plugin));
    const [[cipher]] = await connection.query("SHOW STATUS LIKE 'Ssl_cipher'");
    assert.strictEqual(cipher.Value !== '', tls, 'TLS is not as asked for');
    await read(connection, `${plugin}, ${tls ? 'TLS' : 'no TLS'}`);
    await connection.end();
    matrix.passed(tls ? `${plugin} tls` : plugin);
  }
  matrix.passed('text');
  matrix.passed('binary');
  const compressed = await connect({ compress: true });
  await read(compressed, 'compressed');
  await compressed.end();
  matrix.passed('compressed');
  const connection = await connect({});
  for (const check of [write, transact, errors, big, stream, changeUser]) await check(connection);
  await connection.end();
  await pool();
}

main().catch((error) => { console.error(error); process.exit(1); });
