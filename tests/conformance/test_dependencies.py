"""The dependency rule: which room of the house may know which other.

model <- store <- rpc; `wire` alone knows domain errors and gRPC; the command line is a client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.conformance.source import Module, modules

_FOUNDATIONS = ("errors", "settings", "sources", "validation", "correlation", "logs")
_FACILITIES = ("cli", "database", "ingest", "query", "requests", "wire")


def _capability(module: Module) -> str:
    """Return the capability that a module belongs to, or ""."""
    package = module.name.split(".")[1:-1]
    return package[0] if package and package[0] not in _FACILITIES else ""


_CAPABILITIES = tuple(sorted({_capability(module) for module in modules()} - {""}))
_ANY_CAPABILITY = tuple(f"service.{name}" for name in _CAPABILITIES)
_ANY_MODEL = tuple(f"{package}.model" for package in _ANY_CAPABILITY)


def _room(name: str) -> Callable[[Module], bool]:
    """Select the modules of that name in all capabilities, such as `model`."""
    return lambda module: bool(_capability(module)) and module.name.endswith(f".{name}")


def _below(package: str) -> Callable[[Module], bool]:
    return lambda module: f"{module.name}.".startswith(f"{package}.")


def _holds_sql(module: Module) -> bool:
    return module.path.with_name("queries.sql").exists() and bool(
        module.uses("service.database.load_statements")
        or module.uses("service.database.statements.load_statements")
    )


def _foundation(module: Module) -> bool:
    return module.name in {f"service.{name}" for name in _FOUNDATIONS}


@dataclass(frozen=True, slots=True)
class Rule:
    """Modules of one kind must not import what begins with one of these names."""

    title: str
    applies: Callable[[Module], bool]
    forbidden: tuple[str, ...]
    allowed: tuple[str, ...] = ()

    def violations(self, module: Module) -> list[str]:
        """Return the imports of `module` that break the rule."""
        if not self.applies(module):
            return []
        used = {name for prefix in self.forbidden for name in module.uses(prefix)}
        return sorted(used - {name for prefix in self.allowed for name in module.uses(prefix)})


RULES = (
    Rule(
        "a model is pure: of ours it knows only errors, shared models and other models",
        _room("model"),
        ("service", "fonoteca", "grpc", "psycopg", "google"),
        (
            "service.errors",
            "service.sources",
            "service.search.patterns",  # as pure as a model, see the rule below
            *_ANY_MODEL,
        ),
    ),
    Rule(
        "how a query may be read is decided without asking anybody",
        lambda module: module.name == "service.search.patterns",
        ("service", "fonoteca", "grpc", "psycopg", "google"),
        _ANY_MODEL,
    ),
    Rule(
        "SQL and gRPC do not meet: a module with statements knows nothing of the wire",
        _holds_sql,
        ("service.wire", "service.validation", "fonoteca", "grpc"),
    ),
    Rule("a servicer leaves SQL to its store", _room("rpc"), ("psycopg", "psycopg_pool")),
    Rule(
        "a capability uses another one through its model, store or use case, never its servicer",
        lambda module: module.name != "service.capabilities",
        tuple(f"{package}.rpc" for package in _ANY_CAPABILITY),
    ),
    Rule(
        "the wire is the same for all capabilities, so it knows none of them, but for constants",
        _below("service.wire"),
        _ANY_CAPABILITY,
        _ANY_MODEL,
    ),
    Rule(
        "the database layer knows neither gRPC nor any capability",
        _below("service.database"),
        ("grpc", "fonoteca", "service.wire", *_ANY_CAPABILITY),
    ),
    Rule(
        "the command line asks the server, as any client does, or works on the database itself",
        _below("service.cli"),
        _ANY_CAPABILITY,
        ("service.purge", "service.upkeep"),
    ),
    Rule(
        "intake is a client: it knows the contracts and not the catalogue",
        _below("service.ingest"),
        (
            "service.database",
            "service.wire",
            "psycopg",
            *_ANY_CAPABILITY,
        ),
    ),
    Rule(
        "foundations know nothing of what stands on them",
        _foundation,
        (
            "grpc",
            "fonoteca",
            "service.wire",
            "service.database",
            "service.cli",
            *_ANY_CAPABILITY,
        ),
    ),
    Rule(
        "nothing depends on the command line",
        lambda module: not _below("service.cli")(module) and module.name != "service.__main__",
        ("service.cli",),
    ),
    Rule(
        "SQL is written by hand: SQLAlchemy only carries the migrations",
        lambda module: module.name != "service.database.migrations",
        ("sqlalchemy", "alembic"),
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_rule_is_kept(rule: Rule) -> None:
    assert any(rule.applies(module) for module in modules()), "the rule applies to no module"
    broken = {module.name: found for module in modules() if (found := rule.violations(module))}
    assert not broken, f"{rule.title}: {broken}"


def test_only_the_wire_knows_both_domain_errors_and_grpc_status() -> None:
    both = [
        module.name
        for module in modules()
        if not _below("service.wire")(module)
        and module.uses("service.errors")
        and module.uses("grpc")
    ]
    assert not both, f"map errors to statuses in service/wire: {both}"


def test_imports_are_absolute() -> None:
    relative = [module.name for module in modules() if module.uses("a relative import")]
    assert not relative, relative
