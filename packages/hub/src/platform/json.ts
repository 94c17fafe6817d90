const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/**
 * Parses JSON nested at most `limit` deep; undefined for what is none, or is deeper. Depth is counted before anything is built: a text of
 * brackets alone would take some hundred times its size in memory.
 */
export function parseShallowJson(text: string, limit = 100): unknown {
  if (text.length > limit && isDeeper(text, limit)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether brackets are open more than `limit` deep somewhere in a JSON text; text inside strings does not count. */
export function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      // To the end of the string, whose quotes may be escaped.
      do i = text.indexOf('"', i + 1);
      while (i !== -1 && escaped(text, i));
      if (i === -1) return false;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

function escaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}
