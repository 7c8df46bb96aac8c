"""The gates of mode ``enforce``: evidence, conditions, reports and overrides."""
