"""Buckets for tests, on an S3 server of their own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer


@contextmanager
def s3_bucket(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[str]:
    """Yield the URL of an empty bucket, which fsspec finds by the environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import s3fs  # type: ignore[import-untyped]  # noqa: PLC0415

    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(name)
    s3fs.S3FileSystem.clear_instance_cache()  # one that is kept talks to a server that is gone
    yield f"s3://{name}"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@contextmanager
def gs_bucket(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[str]:
    """Yield the URL of an empty bucket of Google's kind, which fsspec finds by the environment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=name)
    server.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    import gcsfs  # type: ignore[import-untyped]  # noqa: PLC0415

    gcsfs.GCSFileSystem.clear_instance_cache()
    yield f"gs://{name}"
    gcsfs.GCSFileSystem.clear_instance_cache()
    server.stop()
