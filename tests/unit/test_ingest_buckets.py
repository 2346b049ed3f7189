"""What stores and web servers answer to a walk, when it is not what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from service.ingest import buckets
from service.ingest.buckets import Bucket
from service.ingest.problems import Problem

ROOT = "https://host/music"


class Store:
    """A file system of fsspec's kind, with what it lists."""

    def __init__(self, listings: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self.listings = listings

    def ls(self, path: str, *, detail: bool) -> list[dict[str, Any]]:
        """List a folder. Raises `FileNotFoundError`."""
        assert detail
        if path not in self.listings:
            raise FileNotFoundError(path)
        return [{"name": name, "type": kind} for name, kind in self.listings[path]]

    def info(self, path: str) -> dict[str, Any]:
        """Tell of a file. Raises what a library may raise."""
        if "cut" in path:
            raise EOFError("server disconnected")
        return {"name": path, "size": 1}

    def isfile(self, path: str) -> bool:
        """Whether there is a file."""
        return False

    def unstrip_protocol(self, path: str) -> str:
        """Return the address of a path."""
        return path


def walked(
    monkeypatch: pytest.MonkeyPatch, store: Store, url: str = ROOT, *, allow_empty: bool = False
) -> tuple[list[str], list[str]]:
    """Return the files below a URL, and the problems."""
    monkeypatch.setattr(buckets, "open_url", lambda url: (store, url))
    problems: list[Problem] = []
    bucket = Bucket(url, problems.append, allow_empty=allow_empty)
    return [found.uri for found in bucket.files()], [str(problem) for problem in problems]


def test_files_of_one_name_on_one_page_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{ROOT}/{folder}/01.flac" for folder in ("x", "y")]
    store = Store({ROOT: [(name, "file") for name in names]})
    assert walked(monkeypatch, store) == (names, [])


def test_a_file_that_a_server_does_not_tell_of_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"{ROOT}/{name}.flac" for name in ("a", "cut", "z")]
    store = Store({ROOT: [(name, "file") for name in names]})
    found, problems = walked(monkeypatch, store)
    assert found == [names[0], names[2]]
    assert problems == [f"{names[1]}: cannot be had: server disconnected"]


@pytest.mark.parametrize("url", [ROOT, "s3://music/albums"])
def test_a_place_that_is_not_there_is_empty_only_if_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert walked(monkeypatch, Store({}), url) == ([], [f"{url}: cannot be listed: {url}"])
    assert walked(monkeypatch, Store({}), url, allow_empty=True) == ([], [])
    below = Store({url: [(f"{url}/gone", "directory")]})
    problem = f"{url}/gone: cannot be listed: {url}/gone"
    assert walked(monkeypatch, below, url, allow_empty=True) == ([], [problem])
