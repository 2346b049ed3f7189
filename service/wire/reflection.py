"""Reflection in both versions that tools ask for.

The Python package has v1alpha only. v1 is the same protocol under another name, so its descriptor
is a renamed copy, and the servicer of v1alpha answers for it: the messages are the same bytes.
"""

from __future__ import annotations

from typing import Final

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

from service.wire.router import Router

V1ALPHA: Final = "grpc.reflection.v1alpha.ServerReflection"
V1: Final = "grpc.reflection.v1.ServerReflection"


def add_reflection(router: Router) -> None:
    """Describe the services that were added before, and reflection itself, to whoever asks."""
    _describe_v1()
    servicer = reflection.aio.ReflectionServicer((*router.services, V1ALPHA, V1))
    router.add(reflection_pb2_grpc.add_ServerReflectionServicer_to_server, servicer)
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    router.add_registered_method_handlers(V1, {"ServerReflectionInfo": handler})


def _describe_v1() -> None:
    file = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    file.ClearField("options")
    renamed = json_format.MessageToJson(file).replace("v1alpha", "v1")
    descriptor_pool.Default().Add(json_format.Parse(renamed, descriptor_pb2.FileDescriptorProto()))
