"""What the first row of every_type holds, as Python values, and the checks that both Python clients share."""

import datetime
import decimal
import json

VALUES = {
    "c_tinyint": -128,
    "c_utinyint": 255,
    "c_smallint": -32768,
    "c_mediumint": 8388607,
    "c_int": -2147483648,
    "c_bigint": -9223372036854775808,
    "c_ubigint": 18446744073709551615,
    "c_decimal": decimal.Decimal("1234567890123456.7891"),
    "c_float": 1.5,
    "c_double": -2.25,
    "c_bit": 513,
    "c_date": datetime.date(2024, 2, 29),
    "c_datetime": datetime.datetime(2024, 2, 29, 23, 59, 58, 123456),
    "c_timestamp": datetime.datetime(2024, 2, 29, 23, 59, 58, 123000),
    "c_time": -datetime.timedelta(hours=12, minutes=34, seconds=56),
    "c_year": 2024,
    "c_char": "char",
    "c_varchar": "grüße 你好 🏺",
    "c_latin": "café",
    "c_binary": b"\x00\xff\x10",
    "c_varbinary": b"\x00\x01\xfe\xff",
    "c_text": "text\nwith lines",
    "c_blob": b"\xde\xad\xbe\xef\x00",
    "c_enum": "green",
    "c_set": {"a", "c"},
    "c_json": {"k": [1, 2, None]},
}


def plain(name, value):
    """Brings the few types that clients give in different shapes to one."""
    if name == "c_bit" and isinstance(value, (bytes, bytearray)):
        return int.from_bytes(value, "big")
    if name == "c_set":
        return set(value.split(",")) if isinstance(value, str) else set(value)
    if name == "c_json" and isinstance(value, (str, bytes, bytearray)):
        return json.loads(value)
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(VALUES.get(name), str) and isinstance(value, bytes):
        return value.decode()
    return value


def check_row(how, names, row, left_out=()):
    """The row equals VALUES, column by column, but for those left out."""
    assert list(names) == ["id", *(name for name in VALUES if name not in left_out)], f"{how}: columns {names}"
    for name, value in list(zip(names, row))[1:]:
        value = plain(name, value)
        assert value == VALUES[name], f"{how}: {name} is {value!r}, expected {VALUES[name]!r}"


def check_nulls(how, row):
    """All but the key is NULL."""
    assert all(value is None for value in row[1:]), f"{how}: {row}"


def check_transactions(connection):
    """Rollback undoes, commit keeps, and another statement sees the sum."""
    cursor = connection.cursor()
    for finish, expected in ((connection.rollback, "100.00"), (connection.commit, "107.50")):
        cursor.execute("UPDATE account SET balance = balance + %s WHERE id = %s", (decimal.Decimal("7.50"), 1))
        assert cursor.rowcount == 1, cursor.rowcount
        finish()
        cursor.execute("SELECT balance FROM account WHERE id = 1")
        assert cursor.fetchone()[0] == decimal.Decimal(expected)
        connection.rollback()
    cursor.execute("UPDATE account SET balance = 100 WHERE id = 1")
    connection.commit()
    cursor.execute("SELECT COUNT(*), SUM(balance), MIN(owner) FROM account")
    assert cursor.fetchone() == (3, decimal.Decimal("150.00"), "Cimon")
    cursor.close()
