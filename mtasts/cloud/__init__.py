"""What the toolkit itself asks of a cloud account, apart from what Pulumi declares."""
