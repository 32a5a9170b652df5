"""Providers: which host, which key, what each model takes. They never know each other."""
