"""What all Python drivers of the matrix share: the surroundings, values in one form, the checks and what is said about them."""

import datetime
import decimal
import json
import os

PORT = int(os.environ["MATRIX_PORT"])
CLIENT = os.environ["MATRIX_CLIENT"]
PASSWORD = os.environ["MATRIX_PASSWORD"]
ROWS = int(os.environ["MATRIX_ROWS"])
BYTES = int(os.environ["MATRIX_BYTES"])
DATABASE = f"matrix_{CLIENT}"
SETTINGS = "SET time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION'"
BYTE_COLUMNS = ("c_binary", "c_varbinary", "c_tinyblob", "c_blob", "c_longblob", "c_point")
# Of the account "rsa" the node has a salted hash, so its first login goes the long way of caching_sha2_password: under the node's RSA key.
LOGINS = [("sha2", False), ("sha2", True), ("rsa", False), ("native", False), ("native", True)]


def user(plugin):
    return f"{plugin}_{CLIENT}"


def passed(column):
    print(f"passed: {column}", flush=True)


def none(column, reason):
    """The client does not have it, on any server."""
    print(f"none: {column}: {reason}", flush=True)


def version(text):
    print(f"version: {text}", flush=True)


def expected():
    rows = {}
    with open(os.environ["MATRIX_EXPECTED"], encoding="utf-8") as file:
        for line in file:
            row, column, text = line.rstrip("\n").split("\t")
            for escape, character in (("\\n", "\n"), ("\\t", "\t"), ("\\\\", "\\")):
                text = text.replace(escape, character)
            rows.setdefault(int(row), {})[column] = text
    return rows


EXPECTED = expected()


def fraction(text):
    """A moment without zeros at the end of its fraction: clients give as many as they like."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(value):
    sign, value = ("-", -value) if value < datetime.timedelta() else ("", value)
    minutes, seconds = divmod(value.days * 86400 + value.seconds, 60)
    return fraction(f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{value.microseconds:06}")


def canonical(column, value):
    """A value as expected.tsv writes it."""
    if value is None:
        return None
    if column in BYTE_COLUMNS:
        assert isinstance(value, (bytes, bytearray)), f"{column} is {type(value)}"
        return bytes(value).hex().upper()
    if column.startswith("c_bit"):
        return str(int.from_bytes(value, "big") if isinstance(value, (bytes, bytearray)) else int(value))
    if isinstance(value, (bytes, bytearray)):
        value = value.decode()
    if column == "c_json":
        return json.dumps(json.loads(value) if isinstance(value, str) else value, ensure_ascii=False, sort_keys=True)
    if column in ("c_float", "c_double"):
        return float(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return fraction(value.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0"))
    if isinstance(value, datetime.timedelta):
        return interval(value)
    if column in ("c_datetime", "c_seconds", "c_timestamp", "c_time", "c_time6"):
        return fraction(str(value))
    if isinstance(value, (set, frozenset)):
        return ",".join(sorted(value))
    return str(value)


def column_names(connection, left_out):
    """The columns of every_type but for those that the driver reads wrongly from any server."""
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM every_type LIMIT 0")
    cursor.fetchall()
    names = [column[0] for column in cursor.description if column[0] not in left_out]
    cursor.close()
    return names


def check_rows(how, names, rows, zero_dates_are_null):
    """All rows, column by column."""
    assert [row[0] for row in rows] == list(range(1, 6)), f"{how}: rows {[row[0] for row in rows]}"
    for row in rows:
        for name, value in list(zip(names, row))[1:]:
            wanted = EXPECTED.get(row[0], {}).get(name)
            if wanted is not None:
                if name in ("c_float", "c_double"):
                    wanted = float(wanted)
                elif name in ("c_datetime", "c_seconds", "c_timestamp", "c_time", "c_time6"):
                    wanted = fraction(wanted)
                if zero_dates_are_null and str(wanted).startswith("0000-00-00"):
                    wanted = None
            got = canonical(name, value)
            assert got == wanted, f"{how}: {name} of row {row[0]} is {got!r}, expected {wanted!r}"


def same_rows(names, zero_dates_are_null):
    """The query that compares the rows of `written` with those of `every_type`: 1 for each column that is the same."""
    texts = ("c_char", "c_varchar", "c_latin", "c_tinytext", "c_text", "c_longtext", "c_enum", "c_set", *BYTE_COLUMNS)
    conditions = []
    for name in names:
        if name == "id":
            continue
        one, other = (f"HEX({t}.{name})" if name in texts else f"{t}.{name}" for t in ("e", "w"))
        if zero_dates_are_null and name in ("c_date", "c_datetime", "c_seconds", "c_timestamp"):
            one = f"IF({one} = 0, NULL, {one})"
        conditions.append(f"{one} <=> {other}")
    return f"SELECT e.id, {', '.join(conditions)} FROM every_type e JOIN written w ON e.id = w.id ORDER BY e.id"


def check_driver(connect, cursors, streaming, zero_dates_are_null=False, unread=None, parameter=lambda name, value: value):
    """All checks of a driver of Python's DB-API.

    connect(user, password, tls, compressed) -> connection; cursors: {"text": make, "binary": make}, make(connection) -> cursor;
    streaming(connection) -> a cursor that takes rows as they come; unread: {protocol: columns that the driver reads wrongly};
    parameter(name, value): a value that was read, as the driver wants it for writing.
    """
    unread = unread or {}

    def read(connection, how):
        for protocol, make in cursors.items():
            columns = ", ".join(column_names(connection, unread.get(protocol, ()))) if unread.get(protocol) else "*"
            cursor = make(connection)
            cursor.execute(f"SELECT {columns} FROM every_type ORDER BY id")
            names = [column[0] for column in cursor.description]
            check_rows(f"{how}, {protocol}", names, cursor.fetchall(), zero_dates_are_null)
            cursor.close()
            cursor = make(connection)
            rows = []
            for key in range(1, 6):
                cursor.execute(f"SELECT {columns} FROM every_type WHERE id = %s", (key,))
                rows += cursor.fetchall()
            check_rows(f"{how}, {protocol}, by key", names, rows, zero_dates_are_null)
            cursor.close()

    for plugin, tls in LOGINS:
        connection = connect(user(plugin), PASSWORD, tls, False)
        if connection is None:
            continue
        cursor = connection.cursor()
        cursor.execute("SELECT CURRENT_USER()")
        assert cursor.fetchone()[0].split("@")[0] == user(plugin)
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        assert bool(cursor.fetchone()[1]) == tls, "TLS is not as asked for"
        cursor.close()
        read(connection, f"{plugin}, {'TLS' if tls else 'no TLS'}")
        connection.close()
        passed(f"{plugin} tls" if tls else plugin)
    for protocol in ("text", "binary"):
        if protocol in cursors:
            passed(protocol)

    connection = connect("root", "", False, True)
    if connection is not None:
        read(connection, "compressed")
        connection.close()
        passed("compressed")

    connection = connect("root", "", False, False)
    write(connection, cursors, zero_dates_are_null, unread, parameter)
    transact(connection)
    errors(connection)
    big(connection, cursors)
    stream(connection, streaming)
    connection.close()


def write(connection, cursors, zero_dates_are_null, unread, parameter):
    """Rows that were read are written with parameters, and compared by the server."""
    for protocol, make in cursors.items():
        names = column_names(connection, unread.get(protocol, ()))
        plain = connection.cursor()
        plain.execute(f"SELECT {', '.join(names)} FROM every_type ORDER BY id")
        rows = plain.fetchall()
        plain.execute("DELETE FROM written")
        cursor = make(connection)
        for row in rows:
            # Drivers of Python write a negative interval, or its fraction, wrongly.
            values = [interval(value) if isinstance(value, datetime.timedelta) else parameter(name, value) for name, value in zip(names, row)]
            cursor.execute(f"INSERT INTO written ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})", values)
        cursor.close()
        connection.commit()
        plain.execute(same_rows(names, zero_dates_are_null))
        compared = plain.fetchall()
        assert len(compared) == len(rows), f"{protocol}: {len(compared)} rows were written"
        for row in compared:
            wrong = [name for name, same in zip(names[1:], row[1:]) if same != 1]
            assert not wrong, f"{protocol}: row {row[0]} is not what was written: {wrong}"
        plain.close()
        passed(f"write {protocol}")


def transact(connection):
    """Rollback undoes, commit keeps, over rows of several groups; another statement sees the sum."""
    cursor = connection.cursor()
    for finish, wanted in ((connection.rollback, ["100.00", "50.00", "0.00"]), (connection.commit, ["107.50", "57.50", "7.50"])):
        for key in (1, 2, 3):
            cursor.execute("UPDATE account SET balance = balance + %s WHERE id = %s", (decimal.Decimal("7.50"), key))
            assert cursor.rowcount == 1, cursor.rowcount
        finish()
        cursor.execute("SELECT balance FROM account ORDER BY id")
        assert [str(row[0]) for row in cursor.fetchall()] == wanted
        connection.rollback()
    cursor.execute("UPDATE account SET balance = balance - 7.5")
    assert cursor.rowcount == 3, cursor.rowcount
    cursor.executemany("INSERT INTO account VALUES (%s, %s, %s)", [(10 + n, f"n{n}", n) for n in range(20)])
    assert cursor.rowcount == 20, cursor.rowcount
    cursor.execute("DELETE FROM account WHERE id >= 10")
    assert cursor.rowcount == 20, cursor.rowcount
    connection.commit()
    cursor.execute("SELECT COUNT(*), SUM(balance), MIN(owner) FROM account")
    assert cursor.fetchone() == (3, decimal.Decimal("150.00"), "Cimon")
    cursor.close()
    passed("transaction")


def errors(connection):
    """Errors have the server's numbers, and the connection is good afterwards."""
    cursor = connection.cursor()
    for sql, number in (("SELECT * FROM no_such_table", 1146), ("SELEKT 1", 1064), ("INSERT INTO account VALUES (1, NULL, 0)", 1062),
                        ("SELECT no_such_column FROM account", 1054)):
        try:
            cursor.execute(sql)
            raise AssertionError(f"{sql} is no error")
        except AssertionError:
            raise
        except Exception as error:
            assert error.args[0] == number, f"{sql}: {error!r}"
    connection.rollback()
    cursor.execute("SELECT 1")
    assert cursor.fetchone()[0] == 1
    cursor.close()
    passed("errors")


def pattern():
    return bytes(range(256)) * (BYTES // 256)


def big(connection, cursors):
    """A parameter that needs many packets goes in and comes back."""
    for key, make in enumerate(cursors.values()):
        body = pattern()
        cursor = make(connection)
        cursor.execute("INSERT INTO big VALUES (%s, %s)", (key, body))
        cursor.close()
        cursor = make(connection)
        cursor.execute("SELECT body FROM big WHERE id = %s", (key,))
        assert bytes(cursor.fetchall()[0][0]) == body, "a big parameter is not what came back"
        cursor.close()
    connection.commit()
    passed("big")


def stream(connection, streaming):
    """All rows of a merge are taken as they come, in order; a second time they are left in the middle."""
    cursor = streaming(connection)
    cursor.execute("SELECT id, body FROM matrix_many.many ORDER BY id")
    count = 0
    while rows := cursor.fetchmany(1000):
        for key, body in rows:
            count += 1
            assert key == count and body == f"row number {count}", (key, body, count)
    assert count == ROWS, count
    cursor.close()
    passed("stream")
