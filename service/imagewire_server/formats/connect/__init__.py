"""Connect's and gRPC-Web's formats, as pure functions: envelopes, errors, time limits, and protobuf's JSON."""
