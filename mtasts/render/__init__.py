"""Texts made from values, for people and for other programs."""
