"""Connect and gRPC-Web: our services for browsers and curl, on the REST port."""
