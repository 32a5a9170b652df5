"""Who calls, and what a call needs a key for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from imagewire_server.config.caller_policies import Policy
from imagewire_server.contract.errors import PermissionDenied


class Permission(Enum):
    """What a call needs: nothing (health checks, documentation), or a key that may do this. The values are those of
    `methods` in the configuration.

    DRAW: to draw, and to read, resume and delete answers. IMAGES: to upload, read and delete pictures. MODELS: to list
    the models. METRICS: to read the metrics. INSPECT: REST's /health, gRPC's reflection and channelz.
    """

    NONE = "none"
    DRAW = "draw"
    IMAGES = "images"
    MODELS = "models"
    METRICS = "metrics"
    INSPECT = "inspect"


@dataclass(frozen=True, slots=True)
class Caller:
    """id: who it is, by the key, token or client certificate that was shown. It is safe to log, and never the key
    itself. What is kept is kept for one id. policy: what it may do; None for everything. has_own_limits: whether the
    limits of the policy hold for this caller alone, and not for all with the policy together.

    ambient: whether a browser shows by itself all that this caller has shown, so that the page of another site could
    have sent the call.
    """

    id: str
    policy: Policy | None = field(default=None, repr=False)
    ambient: bool = False
    has_own_limits: bool = False

    @property
    def counted_as(self) -> str:
        """The name of the policy, under which metrics count it; "" for none."""
        return self.policy.name if self.policy else ""

    @property
    def limited_as(self) -> str:
        """The name under which its limits are counted; "" for none."""
        return self.id if self.has_own_limits else self.counted_as

    def check(self, permission: Permission) -> None:
        """Raise PermissionDenied unless it may use methods that need this permission."""
        if self.policy and permission is not Permission.NONE and permission.value not in self.policy.methods:
            raise PermissionDenied("this caller may not use this method: ask the operator of the server for it")

    def check_models(self, models: Iterable[str]) -> None:
        """Raise PermissionDenied unless it may ask all these models."""
        for model in models if self.policy else ():
            if not self.may_ask(model):
                raise PermissionDenied(
                    f"this caller may not use the model {model!r}: choose one that ListModels (over REST GET"
                    " /v1/models) lists, or ask the operator of the server for it"
                )

    def may_ask(self, model: str) -> bool:
        """Whether a request of it may name this model."""
        return self.policy is None or self.policy.may_ask(model)


ANONYMOUS = Caller("anonymous", ambient=True)  # the call needs no key, or the server asks for none
MASTER_KEY = Caller("master key")
METRICS_KEY = Caller("metrics key")
