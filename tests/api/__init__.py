"""The API: what it promises in writing, and whether it keeps it."""
