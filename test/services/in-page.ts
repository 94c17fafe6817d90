/** Functions that are sent into a page and run there; of the browser's types they name only what they use. */
type Box = { tagName: string; className: unknown; getBoundingClientRect(): { right: number } };
declare const document: {
  documentElement: { scrollWidth: number; getAttribute(name: string): string | null };
  body: { querySelectorAll(selector: string): Iterable<Box> };
  activeElement: { textContent: string | null } | null;
  addEventListener(type: 'securitypolicyviolation', listener: (event: Violation) => void): void;
};
declare const innerWidth: number;
type Violation = { violatedDirective: string; blockedURI: string; sourceFile: string; lineNumber: number };

/** Says each violation of the page's policy on its console. */
export function reportViolations(): void {
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
    console.error(`policy violation: ${violatedDirective} blocked ${blockedURI} at ${sourceFile}:${lineNumber}`);
  });
}

/** How wide the page really is, and which element makes it so. */
export function overflow(): { wide: number; widest: string } {
  const wide = document.documentElement.scrollWidth;
  let widest = '';
  for (const element of document.body.querySelectorAll('*'))
    if (element.getBoundingClientRect().right > innerWidth + 1) widest = `${element.tagName} ${element.className}`;
  return { wide, widest };
}

export const colorScheme = (): string | null => document.documentElement.getAttribute('data-mantine-color-scheme');
export const focusedText = (): string | null | undefined => document.activeElement?.textContent;

/** Leaves a mark that a reload would wipe out. */
export const leaveMark = (): boolean => Reflect.set(globalThis, 'notReloaded', true);
export const hasMark = (): boolean => Reflect.get(globalThis, 'notReloaded') === true;
/** What an injected script would have set. */
export const owned = (): unknown => Reflect.get(globalThis, 'owned');

type Canvas = {
  width: number;
  height: number;
  getContext(
    kind: '2d',
  ): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } } | null;
};

/** Whether anything but emptiness stands on a canvas. */
export function isPainted(element: unknown): boolean {
  const canvas = element as Canvas;
  const context = canvas.getContext('2d');
  if (!context || canvas.width === 0) return false;
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 0) painted++;
  return painted > 200;
}
