"""Search beside its rivals: each module is one benchmark, `search.NAME`, or what they share.

All of them ask the service through gRPC, and all of them ask the same mixes of queries
(`benchmarks.search.mixes`). The rivals work on the same rows in the same run: Tantivy in this
process, and the statements of the designs that this service replaces in the same PostgreSQL.
"""
