"""What this server tells a collector of its calls. Only this package imports OpenTelemetry, and only where it is on."""
