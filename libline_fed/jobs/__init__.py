"""Policies of durable work: when to retry, when to stop knocking, what an answer means. Pure."""
