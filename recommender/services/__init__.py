"""What Sawthis does: one module a capability, called alike by every face.

Services take a storage and other ports, `now` and `rng` as arguments, and hold no state of
their own that outlives a call.
"""
