import { onTestFinished } from 'vitest';

/** Keeps something for one try of a test: what a try opens it closes, so that a second try begins from nothing. */
export async function during<T>(opening: Promise<T> | T, close: (opened: T) => unknown): Promise<T> {
  const opened = await opening;
  onTestFinished(async () => void (await close(opened)));
  return opened;
}
