#!/usr/bin/env bash
# MariaDB's command line client against a node: every column type, text PREPARE where the server has it, transactions, TLS.
#
# usage: cli.sh PORT
set -euo pipefail
port=$1
client=$(command -v mariadb || command -v mysql)
run() { "$client" --no-defaults -h 127.0.0.1 -P "$port" -u root --protocol=tcp --batch --skip-column-names "$@"; }
fail() { echo "cli: $*" >&2; exit 1; }
same() { [ "$2" = "$3" ] || fail "$1: expected [$2], got [$3]"; }

row=$(run --default-character-set=utf8mb4 matrix -e "SELECT c_tinyint, c_utinyint, c_smallint, c_mediumint, c_int, c_bigint, c_ubigint,
    c_decimal, c_float, c_double, c_bit + 0, c_date, c_datetime, c_time, c_year, c_char, c_varchar, c_latin, HEX(c_binary),
    HEX(c_varbinary), HEX(c_blob), c_enum, c_set, c_json FROM every_type WHERE id = 1")
expected=$(printf '%s\t' -128 255 -32768 8388607 -2147483648 -9223372036854775808 18446744073709551615 1234567890123456.7891 1.5 -2.25 \
    513 2024-02-29 '2024-02-29 23:59:58.123456' -12:34:56 2024 char 'grüße 你好 🏺' café 00FF10 0001FEFF DEADBEEF00 green a,c \
    '{"k": [1, 2, null]}')
same "every type" "${expected%$'\t'}" "$row"
same "text with a newline" 'text\nwith lines' "$(run matrix -e 'SELECT c_text FROM every_type WHERE id = 1')"
same "the moment of a timestamp" '2024-02-29 18:59:58.123' \
    "$(run matrix -e "SET time_zone = '-05:00'; SELECT c_timestamp FROM every_type WHERE id = 1")"
nulls=$(run matrix -e 'SELECT c_int, c_varchar, c_json FROM every_type WHERE id = 2')
same "nulls" $'NULL\tNULL\tNULL' "$nulls"

# A script with comments, another delimiter and several statements in one packet.
same "delimiter" $'1\n2' "$(run matrix <<'SQL'
-- a comment
DELIMITER //
SELECT 1; SELECT 2 //
DELIMITER ;
SQL
)"

run matrix -e "START TRANSACTION; UPDATE account SET balance = balance + 1 WHERE id = 1; ROLLBACK"
same "rollback" 100.00 "$(run matrix -e 'SELECT balance FROM account WHERE id = 1')"
run matrix -e "START TRANSACTION; UPDATE account SET balance = balance + 1 WHERE id = 1; COMMIT"
same "commit" 101.00 "$(run matrix -e 'SELECT balance FROM account WHERE id = 1')"
same "sum over all groups" 151.00 "$(run matrix -e 'SELECT SUM(balance) FROM account')"
same "sum, compressed" 151.00 "$(run --compress matrix -e 'SELECT SUM(balance) FROM account')"
same "much, compressed" 3000000 "$(run --compress matrix -e "SELECT REPEAT('text ', 600000)" | tr -d '\n' | wc -c | tr -d ' ')"
same "tables" $'account\nevery_type' "$(run matrix -e 'SHOW TABLES')"

# Completion of names reads tables and fields (COM_FIELD_LIST): with --auto-rehash the client does it at the start.
same "auto-rehash" 1 "$(run --auto-rehash matrix -e 'SELECT 1')"
if run matrix -e 'SELECT * FROM no_such_table' 2>/dev/null; then fail "a missing table is no error"; fi
same "the error's number" 1146 "$(run matrix -e 'SELECT * FROM no_such_table' 2>&1 | sed -n 's/^ERROR \([0-9]*\).*/\1/p')"

# TLS with the certificate that the node made for itself: not verified, but required.
tls=$(run --ssl --skip-ssl-verify-server-cert matrix -e 'STATUS; SELECT COUNT(*) FROM account' 2>&1) || fail "TLS: $tls"
grep -q 'Cipher in use is' <<<"$tls" || fail "TLS was asked for and is not in use: $tls"
grep -qx 3 <<<"$tls" || fail "no rows over TLS: $tls"
echo "cli: all checks passed"
