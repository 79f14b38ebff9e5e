"""What `paceline doctor` asks inside pytest: about the tests, the marks, the database and the engines."""
