"""Every RPC that a proto promises is served, is called by a test, and stands in the README."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from types import ModuleType

import pytest
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor

from service.capabilities import CAPABILITIES
from service.database import Database
from service.settings import load_settings
from tests.conformance.source import ROOT, syntax


def _descriptors() -> list[FileDescriptor]:
    names = (path.stem for path in sorted((ROOT / "protos/fonoteca/v1").glob("*.proto")))
    return [importlib.import_module(f"fonoteca.v1.{name}_pb2").DESCRIPTOR for name in names]


def _services() -> list[ServiceDescriptor]:
    return [service for file in _descriptors() for service in file.services_by_name.values()]


def _base(service: ServiceDescriptor) -> type:
    """Return the generated class that answers every method with UNIMPLEMENTED."""
    path = service.file.name.removesuffix(".proto").replace("/", ".")
    module: ModuleType = importlib.import_module(f"{path}_pb2_grpc")
    base: type = getattr(module, f"{service.name}Servicer")
    return base


@cache
def _servicers() -> tuple[object, ...]:
    """Return the servicers as the server makes them, over a database that is never opened."""
    settings = load_settings({})
    database = Database("", settings)
    return tuple(make(database, settings) for _register, make in CAPABILITIES)


@cache
def _called_in_tests() -> frozenset[str]:
    """Return the names of all methods that the tests call."""
    return frozenset(
        node.func.attr
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )


each_service = pytest.mark.parametrize("service", _services(), ids=lambda service: service.name)
each_method = pytest.mark.parametrize(
    "method",
    [method for service in _services() for method in service.methods],
    ids=lambda method: f"{method.containing_service.name}.{method.name}",
)


@each_method
def test_is_served(method: MethodDescriptor) -> None:
    base = _base(method.containing_service)
    servicers = [servicer for servicer in _servicers() if isinstance(servicer, base)]
    assert servicers, f"{base.__name__} is missing from service/capabilities.py"
    implemented = getattr(type(servicers[0]), method.name) is not getattr(base, method.name)
    assert implemented, f"{type(servicers[0]).__name__} does not implement {method.name}"


@each_method
def test_is_called_by_a_test(method: MethodDescriptor) -> None:
    assert method.name in _called_in_tests(), f"no test calls {method.full_name}"


@each_service
def test_service_stands_in_the_readme(service: ServiceDescriptor) -> None:
    assert f"`{service.name}`" in (ROOT / "README.md").read_text(encoding="utf-8")


_READING = ("Get", "BatchGet", "List", "Search", "BatchSearch", "Suggest", "Match", "Check")
_WITHOUT_REHEARSAL = {
    "ClaimTracks": "a worker that does not take the work has no use for knowing it",
    "CompleteTrack": "a worker's report, refused only when its lease has ended",
    "FailTrack": "a worker's report, refused only when its lease has ended",
    "IngestFile": "the bytes must have been sent to know what they are",
    "LinkArtwork": "says what a file holds; sending it again changes nothing",
    "PutArtwork": "the bytes must have been sent to know what they are; CheckArtwork tells before",
    "ScanPath": "only queues; `fonoteca scan --dry-run` looks without storing",
}


def _writing() -> list[MethodDescriptor]:
    """Return the methods that change something, by their names."""
    return [
        method
        for service in _services()
        for method in service.methods
        if not method.name.startswith(_READING)
    ]


def test_what_changes_something_can_be_tried_out_first() -> None:
    """A request has `validate_only`, unless there is a reason against it."""
    without = {
        method.name
        for method in _writing()
        if "validate_only" not in method.input_type.fields_by_name
    }
    assert without == set(_WITHOUT_REHEARSAL)
