"""The queue for many machines: procrastinate, in the same PostgreSQL database as the library.

Imported only where the library lies on a server. procrastinate's and psycopg's errors end here.
"""
