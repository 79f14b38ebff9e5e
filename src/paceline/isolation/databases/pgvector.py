"""PostgreSQL with vectors."""

DATABASE = "postgresql"
EXTENSION = "vector"
