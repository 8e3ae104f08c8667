"""SQLAlchemy's ORM over three drivers: tables made and reflected, relations, bulk writes, transactions, savepoints, locks, streams."""

import datetime
import decimal
import os

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

PORT = os.environ["MATRIX_PORT"]
DATABASE = f"matrix_{os.environ['MATRIX_CLIENT']}"
DRIVERS = {"pymysql": "charset=utf8mb4", "mysqldb": "charset=utf8mb4&ssl_mode=DISABLED", "mysqlconnector": "charset=utf8mb4&collation=utf8mb4_general_ci"}


class Base(orm.DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(100), index=True)
    born: orm.Mapped[datetime.date | None]
    # Without FOREIGN KEY, which Ostrakon refuses, a relation says itself what joins it.
    books: orm.Mapped[list["Book"]] = orm.relationship(primaryjoin="Author.id == foreign(Book.author_id)", back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "book"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    author_id: orm.Mapped[int] = orm.mapped_column(index=True)
    title: orm.Mapped[str] = orm.mapped_column(sa.String(200))
    price: orm.Mapped[decimal.Decimal] = orm.mapped_column(sa.Numeric(10, 2))
    facts: orm.Mapped[dict | None] = orm.mapped_column(sa.JSON)
    kind: orm.Mapped[str] = orm.mapped_column(sa.Enum("verse", "prose"), default="prose")
    scan: orm.Mapped[bytes | None] = orm.mapped_column(sa.LargeBinary)
    read_at: orm.Mapped[datetime.datetime | None] = orm.mapped_column(mysql.DATETIME(fsp=6))
    author: orm.Mapped[Author] = orm.relationship(primaryjoin="foreign(Book.author_id) == Author.id", back_populates="books")
    __table_args__ = (sa.UniqueConstraint("author_id", "title", name="one_title"),)


def reflect(engine):
    inspector = sa.inspect(engine)
    assert {"author", "book"} <= set(inspector.get_table_names())
    assert inspector.get_pk_constraint("book")["constrained_columns"] == ["id"]
    assert [one["name"] for one in inspector.get_columns("author")] == ["id", "name", "born"]
    indexes = {one["name"]: (one["column_names"], bool(one["unique"])) for one in inspector.get_indexes("book")}
    assert indexes == {"ix_book_author_id": (["author_id"], False), "one_title": (["author_id", "title"], True)}, indexes
    assert inspector.get_foreign_keys("book") == [] and inspector.has_table("book") and not inspector.has_table("no_such_table")
    table = sa.Table("book", sa.MetaData(), autoload_with=engine)
    assert isinstance(table.c.price.type, sa.Numeric) and (table.c.price.type.precision, table.c.price.type.scale) == (10, 2)
    assert table.c.kind.type.enums == ["verse", "prose"] and table.c.read_at.type.fsp == 6 and table.c.id.autoincrement


def work(engine):
    with orm.Session(engine) as session:
        moment = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)
        for n, name in enumerate(["Hesiod", "Sappho", "Αἴσωπος 🏺"]):
            session.add(Author(name=name, born=datetime.date(1900 + n, 1, 1), books=[
                Book(title=f"{name} {k}", price=decimal.Decimal("1.25") * k, facts={"k": [k, None]}, scan=bytes(range(256)), read_at=moment,
                     kind="verse" if k % 2 else "prose") for k in range(4)]))
        session.commit()
        book = session.scalars(sa.select(Book).where(Book.title == "Sappho 3")).one()
        assert (book.price, book.facts, book.scan, book.read_at, book.kind) == (decimal.Decimal("3.75"), {"k": [3, None]}, bytes(range(256)), moment, "verse")
        assert book.author.name == "Sappho"
        counts = session.execute(sa.select(Author.name, sa.func.count(Book.id), sa.func.sum(Book.price)).join(Author.books).group_by(Author.id, Author.name)
                                 .order_by(Author.id)).all()
        assert [tuple(row)[1:] for row in counts] == [(4, decimal.Decimal("7.50"))] * 3, counts
        authors = session.scalars(sa.select(Author).options(orm.selectinload(Author.books)).order_by(Author.id)).all()
        assert [len(author.books) for author in authors] == [4, 4, 4]
        joined = session.scalars(sa.select(Author).options(orm.joinedload(Author.books)).order_by(Author.id)).unique().all()
        assert joined == authors
        ranked = session.execute(sa.select(Book.title, sa.func.row_number().over(partition_by=Book.author_id, order_by=Book.price.desc()).label("place"))
                                 .order_by(Book.author_id, sa.text("place"))).all()
        assert [row.place for row in ranked] == [1, 2, 3, 4] * 3
        top = sa.select(Book.author_id, sa.func.max(Book.price).label("most")).group_by(Book.author_id).subquery()
        assert session.scalar(sa.select(sa.func.count()).select_from(Book).join(top, sa.and_(Book.author_id == top.c.author_id, Book.price == top.c.most))) == 3
        session.execute(sa.update(Book).where(Book.kind == "prose").values(price=Book.price + 1))
        assert session.scalar(sa.select(sa.func.sum(Book.price))) == decimal.Decimal("28.50")
        session.rollback()
        assert session.scalar(sa.select(sa.func.sum(Book.price))) == decimal.Decimal("22.50")
        with session.begin_nested() as savepoint:
            session.execute(sa.delete(Book))
            savepoint.rollback()
        assert session.scalar(sa.select(sa.func.count()).select_from(Book)) == 12
        session.execute(mysql.insert(Author).values(id=authors[0].id, name="Homer").on_duplicate_key_update(name="Homer"))
        session.commit()
        assert session.get(Author, authors[0].id, populate_existing=True).name == "Homer"
        session.delete(authors[1])
        session.commit()
        assert session.scalar(sa.select(sa.func.count()).select_from(Book)) == 8
        try:
            session.add(Book(author_id=authors[0].id, title="Hesiod 1", price=1))
            session.commit()
            raise AssertionError("a double key is no error")
        except sa.exc.IntegrityError as error:
            assert error.orig.args[0] == 1062, error
            session.rollback()
    with orm.Session(engine) as one, orm.Session(engine) as other:
        locked = one.scalars(sa.select(Author).order_by(Author.id).limit(1).with_for_update()).one()
        other.execute(sa.text("SET innodb_lock_wait_timeout = 1"))
        try:
            other.scalars(sa.select(Author).where(Author.id == locked.id).with_for_update()).one()
            raise AssertionError("FOR UPDATE does not lock")
        except sa.exc.DBAPIError as error:
            assert error.orig.args[0] == 1205, error
    with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as connection:
        total = sum(1 for _ in connection.execute(sa.text("SELECT id, body FROM matrix_many.many ORDER BY id")))
        assert total == int(os.environ["MATRIX_ROWS"])


def main():
    print("version:", sa.__version__)
    for driver, more in DRIVERS.items():
        engine = sa.create_engine(f"mysql+{driver}://root@127.0.0.1:{PORT}/{DATABASE}?{more}")
        Base.metadata.create_all(engine)
        reflect(engine)
        work(engine)
        Base.metadata.drop_all(engine)
        assert not sa.inspect(engine).has_table("book")
        engine.dispose()
    for column in ("migrate", "introspection", "models", "transaction", "lock"):
        print(f"passed: {column}")
    for column, reason in (("alter", "not in the library"), ("admin", "not in the library"), ("undo", "not in the library")):
        print(f"none: {column}: {reason}")


main()
