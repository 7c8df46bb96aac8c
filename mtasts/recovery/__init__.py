"""Recovery and adoption: ledgers, cloud resources and live policies that exist already."""
