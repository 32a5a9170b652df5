"""The paths of Google's API beside generateContent: models, tokens, files and cached contents."""
