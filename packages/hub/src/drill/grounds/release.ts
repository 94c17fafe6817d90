/** When the products of a drill were released: before all that is broken, so that no fault has a release as its neighbour but one that has. */
export const longAgo = (): string => new Date(Date.now() - 2 * 86_400_000).toISOString();
