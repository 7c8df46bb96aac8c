"""Language hosts for an engine that was built from source, which has none of its own.

The engine starts a host to run programs and plugins of one language, and to generate SDKs for it.
"""
