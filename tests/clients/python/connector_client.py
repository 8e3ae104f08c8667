"""mysql-connector-python in the matrix, in pure Python and with its C library, which is said by the first argument."""

import sys

import mysql.connector

import matrix

PURE = sys.argv[1] == "pure"
# What the driver reads or writes wrongly on any server. Pure Python takes POINT for a text, and by the binary protocol YEAR too, and
# drops the sign of TIME; in the binary protocol the C library has no UNSIGNED BIGINT, and does not keep the smallest DOUBLE.
UNREAD = {"text": ("c_point",), "binary": ("c_point", "c_year", "c_time", "c_time6")} if PURE else {"binary": ("c_ubigint", "c_bit64", "c_double")}


def connect(user, password, tls, compressed):
    if user.startswith(("sha2", "rsa")) and not tls:
        matrix.none(user.split("_")[0], "the driver wants TLS for this plugin")
        return None
    connection = mysql.connector.connect(
        host="127.0.0.1", port=matrix.PORT, user=user, password=password, database=matrix.DATABASE, charset="utf8mb4",
        collation="utf8mb4_general_ci", ssl_disabled=not tls, compress=compressed, use_pure=PURE,
    )
    connection.cmd_query(matrix.SETTINGS)
    return connection


def parameter(name, value):
    return ",".join(value) if isinstance(value, (set, frozenset)) else value


def change_user():
    """COM_CHANGE_USER, to accounts of both plugins and back."""
    connection = connect("root", "", True, False)
    for user, password in ((matrix.user("sha2"), matrix.PASSWORD), (matrix.user("native"), matrix.PASSWORD), ("root", "")):
        connection.cmd_change_user(username=user, password=password, database=matrix.DATABASE, charset=45)
        cursor = connection.cursor()
        cursor.execute("SELECT CURRENT_USER(), DATABASE()")
        name, database = cursor.fetchone()
        assert (name.split("@")[0], database) == (user, matrix.DATABASE)
        cursor.close()
    connection.close()


def main():
    matrix.version(mysql.connector.__version__)
    matrix.check_driver(connect, {"text": lambda connection: connection.cursor(), "binary": lambda connection: connection.cursor(prepared=True)},
                        lambda connection: connection.cursor(), zero_dates_are_null=True, unread=UNREAD, parameter=parameter)
    change_user()


main()
