"""LlamaIndex, through its class for servers that speak OpenAI's chat completions."""

import json
import os

from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(
    model=os.environ["MODEL"], api_base=os.environ["BASE_URL"], api_key="any", is_chat_model=True, max_retries=0
)
asked = ChatMessage(role="user", content="A banana")
answer = model.chat([asked])
print(json.dumps({"name": "chat", "text": answer.message.content, "finish": answer.raw.choices[0].finish_reason}))
*_, last = model.stream_chat([asked])
print(json.dumps({"name": "stream", "text": last.message.content}))
picture = ImageBlock(image=os.environ["PICTURE"].encode(), image_mimetype="image/png")
edit = model.chat([ChatMessage(role="user", blocks=[TextBlock(text="Make it blue"), picture])])
print(json.dumps({"name": "edit", "text": edit.message.content}))
