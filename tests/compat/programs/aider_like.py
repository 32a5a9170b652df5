"""litellm as coding assistants use it: a server of OpenAI's format, blocks that may be cached, and a stream."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

litellm.suppress_debug_info = True
litellm.drop_params = True
asked = {
    "model": "openai/" + os.environ["MODEL"],
    "messages": [
        {
            "role": "system",
            "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        },
        {"role": "user", "content": "A banana"},
        {"role": "assistant", "content": "Ok."},
        {"role": "user", "content": [{"type": "text", "text": "Blue", "cache_control": {"type": "ephemeral"}}]},
    ],
    "temperature": 0,
    "timeout": 600,
    "extra_headers": {"editor-version": "1.0"},
    "api_base": os.environ["BASE_URL"],
    "api_key": "any",
}
text = finish = ""
for chunk in litellm.completion(**asked, stream=True):
    text += chunk.choices[0].delta.content or ""
    finish = chunk.choices[0].finish_reason or finish
print(json.dumps({"name": "stream", "text": text, "finish": finish}))
answer = litellm.completion(**asked, stream=False)
print(
    json.dumps({"name": "whole", "text": answer.choices[0].message.content, "tokens": answer.usage.completion_tokens})
)
