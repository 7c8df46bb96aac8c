"""Pulumi component resources; the only folder that imports pulumi_aws."""
