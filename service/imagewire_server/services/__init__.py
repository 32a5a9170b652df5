"""What the contract's services do, for each API that serves them: gRPC, and Connect and gRPC-Web on the REST port."""
