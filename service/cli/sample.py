"""The sample: some well-known recordings for a catalogue that is still empty."""

from __future__ import annotations

from contextlib import closing
from importlib import resources
from pathlib import Path

import grpc

from service.ingest.client import ImportClient, batches
from service.ingest.problems import Problem, SourceError
from service.ingest.tables import open_table

_NAME = "well_known_recordings.csv"


def import_sample(address: str) -> None:
    """Import the sample into the library "default" of the server at `address`.

    Raises `grpc.RpcError` when the server does not take it.
    """
    with (
        closing(open_table(sample_path(), _raise, strict=True)) as table,
        grpc.insecure_channel(address) as channel,
    ):
        client = ImportClient(channel)
        for batch in batches(table.rows):
            client.send(batch)


def sample_path() -> Path:
    """Return where the sample is: in a checkout, or in the installed package."""
    package = Path(str(resources.files("service")))
    checkout = package.parent / "samples" / _NAME
    return checkout if checkout.exists() else package / "_samples" / _NAME


def _raise(problem: Problem) -> None:
    raise SourceError(str(problem))
