"""The branch that holds the run files of the main branch."""

BRANCH = "paceline-history"
