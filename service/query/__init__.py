"""The filter language: one grammar for every list, for search and for saved rules.

`parse` reads text into a `Query`; `condition` turns that into SQL over a track. `clauses` takes a
filter apart, to tell which part of it a track does not pass. docs/filters.md is the reference.
"""

from __future__ import annotations

from service.query.model import Query
from service.query.predicates import condition, conditions
from service.query.syntax import Clause, clauses, parse, quoted

__all__ = ["Clause", "Query", "clauses", "condition", "conditions", "parse", "quoted"]
