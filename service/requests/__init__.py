"""Idempotence: a request whose id was answered before is answered the same, and does nothing."""

from __future__ import annotations

from service.requests.once import once

__all__ = ["once"]
