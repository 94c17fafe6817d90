/**
 * Replaces the value of one top-level string member in JSON text and leaves every other byte as it is. The text is known to parse; of a
 * name that stands twice every value is replaced, since readers differ in which one counts. Pure.
 */
export function spliceString(text: string, name: string, value: string): string {
  const places: [start: number, end: number][] = [];
  let depth = 0;
  let key: string | undefined;
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      if (depth !== 1) continue;
      if (expectKey) key = JSON.parse(text.slice(start, i + 1));
      else if (key === name) places.push([start, i + 1]);
      expectKey = false;
    } else if (char === '{' || char === '[') {
      depth += 1;
      expectKey = depth === 1;
    } else if (char === '}' || char === ']') depth -= 1;
    else if (char === ',' && depth === 1) expectKey = true;
  }
  const written = JSON.stringify(value);
  return places.reduceRight((result, [start, end]) => result.slice(0, start) + written + result.slice(end), text);
}
