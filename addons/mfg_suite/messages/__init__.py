"""Canonical messages about quality: one file per message."""
