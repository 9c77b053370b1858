"""The state directory as a whole: put away in an archive, brought back, carried over from the reference's.

What belongs to it is a list of names (:mod:`.inventory`), and nothing else is read from anywhere or written anywhere.
Everything happens under the store's locks; what the owner reads about it: ``docs/operations.md#backup``.
"""
