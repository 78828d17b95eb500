"""The wire vocabulary of ActivityPub: parse what came, build what goes. Knows no network and no database."""
