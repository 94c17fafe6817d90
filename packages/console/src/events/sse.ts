/** One message of a `text/event-stream`. */
export type SseMessage = { id: string | undefined; event: string; data: string };

/**
 * Reads an event stream piece by piece (WHATWG HTML, 9.2.6). Written out because the browser's own EventSource hides
 * the status of a refusal and only reports event types that were named beforehand.
 */
export function createSseReader(onMessage: (message: SseMessage) => void): { push(chunk: string): void } {
  let buffer = '';
  let id: string | undefined;
  let event = '';
  let data: string[] = [];
  let first = true;

  const take = (line: string) => {
    if (line === '') {
      if (data.length > 0) onMessage({ id, event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
  };

  return {
    push(chunk) {
      buffer += first ? chunk.replace(/^\uFEFF/, '') : chunk;
      if (chunk !== '') first = false;
      // A lone CR at the end may be the first half of CRLF: it waits for the next piece.
      for (;;) {
        const end = /\r\n|\n|\r(?!$)/.exec(buffer);
        if (!end) return;
        const line = buffer.slice(0, end.index);
        buffer = buffer.slice(end.index + end[0].length);
        take(line);
      }
    },
  };
}
