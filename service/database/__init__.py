"""The way to PostgreSQL: connections, statements, migrations, and a server of our own."""

from __future__ import annotations

from service.database.pool import Connection, Database
from service.database.statements import Numbered, Statements, compact, load_statements, numbered

__all__ = [
    "Connection",
    "Database",
    "Numbered",
    "Statements",
    "compact",
    "load_statements",
    "numbered",
]
