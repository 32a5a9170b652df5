"""Google's models: by the Gemini API of Google AI Studio, or by Vertex AI."""
