"""PyMySQL in the matrix."""

import ssl

import pymysql
from pymysql.constants import CLIENT

import matrix

unverified = ssl.create_default_context()
unverified.check_hostname = False
unverified.verify_mode = ssl.CERT_NONE


def connect(user, password, tls, compressed, **more):
    if compressed:
        matrix.none("compressed", "not in the driver")
        return None
    return pymysql.connect(
        host="127.0.0.1", port=matrix.PORT, user=user, password=password, database=matrix.DATABASE, charset="utf8mb4",
        init_command=matrix.SETTINGS, ssl=unverified if tls else None, ssl_disabled=not tls, **more,
    )


def main():
    matrix.version(pymysql.VERSION_STRING)
    for column in ("binary", "write binary"):
        matrix.none(column, "not in the driver")
    matrix.check_driver(connect, {"text": lambda connection: connection.cursor()},
                        lambda connection: connection.cursor(pymysql.cursors.SSCursor))
    connection = connect("root", "", False, False, client_flag=CLIENT.MULTI_STATEMENTS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT id FROM account ORDER BY id DESC")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset()
        assert cursor.fetchall() == ((3,), (2,), (1,))
    # Rows that are taken one by one, left in the middle.
    cursor = connection.cursor(pymysql.cursors.SSCursor)
    cursor.execute("SELECT id FROM matrix_many.many ORDER BY id")
    assert cursor.fetchone() == (1,)
    cursor.close()
    connection.ping()
    connection.close()


main()
