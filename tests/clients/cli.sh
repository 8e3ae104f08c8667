#!/usr/bin/env bash
# MariaDB's command line client in the matrix: all values as text, scripts with delimiters, text PREPARE, completion, STATUS.
set -euo pipefail
client=$(command -v mariadb || command -v mysql)
database=matrix_$MATRIX_CLIENT
run() { "$client" --no-defaults -h 127.0.0.1 -P "$MATRIX_PORT" --protocol=tcp --batch --skip-column-names --default-character-set=utf8mb4 "$@"; }
root() { run -u root "$database" "$@"; }
fail() { echo "cli: $*" >&2; exit 1; }
same() { [ "$2" = "$3" ] || fail "$1: expected [$2], got [$3]"; }
passed() { echo "passed: $1"; }

echo "version: $("$client" --version | grep -o 'Distrib [^ ,]*' | cut -d' ' -f2)"
for column in binary 'write binary'; do echo "none: $column: text PREPARE only"; done

# Every value, one line each, as expected.tsv writes it.
columns=$(root -e 'DESCRIBE every_type' | cut -f1 | grep -v '^id$')
values=
for column in $columns; do
    case $column in
    c_binary|c_varbinary|c_tinyblob|c_blob|c_longblob|c_point) value="HEX($column)" ;;
    c_bit|c_bit64) value="CAST($column + 0 AS CHAR)" ;;
    c_year) value="CAST($column + 0 AS CHAR)" ;;
    *) value="CAST($column AS CHAR)" ;;
    esac
    values+="${values:+, }$value"
done
read_all() { # arguments of the client
    local row key at
    for key in 1 2 3 4 5; do
        row=$(run "$@" "$database" -e "SET time_zone = '+00:00'; SELECT $values FROM every_type WHERE id = $key" | tr '\t' '\n')
        paste <(printf '%s\n' $columns) <(printf '%s\n' "$row") | grep -v -P '\tNULL$' | sed "s/^/$key\t/" || [ "$key" = 2 ]
    done
}
check_all() { # name, arguments
    local name=$1
    shift
    local difference
    difference=$(diff <(read_all "$@") "$MATRIX_EXPECTED") || fail "$name: values differ: $difference"
}
for plugin in sha2 rsa native; do
    user=${plugin}_$MATRIX_CLIENT
    for tls in '' ' tls'; do
        if [ "$plugin$tls" = 'rsa tls' ]; then continue; fi
        if [ -n "$tls" ]; then ssl=(--ssl --skip-ssl-verify-server-cert); else ssl=(--skip-ssl); fi
        check_all "$plugin$tls" -u "$user" -p"$MATRIX_PASSWORD" "${ssl[@]}"
        status=$(run -u "$user" -p"$MATRIX_PASSWORD" "${ssl[@]}" "$database" -e STATUS 2>&1)
        if [ -n "$tls" ]; then
            grep -q 'Cipher in use is' <<<"$status" || fail "TLS was asked for and is not in use: $status"
        else
            grep -q 'Not in use' <<<"$status" || fail "TLS is in use: $status"
        fi
        passed "$plugin$tls"
    done
done
passed text
check_all compressed -u root --compress
same "much, compressed" 3000000 "$(root --compress -e "SELECT REPEAT('text ', 600000)" | tr -d '\n' | wc -c | tr -d ' ')"
passed compressed

# What is read is written again, as text, by the statement that PREPARE makes of it.
root -e "SET time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION';
    DELETE FROM written; INSERT INTO written SELECT * FROM every_type; PREPARE s FROM 'SELECT COUNT(*) FROM written WHERE id < 6'; EXECUTE s"  >/dev/null
same "rows that are the same" 5 "$(root -e 'SELECT COUNT(*) FROM every_type e JOIN written w USING (id) WHERE e.c_text <=> w.c_text AND e.c_time6 <=> w.c_time6')"
passed 'write text'

# A script with comments, another delimiter and several statements in one packet.
same "delimiter" $'1\n2' "$(root <<'SQL'
-- a comment
DELIMITER //
SELECT 1; SELECT 2 //
DELIMITER ;
SQL
)"
root -e "START TRANSACTION; UPDATE account SET balance = balance + 1; ROLLBACK"
same "rollback" 100.00 "$(root -e 'SELECT balance FROM account WHERE id = 1')"
root -e "START TRANSACTION; UPDATE account SET balance = balance + 1; COMMIT"
same "commit" 101.00 "$(root -e 'SELECT balance FROM account WHERE id = 1')"
same "sum over all groups" 153.00 "$(root -e 'SELECT SUM(balance) FROM account')"
passed transaction

same "tables" $'account\nbig\nevery_type\nwritten' "$(root -e 'SHOW TABLES')"
# Completion of names reads tables and fields (COM_FIELD_LIST): with --auto-rehash the client does it at the start.
same "auto-rehash" 1 "$(root --auto-rehash -e 'SELECT 1')"
if root -e 'SELECT * FROM no_such_table' 2>/dev/null; then fail "a missing table is no error"; fi
same "the error's number" 1146 "$(root -e 'SELECT * FROM no_such_table' 2>&1 | sed -n 's/^ERROR \([0-9]*\).*/\1/p')"
passed errors

# A statement of several packets, from standard input.
bytes=$((MATRIX_BYTES / 256 * 256))
{ printf "INSERT INTO big VALUES (0, x'"; head -c "$bytes" /dev/zero | od -An -v -tx1 | tr -d ' \n'; printf "');\n"; } | root --max-allowed-packet=64M
same "a big literal" "$bytes" "$(root -e 'SELECT LENGTH(body) FROM big WHERE id = 0')"
passed big
same "rows as they come" "$MATRIX_ROWS" "$(root --quick -e 'SELECT id, body FROM matrix_many.many ORDER BY id' |
    awk -F '\t' '$1 == NR && $2 == "row number " NR' | wc -l | tr -d ' ')"
passed stream
