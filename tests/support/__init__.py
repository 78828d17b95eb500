"""What several tests share: the database server, builders, peers."""
