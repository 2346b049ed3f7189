"""A client of unary calls that costs much less than the service that it calls.

A client written with a gRPC library would be as slow as the server, and what is compared would look
more alike than it is. h2load is fast, but sends one and the same message, and does not give the
answers. So this speaks just as much HTTP/2 as a server needs to hear: headers that never change, a
different message for each call, and of an answer it reads its message and status.
"""

from __future__ import annotations

import re
import selectors
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
_MESSAGE_HEAD: Final = 5
_MAX_FRAME: Final = 16_384
_FIRST_WINDOW: Final = 65_535
_LARGEST_WINDOW: Final = 2**31 - 1
_RENEW_AT: Final = 2**29
_STATUS: Final = re.compile(rb"grpc-status[\x01\x02](\d{1,2})")
_RECEIVE: Final = 1 << 18
_WARM_UP: Final = 0.3
PATIENCE: Final = 60.0
"""Seconds; that long a server may say nothing."""


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


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that has ended: its stream, the gRPC status code (0 is OK) and the answer."""

    stream: int
    status: int
    message: bytes


class Connection:
    """One HTTP/2 connection, on which any number of calls may be under way."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = address
        self._socket = socket.create_connection((host.strip("[]"), int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers: dict[str, bytes] = {}
        self._buffer = b""
        self._stream = 1
        self._window = _FIRST_WINDOW
        self._unacknowledged = 0
        self._parts: dict[int, list[bytes]] = {}
        self._ended: list[Ended] = []
        self._socket.sendall(_PREFACE + _settings() + _grow_window(_LARGEST_WINDOW - _FIRST_WINDOW))

    def fileno(self) -> int:
        """Where a selector looks."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    @property
    def under_way(self) -> int:
        """How many calls have not ended yet."""
        return len(self._parts)

    def begin(self, path: str, *messages: bytes) -> list[int]:
        """Begin a call with each message; returns their streams.

        Those at the end are left out when the server wants no more bytes for now.
        """
        headers = self._headers.get(path) or self._header_block(path)
        streams, frames = [], []
        for message in messages:
            body = struct.pack(">BL", 0, len(message)) + message
            if len(body) > self._window:
                break
            frames.append(_frame(_HEADERS, _END_HEADERS, self._stream, headers))
            frames += _data_frames(self._stream, body)
            streams.append(self._stream)
            self._parts[self._stream] = []
            self._window -= len(body)
            self._stream += 2
        self._socket.sendall(b"".join(frames))
        return streams

    def receive(self) -> list[Ended]:
        """Wait until something arrives; returns the calls that have ended by it."""
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
        ended, self._ended = self._ended, []
        return ended

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == _HEADERS and flags & _END_STREAM:
            self._end(stream, payload)
        elif kind == _DATA:
            self._parts[stream].append(payload)
            self._acknowledge(len(payload))
        elif kind == _WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            answer = payload if kind == _PING else b""
            self._socket.sendall(_frame(kind, _ACK, 0, answer))
        elif kind in (_RST_STREAM, _GOAWAY):
            raise BenchmarkError(f"the server broke off: {payload!r}")

    def _end(self, stream: int, trailers: bytes) -> None:
        status = _STATUS.search(trailers)
        if not status:
            raise BenchmarkError(f"a call ended without a status: {trailers!r}")
        message = b"".join(self._parts.pop(stream))[_MESSAGE_HEAD:]
        self._ended.append(Ended(stream, int(status[1]), message))

    def _acknowledge(self, count: int) -> None:
        self._unacknowledged += count
        if self._unacknowledged > _RENEW_AT:
            self._socket.sendall(_grow_window(self._unacknowledged))
            self._unacknowledged = 0

    def _header_block(self, path: str) -> bytes:
        """Encode the headers as HPACK literals and entries of its static table."""
        method_post, scheme_http = b"\x83", b"\x86"
        self._headers[path] = block = b"".join(
            (
                method_post,
                scheme_http,
                b"\x04" + _text(path),
                b"\x01" + _text(self._address),
                b"\x0f\x10" + _text("application/grpc"),
                b"\x00" + _text("te") + _text("trailers"),
                b"\x00" + _text("grpc-timeout") + _text("60S"),
            )
        )
        return block


@contextmanager
def connections(server: Server, count: int = 1) -> Iterator[list[Connection]]:
    """Open connections to a service, as from several clients."""
    opened = [Connection(server.address) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


def load(
    server: Server,
    path: str,
    messages: Sequence[bytes],
    *,
    seconds: float,
    count: int = 4,
    in_flight: int = 8,
) -> Rate:
    """Call `path` for `seconds`, always with `in_flight` calls on each of `count` connections.

    The messages are serialized requests, used in turn. Raises BenchmarkError when a call fails.
    """
    with selectors.DefaultSelector() as selector, connections(server, count) as opened:
        links = [_Link(connection, path, cycle(messages), in_flight) for connection in opened]
        for link in links:
            selector.register(link.connection, selectors.EVENT_READ, link)
            link.fill()
        _pump(selector, _WARM_UP)
        before = sum(link.ended for link in links)
        start, ours, theirs = time.perf_counter(), time.process_time(), server.cpu_seconds()
        _pump(selector, seconds)
        rate = Rate(
            sum(link.ended for link in links) - before,
            time.perf_counter() - start,
            time.process_time() - ours,
            server.cpu_seconds() - theirs,
        )
        for link in links:  # so that no call is cut off and disturbs the next part
            link.in_flight = 0
        while any(connection.under_way for connection in opened):
            _pump(selector, 0.0)
    if not rate.calls:
        raise BenchmarkError(f"no call ended within {seconds:g} s")
    return rate


def _pump(selector: selectors.BaseSelector, seconds: float) -> None:
    """Read what arrives, and keep as many calls under way as there shall be."""
    until = time.perf_counter() + seconds
    while True:
        ready = selector.select(PATIENCE)
        if not ready:
            raise BenchmarkError(f"the server said nothing for {PATIENCE:g} s")
        for key, _ in ready:
            key.data.read()
        if time.perf_counter() >= until:
            return


class _Link:
    """Keeps a connection busy with one method."""

    def __init__(
        self, connection: Connection, path: str, messages: Iterator[bytes], in_flight: int
    ) -> None:
        self.connection = connection
        self.in_flight = in_flight
        self.ended = 0
        self._path = path
        self._messages = messages
        self._waiting: list[bytes] = []

    def fill(self) -> None:
        """Begin calls until enough are under way, or the server wants no more bytes for now."""
        wanted = self.in_flight - self.connection.under_way - len(self._waiting)
        messages = self._waiting + [next(self._messages) for _ in range(wanted)]
        if messages:
            begun = self.connection.begin(self._path, *messages)
            self._waiting = messages[len(begun) :]

    def read(self) -> None:
        """Take in what has arrived, and replace the calls that have ended."""
        ended = self.connection.receive()
        for each in ended:
            if each.status:
                raise BenchmarkError(f"a call failed with status {each.status}")
        self.ended += len(ended)
        if self.in_flight:
            self.fill()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    size = len(payload)
    return struct.pack(">BHBBL", size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def _data_frames(stream: int, body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _MAX_FRAME):
        flags = _END_STREAM if start + _MAX_FRAME >= len(body) else 0
        yield _frame(_DATA, flags, stream, body[start : start + _MAX_FRAME])


def _settings() -> bytes:
    """No compressed headers, which would need a decoder; no pushes; windows that never close."""
    table_size, push, window = (1, 0), (2, 0), (4, _LARGEST_WINDOW)
    payload = b"".join(struct.pack(">HL", *each) for each in (table_size, push, window))
    return _frame(_SETTINGS, 0, 0, payload)


def _grow_window(count: int) -> bytes:
    return _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">L", count))


def _text(value: str) -> bytes:
    """Encode a string of less than 127 bytes as it is."""
    return bytes([len(value)]) + value.encode()
