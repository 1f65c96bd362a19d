"""The answer to a request that no route serves."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def not_here(_request: Request, error: Exception) -> Response:
    """Answer what no route serves, in a shape that every SDK can read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    said = "no such address" if status == 404 else getattr(error, "detail", "")  # noqa: PLR2004 - HTTP's number
    told = {
        "code": "address_unknown",
        "message": f"{said}; the routes are in the reference",
        "type": "not_found",
    }
    return JSONResponse({"error": told}, status_code=status, headers=headers)
