const encoder = new TextEncoder();
const BEAT = encoder.encode(': beat\n\n');
const connections = new WeakMap<Request, { destroy(): unknown }>();

/** Lets a stream cut the connection that it answers on. */
export function bindConnection(request: Request, connection: { destroy(): unknown }): void {
  connections.set(request, connection);
}

export type Message = { id?: string; event?: string; data: unknown };

/** A message as it travels; what many clients get is written once. */
export function encodeMessage({ id, event, data }: Message): Uint8Array {
  const head = id === undefined ? '' : `id: ${id}\n`;
  const name = event === undefined ? '' : `event: ${event.replace(/[\r\n]/g, ' ')}\n`;
  return encoder.encode(`${head}${name}data: ${JSON.stringify(data)}\n\n`);
}

export type EventStream = {
  response: Response;
  /** False when there is no room now (`onRoom` says when there is again) or the client is gone. */
  send(message: Message | Uint8Array): boolean;
  close(): void;
  open(): boolean;
};

/**
 * A Server-Sent Events answer with a bounded buffer. What does not fit is refused, so that its sender keeps its place; a client that
 * took nothing for `stalledMs` is dropped, and resumes by `Last-Event-ID` when it is back. A comment every 15 s keeps proxies from
 * closing a quiet stream.
 */
export function openEventStream(
  request: Request,
  options: { maxBufferBytes?: number; stalledMs?: number; onRoom?(): void; onClose(): void },
): EventStream {
  const { maxBufferBytes: limit = 12 * 1024, stalledMs = 20_000, onRoom, onClose } = options;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let open = true;
  let stalled: NodeJS.Timeout | undefined;
  const end = () => {
    open = false;
    clearInterval(beat);
    clearTimeout(stalled);
    onClose();
  };
  const finish = (how: 'close' | 'cut') => {
    if (!open) return;
    flush();
    end();
    if (how === 'cut') connections.get(request)?.destroy();
    else controller?.close();
  };
  // What is sent in one go leaves as one piece: a burst of events to hundreds of clients is hundreds of writes, not tens of thousands.
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  const flush = () => {
    const [first] = waiting;
    if (open && first) controller?.enqueue(waiting.length === 1 ? first : Buffer.concat(waiting, waitingBytes));
    waiting = [];
    waitingBytes = 0;
  };
  const write = (bytes: Uint8Array): boolean => {
    if (!open || !controller) return false;
    const room = (controller.desiredSize ?? 0) - waitingBytes;
    // One message larger than the whole buffer still goes out, alone.
    if (room < bytes.byteLength && room < limit) {
      stalled ??= setTimeout(() => finish('cut'), stalledMs).unref();
      return false;
    }
    if (waiting.length === 0) queueMicrotask(flush);
    waiting.push(bytes);
    waitingBytes += bytes.byteLength;
    return true;
  };
  // None for a client that stands still: it would look like progress, and nobody waits for it.
  const beat = setInterval(() => {
    if (stalled === undefined) write(BEAT);
  }, 15_000);
  beat.unref();
  const body = new ReadableStream<Uint8Array>(
    {
      start(c) {
        controller = c;
        c.enqueue(encoder.encode('retry: 2000\n\n'));
      },
      pull() {
        if (stalled === undefined) return;
        clearTimeout(stalled);
        stalled = undefined;
        onRoom?.();
      },
      cancel() {
        if (open) end();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: limit }),
  );
  request.signal.addEventListener('abort', () => finish('close'), { once: true });
  return {
    response: new Response(body, {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    }),
    send: (message) => write(message instanceof Uint8Array ? message : encodeMessage(message)),
    close: () => finish('close'),
    open: () => open,
  };
}
