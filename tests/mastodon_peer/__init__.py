"""A server that behaves as Mastodon does, for tests. It shares no code with LibLine (a test proves it).

`peer.MastodonPeer` is the server, `people.Person` somebody who uses it. Inside a test it is an ASGI app
behind `network.Network`; alone it is `python -m tests.mastodon_peer`, driven through `remote.ProcessPeer`.
"""
