"""Canonical messages: one file per message, shared vocabulary in ``vocabulary``."""
