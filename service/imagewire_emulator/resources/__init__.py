"""The paths of Google's API beside generateContent: models, tokens, files, cached contents, batches and Imagen."""
