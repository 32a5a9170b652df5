"""Which of the protocols a request speaks: its content type says it."""

from dataclasses import dataclass

# What the answer to another content type names.
UNARY = ("application/json", "application/proto")
STREAMING = ("application/connect+json", "application/connect+proto")
WEB = ("application/grpc-web+proto", "application/grpc-web+json")


@dataclass(frozen=True, slots=True)
class Kind:
    """web: gRPC-Web, else Connect. enveloped: whether each message has a prefix. json: protobuf's JSON, else its bytes.

    content_type: of the answer.
    """

    web: bool
    enveloped: bool
    json: bool
    content_type: str

    @property
    def protocol(self) -> str:
        """As OpenTelemetry's conventions name RPC systems; gRPC-Web with a name of its own."""
        return "grpc_web" if self.web else "connect_rpc"


def accepted(*, streams: bool) -> tuple[str, ...]:
    """The content types of a method. streams: whether it has a stream of requests or of answers."""
    return (STREAMING if streams else UNARY) + WEB


def kind_of(content_type: str, *, streams: bool) -> Kind | None:
    """The kind of a request to a method; None for a content type that such a method does not take.

    Parameters, such as charset, change nothing.
    """
    name = content_type.partition(";")[0].strip().lower()
    if name == "application/grpc-web":
        return Kind(web=True, enveloped=True, json=False, content_type=name)
    if name not in accepted(streams=streams):
        return None
    web = name in WEB
    return Kind(web=web, enveloped=streams or web, json=name.endswith("json"), content_type=name)
