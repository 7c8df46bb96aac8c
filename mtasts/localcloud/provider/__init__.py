"""The parts that both stand-ins for a provider share: gRPC service, property values, schema."""
