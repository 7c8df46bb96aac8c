"""The sending MTA of RFC 8461 section 5."""
