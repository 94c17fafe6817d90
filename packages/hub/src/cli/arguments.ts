import { InvalidArgumentError } from 'commander';

/** Reads an option that is a whole number between two bounds, both allowed. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };

/** Reads an option that is a number greater than nothing. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be a number greater than 0.');
  return value;
}

/** Reads an http:// or https:// URL; one without a scheme is taken as https, or http on this machine. */
export function httpUrl(text: string): string {
  const local = /^(localhost|127\.|\[::1\])/.test(text);
  const url = URL.parse(text.includes('://') ? text : `${local ? 'http' : 'https'}://${text}`);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '')
    throw new InvalidArgumentError('It must be an http:// or https:// URL.');
  return url.href.replace(/\/+$/, '');
}
