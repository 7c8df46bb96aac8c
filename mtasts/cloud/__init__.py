"""The calls that mtasts itself makes to a cloud account, apart from Pulumi's resources."""
