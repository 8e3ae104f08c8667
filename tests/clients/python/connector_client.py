"""mysql-connector-python against a node: text and prepared cursors, transactions, with and without TLS."""

import sys

import mysql.connector

from expected import VALUES, check_nulls, check_row, check_transactions


def connect(port, **more):
    return mysql.connector.connect(
        host="127.0.0.1", port=port, user="root", password="", database="matrix", charset="utf8mb4",
        collation="utf8mb4_general_ci", time_zone="+00:00", **more,
    )


# What the driver reads wrongly from a prepared statement of any server. In pure Python it takes YEAR for a string and drops the sign
# of TIME; its C library drops the UNSIGNED of BIGINT.
BROKEN = {True: ("c_year", "c_time"), False: ("c_ubigint",)}


def read(connection, how, pure, prepared):
    left_out = BROKEN[pure] if prepared else ()
    wanted = ", ".join(["id", *(name for name in VALUES if name not in left_out)])
    cursor = connection.cursor(prepared=prepared)
    cursor.execute(f"SELECT {wanted} FROM every_type WHERE id = %s", (1,))
    row = cursor.fetchone()
    check_row(how, cursor.column_names, row, left_out)
    assert cursor.fetchone() is None
    cursor.execute(f"SELECT {wanted} FROM every_type WHERE id = %s", (2,))
    check_nulls(how, cursor.fetchall()[0])
    cursor.close()
    cursor = connection.cursor(prepared=prepared)
    cursor.execute(f"SELECT {wanted} FROM every_type ORDER BY id")
    rows = cursor.fetchall()
    assert [row[0] for row in rows] == [1, 2]
    check_row(how + ", merged", cursor.column_names, rows[0], left_out)
    cursor.close()


def check_change_user(connection):
    """COM_CHANGE_USER, to accounts of both plugins and back."""
    cursor = connection.cursor()
    cursor.execute("CREATE USER IF NOT EXISTS pericles IDENTIFIED BY 'funeral oration'")
    cursor.execute("CREATE USER IF NOT EXISTS aspasia IDENTIFIED WITH mysql_native_password BY 'menexenus'")
    for user, password in (("pericles", "funeral oration"), ("aspasia", "menexenus"), ("root", "")):
        connection.cmd_change_user(username=user, password=password, database="matrix", charset=45)
        cursor = connection.cursor()
        cursor.execute("SELECT CURRENT_USER(), DATABASE()")
        assert cursor.fetchone() == (f"{user}@%", "matrix")
        cursor.close()


def main():
    port = int(sys.argv[1])
    for pure in (True, False):
        for tls, compress in ((True, False), (False, False), (True, True), (False, True)):
            how = f"{'pure Python' if pure else 'C library'}, {'TLS' if tls else 'no TLS'}{', compressed' if compress else ''}"
            try:
                connection = connect(port, use_pure=pure, ssl_disabled=not tls, compress=compress)
            except ImportError:
                # The package has no C library on every platform.
                assert not pure
                continue
            read(connection, f"text, {how}", pure, False)
            read(connection, f"prepared, {how}", pure, True)
            cursor = connection.cursor()
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            cursor.fetchall()
            cursor.close()
            check_transactions(connection)
            if not compress:
                # The driver refuses it itself.
                check_change_user(connection)
            connection.close()
    print("connector: all checks passed")


main()
