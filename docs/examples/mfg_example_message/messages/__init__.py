"""Messages of this module: one file per message."""
