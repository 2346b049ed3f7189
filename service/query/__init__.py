"""The filter language: one grammar for every list, for search and for saved rules.

`parse` reads text into a `Query`; `condition` turns that into SQL over a track. docs/filters.md is
the reference.
"""

from __future__ import annotations

from service.query.model import Query
from service.query.predicates import condition
from service.query.syntax import parse, quoted

__all__ = ["Query", "condition", "parse", "quoted"]
