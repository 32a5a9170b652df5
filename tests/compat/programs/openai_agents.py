"""An agent of the OpenAI Agents SDK, over chat completions and over responses, by whole answers and by streams."""

import asyncio
import json
import os

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

set_tracing_disabled(True)


async def main() -> None:
    client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="any")
    for kind in (OpenAIChatCompletionsModel, OpenAIResponsesModel):
        agent = Agent(
            name="Painter",
            model=kind(model="gemini/gemini-3.1-flash-image", openai_client=client),
            instructions="You draw.",
        )
        whole = await Runner.run(agent, "A banana")
        streamed = Runner.run_streamed(agent, "A banana")
        async for _ in streamed.stream_events():
            pass
        told = {"output": whole.final_output, "streamed": streamed.final_output}
        told["tokens"] = whole.context_wrapper.usage.output_tokens
        print(json.dumps({"name": kind.__name__, **told}))


asyncio.run(main())
