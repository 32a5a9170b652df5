"""The errors by LiteLLM's names, for programs without LiteLLM's package. Each is one of `imagewire.errors`."""

from imagewire.errors import DeadlineExceeded as Timeout
from imagewire.errors import ImagewireError as APIError
from imagewire.errors import InvalidRequest as BadRequestError
from imagewire.errors import NoPicture as ContentPolicyViolationError
from imagewire.errors import NotFound as NotFoundError
from imagewire.errors import PermissionDenied as PermissionDeniedError
from imagewire.errors import RateLimited as RateLimitError
from imagewire.errors import ServerError as InternalServerError
from imagewire.errors import Unauthenticated as AuthenticationError
from imagewire.errors import Unavailable as APIConnectionError
from imagewire.errors import Unavailable as ServiceUnavailableError

__all__ = [
    "APIConnectionError",
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ContentPolicyViolationError",
    "InternalServerError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServiceUnavailableError",
    "Timeout",
]
