// Answers HTTP requests: greets whoever the path names, and counts the words of what was posted.

import { Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam } from "wasi:http/types@0.2.12";

export const incomingHandler = {
  handle(request, out) {
    const words = read(request.consume()).split(/\s+/).filter(Boolean).length;
    const name = request.pathWithQuery().slice(1) || "nobody";
    const response = new OutgoingResponse(
      Fields.fromList([["content-type", new TextEncoder().encode("application/json")]]),
    );
    const body = response.body();
    ResponseOutparam.set(out, { tag: "ok", val: response });
    const stream = body.write();
    stream.blockingWriteAndFlush(new TextEncoder().encode(JSON.stringify({ hello: name, words }) + "\n"));
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
  },
};

function read(body) {
  const stream = body.stream();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      text += decoder.decode(stream.blockingRead(65536n), { stream: true });
    }
  } catch (error) {
    // The end of a stream comes as an error.
    if (error?.payload?.tag !== "closed") {
      throw error;
    }
  }
  stream[Symbol.dispose]();
  IncomingBody.finish(body);
  return text;
}
