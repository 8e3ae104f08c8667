"""mysqlclient (MySQLdb), over MariaDB's C library, in the matrix."""

import MySQLdb
import MySQLdb.cursors
import MySQLdb.release

import matrix


def connect(user, password, tls, compressed):
    # Its library asks for TLS wherever it is offered; a plain connection must be asked for.
    return MySQLdb.connect(
        host="127.0.0.1", port=matrix.PORT, user=user, password=password, database=matrix.DATABASE, charset="utf8mb4",
        init_command=matrix.SETTINGS, ssl_mode="REQUIRED" if tls else "DISABLED", compress=compressed,
    )


def main():
    matrix.version(MySQLdb.release.__version__)
    for column in ("binary", "write binary"):
        matrix.none(column, "not in the driver")
    matrix.check_driver(connect, {"text": lambda connection: connection.cursor()},
                        lambda connection: connection.cursor(MySQLdb.cursors.SSCursor), zero_dates_are_null=True)


main()
