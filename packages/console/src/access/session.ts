import { api } from '../api.ts';
import { live } from '../events/index.ts';
import { queryClient } from '../queries.ts';

/** Ends the session and forgets everything that it showed. */
export async function signOut(): Promise<void> {
  await api.signOut();
  forget();
}

export function forget(): void {
  live.stop();
  queryClient.clear();
}
