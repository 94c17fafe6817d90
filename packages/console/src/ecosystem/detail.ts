import { createContext } from 'react';

/** How much of a project is drawn: cards near, names from further, dots from afar. */
export type Detail = 'card' | 'chip' | 'dot';

export const detailOf = (zoom: number): Detail => (zoom >= 0.5 ? 'card' : zoom >= 0.24 ? 'chip' : 'dot');
export const DetailContext = createContext<Detail>('card');
