"""Tables and queries for SQLite and PostgreSQL alike. Knows no rule and no protocol."""
