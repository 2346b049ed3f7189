"""A load generator for unary calls that costs much less than what it loads.

A client written with a gRPC library would be as slow as the server, and what is compared would look
more alike than it is. h2load is fast, but sends one and the same message. So this speaks just as
much HTTP/2 as a server needs to hear: headers that never change, a different message for each call,
and of the answer it reads where it ends and whether the status is OK.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from benchmarks.processes import BenchmarkError, Server

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM: Final = 0x1
_ACK: Final = 0x1
_END_HEADERS: Final = 0x4
_FRAME_HEAD: Final = 9
_MAX_FRAME: Final = 16_384
_FIRST_WINDOW: Final = 65_535
_LARGEST_WINDOW: Final = 2**31 - 1
_RENEW_AT: Final = 2**29
_STATUS_OK: Final = b"grpc-status\x01" + b"0"
_RECEIVE: Final = 1 << 18
_WARM_UP: Final = 0.3
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Rate:
    """How many calls ended in how much time, and what CPU time they cost on either side."""

    calls: int
    seconds: float
    client_cpu_seconds: float
    server_cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def load(
    server: Server,
    path: str,
    messages: list[bytes],
    *,
    seconds: float,
    connections: int = 4,
    in_flight: int = 8,
) -> Rate:
    """Call `path` for `seconds`, always with `in_flight` calls on each of the connections.

    The messages are serialized requests, used in turn. Raises BenchmarkError when a call fails.
    """
    bodies = cycle(messages)
    with selectors.DefaultSelector() as selector:
        links = [_Link(server.address, path, bodies) for _ in range(connections)]
        try:
            for link in links:
                selector.register(link, selectors.EVENT_READ, link)
                link.fill(in_flight)
            return _run(selector, server, links, in_flight, seconds)
        finally:
            for link in links:
                link.close()


def _run(
    selector: selectors.BaseSelector,
    server: Server,
    links: list[_Link],
    in_flight: int,
    seconds: float,
) -> Rate:
    _pump(selector, _WARM_UP, in_flight)
    before = sum(link.ended for link in links)
    start, ours, theirs = time.perf_counter(), time.process_time(), server.cpu_seconds()
    _pump(selector, seconds, in_flight)
    calls = sum(link.ended for link in links) - before
    rate = Rate(
        calls,
        time.perf_counter() - start,
        time.process_time() - ours,
        server.cpu_seconds() - theirs,
    )
    while any(link.open for link in links):  # so that no call is cut off and disturbs the next part
        _pump(selector, 0.0, 0)
    if not calls:
        raise BenchmarkError(f"no call ended within {seconds:g} s")
    return rate


def _pump(selector: selectors.BaseSelector, seconds: float, in_flight: int) -> None:
    """Read what arrives, and send as much as keeps `in_flight` calls under way on each link."""
    until = time.perf_counter() + seconds
    while True:
        ready = selector.select(_PATIENCE)
        if not ready:
            raise BenchmarkError(f"the server said nothing for {_PATIENCE:g} s")
        for key, _ in ready:
            key.data.read()
            key.data.fill(in_flight)
        if time.perf_counter() >= until:
            return


class _Link:
    """One HTTP/2 connection."""

    def __init__(self, address: str, path: str, bodies: Iterator[bytes]) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host.strip("[]"), int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = _header_block(address, path)
        self._bodies = bodies
        self._buffer = b""
        self._stream = 1
        self._window = _FIRST_WINDOW
        self._unacknowledged = 0
        self._waiting: bytes | None = None
        self.open = 0
        self.ended = 0
        self._socket.sendall(_PREFACE + _settings() + _grow_window(_LARGEST_WINDOW - _FIRST_WINDOW))

    def fileno(self) -> int:
        """Where a selector looks."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def fill(self, in_flight: int) -> None:
        """Begin calls until `in_flight` are open, or the server wants no more bytes for now."""
        calls = []
        while self.open < in_flight:
            body = self._waiting or _length_prefixed(next(self._bodies))
            if len(body) > self._window:
                self._waiting = body
                break
            self._waiting = None
            calls.append(_frame(_HEADERS, _END_HEADERS, self._stream, self._headers))
            calls += _data_frames(self._stream, body)
            self._window -= len(body)
            self._stream += 2
            self.open += 1
        if calls:
            self._socket.sendall(b"".join(calls))

    def read(self) -> None:
        """Take in what has arrived."""
        arrived = self._socket.recv(_RECEIVE)
        if not arrived:
            raise BenchmarkError("the server closed the connection")
        buffer, at = self._buffer + arrived, 0
        while len(buffer) - at >= _FRAME_HEAD:
            end = at + _FRAME_HEAD + int.from_bytes(buffer[at : at + 3], "big")
            if end > len(buffer):
                break
            stream = int.from_bytes(buffer[at + 5 : at + _FRAME_HEAD], "big")
            self._take(buffer[at + 3], buffer[at + 4], stream, buffer[at + _FRAME_HEAD : end])
            at = end
        self._buffer = buffer[at:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _HEADERS and flags & _END_STREAM:
            if _STATUS_OK not in payload:
                raise BenchmarkError(f"a call failed: {payload!r}")
            self.open -= 1
            self.ended += 1
        elif kind == _DATA:
            self._acknowledge(len(payload))
        elif kind == _WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            answer = payload if kind == _PING else b""
            self._socket.sendall(_frame(kind, _ACK, 0, answer))
        elif kind in (_RST_STREAM, _GOAWAY):
            raise BenchmarkError(f"the server broke off: {payload!r}")

    def _acknowledge(self, count: int) -> None:
        self._unacknowledged += count
        if self._unacknowledged > _RENEW_AT:
            self._socket.sendall(_grow_window(self._unacknowledged))
            self._unacknowledged = 0


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    size = len(payload)
    return struct.pack(">BHBBL", size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def _data_frames(stream: int, body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _MAX_FRAME):
        flags = _END_STREAM if start + _MAX_FRAME >= len(body) else 0
        yield _frame(_DATA, flags, stream, body[start : start + _MAX_FRAME])


def _length_prefixed(message: bytes) -> bytes:
    return struct.pack(">BL", 0, len(message)) + message


def _settings() -> bytes:
    """No compressed headers, which would need a decoder; no pushes; windows that never close."""
    table_size, push, window = (1, 0), (2, 0), (4, _LARGEST_WINDOW)
    payload = b"".join(struct.pack(">HL", *each) for each in (table_size, push, window))
    return _frame(_SETTINGS, 0, 0, payload)


def _grow_window(count: int) -> bytes:
    return _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">L", count))


def _header_block(address: str, path: str) -> bytes:
    """Encode the headers as HPACK literals and entries of its static table."""
    method_post, scheme_http = b"\x83", b"\x86"
    return b"".join(
        (
            method_post,
            scheme_http,
            b"\x04" + _text(path),
            b"\x01" + _text(address),
            b"\x0f\x10" + _text("application/grpc"),
            b"\x00" + _text("te") + _text("trailers"),
            b"\x00" + _text("grpc-timeout") + _text("20S"),
        )
    )


def _text(value: str) -> bytes:
    """Encode a string of less than 127 bytes as it is."""
    return bytes([len(value)]) + value.encode()
