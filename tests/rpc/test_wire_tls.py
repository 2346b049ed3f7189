"""TLS, and clients that must show a certificate."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from service.wire.router import Context
from tests.rpc.wire_harness import SERVICE, Running, failure, handler, serving
from tests.support.certificates import Certificates, certificates_in


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates_in(tmp_path_factory.mktemp("tls"))


async def echo(request: StringValue, _context: Context) -> StringValue:
    return request


async def answered(running: Running, credentials: grpc.ChannelCredentials) -> StringValue:
    address = f"localhost:{running.address.rpartition(':')[2]}"
    async with grpc.aio.secure_channel(address, credentials) as channel:
        method: Any = channel.unary_unary(
            f"/{SERVICE}/Call", StringValue.SerializeToString, StringValue.FromString
        )
        answer = await method(StringValue(value="hello"), timeout=10)
        assert isinstance(answer, StringValue)
        return answer


async def test_tls(certificates: Certificates) -> None:
    trusting = grpc.ssl_channel_credentials(certificates.cert.read_bytes())
    async with serving(
        {"Call": handler(echo)}, tls_cert=certificates.cert, tls_key=certificates.key
    ) as running:
        assert (await answered(running, trusting)).value == "hello"
        plain = await failure(running.unary()(StringValue(), timeout=10))
        assert plain.code() is grpc.StatusCode.UNAVAILABLE


async def test_client_must_have_a_certificate_of_the_authority(certificates: Certificates) -> None:
    cert, key = certificates.cert.read_bytes(), certificates.key.read_bytes()
    async with serving(
        {"Call": handler(echo)},
        tls_cert=certificates.cert,
        tls_key=certificates.key,
        tls_client_ca=certificates.cert,
    ) as running:
        known = grpc.ssl_channel_credentials(cert, key, cert)
        assert (await answered(running, known)).value == "hello"
        stranger = grpc.ssl_channel_credentials(cert)
        caught = await failure(answered(running, stranger))
        assert caught.code() is grpc.StatusCode.UNAVAILABLE
