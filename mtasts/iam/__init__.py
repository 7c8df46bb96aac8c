"""What a stack needs to be allowed: AWS statements and the permissions of a Cloudflare token.

Two tables of data, and what is made from them. `docs/iam.md` is written from the tables.
"""
