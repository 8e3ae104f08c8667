// Sequelize, over mysql2: tables made, changed and described, relations, transactions, locks.
'use strict';

const assert = require('node:assert');
const { DataTypes, Op, QueryTypes, Sequelize } = require('sequelize');
const matrix = require('./matrix');

const sequelize = new Sequelize(matrix.database, 'root', '', { host: '127.0.0.1', port: matrix.port, dialect: 'mysql', logging: false, pool: { max: 4 } });
// Ostrakon refuses FOREIGN KEY: relations without constraints.
const loose = { constraints: false };

async function main() {
  matrix.version(require('sequelize/package.json').version);
  const Customer = sequelize.define('customer', { name: { type: DataTypes.STRING(100), allowNull: false }, born: DataTypes.DATEONLY, facts: DataTypes.JSON });
  const Order = sequelize.define('order', {
    id: { type: DataTypes.BIGINT.UNSIGNED, primaryKey: true, autoIncrement: true }, total: DataTypes.DECIMAL(10, 2), paid: { type: DataTypes.BOOLEAN, defaultValue: false },
    kind: DataTypes.ENUM('gift', 'sale'), scan: DataTypes.BLOB, placed: DataTypes.DATE(6), code: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4, unique: true },
  });
  Customer.hasMany(Order, loose);
  Order.belongsTo(Customer, loose);
  await sequelize.authenticate();
  await sequelize.sync({ force: true });
  matrix.passed('migrate');

  const queries = sequelize.getQueryInterface();
  await queries.addColumn('customers', 'city', { type: DataTypes.STRING(40), defaultValue: 'Athens' });
  await queries.changeColumn('customers', 'name', { type: DataTypes.STRING(200), allowNull: false });
  await queries.renameColumn('customers', 'born', 'birthday');
  await queries.addIndex('orders', ['kind', 'placed'], { name: 'by_kind' });
  const described = await queries.describeTable('customers');
  assert.deepStrictEqual(Object.keys(described), ['id', 'name', 'birthday', 'facts', 'createdAt', 'updatedAt', 'city']);
  assert.strictEqual(described.name.type, 'VARCHAR(200)');
  assert.strictEqual(described.id.primaryKey && described.id.autoIncrement, true);
  const indexes = await queries.showIndex('orders');
  assert.deepStrictEqual(indexes.find((one) => one.name === 'by_kind').fields.map((field) => field.attribute), ['kind', 'placed']);
  assert.deepStrictEqual((await queries.showAllTables()).map((table) => table.tableName ?? table).filter((name) => ['customers', 'orders'].includes(name)).sort(), ['customers', 'orders']);
  matrix.passed('introspection');
  await queries.removeIndex('orders', 'by_kind');
  await queries.renameColumn('customers', 'birthday', 'born');
  await queries.removeColumn('customers', 'city');
  matrix.passed('alter');

  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const placed = new Date('2024-02-29T23:59:58.123Z');
  for (const [n, name] of ['Solon', 'Myrto', 'Χρύσιππος 🏺'].entries()) {
    const customer = await Customer.create({ name, born: '1990-01-01', facts: { n, list: [1, null] } });
    for (let k = 0; k < 4; k++) await customer.createOrder({ total: `${n}.${k}0`, kind: k % 2 ? 'gift' : 'sale', scan: bytes, placed });
  }
  const order = await Order.findOne({ where: { total: '2.30' }, include: Customer });
  assert(order.scan.equals(bytes) && order.placed.getTime() === placed.getTime() && order.paid === false);
  assert.strictEqual(order.customer.name, 'Χρύσιππος 🏺');
  const facts = order.customer.facts;
  assert.deepStrictEqual(typeof facts === 'string' ? JSON.parse(facts) : facts, { n: 2, list: [1, null] });
  const { count, rows } = await Order.findAndCountAll({ where: { kind: 'gift', total: { [Op.gte]: 0.1 } }, order: [['total', 'DESC']], limit: 2, offset: 1, include: Customer });
  assert.deepStrictEqual([count, rows.map((row) => row.total)], [6, ['2.10', '1.30']]);
  const customers = await Customer.findAll({ include: { model: Order, where: { paid: false } }, order: [['id', 'ASC'], [Order, 'id', 'ASC']] });
  assert.deepStrictEqual(customers.map((customer) => customer.orders.length), [4, 4, 4]);
  assert.strictEqual(Number(await Order.sum('total')), 13.8);
  const sums = await Order.findAll({ attributes: ['customerId', [sequelize.fn('COUNT', '*'), 'n'], [sequelize.fn('SUM', sequelize.col('total')), 'all']], group: 'customerId', order: ['customerId'], raw: true });
  assert.deepStrictEqual(sums.map((sum) => [sum.n, sum.all]), [[4, '0.60'], [4, '4.60'], [4, '8.60']]);
  assert.deepStrictEqual((await Order.update({ paid: true }, { where: { kind: 'gift' } }))[0], 6);
  await Order.increment({ total: 1 }, { where: { paid: true } });
  assert.strictEqual(Number(await Order.sum('total')), 19.8);
  await Customer.bulkCreate([{ id: 1, name: 'Draco' }, { id: 100, name: 'Cleisthenes' }], { updateOnDuplicate: ['name'] });
  assert.deepStrictEqual((await Customer.findAll({ where: { id: [1, 100] }, order: ['id'] })).map((one) => one.name), ['Draco', 'Cleisthenes']);
  const [made, isNew] = await Customer.findOrCreate({ where: { name: 'Lycurgus' } });
  assert(isNew && made.id > 0);
  await assert.rejects(Order.create({ code: order.code }), { name: 'SequelizeUniqueConstraintError' });
  assert.deepStrictEqual(await sequelize.query('SELECT name FROM customers WHERE id = ?', { replacements: [1], type: QueryTypes.SELECT }), [{ name: 'Draco' }]);
  assert.deepStrictEqual(await sequelize.query('SELECT name FROM customers WHERE id = $1', { bind: [1], type: QueryTypes.SELECT }), [{ name: 'Draco' }]);
  matrix.passed('models');

  await assert.rejects(sequelize.transaction(async (transaction) => {
    await Order.destroy({ where: {}, transaction });
    assert.strictEqual(await Order.count({ transaction }), 0);
    throw new Error('undo it');
  }), /undo it/);
  assert.strictEqual(await Order.count(), 12);
  await sequelize.transaction(async (transaction) => {
    await Customer.create({ name: 'Pisistratus' }, { transaction });
    await Order.update({ kind: 'sale' }, { where: {}, transaction });
  });
  assert.strictEqual(await Order.count({ where: { kind: 'sale' } }), 12);
  matrix.passed('transaction');
  const one = await sequelize.transaction();
  await Customer.findByPk(1, { lock: one.LOCK.UPDATE, transaction: one });
  await sequelize.transaction(async (other) => {
    await sequelize.query('SET innodb_lock_wait_timeout = 1', { transaction: other });
    await assert.rejects(Customer.findByPk(1, { lock: other.LOCK.UPDATE, transaction: other }), (error) => error.original.errno === 1205);
  });
  await one.commit();
  matrix.passed('lock');
  await sequelize.drop();
  matrix.passed('undo');
  matrix.none('admin', 'not in the library');
  await sequelize.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
