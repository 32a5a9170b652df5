"""ImageService: its methods are in the contract; what keeps pictures is not built yet."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from imagewire.v1 import image_service_pb2_grpc as stubs
from imagewire_server.contract import pb
from imagewire_server.contract.errors import NotBuilt

Context = grpc.aio.ServicerContext[Any, Any]


class ImageService(stubs.ImageServiceServicer):
    """See the contract."""

    async def UploadImage(
        self, request_iterator: AsyncIterator[pb.UploadImageRequest], context: Context
    ) -> pb.UploadImageResponse:
        """Not built yet."""
        raise NotBuilt("this server keeps no pictures yet: send the picture in the request, as Image.data")

    async def DownloadImage(  # type: ignore[override]  # see the interceptor
        self, request: pb.DownloadImageRequest, context: Context
    ) -> bytes:
        """Not built yet."""
        raise NotBuilt("this server keeps no pictures yet: StreamCompletion sends pictures of any size")
