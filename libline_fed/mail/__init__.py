"""Mail to members, from a durable queue."""
