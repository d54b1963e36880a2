"""What tests of several packages share."""

from tests.browser import chromium, playwright

__all__ = ["chromium", "playwright"]
