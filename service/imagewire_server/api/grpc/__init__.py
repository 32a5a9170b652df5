"""gRPC: servicers, the interceptor around every handler, the status table, the server and its drain."""
