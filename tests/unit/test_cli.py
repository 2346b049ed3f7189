"""The command line knows its commands without importing them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from service.cli import COMMANDS, application


def test_help_lists_all_commands() -> None:
    result = CliRunner().invoke(application([]), ["--help"])
    assert result.exit_code == 0
    for name, command in COMMANDS.items():
        assert name in result.stdout
        assert command.summary in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_and_the_summary_that_help_shows(name: str) -> None:
    result = CliRunner().invoke(application([name]), [name, "--help"], terminal_width=200)
    assert result.exit_code == 0, result.output
    assert COMMANDS[name].summary in result.stdout
    assert "Example" in result.stdout or "Commands" in result.stdout


def test_a_typo_is_answered_with_a_guess() -> None:
    result = CliRunner().invoke(application(["setings"]), ["setings"])
    assert result.exit_code == 2
    assert "Did you mean 'settings'?" in result.output


def test_help_imports_nothing_slow() -> None:
    program = "import sys; import service.cli as cli; cli.application([]); print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"grpc", "psycopg", "alembic", "pydantic", "mutagen"} & set(output)


def test_version() -> None:
    result = CliRunner().invoke(application([]), ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("fonoteca ")
