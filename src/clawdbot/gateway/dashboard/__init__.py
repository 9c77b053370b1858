"""The dashboard: a page for the owner, which is a device like any other (``docs/dashboard.md``).

The gateway only hands out the files beside this one. What the page does, it does over the gateway's protocol, with a
key of its own and the scopes that it was given.
"""
