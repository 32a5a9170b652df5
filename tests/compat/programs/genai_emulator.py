"""Google's SDK draws with the emulator."""

from google import genai
from google.genai import types

options = types.HttpOptions(base_url="http://127.0.0.1:8787", headers={"x-emulate": "two-images"})
with genai.Client(api_key="emulator-key", http_options=options) as client:
    answer = client.models.generate_content(model="gemini-3.1-flash-image", contents="A banana")
for part in answer.parts or []:
    if part.inline_data and part.inline_data.data:
        print(part.inline_data.mime_type, len(part.inline_data.data))
