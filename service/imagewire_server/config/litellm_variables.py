"""LiteLLM's environment variables that this server does not read, and what stands in the place of each."""

import re
from collections.abc import Iterator, Mapping

# Those that the server reads, although a pattern below fits them.
_READ = frozenset({"LITELLM_MASTER_KEY"})
# Patterns of whole names. The first that fits counts.
_INSTEAD: tuple[tuple[str, str], ...] = (
    (r"STORE_MODEL_IN_DB", "models are in the file: a changed one is read at SIGHUP"),
    (r"LITELLM_SALT_KEY", "nothing is stored, so nothing is encrypted"),
    (
        r"(DATABASE|DIRECT)_URL|DATABASE_(URL_READ_REPLICA|HOST|NAME|PASSWORD|SCHEMA|USERNAME)|SPEND_LOGS_URL",
        "there is no database: models and the master key are in the file, costs in the log and the metrics",
    ),
    (
        r"REDIS_(URL|HOST|PORT|PASSWORD|SSL|CLUSTER_NODES|SENTINEL_NODES)",
        "there is no cache, and each server counts its deployments' limits by itself",
    ),
    (r"LITELLM_LOG|DETAILED_DEBUG|JSON_LOGS", "use IMAGEWIRE_LOG_LEVEL, or --detailed_debug; the log is JSON"),
    (r"PORT", "use --port or IMAGEWIRE_REST"),
    (r"NUM_WORKERS", "use --num_workers or IMAGEWIRE_WORKERS"),
    (
        r"KEEPALIVE_TIMEOUT|MAX_REQUESTS_BEFORE_RESTART(_JITTER)?|WORKER_CONFIG",
        "see docs/configuration.md",
    ),
    (r"CONFIG_FILE_PATH|LITELLM_CONFIG_BUCKET_\w+", "use --config, with a file of this machine"),
    (r"NO_(DOCS|REDOC|OPENAPI)", "REST's /docs and /openapi.json are open: close them in a proxy"),
    (r"SSL_VERIFY|SSL_SECURITY_LEVEL", "certificates are always verified"),
    (r"REQUEST_TIMEOUT", "use IMAGEWIRE_FIRST_BYTE_TIMEOUT and IMAGEWIRE_IDLE_TIMEOUT"),
    (r"LITELLM_CORS_\w+", "use IMAGEWIRE_REST_CORS_ORIGINS"),
    (r"UI_(USERNAME|PASSWORD|LOGO_PATH)|PROXY_ADMIN_ID|LITELLM_UI_\w+|PROXY_BASE_URL", "there is no user interface"),
    (r"SERVER_ROOT_PATH|ROOT_REDIRECT_URL", "paths begin at /: a proxy in front can change them"),
    (
        r"(LANGFUSE|LANGSMITH|HELICONE|ARIZE|LUNARY|BRAINTRUST|TRACELOOP|GALILEO|OPIK)_\w+",
        "use the log, the metrics or an interceptor: see docs/interceptors.md",
    ),
    (r"SLACK_WEBHOOK_URL|SMTP_(HOST|PORT|USERNAME|PASSWORD|SENDER_EMAIL)|SENDGRID_API_KEY", "alert on the metrics"),
    (r"LITELLM_LICENSE", "nothing needs a licence"),
    (r"LITELLM_\w+", "it is LiteLLM's alone"),
)


def unused(environ: Mapping[str, str], rest: str) -> Iterator[str]:
    """A warning for each variable that is set. rest: where REST is served.

    There is none for PORT where it is the port that is served.
    """
    for name in sorted(name for name, value in environ.items() if value and name not in _READ):
        instead = next((words for pattern, words in _INSTEAD if re.fullmatch(pattern, name)), "")
        if instead and not (name == "PORT" and rest.endswith(f":{environ[name]}")):
            yield f"{name} is set, which only LiteLLM reads: {instead}"
