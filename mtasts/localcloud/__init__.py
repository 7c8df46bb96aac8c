"""The embedded default: a real Pulumi engine with local stand-ins for the clouds."""
