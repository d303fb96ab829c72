"""Mail: letters read for who wrote to whom, and the digest, made and handed over.

What others wrote is read for its envelope only. What is made goes to the user, and to nobody else.
"""
