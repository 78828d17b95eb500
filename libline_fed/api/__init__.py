"""What anybody may read here, for programs: JSON at `/api/v1/…` and Atom at `/feeds/…`.

Read only, and public: no cookie and no credential is ever looked at, so an answer is the same for everybody
and scripts of any site may read it. The one exception is the feed of a saved search, whose address is the
secret.
"""
