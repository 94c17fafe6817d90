import { AsyncLocalStorage } from 'node:async_hooks';

const written = new AsyncLocalStorage<{ entries: number }>();

/** Called by `audit`: whoever runs this request knows then that it has its entry. */
export function sawEntry(): void {
  const request = written.getStore();
  if (request) request.entries++;
}

/** Runs `work` and says how many entries the audit trail got from it. */
export async function countingEntries<T>(work: () => Promise<T>): Promise<{ result: T; entries: number }> {
  const request = { entries: 0 };
  const result = await written.run(request, work);
  return { result, entries: request.entries };
}
