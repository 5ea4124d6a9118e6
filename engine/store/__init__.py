"""The store: the database and its tables, what is read from them, and how facts become rows."""
