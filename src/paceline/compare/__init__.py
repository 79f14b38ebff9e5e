"""Lays a profile beside a stored one: pure."""
