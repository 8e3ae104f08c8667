"""All of the dialect suite that SQLAlchemy's package brings."""

from sqlalchemy.testing.suite import *  # noqa: F401,F403
