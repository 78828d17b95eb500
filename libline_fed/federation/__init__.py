"""The edge to other servers: signatures, fetching, admitting, inbox, delivery."""
