"""Proof: what holds of a project for every record there can be, found by a solver and confirmed by the engine.

trees -> `encoding` (formulas of the solver) -> `prover` (questions, answers, witnesses) -> the checks.
Needs the extra `verify` (z3-solver).
"""
