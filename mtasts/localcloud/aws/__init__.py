"""The stand-in for the provider pulumi-aws: it turns each resource into boto3 calls to moto."""
