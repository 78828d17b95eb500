"""LibLine: a federated mentorship network for library workers."""

__version__ = "0.1.0"
