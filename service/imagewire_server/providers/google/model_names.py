"""What the name of a model in LiteLLM's file says: whether Google's generateContent serves it, and whether it draws."""

import re

# Models of Google's that are asked in another way, and those of others that Vertex AI has.
_DECLINED = re.compile(
    r"imagen|imagegeneration|imagesegmentation|veo-|lyria|.*embedding|aqa$|.*-live(-|$)|.*native-audio"
    r"|chirp|semantic-ranker|search_api$|virtual-try-on"
    r"|(chat|code|codechat|text)-(bison|gecko|unicorn)|medlm"
    r"|claude|mistral|codestral|jamba|llama|meta/|deepseek|qwen|minimax|zai-org|openai/|xai/|moonshotai"
)
_SPEAKS = re.compile(r"gemini-.*\btts\b.*")
_TALKS = re.compile(
    r"gemini-(\d+(\.\d+)?-)?(pro|flash|ultra|argon)"
    r"(-lite|-8b|-latest|-preview|-exp|-thinking|-customtools|-cyber|-permissive|-\d+)*"
    r"|gemini-exp-\d+|gemini-(\d+(\.\d+)?-)?(robotics|computer-use|transcribe).*"
    r"|(gemini-|google/)?gemma-.*|(learnlm|deep-research)-.*"
)


def claims(model: str) -> str:
    """Vertex AI serves a model without a prefix, as in LiteLLM."""
    return "vertex_ai" if re.match(r"gemini-|nano-banana", model) else ""


def declines(_: str, model: str) -> str:
    """Why a model is not served."""
    if _SPEAKS.match(model):
        return "for speech only"
    return "not asked by Google's generateContent" if _DECLINED.match(model) else ""


def talks(model: str) -> bool:
    """Whether a model is known to answer with text only. Any other name may be of a model that draws."""
    return _TALKS.fullmatch(model) is not None
