"""One module per group of REST endpoints."""
