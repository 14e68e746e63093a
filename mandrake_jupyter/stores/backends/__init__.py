"""What differs between the databases that chats can be kept in: a file of SQLite's, and PostgreSQL by its URL."""
