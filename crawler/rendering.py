"""Publishers whose pages need a browser: what scrapy-playwright is told."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from crawler.middlewares.private import is_private

if TYPE_CHECKING:
    from playwright.async_api import Request

_HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
# What a text does not need.
_LEFT_OUT = {"image", "media", "font"}

META = {"playwright": True, "playwright_page_goto_kwargs": {"wait_until": "networkidle"}}
"""What makes a request one for the browser."""


def missing() -> str:
    """Say what has to be installed, in a line; empty if nothing."""
    if find_spec("scrapy_playwright") is None:
        return "its pages need a browser: pip install 'broadsheet[browser]', then playwright install chromium"
    return ""


def settings(timeout: float, allow_private: bool) -> dict[str, Any]:
    """Return the settings under which requests may be rendered.

    Args:
        timeout: for a page, in seconds.
        allow_private: whether pages may ask for addresses of this machine and of private networks.
    """
    launch: dict[str, Any] = {"timeout": timeout * 1000}
    if browser := os.environ.get("BROWSER_PATH"):
        launch["executable_path"] = browser
    return {
        "DOWNLOAD_HANDLERS": {"http": _HANDLER, "https": _HANDLER},
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch,
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": timeout * 1000,
        "PLAYWRIGHT_ABORT_REQUEST": is_unneeded if allow_private else is_unwanted,
    }


def is_unneeded(request: Request) -> bool:
    """Tell whether the browser should not make a request, because no text needs what it asks for."""
    return request.resource_type in _LEFT_OUT


async def is_unwanted(request: Request) -> bool:
    """The same, and whether it leads into a network of ours."""
    return is_unneeded(request) or await is_private(request.url)
