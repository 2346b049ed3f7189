"""Measures the service as its users meet it: real processes, a real database, clients outside.

`python -m benchmarks --help` lists what can be chosen. Each `measure_` module is one benchmark; its
docstring says what is measured and how. What is compared is measured in the same run, so that the
ratios mean something on any machine.
"""
