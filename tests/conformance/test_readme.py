"""What the documents tell a reader to run does what they say."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from service.cli.sample import import_sample
from tests.conformance.source import ROOT

_ADDRESS: Final = "127.0.0.1:50051"


def _blocks(document: str, language: str) -> list[str]:
    """Return the fenced blocks of one language in a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


async def _run(*command: str) -> str:
    """Return what a program that succeeds prints."""
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
async def filled_server(server: str) -> str:
    """The address of a service that holds the sample, as after the first `make run`."""
    await asyncio.to_thread(import_sample, server)
    return server


async def test_grpcurl_finds_what_the_readme_shows(filled_server: str) -> None:
    if shutil.which("grpcurl") is None:
        pytest.skip("grpcurl is not installed")
    [command] = [block for block in _blocks("README.md", "sh") if block.startswith("grpcurl ")]
    [shown] = [json.loads(block) for block in _blocks("README.md", "json")]
    found = json.loads(await _run(*shlex.split(command.replace(_ADDRESS, filled_server))))
    assert _contains(found["hits"][0], shown["hits"][0]), found["hits"][0]


async def test_the_readme_s_python_client_finds_the_same(
    filled_server: str, tmp_path: Path
) -> None:
    [program] = _blocks("README.md", "python")
    script = tmp_path / "client.py"
    script.write_text(program.replace(_ADDRESS, filled_server))
    assert (await _run(sys.executable, str(script))).startswith("Queen - Bohemian Rhapsody\n")


async def test_the_programs_for_clients_run(server: str, tmp_path: Path) -> None:
    script = tmp_path / "client.py"
    script.write_text("\n".join(_blocks("docs/clients.md", "python")).replace(_ADDRESS, server))
    printed = await _run(sys.executable, str(script))
    assert printed.startswith("INVALID_ARGUMENT\n")
    assert 'reason: "INVALID_FIELD"' in printed
    assert 'field: "id"' in printed


def _contains(whole: object, part: object) -> bool:
    """Return whether an answer has at least what an abridged one has."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and _contains(whole[key], part[key]) for key in part)
    return whole == part
