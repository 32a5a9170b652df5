"""gRPC: servicers, the guard around every handler, the status table, the server and its drain."""
