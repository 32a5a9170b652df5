"""A store for replicas: records and live events in Redis or Valkey, bytes in an object store."""
