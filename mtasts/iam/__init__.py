"""The permissions that a stack needs: AWS statements and the groups of a Cloudflare token.

Two tables of data, and what is made from them. `docs/iam.md` is written from the tables.
"""
