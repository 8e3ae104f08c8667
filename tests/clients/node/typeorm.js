// TypeORM, over mysql2: tables made, changed and described by its migrations and its own comparison, relations, transactions, locks.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const mysql = require('mysql2/promise');
const { DataSource, EntitySchema, In, MoreThanOrEqual, Table, TableColumn, TableIndex } = require('typeorm');
const matrix = require('./matrix');

// Ostrakon refuses FOREIGN KEY: relations without constraints.
const loose = { createForeignKeyConstraints: false };

const Customer = new EntitySchema({
  name: 'Customer',
  tableName: 'customer',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    name: { type: 'varchar', length: 100 },
    born: { type: 'date', nullable: true },
    facts: { type: 'json', nullable: true },
    made: { type: 'datetime', precision: 6, createDate: true },
    version: { type: 'int', version: true },
  },
  relations: { orders: { type: 'one-to-many', target: 'Order', inverseSide: 'customer', cascade: ['insert'] } },
});
const Order = new EntitySchema({
  name: 'Order',
  tableName: 'order',
  columns: {
    id: { type: 'bigint', unsigned: true, primary: true, generated: true },
    total: { type: 'decimal', precision: 10, scale: 2 },
    paid: { type: 'boolean', default: false },
    kind: { type: 'enum', enum: ['gift', 'sale'], default: 'sale' },
    scan: { type: 'blob', nullable: true },
    placed: { type: 'datetime', precision: 3 },
    code: { type: 'varchar', length: 36, unique: true },
  },
  relations: { customer: { type: 'many-to-one', target: 'Customer', joinColumn: true, inverseSide: 'orders', ...loose } },
  indices: [{ name: 'by_kind', columns: ['kind', 'placed'] }],
});

class City1700000000000 {
  async up(queries) {
    await queries.addColumn('customer', new TableColumn({ name: 'city', type: 'varchar', length: '40', default: "'Athens'" }));
    await queries.createIndex('customer', new TableIndex({ name: 'by_city', columnNames: ['city'] }));
    await queries.createTable(new Table({
      name: 'note',
      columns: [{ name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' }, { name: 'body', type: 'text' }],
    }), true);
  }

  async down(queries) {
    await queries.dropTable('note');
    await queries.dropIndex('customer', 'by_city');
    await queries.dropColumn('customer', 'city');
  }
}

const open = (type) => new DataSource({
  type, host: '127.0.0.1', port: matrix.port, username: 'root', database: matrix.database, entities: [Customer, Order],
  migrations: [City1700000000000], migrationsTransactionMode: 'none', charset: 'utf8mb4', timezone: 'Z', dateStrings: ['DATE'], poolSize: 4,
});

// It wants to be told which product it talks to.
async function product() {
  const connection = await mysql.createConnection({ host: '127.0.0.1', port: matrix.port, user: 'root' });
  const [[row]] = await connection.query('SELECT VERSION() AS version');
  await connection.end();
  return row.version.includes('MariaDB') ? 'mariadb' : 'mysql';
}

async function main() {
  // The package does not let its package.json be required.
  matrix.version(JSON.parse(fs.readFileSync(path.join(path.dirname(require.resolve('typeorm')), 'package.json'), 'utf8')).version);
  const source = open(await product());
  await source.initialize();
  await source.synchronize();
  // What it reads of the tables is what it would make.
  const left = await source.driver.createSchemaBuilder().log();
  assert.deepStrictEqual(left.upQueries.map((query) => query.query), []);
  assert.strictEqual((await source.runMigrations()).length, 1);
  matrix.passed('migrate');

  const queries = source.createQueryRunner();
  const table = await queries.getTable('customer');
  assert.deepStrictEqual(table.columns.map((column) => column.name), ['id', 'name', 'born', 'facts', 'made', 'version', 'city']);
  const described = Object.fromEntries(table.columns.map((column) => [column.name, column]));
  assert(described.id.isPrimary && described.id.isGenerated && described.id.generationStrategy === 'increment');
  assert.deepStrictEqual([described.city.type, described.city.length, described.city.default], ['varchar', '40', "'Athens'"]);
  assert.deepStrictEqual(table.indices.map((index) => index.name), ['by_city']);
  const orders = await queries.getTable('order');
  assert(orders.indices.some((index) => index.name === 'by_kind' && index.columnNames.join() === 'kind,placed'));
  assert.deepStrictEqual(orders.findColumnByName('kind').enum, ['gift', 'sale']);
  assert(orders.findColumnByName('code').isUnique);
  assert.strictEqual(await queries.hasTable('note'), true);
  assert.strictEqual(await queries.hasTable('nothing'), false);
  matrix.passed('introspection');
  await queries.renameColumn('customer', 'city', 'town');
  await queries.changeColumn('customer', 'name', new TableColumn({ name: 'name', type: 'varchar', length: '200' }));
  assert.strictEqual((await queries.getTable('customer')).findColumnByName('name').length, '200');
  await queries.renameColumn('customer', 'town', 'city');
  await source.undoLastMigration();
  assert.strictEqual(await queries.hasColumn('customer', 'city'), false);
  await queries.release();
  // Its own comparison finds what was changed, and puts it back.
  await source.synchronize();
  matrix.passed('alter');

  const customers = source.getRepository('Customer');
  const all = source.getRepository('Order');
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const placed = new Date('2024-02-29T23:59:58.123Z');
  for (const [n, name] of ['Solon', 'Myrto', 'Χρύσιππος 🏺'].entries()) {
    const own = [0, 1, 2, 3].map((k) => ({ total: `${n}.${k}0`, kind: k % 2 ? 'gift' : 'sale', scan: bytes, placed, code: crypto.randomUUID() }));
    await customers.save({ name, born: '1990-01-01', facts: { n, list: [1, null] }, orders: own });
  }
  const order = await all.findOne({ where: { total: '2.30' }, relations: { customer: true } });
  assert(order.scan.equals(bytes) && order.placed.getTime() === placed.getTime() && order.paid === false);
  assert.deepStrictEqual([order.customer.name, order.customer.born, order.customer.facts], ['Χρύσιππος 🏺', '1990-01-01', { n: 2, list: [1, null] }]);
  const [rows, count] = await all.findAndCount({ where: { kind: 'gift', total: MoreThanOrEqual('0.1') }, order: { total: 'DESC' }, take: 2, skip: 1, relations: { customer: true } });
  assert.deepStrictEqual([count, rows.map((row) => row.total)], [6, ['2.10', '1.30']]);
  const loaded = await customers.find({ relations: { orders: true }, order: { id: 'ASC', orders: { id: 'ASC' } } });
  assert.deepStrictEqual(loaded.map((customer) => customer.orders.length), [4, 4, 4]);
  assert.strictEqual(Number(await all.sum('total')), 13.8);
  const sums = await all.createQueryBuilder('o').select('o.customerId', 'id').addSelect('COUNT(*)', 'n').addSelect('SUM(o.total)', 'all')
    .groupBy('o.customerId').having('COUNT(*) > :few', { few: 1 }).orderBy('o.customerId').getRawMany();
  assert.deepStrictEqual(sums.map((sum) => [Number(sum.n), sum.all]), [[4, '0.60'], [4, '4.60'], [4, '8.60']]);
  assert.strictEqual((await all.update({ kind: 'gift' }, { paid: true })).affected, 6);
  assert.strictEqual((await all.increment({ paid: true }, 'total', 1)).affected, 6);
  assert.strictEqual(Number(await all.sum('total')), 19.8);
  await customers.upsert([{ id: 1, name: 'Draco' }, { id: 100, name: 'Cleisthenes' }], ['id']);
  assert.deepStrictEqual((await customers.find({ where: { id: In([1, 100]) }, order: { id: 'ASC' } })).map((one) => one.name), ['Draco', 'Cleisthenes']);
  const draco = await customers.findOneBy({ id: 1 });
  draco.born = '1991-01-01';
  assert.strictEqual((await customers.save(draco)).version, draco.version);
  await assert.rejects(all.insert({ total: '1', placed, code: order.code }), (error) => error.driverError.errno === 1062);
  assert.deepStrictEqual((await source.query('SELECT name FROM customer WHERE id = ?', [1])).map((row) => row.name), ['Draco']);
  const seen = [];
  for await (const row of await all.createQueryBuilder('o').select('o.id', 'id').orderBy('o.id').stream()) seen.push(Number(row.id));
  assert.deepStrictEqual(seen, [...seen].sort((a, b) => a - b));
  assert.strictEqual(seen.length, 12);
  matrix.passed('models');

  await assert.rejects(source.transaction(async (manager) => {
    await manager.createQueryBuilder().delete().from('Order').execute();
    assert.strictEqual(await manager.count('Order'), 0);
    throw new Error('undo it');
  }), /undo it/);
  assert.strictEqual(await all.count(), 12);
  await source.transaction(async (manager) => {
    await manager.save('Customer', { name: 'Pisistratus' });
    // One inside is a savepoint.
    await assert.rejects(manager.transaction(async (inner) => {
      await inner.save('Customer', { name: 'Nobody' });
      throw new Error('only this');
    }), /only this/);
    await manager.update('Order', { paid: true }, { kind: 'sale' });
  });
  assert.deepStrictEqual([await all.countBy({ kind: 'sale' }), await customers.countBy({ name: 'Nobody' }), await customers.countBy({ name: 'Pisistratus' })], [12, 0, 1]);
  matrix.passed('transaction');
  const one = source.createQueryRunner();
  await one.startTransaction();
  await one.manager.findOne('Customer', { where: { id: 1 }, lock: { mode: 'pessimistic_write' } });
  await source.transaction(async (other) => {
    await other.query('SET innodb_lock_wait_timeout = 1');
    await assert.rejects(other.findOne('Customer', { where: { id: 1 }, lock: { mode: 'pessimistic_write' } }), (error) => error.driverError.errno === 1205);
  });
  await one.commitTransaction();
  await one.release();
  matrix.passed('lock');
  await source.dropDatabase();
  assert.deepStrictEqual(await source.query('SHOW TABLES'), []);
  matrix.passed('undo');
  matrix.none('admin', 'not in the library');
  await source.destroy();
}

main().catch((error) => { console.error(error); process.exit(1); });
