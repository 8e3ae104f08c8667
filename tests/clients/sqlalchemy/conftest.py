"""SQLAlchemy's plugin for pytest, and a file that says how each test of the suite ended."""

import os
import re

from sqlalchemy.dialects.mysql.base import MySQLDDLCompiler
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F401,F403

if os.environ["DIALECT_ONE_SERVER"] == "0":
    # Ostrakon refuses FOREIGN KEY: the suite's tables are made without.
    MySQLDDLCompiler.visit_foreign_key_constraint = lambda self, constraint, **more: None

# The classes' names hold driver and version of the server.
PLACE = re.compile(r"^test_suite\.py::(\w+?)_\w+\+\w+::")
ENDS = {}


def pytest_runtest_logreport(report):
    # A test has passed when all its phases have.
    if report.when == "setup" or report.outcome != "passed":
        ENDS[PLACE.sub(r"\1::", report.nodeid)] = report.outcome


def pytest_sessionfinish():
    with open(os.environ["DIALECT_RESULTS"], "w", encoding="utf-8") as file:
        for name, outcome in sorted(ENDS.items()):
            file.write(f"{outcome} {name.encode('unicode_escape').decode()}\n")
