"""PyMySQL against a node: text protocol, transactions, multi-statements, TLS."""

import ssl
import sys

import pymysql
from pymysql.constants import CLIENT

from expected import check_nulls, check_row, check_transactions


def connect(port, **more):
    return pymysql.connect(
        host="127.0.0.1", port=port, user="root", password="", database="matrix", charset="utf8mb4",
        init_command="SET time_zone = '+00:00'", **more,
    )


def read(connection, how):
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM every_type WHERE id = %s", (1,))
        check_row(how, [column[0] for column in cursor.description], cursor.fetchone())
        cursor.execute("SELECT * FROM every_type WHERE id = 2")
        check_nulls(how, cursor.fetchone())
        cursor.execute("SELECT * FROM every_type ORDER BY id")
        rows = cursor.fetchall()
        assert [row[0] for row in rows] == [1, 2]
        check_row(how + ", merged", [column[0] for column in cursor.description], rows[0])


def main():
    port = int(sys.argv[1])
    connection = connect(port, client_flag=CLIENT.MULTI_STATEMENTS)
    read(connection, "text")
    check_transactions(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT id FROM account ORDER BY id DESC")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset()
        assert cursor.fetchall() == ((3,), (2,), (1,))
        try:
            cursor.execute("SELECT * FROM no_such_table")
            raise AssertionError("a missing table is no error")
        except pymysql.err.ProgrammingError as error:
            assert error.args[0] == 1146, error
        # Over several groups, so outside of a transaction: commit across groups is not there yet.
        connection.commit()
        connection.autocommit(True)
        cursor.executemany("INSERT INTO account VALUES (%s, %s, %s)", [(10 + n, f"n{n}", n) for n in range(20)])
        assert cursor.rowcount == 20
        cursor.execute("DELETE FROM account WHERE id >= 10")
        assert cursor.rowcount == 20
    connection.ping()
    connection.close()

    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    connection = connect(port, ssl=unverified)
    assert isinstance(connection._sock, ssl.SSLSocket), "TLS was asked for and is not in use"
    read(connection, "TLS")
    connection.close()

    # A cursor that takes rows one by one, left in the middle.
    connection = connect(port, cursorclass=pymysql.cursors.SSCursor)
    cursor = connection.cursor()
    cursor.execute("SELECT id FROM account ORDER BY id")
    assert cursor.fetchone() == (1,)
    cursor.close()
    connection.close()
    print("pymysql: all checks passed")


main()
