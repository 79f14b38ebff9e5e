"""Finds out why a suite can't be measured, and which marks do nothing."""
