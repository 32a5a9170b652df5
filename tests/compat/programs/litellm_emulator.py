"""LiteLLM draws with the emulator."""

import litellm

answer = litellm.completion(
    model="gemini/gemini-2.5-flash-image",
    messages=[{"role": "user", "content": "A banana"}],
    api_key="emulator-key",
    api_base="http://127.0.0.1:8787/v1beta",
    extra_headers={"x-emulate": "two-images"},
)
for image in answer.choices[0].message.images:
    print(image["image_url"]["url"].partition(";")[0], len(image["image_url"]["url"]))
