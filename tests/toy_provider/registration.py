"""What the registry takes."""

from imagewire_server.providers.registry import Registration
from tests.toy_provider.config import CONFIG
from tests.toy_provider.provider import ToyConnector, models

PROVIDER = Registration(CONFIG, models, ToyConnector)
