"""Answers HTTP requests: greets whoever the path names, and counts the words of what was posted."""

import json

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import (
    Fields,
    IncomingBody,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out) -> None:
        words = len(read(request.consume()).split())
        name = (request.path_with_query() or "/")[1:] or "nobody"
        response = OutgoingResponse(Fields.from_list([("content-type", b"application/json")]))
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        answer = json.dumps({"hello": name, "words": words}, separators=(",", ":")) + "\n"
        with body.write() as stream:
            stream.blocking_write_and_flush(answer.encode())
        OutgoingBody.finish(body, None)


def read(body) -> str:
    data = b""
    with body.stream() as stream:
        try:
            while True:
                data += stream.blocking_read(65536)
        except Err as error:
            # The end of a stream comes as an error.
            if not isinstance(error.value, StreamError_Closed):
                raise
    IncomingBody.finish(body)
    return data.decode()
