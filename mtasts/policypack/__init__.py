"""Rules for any Pulumi program that publishes MTA-STS: pure judgement (docs/policy-pack.md)."""
