"""The history: who asked, who decided, who came, who was refused. Append-only, each entry bound to the one before."""
