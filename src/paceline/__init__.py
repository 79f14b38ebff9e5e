"""Paceline keeps a team's heavy pytest suites fast."""
