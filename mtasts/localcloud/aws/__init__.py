"""The local `aws` provider: every resource becomes boto3 calls on a moto server."""
