"""What is open and should not be: checks over configuration and state, and a knock at the running gateway's door.

The checks are pure: facts in, findings out. Facts are gathered in :mod:`.look` and :mod:`.knock`, and nowhere is
anything changed but in :mod:`.mend`. What each finding means: ``docs/security.md``.
"""
