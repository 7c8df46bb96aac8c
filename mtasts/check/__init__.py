"""Pure checks: observations in, findings out; one module per subject."""
