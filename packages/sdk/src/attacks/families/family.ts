export type Place = 'path' | 'query' | 'header' | 'cookie' | 'body';

/** One value of a request on which a family gives its word. */
export type View = {
  /** Decoded and in lower case. */
  text: string;
  place: Place;
  /** Layers of encoding beyond the usual one; see `decode`. */
  layers: number;
  overlong: boolean;
  needless: boolean;
};

export type Family = {
  /** Marks of which at least one must be there for the family to be asked at all. */
  needs: number;
  /** The rule that the text breaks, a word in lower case; undefined for an innocent one. Linear in the length of the text. */
  look(view: View): string | undefined;
};
