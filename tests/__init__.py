"""The tests of LibLine."""
