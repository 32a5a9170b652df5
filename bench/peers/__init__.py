"""The servers that are compared: how each is installed, started and asked."""

from bench.peers.base import Peer
from bench.peers.direct import Direct
from bench.peers.imagewire import Imagewire
from bench.peers.litellm import LiteLLM
from bench.peers.portkey import Portkey

PEERS: dict[str, Peer] = {peer.name: peer for peer in (Imagewire(), LiteLLM(), Portkey(), Direct())}
