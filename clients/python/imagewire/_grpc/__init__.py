"""The parts of both clients that know gRPC: channels, calls, retries, errors, and checks of what arrives."""
