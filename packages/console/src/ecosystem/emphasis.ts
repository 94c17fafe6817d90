/** Lights some projects and lines of a map and lets the others fade, without drawing anything anew. */
export function light(
  root: HTMLElement,
  how: 'near' | 'blast',
  nodes: ReadonlySet<string>,
  edges: ReadonlySet<string>,
  drawn: ReadonlyMap<string, string>,
): void {
  for (const element of root.querySelectorAll<HTMLElement>('.react-flow__node')) {
    if (nodes.has(element.dataset.id ?? '')) element.dataset.lit = '';
    else delete element.dataset.lit;
  }
  const lines = [...edges].map((id) => drawn.get(id) ?? '').join('');
  root.querySelector('[data-lit-lines]')?.setAttribute('d', lines);
  root.dataset.light = how;
}

export function clearLight(root: HTMLElement): void {
  delete root.dataset.light;
  root.querySelector('[data-lit-lines]')?.setAttribute('d', '');
}
