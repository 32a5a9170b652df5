"""What the operator's port tells of a server: deployments, callers, spend and the last calls."""
