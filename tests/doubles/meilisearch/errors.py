"""The error object of Meilisearch: a message, a code, and what follows from the code (HTTP status and type).

The table is that of meilisearch-types/src/error.rs: every code is `invalid_request` with 400 unless it is listed here.
"""

from __future__ import annotations

from typing import Any

_STATUS = {
    "api_key_already_exists": 409,
    "api_key_not_found": 404,
    "database_size_limit_reached": 500,
    "document_not_found": 404,
    "dump_process_failed": 500,
    "index_already_exists": 409,
    "index_creation_failed": 500,
    "index_not_found": 404,
    "internal": 500,
    "invalid_api_key": 403,
    "invalid_content_type": 415,
    "invalid_store_file": 500,
    "io_error": 422,
    "missing_authorization_header": 401,
    "missing_content_type": 415,
    "missing_master_key": 401,
    "no_space_left_on_device": 422,
    "payload_too_large": 413,
    "remote_bad_response": 502,
    "remote_could_not_send_request": 502,
    "remote_invalid_api_key": 403,
    "remote_remote_error": 502,
    "remote_timeout": 502,
    "requires_enterprise_edition": 451,
    "too_many_open_files": 422,
    "too_many_search_requests": 503,
    "task_not_found": 404,
    "batch_not_found": 404,
    "unsupported_media_type": 415,
}
_TYPE = {
    "database_size_limit_reached": "internal",
    "dump_process_failed": "internal",
    "index_creation_failed": "internal",
    "internal": "internal",
    "invalid_api_key": "auth",
    "invalid_store_file": "internal",
    "io_error": "system",
    "missing_authorization_header": "auth",
    "missing_master_key": "auth",
    "no_space_left_on_device": "system",
    "remote_bad_response": "system",
    "remote_could_not_send_request": "system",
    "remote_invalid_api_key": "auth",
    "remote_remote_error": "system",
    "remote_timeout": "system",
    "too_many_open_files": "system",
    "too_many_search_requests": "system",
    "unretrievable_document": "internal",
}

TASK_QUEUE_FULL = (
    "Meilisearch cannot receive write operations because the limit of the task database has been reached. "
    "Please delete tasks to continue performing write operations."
)
DEVICE_FULL = "There is no more space left on the device. Consider increasing the size of the disk/partition."


class ApiError(Exception):
    """What a request or a task is refused with."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.override: int | None = None  # another status than the usual one of the code

    @property
    def status(self) -> int:
        return self.override or _STATUS.get(self.code, 400)

    def body(self) -> dict[str, Any]:
        """The error object as it stands in an answer or in a task."""
        return {
            "message": self.message,
            "code": self.code,
            "type": _TYPE.get(self.code, "invalid_request"),
            "link": f"https://docs.meilisearch.com/errors#{self.code}",
        }


def index_not_found(uid: str) -> ApiError:
    return ApiError("index_not_found", f"Index `{uid}` not found.")
