/**
 * The strongly connected components of a graph, in the order in which their edges lead: a component comes after all that it points to
 * (Tarjan's algorithm, without recursion: a chain may be as long as it likes). `of` is the component of each node.
 */
export function components(edges: readonly (readonly number[])[]): { members: number[][]; of: number[] } {
  const seen = edges.map(() => -1);
  const low = edges.map(() => 0);
  const of = edges.map(() => -1);
  const members: number[][] = [];
  const path: number[] = [];
  let count = 0;
  for (let start = 0; start < edges.length; start++) {
    if (seen[start] !== -1) continue;
    const calls: { node: number; next: number }[] = [{ node: start, next: 0 }];
    while (calls.length > 0) {
      const call = calls[calls.length - 1];
      if (!call) break;
      const { node } = call;
      if (call.next === 0) {
        seen[node] = low[node] = count++;
        path.push(node);
      }
      const to = edges[node]?.[call.next++];
      if (to !== undefined) {
        if (seen[to] === -1) calls.push({ node: to, next: 0 });
        else if (of[to] === -1) low[node] = Math.min(low[node] ?? 0, seen[to] ?? 0);
        continue;
      }
      calls.pop();
      const caller = calls[calls.length - 1]?.node;
      if (caller !== undefined) low[caller] = Math.min(low[caller] ?? 0, low[node] ?? 0);
      if (low[node] !== seen[node]) continue;
      const group = path.splice(path.lastIndexOf(node));
      for (const each of group) of[each] = members.length;
      members.push(group);
    }
  }
  return { members, of };
}
