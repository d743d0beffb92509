"""House rules as code: each rule yields the problems it finds, as text."""
