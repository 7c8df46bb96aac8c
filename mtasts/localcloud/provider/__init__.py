"""What both stand-ins for a provider are made of: gRPC service, property values, differences."""
