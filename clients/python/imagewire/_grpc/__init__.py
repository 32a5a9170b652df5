"""What both clients share of gRPC: channels, retries, forks, servers inside the process, checks of what comes."""
