"""What exists already, taken in: ledgers, cloud resources and live policies."""
