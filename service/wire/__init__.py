"""All that every RPC shares, and the only place that knows both domain errors and gRPC statuses.

A call passes through the layers in this order, the first being the outermost:

    observation   gives the call its request id; tells the access log and the metrics how it ended
    errors        turns what was raised into a status with details
    shedding      refuses the call when too many are in flight, or the server drains
    deadlines     sees to it that the call ends
    readiness     refuses the call while the schema of the database is not known to fit
    codec         bytes to message and back, so that a bad message is an error like any other

`router` wraps each method once, when it is registered; nothing is looked up or built per call.
"""
