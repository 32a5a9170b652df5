"""The servers that are compared: how each is installed, started and asked."""

from bench.peers.base import Peer
from bench.peers.direct import Direct
from bench.peers.envoy import Envoy
from bench.peers.go import Go
from bench.peers.imagewire import Imagewire, WithoutKeep, WithTelemetry, WithTls
from bench.peers.litellm import LiteLLM
from bench.peers.portkey import Portkey

_ALL: tuple[Peer, ...] = (
    Imagewire(),
    WithoutKeep(),
    WithTls(),
    WithTelemetry(),
    Go(),
    Envoy(),
    LiteLLM(),
    Portkey(),
    Direct(),
)
PEERS = {peer.name: peer for peer in _ALL}
