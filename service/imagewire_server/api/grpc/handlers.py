"""The methods of all services, by name, each wrapped by the interceptor."""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc

from imagewire_server.api.grpc.interceptor import Handler, MethodInterceptor
from imagewire_server.core.access.caller import Permission
from imagewire_server.services.table import PERMISSIONS


class MethodHandlers(grpc.GenericRpcHandler):
    """Generated code adds services to it as to a server; the server asks it for a call's handler.

    open_services: those whose callers need no key.

    grpc.aio keeps a pending call for each method that is registered by name, and looks at all of them whenever a call
    comes: 2 % of a small call's CPU time. This way there is only one.
    """

    def __init__(self, interceptor: MethodInterceptor, open_services: frozenset[str]) -> None:
        self._interceptor = interceptor
        self._open = open_services
        self._handlers: dict[str, Handler] = {}

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        """Nothing to do: generated code adds the same handlers by name as well."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Add a service's methods."""
        for name, handler in handlers.items():
            method = f"/{service}/{name}"
            # Services that are not ours only show how the server works.
            permission = Permission.NONE if service in self._open else PERMISSIONS.get(service, Permission.INSPECT)
            self._handlers[method] = self._interceptor.wrap(handler, method, permission)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        """A call's handler; None, which gRPC answers with UNIMPLEMENTED, for an unknown method."""
        return self._handlers.get(handler_call_details.method)
