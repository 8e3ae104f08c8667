"""aiomysql in the matrix: its coroutines behind the calls that the other drivers have."""

import asyncio
import inspect
import ssl

import aiomysql

import matrix

unverified = ssl.create_default_context()
unverified.check_hostname = False
unverified.verify_mode = ssl.CERT_NONE
loop = asyncio.new_event_loop()


class Cursor:
    def __init__(self, cursor):
        self.inner = cursor

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found
        return lambda *arguments: wait(found(*arguments))


async def finished(awaitable):
    return await awaitable


def wait(result):
    return loop.run_until_complete(finished(result)) if inspect.isawaitable(result) else result


class Connection:
    def __init__(self, inner):
        self.inner = inner

    def cursor(self, kind=aiomysql.Cursor):
        return Cursor(wait(self.inner.cursor(kind)))

    def commit(self):
        wait(self.inner.commit())

    def rollback(self):
        wait(self.inner.rollback())

    def close(self):
        wait(self.inner.ensure_closed())


def connect(user, password, tls, compressed):
    if compressed:
        matrix.none("compressed", "not in the driver")
        return None
    return Connection(wait(aiomysql.connect(
        host="127.0.0.1", port=matrix.PORT, user=user, password=password, db=matrix.DATABASE, charset="utf8mb4",
        init_command=matrix.SETTINGS, ssl=unverified if tls else None, loop=loop,
    )))


async def pool():
    """More statements at once than connections."""
    async with aiomysql.create_pool(host="127.0.0.1", port=matrix.PORT, user="root", db=matrix.DATABASE, maxsize=4, loop=loop) as connections:
        async def one(n):
            async with connections.acquire() as connection, connection.cursor() as cursor:
                await cursor.execute("SELECT %s + id FROM account WHERE id = %s", (n, n % 3 + 1))
                return (await cursor.fetchone())[0]
        assert await asyncio.gather(*(one(n) for n in range(50))) == [n + n % 3 + 1 for n in range(50)]


def main():
    matrix.version(aiomysql.__version__)
    for column in ("binary", "write binary"):
        matrix.none(column, "not in the driver")
    matrix.check_driver(connect, {"text": lambda connection: connection.cursor()},
                        lambda connection: connection.cursor(aiomysql.SSCursor))
    loop.run_until_complete(pool())


main()
