"""The tests; a package, so that no library that installs its own "tests" stands before it."""
