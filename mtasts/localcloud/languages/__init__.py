"""Language hosts for an engine built from source: they run programs and plugins, and make SDKs."""
