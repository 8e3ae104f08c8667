// What the Node programs of the matrix share: the surroundings and what is said about a check.
'use strict';

const fs = require('node:fs');

const env = process.env;
const client = env.MATRIX_CLIENT;

// Rows of every_type, column by column, as expected.tsv writes them.
function expected() {
  const rows = {};
  for (const line of fs.readFileSync(env.MATRIX_EXPECTED, 'utf8').split('\n')) {
    if (line === '') continue;
    const [row, column, text] = line.split('\t');
    rows[row] ??= {};
    rows[row][column] = text.replace(/\\n/g, '\n').replace(/\\t/g, '\t').replace(/\\\\/g, '\\');
  }
  return rows;
}

module.exports = {
  port: Number(env.MATRIX_PORT),
  database: `matrix_${client}`,
  password: env.MATRIX_PASSWORD,
  rows: Number(env.MATRIX_ROWS),
  bytes: Number(env.MATRIX_BYTES),
  user: (plugin) => `${plugin}_${client}`,
  settings: "SET time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION'",
  expected,
  passed: (column) => console.log(`passed: ${column}`),
  // The client does not have it, on any server.
  none: (column, reason) => console.log(`none: ${column}: ${reason}`),
  version: (text) => console.log(`version: ${text}`),
};
