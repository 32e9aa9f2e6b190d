"""Tables to take along: xlsx files without surprises."""

from __future__ import annotations

from aiohttp import web

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: str) -> str:
    """``value`` as text that no spreadsheet runs as a formula, without characters that xlsx cannot hold."""
    clean = "".join(char for char in value if char >= " " or char in "\n\t")
    return f"'{clean}" if clean.startswith(_FORMULA) else clean


def attachment(body: bytes, name: str, content_type: str = XLSX) -> web.Response:
    """A file to be saved."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type=content_type, headers=headers)
